# SPDX-License-Identifier: Apache-2.0
"""Ports of a switch to which scans log in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from calipso_nornir.fetchers.cli.port_tables import PortTables, by_mac
from calipso_nornir.fetchers.cli.switch_heard import KnowsPlatforms, heard_by_hosts
from calipso_nornir.model import ids
from calipso_nornir.model.fetching import Fetched

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from calipso_nornir.fetchers.cli.switch_heard import Heard
    from calipso_nornir.model.answers import Answers
    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.queries import Command
    from calipso_nornir.model.switch_platforms import SwitchPlatform
    from calipso_nornir.parsing.switch_rows import SwitchPort

_LETTERS = re.compile(r"([A-Za-z-]+)(.*)")


class SwitchPorts(KnowsPlatforms):
    """Ports and LAGs of one switch, below it, with what the switch says about them.

    Source: the questions of its platform; ``lldpctl`` on the hosts, because a port's id is the one that they receive.
    Attributes: ``switch`` (id), ``local_name``, ``role`` ("hostlink" if a host receives its LLDP announcements, "lag",
    or "port"), ``state``
    ("up" or "down"), ``state_reason``, ``mtu`` (bytes of an IP packet), ``mac_address``, ``port_id``, ``port_id_type``,
    ``vlan_mode``, ``native_vlan``, ``allowed_vlans`` (text of ranges), ``macs``, ``lag``, ``members``, ``hears``,
    ``errors``, ``configured_description``, ``bridge``.
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask the switch everything at once."""
        platform = self.platforms.by_name.get(str(parent.get("platform")))
        if platform is None:
            return []
        asked = {kind: question.of(str(parent["login"])) for kind, question in platform.questions.items()}
        answers, heard = yield from heard_by_hosts(self.platforms, list(asked.values()))
        tables = _tables(platform, asked, answers)
        here = [one for one in heard if _id_of(one) == parent.id]
        known = _matched(tables, here)
        macs = by_mac(tables.ports)
        sources = tuple(query for kind, query in asked.items() if kind != "identity")
        found = []
        taken: set[str] = set()
        for name, port in tables.ports.items():
            witness = known.get(name)
            port_id = witness.neighbour.port_id if witness else _announced(platform, port, macs)
            if port_id in taken:
                port_id = name
            taken.add(port_id)
            facts = tables.facts(name)
            label = (witness.neighbour.port_description or port_id) if witness else name
            found.append(
                Fetched(
                    id=ids.switch_pnic(parent.id, port_id),
                    name=label,
                    attributes={
                        "switch": parent.id,
                        "local_name": name,
                        "role": "hostlink" if witness else "lag" if "members" in facts else "port",
                        **_identity_of(port, port_id, witness),
                        **facts,
                    },
                    under=parent.ref,
                    sources=(*sources, witness.query) if witness else sources,
                )
            )
        return found


def _tables(platform: SwitchPlatform, asked: Mapping[str, Command], answers: Answers) -> PortTables:
    """Read the answers. Ports are needed; attributes from another table stay as they were if that table is missing."""
    tables = PortTables(platform, answers[asked["ports"]])
    rest = {kind: answers.or_blank(query) for kind, query in asked.items() if kind not in ("identity", "ports")}
    bridges_known = "bridges" not in asked or rest["bridges"] is not None
    if rest.get("vlans") is not None and bridges_known:
        tables.add_vlans(rest["vlans"], rest.get("bridges") or ())
    if rest.get("macs") is not None:
        tables.add_macs(rest["macs"])
    if rest.get("lags") is not None:
        tables.add_lags(rest["lags"])
    if rest.get("neighbours") is not None:
        tables.add_neighbours(rest["neighbours"])
    return tables


def _id_of(heard: Heard) -> str:
    return ids.switch(heard.neighbour.chassis_id_type, heard.neighbour.chassis_id)


def _matched(tables: PortTables, heard: Iterable[Heard]) -> dict[str, Heard]:
    """Return what a host hears of each port: by name, by number, or by MAC address."""
    by_index = {port.index: name for name, port in tables.ports.items() if port.index is not None}
    macs = by_mac(tables.ports)
    found: dict[str, Heard] = {}
    for one in sorted(heard, key=lambda each: (each.neighbour.port_id, each.host)):
        told = one.neighbour
        name = macs.get(told.port_id) if told.port_id_type == "mac" else tables.names.find(told.port_id)
        name = name or tables.names.find(told.port_description)
        if name is None and told.port_id_type == "local":
            name = by_index.get(told.port_id)
        if name is not None:
            found.setdefault(name, one)
    return found


def _announced(platform: SwitchPlatform, port: SwitchPort, macs: Mapping[str, str]) -> str:
    """Return the LLDP id that a port announces as far as its platform says; its name if that is not unique."""
    if platform.announces == "short name" and (parts := _LETTERS.fullmatch(port.name)):
        letters = parts[1][:3] if parts[1].startswith("Twe") else parts[1][:2]
        return letters + parts[2]
    if platform.announces == "index":
        return port.index or port.name
    if platform.announces == "mac" and macs.get(port.mac_address or "") == port.name:
        return str(port.mac_address)
    return port.name


def _identity_of(port: SwitchPort, port_id: str, witness: Heard | None) -> dict[str, Any]:
    """Return the attributes that hosts report, too, in the form that they use."""
    if witness is None:
        kind = "mac" if port_id == port.mac_address else "local" if port_id == port.index else "ifname"
        mac = port.mac_address
    else:
        kind = witness.neighbour.port_id_type
        mac = port_id if kind == "mac" else port.mac_address
    return {"port_id": port_id, "port_id_type": kind, **({"mac_address": mac} if mac else {})}
