# SPDX-License-Identifier: Apache-2.0
"""Physical network interfaces, and aggregates of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.fetchers import questions
from calipso_nornir.fetchers.attributes import address_attributes, kept
from calipso_nornir.fetchers.bonding import ACTIVE, bond_roles, lacp_state, team_roles
from calipso_nornir.model import ids
from calipso_nornir.model.fetching import Fetched, ask, together, worth_another_way
from calipso_nornir.model.queries import Command
from calipso_nornir.wiring.devices import AGGREGATES, Devices

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping, Sequence

    from calipso_nornir.model.answers import Answers
    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.queries import Query
    from calipso_nornir.parsing.rows import Bond, Interface, OvsBridge, OvsInterface, TeamState


class HostPnics:
    """Physical network interfaces of one host, in its pNICs folder.

    Source: ``ls -l /sys/class/net``, ``ip -d address``, ``ip netns list``; per interface ``ethtool``, ``ethtool -i``.
    On hosts whose cards have virtual functions, also ``find … -name physfn`` and ``virtfn*``. For interfaces that DPDK
    has taken from the kernel: ``ovs-vsctl list``, on hosts with an Open vSwitch agent.
    Attributes: ``host``, ``local_name``, ``mac_address``, ``mtu`` (bytes), ``state`` ("UP" or "DOWN"), ``addresses``
    (CIDR strings) and the first ones as ``ip_address``, ``ipv6_address``; ``link_detected`` ("yes" or "no") and all
    else that ethtool prints, under its own keys; ``driver`` (from ethtool -i); ``vlan_interfaces`` [{name, vlan_id,
    addresses}] (also of VLANs on VLANs); ``ether_channel_master`` (id of the bond or team that it is a member of);
    ``virtual_functions`` (those that are devices of this host), ``functions`` [{number, pci_address, mac_address,
    vlan_id, link_state, spoof_check, trust}]: all of its virtual functions, including those of guests; ``dpdk``
    (options of a DPDK port: ``dpdk-devargs`` is its PCI address). Virtual functions and representors are not included.
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for devices and interfaces, then for the details of the physical ones."""
        agents = yield from questions.switch_agents(parent)
        devices = Command(parent.id, "ls -l /sys/class/net", "ls_sys_class_net")
        listed, (address, interfaces), (_, namespaces), (switch, bridges) = yield from together(
            ask(devices),
            questions.interfaces(parent.id),
            questions.namespaces(parent.id),
            switch_or_gap(parent.id, agents=len(agents)),
        )
        host = Devices(interfaces, namespaces)
        found = host.physical(listed)
        details = {one.name: _ethtool(parent.id, one.name) for one in found}
        virtual = [questions.virtual_functions(parent.id)] if any(one.vfs for one in found) else []
        places = [questions.function_places(parent.id)] if virtual else []
        answers = yield [*virtual, *places, *(query for pair in details.values() for query in pair)]
        at = {(one.device, one.number): one.pci for query in places for one in answers.or_blank(query, ())}
        functions = [one for query in virtual for one in answers.or_gap(query, ())]
        pci = {device.name: device.pci for device in listed}
        own = {one.name: [each.name for each in functions if each.of == pci.get(one.name)] for one in found}
        return [
            *(
                self._pnic(
                    parent,
                    one,
                    host,
                    answers,
                    sources=(devices, address, *virtual, *places, *details[one.name]),
                    functions=_functions(one, at) | ({"virtual_functions": own[one.name]} if own[one.name] else {}),
                )
                for one in found
                if one.name not in {each.name for each in functions}
            ),
            *(_dpdk(parent, one, switch) for one in _interfaces(bridges) if one.type == "dpdk"),
        ]

    def _pnic(  # noqa: PLR0913 - what is known of it
        self,
        parent: InventoryObject,
        one: Interface,
        host: Devices,
        answers: Answers,
        *,
        sources: tuple[Query, ...],
        functions: dict[str, Any],
    ) -> Fetched:
        settings, driver = sources[-2:]
        told = answers.or_blank(settings, {})
        named = answers.or_blank(driver)
        attributes = {
            **kept(told),
            **pnic_attributes(parent, one, host),
            **({"driver": named} if named is not None else {}),
            **functions,
            "link_detected": told.get("Link detected") or ("yes" if one.up else "no"),
        }
        return Fetched(
            id=ids.host_pnic(parent.id, one.name),
            name=one.name,
            attributes=attributes,
            under=pnics_folder(parent),
            sources=sources,
        )


class HostBonds:
    """Bonds and teams of one host, in its pNICs folder, because they are used like physical interfaces.

    Source: ``ip -d address``; per bond ``/proc/net/bonding/<bond>``, per team ``teamdctl <team> state dump``.
    Attributes: as ``HostPnics`` without ethtool's; ``ether_channel`` (True), ``members`` [{name, id, mac_address, role
    (``fetchers.bonding``)}], ``active_members`` (names). Of a bond: its members with every key of their block
    (``actor`` and ``partner`` separate); every general key as printed (``bonding_mode``, ``mii_status``,
    ``802_3ad_info`` …); ``lacp_state`` ("negotiated", "no partner"); ``link_detected`` (``MII Status``). Of a team:
    ``team_runner``; ``link_detected`` (its state).
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for interfaces, then for the state of every bond and team among them."""
        address, interfaces = yield from questions.interfaces(parent.id)
        host = Devices(interfaces)
        states = {one.name: _state(parent.id, one) for one in host.aggregates()}
        told = (yield list(states.values())) if states else None
        found = []
        for one in host.aggregates():
            state = told.or_blank(states[one.name]) if told is not None else None
            attributes = _bond_attributes if one.kind == "bond" else _team_attributes
            found.append(
                Fetched(
                    id=ids.host_pnic(parent.id, one.name),
                    name=one.name,
                    attributes={
                        **attributes(parent.id, one, host, state),
                        **pnic_attributes(parent, one, host),
                        "ether_channel": True,
                    },
                    under=pnics_folder(parent),
                    sources=(address, states[one.name]),
                )
            )
        return found


def _functions(one: Interface, at: Mapping[tuple[str, int], str]) -> dict[str, Any]:
    """Return the virtual functions of an interface; nothing if it has none."""
    rows = [
        {
            "number": function.number,
            "pci_address": at.get((one.name, function.number)),
            "mac_address": function.mac,
            "vlan_id": function.vlan_id,
            "link_state": function.link_state,
            "spoof_check": function.spoof_check,
            "trust": function.trust,
        }
        for function in one.vfs
    ]
    return {"functions": rows} if rows else {}


def switch_or_gap(
    host: str, *, agents: int
) -> Generator[Sequence[Query], Answers, tuple[Query, tuple[OvsBridge, ...]]]:
    """Ask for the ports of Open vSwitch if Neutron has an agent for it; record a gap if there is no answer."""
    tables, text = questions.ovs_queries(host)
    if not agents:
        return tables, ()
    answers = yield [tables]
    error = answers.failed(tables)
    if error is None or not worth_another_way(error):
        return tables, answers.or_gap(tables, ())
    answers = yield [text]
    return text, answers.or_gap(text, ())


def _interfaces(bridges: Iterable[OvsBridge]) -> list[OvsInterface]:
    return [one for bridge in bridges for port in bridge.ports for one in port.interfaces]


def _dpdk(host: InventoryObject, one: OvsInterface, query: Query) -> Fetched:
    """Return a port of the switch that the kernel does not show as a device (ovs-vswitchd.conf.db(5), type "dpdk")."""
    up = one.link_state == "up"
    return Fetched(
        id=ids.host_pnic(host.id, one.name),
        name=one.name,
        attributes={
            "host": host.id,
            "local_name": one.name,
            **({"mac_address": one.mac} if one.mac else {}),
            "state": "UP" if up else "DOWN",
            "link_detected": "yes" if up else "no",
            "addresses": [],
            "vlan_interfaces": [],
            "ether_channel_master": "",
            "master": None,
            "dpdk": dict(one.options),
        },
        under=pnics_folder(host),
        sources=(query,),
    )


def pnics_folder(host: InventoryObject) -> Any:  # noqa: ANN401 - an ObjectRef, spelt by its host
    """Return the folder of a host's physical interfaces."""
    return host.sibling("pnics_folder", ids.folder(host.id, "host_pnics"))


