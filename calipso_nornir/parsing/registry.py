# SPDX-License-Identifier: Apache-2.0
"""Parsers by the names that commands refer to: the built-in ones and those of third parties."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from calipso_nornir.errors import Fault, MetadataError
from calipso_nornir.parsing import (
    bonding,
    bridge,
    ethtool,
    ip,
    libvirt,
    lldp,
    os_release,
    ovn_logical,
    ovn_northbound,
    ovn_southbound,
    ovs,
    ovs_show,
    ovsdb,
    plain,
    routes,
    sysfs,
    teamd,
    vpp,
)
from calipso_nornir.parsing.templates import TemplateSet, shipped

Parser: TypeAlias = Callable[[str], object]

GROUP = "calipso_nornir.parsers"
"""Entry points of this group add parsers."""

PARSERS: Mapping[str, Parser] = MappingProxyType(
    {
        "json": plain.json_document,
        "lines": plain.lines,
        "ip_address_json": ip.address_json,
        "ip_address_text": ip.address_text,
        "ip_netns_json": ip.netns_json,
        "ip_netns_text": ip.netns_text,
        "ip_route_json": routes.route_json,
        "bridge_fdb_json": bridge.fdb_json,
        "bridge_fdb_text": bridge.fdb_text,
        "brctl_show": bridge.brctl_show,
        "ovn_logical": ovn_logical.logical,
        "ovn_northbound": ovn_northbound.northbound,
        "ovn_southbound": ovn_southbound.southbound,
        "ovsdb_rows": ovsdb.tables,
        "ovs_bridges": ovs.bridges,
        "ovs_table": ovs.table,
        "ovs_vsctl_show": ovs_show.bridges_from_show,
        "ethtool": ethtool.settings,
        "ethtool_driver": ethtool.driver,
        "bonding": bonding.bond,
        "teamdctl_state": teamd.state,
        "virsh_uuids": libvirt.uuids,
        "virsh_dumpxml": libvirt.domain,
        "lldpctl_json": lldp.neighbours,
        "ls_sys_class_net": sysfs.devices,
        "find_physfn": sysfs.virtual_functions,
        "find_virtfn": sysfs.function_places,
        "os_release": os_release.os_release,
        "uname_machine": os_release.machine,
        "vppctl_version": vpp.version,
        "vppctl_interfaces": vpp.interfaces,
        "vppctl_addresses": vpp.addresses,
        "vppctl_hardware": vpp.hardware,
        "vppctl_bridge_domains": vpp.bridge_domains,
        "vppctl_vxlan": vpp.tunnels,
        "vppctl_vxlan_gpe": vpp.gpe_tunnels,
        "vppctl_vhost_user": vpp.sockets,
        "vppctl_bonds": vpp.bonds,
        "vppctl_lacp": vpp.lacp,
        "vppctl_taps": vpp.taps,
    }
)
"""Parsers that ``Command.parser`` may name besides templates: each returns typed rows or raises ParseError."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One third party's parsers, by name, and where they come from."""

    where: str
    parsers: Mapping[str, Parser]


def load_parsers(added: Iterable[EntryPoint] | None = None, *, folders: Iterable[Offer] = ()) -> dict[str, Parser]:
    """Return every parser by name: ``PARSERS``, the shipped templates, and those of third parties.

    A template is named by its file name without ``.textfsm`` and returns plain rows: dictionaries whose keys are the
    capture groups of ``parsers/VOCABULARY.md`` in lower case.

    An entry point of the group ``calipso_nornir.parsers`` refers to a callable (text -> value; it raises
    ``ParseError`` for text that it cannot read), registered under the entry point's name, or to a folder (``Path`` or
    string) with an ``index`` and templates. ``folders`` provide parsers without packaging. No parser replaces another:
    a name that is taken is a fault. Raises ``MetadataError`` with all faults.
    """
    parsers: dict[str, Parser] = {**PARSERS, **_of_templates(shipped())}
    origins = dict.fromkeys(parsers, "calipso_nornir")
    faults: list[Fault] = []
    for offer in [*_installed(entry_points(group=GROUP) if added is None else added, faults), *folders]:
        for name, parser in offer.parsers.items():
            if name in parsers:
                problem = f'the parser name "{name}" is taken by {origins[name]}; choose another'
                faults.append(Fault(offer.where, problem))
            else:
                parsers[name], origins[name] = parser, offer.where
    if faults:
        raise MetadataError(tuple(faults))
    return parsers


def _installed(points: Iterable[EntryPoint], faults: list[Fault]) -> Iterable[Offer]:
    for point in points:
        where = f"entry point {GROUP}: {point.name} = {point.value}"
        try:
            yield Offer(where, _offered(point))
        except MetadataError as error:
            faults += error.faults
        except Exception as error:  # noqa: BLE001 - importing a stranger's module may raise anything
            faults.append(Fault(where, f"cannot be loaded: {type(error).__name__}: {error}"))


def _of_templates(templates: TemplateSet) -> dict[str, Parser]:
    return {name: template.rows for name, template in templates.items()}


def _offered(point: EntryPoint) -> dict[str, Parser]:
    offered = point.load()
    if isinstance(offered, (str, Path)):
        return _of_templates(TemplateSet(Path(offered)))
    if callable(offered):
        return {point.name: offered}
    raise TypeError(f"a callable or a folder was expected, found {type(offered).__name__}")
