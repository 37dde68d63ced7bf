# SPDX-License-Identifier: Apache-2.0
"""Open vSwitch's bridges, from the text of ``ovs-vsctl show``, for hosts that do not give its JSON."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from calipso_nornir.errors import ParseError
from calipso_nornir.parsing.rows import OvsBridge, OvsInterface, OvsPort
from calipso_nornir.parsing.templates import one, tool_rows

if TYPE_CHECKING:
    from calipso_nornir.parsing.templates import Row

_PARSER = "ovs_vsctl_show"
_ATOM = r'"(?:[^"\\]|\\.)*"|[^"\s,={}]+'
_MAP_ITEM = re.compile(rf"\s*({_ATOM})=({_ATOM})\s*(?:,|$)")


def bridges_from_show(text: str) -> tuple[OvsBridge, ...]:
    """Read ``ovs-vsctl show``; return bridges, ports and interfaces sorted by name.

    The output has names, types, tags, trunks and options. It lacks ``ofport``, MACs, ``external_ids`` and
    ``other_config``, which are left empty; callers that need them must read the tables.
    """
    if not text.strip():
        raise ParseError(_PARSER, "the text is empty, but the database's identity is always printed")
    tree: dict[str, _Bridge] = {}
    for row in tool_rows("linux_ovs-vsctl_show", text):
        _grow(tree, row)
    return tuple(tree[name].built(name) for name in sorted(tree))


class _Bridge:
    """A bridge under construction while its rows are read."""

    def __init__(self, datapath_type: str) -> None:
        self.datapath_type = datapath_type
        self.ports: dict[str, tuple[Row, list[OvsInterface]]] = {}

    def built(self, name: str) -> OvsBridge:
        ports = [_port(port, row, interfaces) for port, (row, interfaces) in sorted(self.ports.items())]
        return OvsBridge(name, self.datapath_type, tuple(ports))


def _grow(tree: dict[str, _Bridge], row: Row) -> None:
    bridge, port, interface = (_plain(one(row, column)) for column in ("bridge", "port", "interface"))
    if interface:
        if port not in (tree[bridge].ports if bridge in tree else ()):
            raise ParseError(_PARSER, f"interface {interface} is not below a port of a bridge")
        tree[bridge].ports[port][1].append(_interface(interface, row))
    elif port:
        if bridge not in tree or port in tree[bridge].ports:
            raise ParseError(_PARSER, f"port {port} is not below a bridge, or appears twice below one")
        tree[bridge].ports[port] = (row, [])
    elif bridge and bridge not in tree:
        tree[bridge] = _Bridge(_plain(one(row, "datapath_type")))
    else:
        raise ParseError(_PARSER, f"attributes without a bridge, or bridge {bridge!r} appears twice")


def _port(name: str, row: Row, interfaces: list[OvsInterface]) -> OvsPort:
    if not interfaces:
        # the schema wants at least one (ovs-vswitchd.conf.db(5), Port table: interfaces)
        raise ParseError(_PARSER, f"cut short: port {name} has no interface")
    trunks = sorted(int(number) for number in re.findall(r"\d+", one(row, "trunks")))
    ordered = tuple(sorted(interfaces, key=lambda interface: interface.name))
    return OvsPort(name, ordered, tag=int(one(row, "tag")) if row["tag"] else None, trunks=tuple(trunks))


def _interface(name: str, row: Row) -> OvsInterface:
    return OvsInterface(name, _plain(one(row, "type")), options=_map(one(row, "options")))


def _map(text: str) -> dict[str, str]:
    inside, found, at = text.removeprefix("{").removesuffix("}").strip(), {}, 0
    while at < len(inside):
        item = _MAP_ITEM.match(inside, at)
        if item is None:
            raise ParseError(_PARSER, f"options of unknown form: {text[:200]!r}")
        found[_plain(item[1])] = _plain(item[2])
        at = item.end()
    return dict(sorted(found.items()))


def _plain(atom: str) -> str:
    """Return a name or value without its quotes; OVSDB quotes as JSON does (ovsdb-data(7))."""
    if not atom.startswith('"'):
        return atom
    try:
        return str(json.loads(atom))
    except ValueError:
        raise ParseError(_PARSER, f"quotes of unknown form: {atom[:200]!r}") from None