def pnic_attributes(host: InventoryObject, one: Interface, devices: Devices) -> dict[str, Any]:
    """Return what the kernel says about a physical interface or aggregate; without ``mac_address`` if it has none."""
    master = ids.host_pnic(host.id, one.master) if one.member_of_kind in AGGREGATES and one.master else ""
    return {
        "host": host.id,
        "local_name": one.name,
        **({"mac_address": one.mac} if one.mac else {}),
        "mtu": one.mtu,
        "state": "UP" if one.up else "DOWN",
        **address_attributes(one.addresses),
        "vlan_interfaces": [
            {"name": row.name, "vlan_id": row.vlan_id, "addresses": [address.cidr for address in row.addresses]}
            for row in devices.vlans_on(one.name)
        ],
        "ether_channel_master": master,
        "master": one.master,
    }


def _ethtool(host: str, name: str) -> tuple[Command, Command]:
    return (
        Command.of(host, "ethtool {}", name, parser="ethtool", root=True, optional=True),
        Command.of(host, "ethtool -i {}", name, parser="ethtool_driver", root=True, optional=True),
    )


def _state(host: str, one: Interface) -> Command:
    if one.kind == "bond":
        return Command.of(host, "cat {}", f"/proc/net/bonding/{one.name}", parser="bonding", root=True)
    return Command.of(host, "teamdctl {} state dump", one.name, parser="teamdctl_state", root=True, optional=True)


