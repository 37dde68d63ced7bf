# SPDX-License-Identifier: Apache-2.0
"""LLDP neighbours (IEEE 802.1AB), from either JSON format of lldpd's ``lldpctl``.

``-f json`` is the compact format: a list of one item is replaced by the item, and named things are keyed by name.
``-f json0`` is the regular format: everything is a list, every value ``{"value": …}``. Most hosts offer the first
(lldpd 0.9 and newer); the second came with 0.9.9. One reader serves both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.parsing.common_values import decimal_or_none, is_mac
from calipso_nornir.parsing.json_shapes import Fields, document
from calipso_nornir.parsing.rows import Neighbour

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PARSER = "lldpctl_json"


def neighbours(text: str) -> tuple[Neighbour, ...]:
    """Read ``lldpctl -f json`` or ``-f json0``, in the printed order; ``{"lldp": {}}`` means no neighbours."""
    whole = Fields.of(document(text, parser=_PARSER, pairs=_distinct), parser=_PARSER, where="$")
    if "lldp" not in whole:
        raise whole.fault('"lldp" is missing')
    return tuple(_neighbour(name, heard) for name, heard in _heard(whole))


def _distinct(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Build an object, rejecting repeated keys: a second interface of one name would silently replace the first."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError(f"an object has one name twice: {', '.join(sorted(name for name, _ in pairs))[:200]}")
    return found


def _heard(whole: Fields) -> Iterator[tuple[str, Fields]]:
    for top in _list(whole, "lldp"):
        for entry in _list(top, "interface"):
            if isinstance(entry.members.get("name"), str):  # json0
                yield entry.text("name"), entry
            else:  # json
                for name in entry.members:
                    for each in _list(entry, name):
                        yield name, each


def _list(fields: Fields, key: str) -> list[Fields]:
    """Return the objects under a key, which holds one object or a list of them; none when the key is missing."""
    value = fields.members.get(key, [])
    items = value if isinstance(value, list) else [value]
    return [Fields.of(item, parser=fields.parser, where=f"{fields.where}.{key}[{n}]") for n, item in enumerate(items)]


def _texts(fields: Fields, key: str) -> tuple[str, ...]:
    """Return the strings under a key, which holds one string, a list of them, or a list of ``{"value": string}``."""
    value = fields.members.get(key, [])
    items = value if isinstance(value, list) else [value]
    return tuple(_text(item, fields, key) for item in items)


def _text(item: object, fields: Fields, key: str) -> str:
    if isinstance(item, str):
        return item
    return Fields.of(item, parser=fields.parser, where=f"{fields.where}.{key}").text("value")


def _first(fields: Fields, key: str) -> str | None:
    return next(iter(_texts(fields, key)), None)


def _only(fields: Fields, key: str) -> Fields:
    found = _list(fields, key)
    if len(found) != 1:
        raise fields.fault(f'"{key}" appears {len(found)} times, once was expected')
    return found[0]


def _neighbour(interface: str, heard: Fields) -> Neighbour:
    name, chassis = _chassis(_only(heard, "chassis"))
    port = _only(heard, "port")
    chassis_id_type, chassis_id = _identity(chassis)
    port_id_type, port_id = _identity(port)
    return Neighbour(
        interface=interface,
        protocol=heard.text("via"),
        chassis_id_type=chassis_id_type,
        chassis_id=chassis_id,
        chassis_name=name or None,
        chassis_description=_first(chassis, "descr"),
        management_addresses=_texts(chassis, "mgmt-ip"),
        capabilities=_capabilities(chassis),
        port_id_type=port_id_type,
        port_id=port_id,
        port_description=_first(port, "descr"),
        vlans=tuple(_vlan_id(vlan) for vlan in _list(heard, "vlan")),
    )


def _capabilities(chassis: Fields) -> tuple[str, ...] | None:
    """Return the enabled capabilities; None if the TLV, which is optional, is absent (IEEE 802.1AB, 8.5)."""
    if "capability" not in chassis.members:
        return None
    return tuple(each.text("type") for each in _list(chassis, "capability") if each.members.get("enabled"))


def _chassis(fields: Fields) -> tuple[str | None, Fields]:
    """Return a chassis's name and data, which ``-f json`` nests under the name when there is one."""
    if _is_identity(fields.members.get("id")):
        return _first(fields, "name"), fields
    if len(fields.members) != 1:
        raise fields.fault('it has neither "id" nor exactly one name')
    name = next(iter(fields.members))
    return name, _only(fields, name)


def _is_identity(value: object) -> bool:
    # a chassis may be named "id": then the value is the chassis's data, with an "id" of its own
    first: object = value[0] if isinstance(value, list) and value else value
    members: Mapping[str, object] = first if isinstance(first, dict) else {}
    return isinstance(members.get("value"), str) and isinstance(members.get("type"), str)


def _identity(fields: Fields) -> tuple[str, str]:
    identity = _only(fields, "id")
    kind, value = identity.text("type"), identity.text("value")
    return kind, value.lower() if is_mac(value.lower()) else value


def _vlan_id(vlan: Fields) -> int:
    value = vlan.members.get("vlan-id")
    number = decimal_or_none(value) if isinstance(value, str) else None
    return vlan.number("vlan-id") if number is None else number
