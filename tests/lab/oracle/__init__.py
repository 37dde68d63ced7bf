# SPDX-License-Identifier: Apache-2.0
"""The oracle of the truth test: what the lab's virtual networks really are, found without any code of the product.

It asks the OpenStack API with plain HTTP, and every host's own tools through the lab's console (not through SSH), where
possible by other ways than the product: sysfs instead of ``ip -j``, ``virsh domiflist`` instead of the domain's XML,
``ovs-vsctl port-to-br`` and ``get`` instead of its tables, the switch's own lldpd instead of the hosts', Nova's list of
a server's interfaces instead of Neutron's ports. From that it derives a ``Truth``: every object, every link, and the
chain of hops of every interface. Nothing here imports calipso_nornir or anything that does (a test holds that).

``python -m tests.lab.oracle`` prints the chains.
"""

from tests.lab.oracle.model import Chain, End, Link, Thing, Truth
from tests.lab.oracle.reading import read

__all__ = ["Chain", "End", "Link", "Thing", "Truth", "read"]
