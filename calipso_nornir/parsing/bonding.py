# SPDX-License-Identifier: Apache-2.0
"""Bonds of the Linux kernel, from ``/proc/net/bonding/<bond>``."""

from __future__ import annotations

from dataclasses import dataclass, field

from calipso_nornir.errors import ParseError
from calipso_nornir.parsing.common_values import mac_or_none
from calipso_nornir.parsing.rows import Bond, BondMember
from calipso_nornir.parsing.templates import one, tool_rows

_PARSER = "bonding"
_ACTOR, _PARTNER = "details actor lacp pdu", "details partner lacp pdu"
_MAC = "Permanent HW addr"


@dataclass(slots=True)
class _Blocks:
    """The keys of the bond (or of one member), grouped by heading; "" for keys without a heading."""

    sections: dict[str, dict[str, str]] = field(default_factory=lambda: {"": {}})

    def add(self, section: str, key: str, value: str) -> None:
        block = self.sections.setdefault(section, {})
        if key in block:
            raise ParseError(_PARSER, f"{key!r} appears twice{f' under {section!r}' if section else ''}")
        block[key] = value


def bond(text: str) -> Bond:
    """Read ``/proc/net/bonding/<bond>`` (Linux ``drivers/net/bonding/bond_procfs.c``).

    The kernel hides some details (system MAC, aggregator, LACP) from accounts without CAP_NET_ADMIN; the result then
    lacks them.
    """
    general, members = _Blocks(), dict[str, _Blocks]()
    for row in tool_rows("linux_cat_proc_net_bonding", text):
        name = one(row, "interface")
        blocks = members.setdefault(name, _Blocks()) if name else general
        blocks.add(one(row, "section"), one(row, "key"), one(row, "value"))
    details = general.sections.pop("")
    if "Bonding Mode" not in details or "MII Status" not in details:
        raise ParseError(_PARSER, "not a bond: mode or status is missing" if details else "the text is empty")
    return Bond(details, general.sections, tuple(_member(name, blocks) for name, blocks in members.items()))


def _member(name: str, blocks: _Blocks) -> BondMember:
    details, actor = blocks.sections[""], blocks.sections.get(_ACTOR, {})
    partner = blocks.sections.get(_PARTNER, {})
    if _MAC not in details or bool(actor) != bool(partner):
        raise ParseError(_PARSER, f"cut short: the block of member {name} is incomplete")
    return BondMember(name, mac_or_none(details[_MAC]), details, actor, partner)
