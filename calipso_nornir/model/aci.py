# SPDX-License-Identifier: Apache-2.0
"""The query to the APIC of a Cisco ACI fabric, and the queries that a scan sends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from calipso_nornir.model.queries import HostlessQuery

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class AciGet(HostlessQuery):
    """Managed objects of an APIC: those of one class, or one by its distinguished name; all pages joined.

    Attributes:
        path: below ``/api``, without ".json": ``class/fabricNode``, ``node/class/topology/pod-1/node-101/l1PhysIf``,
            ``mo/uni/tn-common``.
        query: parameters of the request, sorted.
        reads: the class of the objects in the answer, of which ``parsing.aci`` makes rows; "": ``imdata`` is returned
            unchanged.
        macs: only endpoints with one of these addresses, in lower case.
    """

    path: str
    query: tuple[tuple[str, str], ...] = ()
    reads: str = ""
    macs: tuple[str, ...] = ()
    source: ClassVar[str] = "aci"

    @property
    def address(self) -> str:
        """The path on the server."""
        return f"/api/{self.path}.json"

    @property
    def class_name(self) -> str | None:
        """The class that is asked for; None for a single object."""
        kind, _, rest = self.path.partition("/")
        return rest.rpartition("/")[2] if kind in ("class", "node") else None

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters of the request, without those of paging. An APIC writes MAC addresses in upper case."""
        if not self.macs:
            return dict(self.query)
        equal = [f'eq(fvCEp.mac,"{mac.upper()}")' for mac in self.macs]
        wanted = equal[0] if len(equal) == 1 else f"or({','.join(equal)})"
        return {"query-target-filter": wanted, **dict(self.query)}

    def __str__(self) -> str:
        parameters = "&".join(f"{name}={value}" for name, value in self.parameters.items())
        return f"GET aci {self.address}{'?' + parameters if parameters else ''}"


def _with_children(class_name: str) -> tuple[tuple[str, str], ...]:
    return ("rsp-subtree", "children"), ("rsp-subtree-class", class_name)


NODES: Final = AciGet("class/fabricNode", reads="fabricNode")
SYSTEMS: Final = AciGet(
    "class/topSystem", (("query-target-filter", 'ne(topSystem.role,"controller")'),), reads="topSystem"
)
NEIGHBOURS: Final = AciGet("class/lldpAdjEp", reads="lldpAdjEp")
TRIED: Final = ("fabricNode", "topSystem", "lldpAdjEp", "fvCEp", "l1PhysIf", "pcAggrIf", "vpcIf")
"""The classes that a scan reads."""


def endpoints_of(macs: Iterable[str]) -> AciGet:
    """Ask where the fabric has learned the MAC addresses of one host.

    They must be in the order of its interfaces. Sorted, they would have another order after they were anonymised, and
    the recording would lack the query.
    """
    return AciGet("class/fvCEp", _with_children("fvRsCEpToPathEp"), reads="fvCEp", macs=tuple(macs))


def ports_of(node: str) -> AciGet:
    """Ask for the ports of a leaf or spine, by its distinguished name."""
    return AciGet(f"node/class/{node}/l1PhysIf", _with_children("ethpmPhysIf"), reads="l1PhysIf")


def port_channels_of(node: str) -> AciGet:
    """Ask for the port channels of a leaf, with their members."""
    return AciGet(f"node/class/{node}/pcAggrIf", _with_children("pcRsMbrIfs"), reads="pcAggrIf")


def vpcs_of(node: str) -> AciGet:
    """Ask for the virtual port channels of a leaf, each with its own port channel."""
    return AciGet(f"node/class/{node}/vpcIf", _with_children("vpcRsVpcConf"), reads="vpcIf")
