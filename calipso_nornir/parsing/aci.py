# SPDX-License-Identifier: Apache-2.0
"""Reads objects of an ACI fabric strictly, and keeps only those of their attributes that a scan uses.

An APIC writes every value as a text. All other attributes are dropped before anything is recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from calipso_nornir.errors import ParseError, RowsIncomplete
from calipso_nornir.parsing.aci_names import Path, node_in, path_of, port_in, port_name
from calipso_nornir.parsing.aci_rows import (
    FabricEndpoint,
    FabricNeighbour,
    FabricNode,
    FabricPort,
    NodeSystem,
    PortChannel,
    VirtualPortChannel,
)
from calipso_nornir.parsing.common_values import as_ip, decimal_or_none, mac_or_none
from calipso_nornir.parsing.json_shapes import Fields

PARSER = "aci"
USED: Mapping[str, tuple[str, ...]] = {
    "fabricNode": ("dn", "name", "role", "nodeType", "fabricSt", "model", "serial", "address"),
    "topSystem": ("dn", "version", "oobMgmtAddr", "inbMgmtAddr"),
    "lldpAdjEp": ("dn", "sysName", "sysDesc", "chassisIdT", "chassisIdV", "portIdT", "portIdV", "portDesc"),
    "fvCEp": ("dn", "mac", "encap"),
    "fvRsCEpToPathEp": ("tDn",),
    "l1PhysIf": ("dn", "id", "adminSt", "descr", "mtu", "mode", "usage"),
    "ethpmPhysIf": ("operSt", "operStQual", "operSpeed", "bundleIndex"),
    "pcAggrIf": ("dn", "id", "name", "operSt", "pcMode"),
    "pcRsMbrIfs": ("tDn",),
    "vpcIf": ("dn", "id", "name", "fabricPathDn"),
    "vpcRsVpcConf": ("tDn",),
}
"""Class -> the attributes that are kept."""
NOTHING = frozenset({"", "unspecified", "unknown", "none", "not-applicable", "inherit"})
"""Words that an APIC writes if there is no value."""


def used(class_name: str, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an object with the attributes that a scan uses; with ``class_name`` "" (a plug-in's query) all of it."""
    if not class_name:
        return row
    return {name: _kept(name, one) for name, one in row.items()}


def _kept(name: str, one: object) -> object:
    if not isinstance(one, Mapping) or name not in USED:
        return one
    given, children = one.get("attributes"), one.get("children")
    kept: dict[str, Any] = {"attributes": given}
    if isinstance(given, Mapping):
        kept["attributes"] = {key: given[key] for key in USED[name] if key in given and _is_of_use(key, given[key])}
    if children is not None:
        kept["children"] = (
            [used(name, child) if isinstance(child, Mapping) else child for child in children]
            if isinstance(children, list)
            else children
        )
    return kept


def _is_of_use(key: str, value: object) -> bool:
    """Return whether a value is used: a system description only if it names a node, because any other is free text."""
    return key != "sysDesc" or not isinstance(value, str) or node_in(value) is not None


def read(class_name: str, rows: object, *, asked: str) -> tuple[list[Any], RowsIncomplete | None]:
    """Return the rows that can be read, and an error if others cannot.

    Raises ParseError if the answer is not a list, or if none of its rows can be read.
    """
    if not isinstance(rows, list):
        raise ParseError(PARSER, f"imdata: expected a list, found {type(rows).__name__}")
    if not class_name:
        return rows, None
    reader, found, faults = READERS[class_name], [], []
    for number, row in enumerate(rows):
        try:
            found.append(reader(_Object.of(row, class_name, f"imdata[{number}]")))
        except ParseError as error:
            faults.append(error)
    if faults and not found:
        raise faults[0]
    return found, RowsIncomplete(asked, len(faults), len(rows), faults[0].problem) if faults else None


class _Object:
    """One managed object: its attributes, and its children by class."""

    def __init__(self, told: Fields, whole: Fields) -> None:
        self.told = told
        self._whole = whole

    @classmethod
    def of(cls, row: object, class_name: str, where: str) -> _Object:
        outer = Fields.of(row, parser=PARSER, where=where)
        if class_name not in outer:
            raise outer.fault(f"expected {class_name}, found {', '.join(outer.members) or 'nothing'}")
        whole = outer.child(class_name)
        if "attributes" not in whole:
            raise whole.fault('"attributes" is missing')
        return cls(whole.child("attributes"), whole)

    def children(self, class_name: str) -> Iterator[Fields]:
        """Yield the attributes of the children of one class."""
        for one in self._whole.children("children"):
            if class_name in one:
                yield one.child(class_name).child("attributes")

    def value(self, *keys: str) -> str | None:
        """Return the first of these attributes that has a value; None if none has one."""
        return _value(self.told, *keys)

    @property
    def node(self) -> str:
        """The node that the object is on, from its distinguished name."""
        found = node_in(self.told.text("dn"))
        if found is None:
            raise _unlike(self.told, "dn", "the name of a node (topology/pod-N/node-N) or of something below it")
        return found

    @property
    def port(self) -> str:
        """The port or port channel in its distinguished name."""
        found = port_in(self.told.text("dn"))
        if found is None:
            raise _unlike(self.told, "dn", "the name of an interface (…/if-[eth1/1])")
        return found


