# SPDX-License-Identifier: Apache-2.0
"""Nova servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from calipso_nornir.errors import HostsUnlisted, ParseError, RowsIncomplete
from calipso_nornir.fetchers import questions
from calipso_nornir.fetchers.api.census import census, names_of
from calipso_nornir.fetchers.api.services import nova_services
from calipso_nornir.fetchers.api.unlisted import keep_unlisted
from calipso_nornir.fetchers.attributes import TAP_SUFFIX_LENGTH
from calipso_nornir.fetchers.trunks import sub_ports, sub_ports_of
from calipso_nornir.model import ids
from calipso_nornir.model.fetching import Fetched, asked, together
from calipso_nornir.model.refs import Folder

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from calipso_nornir.model.answers import Answers
    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.queries import Query

    Row = Mapping[str, Any]

HOST = "OS-EXT-SRV-ATTR:host"
WITHOUT_HOST = Folder(type="instances_folder", types_name="instances", text="Instances without a host")
ELSEWHERE = Folder(type="instances_folder", types_name="instances_elsewhere", text="Instances on no known host")
"""For servers on bare-metal nodes, clusters of other hypervisors, and hosts whose services have been deleted."""

_TAKEN = {
    "status": "status",
    "user_id": "user_id",
    "metadata": "metadata",
    "flavor": "flavor",
    "created": "created",
    "updated": "updated",
    "key_name": "key_name",
    "tags": "tags",
    "description": "description",
    "OS-EXT-AZ:availability_zone": "availability_zone",
    "OS-EXT-SRV-ATTR:instance_name": "local_name",
    "OS-EXT-SRV-ATTR:hypervisor_hostname": "hypervisor_hostname",
    "OS-EXT-SRV-ATTR:hostname": "hostname",
    "OS-EXT-STS:vm_state": "vm_state",
    "OS-EXT-STS:task_state": "task_state",
    "OS-EXT-STS:power_state": "power_state",
    "OS-SRV-USG:launched_at": "launched_at",
    "os-extended-volumes:volumes_attached": "volumes_attached",
}
"""Nova's name -> our attribute. User data and passwords are never stored."""


class Instances:
    """Servers of one host, in its instances folder.

    Source: Nova, ``GET /servers/detail?all_tenants=1`` (one list for all hosts); Neutron, ports and networks.
    Attributes: ``uuid``, ``host``, ``local_name`` (libvirt's domain name), ``project_id``, ``status`` …; ``network``
    (ids of its networks, in order of its ports), ``mac_addresses``, ``network_info``: per port {id, devname, address
    (MAC), type, vnic_type, active, network {id, label}, ips [{address, subnet_id}]}. The sub-ports of its trunks are
    included; these have ``parent`` (id of the trunk's port) and ``segmentation_id``. Those of a bare-metal server
    have ``local_link_information``: the switch ports that Ironic says it is cabled to.
    """

    asked_by: ClassVar[Mapping[str, str]] = {"instance": "id"}

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for the servers of all hosts and select this one's."""
        queries = _queries(parent["region"])
        answers, services = yield from together(asked(*queries), nova_services(parent["region"]))
        names = names_of(parent)
        if services.silent is not None and set(names) & set(services.silent.hosts):
            answers.lacks(queries[0], services.silent)
        by_host = _by_host(answers, queries[0])
        rows = [row for name in names for row in by_host.get(name, ())]
        own, subs = yield from _ports(rows, answers, queries[1])
        folder = parent.sibling("instances_folder", ids.folder(parent.id, "instances"))
        return [
            Fetched(
                id=ids.plain(row["id"]),
                name=row.get("name") or row["id"],
                attributes={
                    "host": parent.id,
                    **_attributes(row),
                    **_connections(own.get(row["id"]), subs, answers, queries[2]),
                },
                under=folder,
            )
            for row in rows
        ]


