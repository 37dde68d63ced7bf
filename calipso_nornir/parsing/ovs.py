# SPDX-License-Identifier: Apache-2.0
"""Open vSwitch's database tables, from ``ovs-vsctl -f json list``: as plain rows, or joined into bridges."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, TypeAlias

from calipso_nornir.errors import ParseError
from calipso_nornir.parsing.common_values import mac_or_none
from calipso_nornir.parsing.json_shapes import Fields, document
from calipso_nornir.parsing.ovsdb import SCALARS, plain
from calipso_nornir.parsing.rows import OvsBridge, OvsInterface, OvsPort

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TableRow: TypeAlias = "dict[str, object]"
_JOIN = "ovs_table"
_BY_NAME = attrgetter("name")
_TRANSACTION = ("Bridge", "Port", "Interface")


def table(text: str) -> list[TableRow]:
    """Read ``ovs-vsctl -f json [--columns=…] list TABLE``: one dictionary per row, keyed by column name.

    Values in OVSDB notation (RFC 7047 section 5.1) are converted: sets to lists, maps to dictionaries, UUIDs to
    strings. OVSDB prints a set of exactly one element as the bare element, which cannot be distinguished from a
    scalar without the schema; it stays bare here. ``[]`` is the empty set.
    """
    whole = Fields.of(document(text, parser=_JOIN), parser=_JOIN, where="$")
    headings = whole.texts("headings")
    rows = whole.members.get("data")
    if "headings" not in whole or not isinstance(rows, list):
        raise whole.fault('"headings" and "data" are expected')
    if len(set(headings)) != len(headings):
        raise whole.fault("a heading appears twice")
    return [_row(headings, cells, n) for n, cells in enumerate(rows)]


def bridges(text: str) -> tuple[OvsBridge, ...]:
    """Read Bridge, Port and Interface from one transaction: ``ovs-vsctl -f json -- list Bridge -- list Port -- …``.

    Each table is one line of JSON. Three separate commands could see three different states of the database.
    """
    lines = text.splitlines()
    if len(lines) != len(_TRANSACTION):
        raise ParseError("ovs_bridges", f"{len(lines)} lines, where {', '.join(_TRANSACTION)} have one each")
    bridge_rows, port_rows, interface_rows = (table(line) for line in lines)
    return bridges_from_tables(bridge_rows, port_rows, interface_rows)


def _row(headings: Sequence[str], cells: object, number: int) -> TableRow:
    if not isinstance(cells, list) or len(cells) != len(headings):
        raise ParseError(_JOIN, f"$.data[{number}]: expected a list of {len(headings)} values")
    row: TableRow = {}
    for name, cell in zip(headings, cells, strict=True):
        try:
            row[name] = cell if type(cell) in SCALARS else plain(cell)
        except ValueError as error:
            raise ParseError(_JOIN, f"$.data[{number}].{name}: {error}") from None
    return row


# --- the three tables joined


def bridges_from_tables(
    bridge_rows: Sequence[Mapping[str, object]],
    port_rows: Sequence[Mapping[str, object]],
    interface_rows: Sequence[Mapping[str, object]],
) -> tuple[OvsBridge, ...]:
    """Join the rows of the tables Bridge, Port and Interface; return the bridges, sorted by name, as are their ports.

    Required columns: ``_uuid`` and ``name`` of each table, ``ports`` of Bridge and ``interfaces`` of Port. Other
    columns that were not queried are treated as empty. Tables that were read while ports came and went may be
    inconsistent, which raises a ParseError; read them again.
    """
    interfaces = _by_uuid("Interface", interface_rows)
    ports = _by_uuid("Port", port_rows)
    members = {uuid: _members(row, "interfaces", interfaces) for uuid, row in ports.items()}
    joined = {uuid: _port(row, [_interface(m) for m in members[uuid]]) for uuid, row in ports.items()}
    bridges = [
        OvsBridge(
            row.text("name"),
            row.text_or_none("datapath_type") or "",
            tuple(sorted((joined[_uuid(port)] for port in _members(row, "ports", ports)), key=_BY_NAME)),
        )
        for row in _by_uuid("Bridge", bridge_rows).values()
    ]
    return tuple(sorted(bridges, key=lambda bridge: bridge.name))


def _uuid(row: Fields) -> str:
    return row.text("_uuid")


def _by_uuid(name: str, rows: Sequence[Mapping[str, object]]) -> dict[str, Fields]:
    read = [Fields(_JOIN, f"{name}[{n}]", row) for n, row in enumerate(rows)]
    return {_uuid(row): row for row in read}


def _members(row: Fields, column: str, known: Mapping[str, Fields]) -> list[Fields]:
    if column not in row:
        raise row.fault(f'the column "{column}" is missing')
    uuids = [str(uuid) for uuid in _elements(row.members[column])]
    gone = [uuid for uuid in uuids if uuid not in known]
    if gone:
        raise row.fault(f"{column} names {gone[0]}, which the other table lacks: they were read at different times")
    return [known[uuid] for uuid in uuids]


def _elements(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _port(row: Fields, interfaces: list[OvsInterface]) -> OvsPort:
    tag = _number(row, "tag")
    return OvsPort(
        row.text("name"),
        tuple(sorted(interfaces, key=_BY_NAME)),
        tag=tag,
        trunks=tuple(sorted(_numbers(row, "trunks"))),
        vlan_mode=_vlan_mode(row, tag),
        other_config=_map(row, "other_config"),
    )


def _vlan_mode(row: Fields, tag: int | None) -> str | None:
    """Return how a port treats VLANs; an empty vlan_mode is access with a tag, else trunk (ovs-vswitchd.conf.db(5))."""
    if "vlan_mode" not in row:
        return None
    given = _scalar(row, "vlan_mode")
    if given is not None and not isinstance(given, str):
        raise row.fault(f"vlan_mode is {given!r}, text was expected")
    return given or ("trunk" if tag is None else "access")


def _interface(row: Fields) -> OvsInterface:
    state = _scalar(row, "link_state")
    mac = _scalar(row, "mac_in_use")
    ofport = _number(row, "ofport")
    return OvsInterface(
        row.text("name"),
        row.text_or_none("type") or "",
        ofport=None if ofport is None or ofport < 0 else ofport,  # -1: the datapath refused the interface
        mac=mac_or_none(mac if isinstance(mac, str) else None),
        link_state=state if isinstance(state, str) else None,
        options=_map(row, "options"),
        external_ids=_map(row, "external_ids"),
    )


def _scalar(row: Fields, column: str) -> object:
    value = row.members.get(column)
    if not isinstance(value, list):
        return value
    if len(value) > 1:
        raise row.fault(f"{column} has {len(value)} values, one was expected")
    return value[0] if value else None


def _number(row: Fields, column: str) -> int | None:
    value = _scalar(row, column)
    return None if value is None else _checked(row, column, value)


def _numbers(row: Fields, column: str) -> list[int]:
    return [_checked(row, column, element) for element in _elements(row.members.get(column, []))]


def _checked(row: Fields, column: str, value: object) -> int:
    return Fields(row.parser, row.where, {column: value}).number(column)


def _map(row: Fields, column: str) -> dict[str, str]:
    if row.members.get(column, {}) == {}:
        return {}
    return {key: str(value) for key, value in sorted(row.child(column).members.items())}