def _team_attributes(host_id: str, team: Interface, devices: Devices, state: TeamState | None) -> dict[str, Any]:
    roles = team_roles(state) if state is not None else {}
    rows = [devices[name] for name in devices.members(team.name)]
    members = [
        {"name": row.name, "id": ids.host_pnic(host_id, row.name), "mac_address": row.mac, **_role(row.name, roles)}
        for row in rows
    ]
    told = {"team_runner": state.runner, **_active(roles)} if state is not None else {}
    return {"members": members, "link_detected": "yes" if team.up else "no", **told}


def _bond_attributes(host_id: str, _bond: Interface, _devices: Devices, bond: Bond | None) -> dict[str, Any]:
    if bond is None:
        return {}
    roles, lacp = bond_roles(bond), lacp_state(bond)
    members: list[Mapping[str, Any]] = [
        {
            **member.details,
            "name": member.name,
            "id": ids.host_pnic(host_id, member.name),
            "mac_address": member.mac,
            "actor": dict(member.actor),
            "partner": dict(member.partner),
            **_role(member.name, roles),
        }
        for member in bond.members
    ]
    return {
        **kept(bond.details),
        **{name: dict(block) for name, block in bond.info.items()},
        "members": members,
        "link_detected": "yes" if bond.details.get("MII Status") == "up" else "no",
        **_active(roles),
        **({} if lacp is None else {"lacp_state": lacp}),
    }


def _role(name: str, roles: Mapping[str, str]) -> dict[str, str]:
    return {"role": roles[name]} if name in roles else {}


def _active(roles: Mapping[str, str]) -> dict[str, list[str]]:
    """Return which members carry frames, as an attribute; no attribute if that is not known."""
    return {"active_members": sorted(name for name, role in roles.items() if role == ACTIVE)} if roles else {}
