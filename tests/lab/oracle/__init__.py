# SPDX-License-Identifier: Apache-2.0
"""The oracle of the truth test: it determines the lab's virtual networks without any code of the product.

It asks the OpenStack API with plain HTTP, and every host's own tools through the lab's console (not through SSH), if
possible with other commands than the product: sysfs instead of ``ip -j``, ``virsh domiflist`` instead of domain XML,
``ovs-vsctl port-to-br`` and ``get`` instead of its tables, the switch's own lldpd instead of the hosts', Nova's list of
a server's interfaces instead of Neutron's ports. From the answers it derives a ``Truth``: every object, every link, and
the chain of hops of every interface. Nothing here imports calipso_nornir, directly or indirectly (a test checks this).

``python -m tests.lab.oracle`` prints the chains.
"""

from tests.lab.oracle.model import Chain, End, Link, Thing, Truth
from tests.lab.oracle.reading import read

__all__ = ["Chain", "End", "Link", "Thing", "Truth", "read"]