class HostlessInstances:
    """Servers without a host (failed to build, shelved, waiting), or on an unknown one, in folders of their region.

    Source: as ``Instances``, and all lists of hosts. For servers without a host that the list no longer contains, ``GET
    /servers/{id}``: no list shows it if cell0, which holds the servers that were never scheduled, does not answer.
    Attributes: as ``Instances``, without ``host``; ``nova_host``, Nova's name for the unknown host.
    """

    asked_by: ClassVar[Mapping[str, str]] = {"instance": "id"}

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for the servers of all hosts and select those without a known host."""
        queries = _queries(parent["region"])
        answers, known = yield from together(asked(*queries), census(parent["region"]))
        by_host = _by_host(answers, queries[0])
        elsewhere = {host: rows for host, rows in by_host.items() if host and host not in known.names}
        unlisted = sorted(elsewhere.keys() - known.strange)
        if unlisted:
            servers = sum(len(elsewhere[host]) for host in unlisted)
            answers.tell(HostsUnlisted(parent["region"], tuple(unlisted), servers))
        found = [(WITHOUT_HOST, row) for row in [*by_host.get(None, ()), *by_host.get("", ())]]
        found += [(ELSEWHERE, row) for rows in elsewhere.values() for row in rows]
        if known.complete and answers.whole(queries[0]):
            listed = {row["id"] for row in answers[queries[0]]}
            yield from keep_unlisted(parent["region"], listed, telling_of_cells=known.cells_told)
        own, subs = yield from _ports([row for _, row in found], answers, queries[1])
        return [
            Fetched(
                id=ids.plain(row["id"]),
                name=row.get("name") or row["id"],
                attributes={
                    **_attributes(row),
                    **_connections(own.get(row["id"]), subs, answers, queries[2]),
                    **({"nova_host": row[HOST]} if folder is ELSEWHERE else {}),
                },
                folder=folder,
            )
            for folder, row in found
        ]


def _queries(region: str) -> list[Query]:
    return [question(region) for question in (questions.servers, questions.ports, questions.networks)]


def _by_host(answers: Answers, servers: Query) -> Mapping[Any, Sequence[Row]]:
    """Group servers by their host's name, which Nova shows to administrators only."""
    by_host = answers.grouped(servers, HOST)
    nowhere = by_host.get(None, ())
    blind = [row for row in nowhere if HOST not in row]
    if not blind:
        return by_host
    count = len(answers[servers])
    if len(blind) == count:
        problem = f'{count} of {count} have no "{HOST}": the user may not see it'
        raise ParseError("servers", problem, query=str(servers))
    answers.lacks(servers, RowsIncomplete(str(servers), len(blind), count, f'{blind[0]["id"]} has no "{HOST}"'))
    return {**by_host, None: [row for row in nowhere if HOST in row]}


def _attributes(row: Row) -> dict[str, Any]:
    taken = {ours: row.get(theirs) for theirs, ours in _TAKEN.items() if theirs in row}
    image = row.get("image")
    return {
        **taken,
        "uuid": row["id"],
        "project_id": row.get("tenant_id"),
        "image_id": image.get("id") if isinstance(image, dict) else None,
        "security_groups": sorted({group["name"] for group in row.get("security_groups") or ()}),
    }


def _ports(
    servers: Sequence[Row], answers: Answers, query: Query
) -> Generator[Sequence[Query], Answers, tuple[dict[str, list[Row]], Mapping[str, InventoryObject]]]:
    """Return the ports of servers by server id, in the order of their creation, and the sub-ports of trunks.

    Servers whose ports are not known are left out.
    """
    by_owner = answers.grouped_or_blank(query, "device_id")
    if by_owner is None:
        return {}, {}
    own = {
        row["id"]: sorted(by_owner.get(row["id"], ()), key=lambda one: (one.get("created_at") or "", one["id"]))
        for row in servers
    }
    return own, (yield from sub_ports(port for ports in own.values() for port in ports))


def _connections(
    own: Sequence[Row] | None, subs: Mapping[str, InventoryObject], answers: Answers, networks_query: Query
) -> dict[str, Any]:
    """Return what Neutron says about a server, as far as it answered."""
    networks = answers.grouped_or_blank(networks_query, "id")
    if own is None:
        return {}
    ports: list[tuple[str, Row | InventoryObject, dict[str, Any]]] = []
    for port in own:
        ports.append((port["id"], port, {}))
        for row, sub in sub_ports_of(port, subs):
            ports.append((sub.id, sub, {"parent": port["id"], "segmentation_id": row.get("segmentation_id")}))
    known = {
        "network": list(dict.fromkeys(port["network_id"] for _, port, _ in ports)),
        "mac_addresses": [port.get("mac_address") for _, port, _ in ports],
    }
    if networks is None:
        return known
    names = {id_: rows[0].get("name") for id_ in known["network"] if (rows := networks.get(id_))}
    return {**known, "network_info": [{**_port_info(id_, port, names), **trunk} for id_, port, trunk in ports]}


def _port_info(id_: str, port: Row | InventoryObject, names: Mapping[str, Any]) -> dict[str, Any]:
    cabled = (port.get("binding:profile") or {}).get("local_link_information")
    return {
        "id": id_,
        "devname": f"tap{id_[:TAP_SUFFIX_LENGTH]}",
        "address": port.get("mac_address"),
        "type": port.get("binding:vif_type"),
        "vnic_type": port.get("binding:vnic_type"),
        "active": port.get("status") == "ACTIVE",
        "network": {"id": port["network_id"], "label": names.get(port["network_id"])},
        "ips": [
            {"address": ip.get("ip_address"), "subnet_id": ip.get("subnet_id")} for ip in port.get("fixed_ips") or ()
        ],
        **({"local_link_information": cabled} if cabled else {}),
    }