def _value(told: Fields, *keys: str) -> str | None:
    for key in keys:
        text = told.text_or_none(key)
        if text is not None and text not in NOTHING:
            return text
    return None


def _unlike(told: Fields, key: str, expected: str) -> ParseError:
    return ParseError(PARSER, f"{told.where}.{key}: expected {expected}, found {told.text(key)[:80]!r}")


def _up(told: Fields, key: str) -> bool | None:
    """Return whether something is up; the APIC's words are "up", "down" and, for links, "link-up"."""
    word = told.text_or_none(key)
    return None if word is None else word in {"up", "link-up"}


def _fabric_node(row: _Object) -> FabricNode:
    name, role = row.told.text("name"), row.told.text("role")
    if not name or not role:
        raise row.told.fault("name and role must not be empty")
    return FabricNode(
        node=row.node,
        name=name,
        role=role,
        kind=row.value("nodeType"),
        state=row.value("fabricSt"),
        model=row.value("model"),
        serial=row.value("serial"),
        address=_address(row.value("address")),
    )


def _address(text: str | None) -> str | None:
    """Return an address; None if it is empty, which an APIC writes as 0.0.0.0 or ``::``."""
    found = as_ip((text or "").partition("/")[0])
    return None if found in {None, "0.0.0.0", "::"} else found  # noqa: S104 - as an APIC writes it


def _system(row: _Object) -> NodeSystem:
    addresses = (_address(row.value(key)) for key in ("oobMgmtAddr", "inbMgmtAddr"))
    return NodeSystem(row.node, row.value("version"), tuple(one for one in addresses if one))


def _neighbour(row: _Object) -> FabricNeighbour:
    told = row.told
    path = path_of(told.text_or_none("portDesc"))
    peer = node_in(told.text_or_none("sysDesc"))
    port_id, port_id_type = told.text_or_none("portIdV"), told.text_or_none("portIdT")
    chassis_id, chassis_id_type = told.text_or_none("chassisIdV"), told.text_or_none("chassisIdT")
    return FabricNeighbour(
        node=row.node,
        port=row.port,
        system_name=row.value("sysName"),
        chassis_id=_identity(chassis_id, chassis_id_type),
        port_id=_identity(port_id, port_id_type),
        port_description=row.value("portDesc"),
        peer=peer,
        peer_port=((path.port if path else None) or port_name(port_id)) if peer else None,
    )


def _identity(value: str | None, kind: str | None) -> str | None:
    """Return an id as LLDP announces it; MAC addresses in lower case."""
    return (mac_or_none(value) if kind == "mac" else None) or value or None


def _endpoint(row: _Object) -> FabricEndpoint:
    mac = mac_or_none(row.told.text("mac"))
    if mac is None:
        raise _unlike(row.told, "mac", "a MAC address")
    return FabricEndpoint(
        mac=mac,
        dn=row.told.text("dn"),
        paths=tuple(_path(one, "tDn") for one in row.children("fvRsCEpToPathEp")),
        encapsulation=row.value("encap"),
    )


def _path(told: Fields, key: str) -> Path:
    found = path_of(told.text(key))
    if found is None:
        raise _unlike(told, key, "a path (topology/pod-N/paths-N/pathep-[…])")
    return found


def _port(row: _Object) -> FabricPort:
    told = row.told
    operational = next(row.children("ethpmPhysIf"), Fields(PARSER, told.where, {}))
    mtu = row.value("mtu")
    if mtu is not None and decimal_or_none(mtu) is None:
        raise _unlike(told, "mtu", "a number of bytes")
    return FabricPort(
        node=row.node,
        name=row.port,
        enabled=told.text("adminSt") == "up",
        description=row.value("descr"),
        mtu=None if mtu is None else decimal_or_none(mtu),
        mode=row.value("mode"),
        usage=row.value("usage"),
        up=_up(operational, "operSt"),
        reason=_value(operational, "operStQual"),
        speed=_value(operational, "operSpeed"),
        lag=_value(operational, "bundleIndex"),
    )


def _port_channel(row: _Object) -> PortChannel:
    return PortChannel(
        node=row.node,
        name=row.port,
        group=row.told.text_or_none("name") or "",
        up=_up(row.told, "operSt"),
        mode=row.value("pcMode"),
        members=tuple(_target(one) for one in row.children("pcRsMbrIfs")),
    )


def _target(told: Fields) -> str:
    """Return the port or port channel that a relation leads to."""
    found = port_in(told.text("tDn"))
    if found is None:
        raise _unlike(told, "tDn", "the name of an interface (…/phys-[eth1/1], …/aggr-[po1])")
    return found


def _virtual(row: _Object) -> VirtualPortChannel:
    return VirtualPortChannel(
        node=row.node,
        number=row.told.text("id"),
        path=row.told.text_or_none("fabricPathDn") or "",
        lag=next((_target(one) for one in row.children("vpcRsVpcConf")), None),
    )


READERS: Mapping[str, Callable[[_Object], Any]] = {
    "fabricNode": _fabric_node,
    "topSystem": _system,
    "lldpAdjEp": _neighbour,
    "fvCEp": _endpoint,
    "l1PhysIf": _port,
    "pcAggrIf": _port_channel,
    "vpcIf": _virtual,
}
"""Class -> the function that reads one of its objects."""
