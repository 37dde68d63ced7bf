# SPDX-License-Identifier: Apache-2.0
"""Nova servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import ParseError
from calipso_nornir.fetchers import questions
from calipso_nornir.fetchers.attributes import TAP_SUFFIX_LENGTH
from calipso_nornir.model import ids
from calipso_nornir.model.fetching import Fetched
from calipso_nornir.model.refs import Folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calipso_nornir.model.answers import Answers
    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.queries import Query

    Row = Mapping[str, Any]

HOST = "OS-EXT-SRV-ATTR:host"
WITHOUT_HOST = Folder(type="instances_folder", types_name="instances", text="Instances without a host")

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
"""Nova's name -> ours. User data and passwords are never taken."""


class Instances:
    """Servers of one host, in its instances folder.

    Source: Nova, ``GET /servers/detail?all_tenants=1`` (one list for all hosts); Neutron, ports and networks.
    Attributes: ``uuid``, ``host``, ``local_name`` (libvirt's domain name), ``project_id``, ``status`` …; ``network``
    (ids of its networks, in order of its ports), ``mac_addresses``, ``network_info``: per port {id, devname, address
    (MAC), type, vnic_type, active, network {id, label}, ips [{address, subnet_id}]}.
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for the servers of all hosts and take this one's."""
        queries = [ask(parent["region"]) for ask in (questions.servers, questions.ports, questions.networks)]
        answers = yield queries
        rows = _by_host(answers, queries[0]).get(parent.name, [])
        folder = parent.sibling("instances_folder", ids.folder(parent.id, "instances"))
        return [
            Fetched(
                id=ids.plain(row["id"]),
                name=row.get("name") or row["id"],
                attributes={"host": parent.id, **_attributes(row), **_connections(row, answers, queries)},
                under=folder,
            )
            for row in rows
        ]


class HostlessInstances:
    """Servers that are on no host (failed to build, shelved, waiting), in a folder of their region.

    Source and attributes: as ``Instances``, without ``host``.
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for the servers of all hosts and take those without one."""
        queries = [ask(parent["region"]) for ask in (questions.servers, questions.ports, questions.networks)]
        answers = yield queries
        grouped = _by_host(answers, queries[0])
        return [
            Fetched(
                id=ids.plain(row["id"]),
                name=row.get("name") or row["id"],
                attributes={**_attributes(row), **_connections(row, answers, queries)},
                folder=WITHOUT_HOST,
            )
            for row in [*grouped.get(None, []), *grouped.get("", [])]
        ]


def _by_host(answers: Answers, servers: Query) -> Mapping[Any, Sequence[Row]]:
    """Group servers by their host's name. Nova shows it to administrators; without it nobody knows who is where."""
    blind = [row["id"] for row in answers[servers] if HOST not in row]
    if blind:
        problem = f'{len(blind)} of {len(answers[servers])} have no "{HOST}": the user may not see it'
        raise ParseError("servers", problem, query=str(servers))
    return answers.grouped(servers, HOST)


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


def _connections(row: Row, answers: Answers, queries: Sequence[Query]) -> dict[str, Any]:
    """Return what Neutron says of a server, as far as it answered."""
    ports = answers.grouped_or_blank(queries[1], "device_id")
    networks = answers.grouped_or_blank(queries[2], "id")
    if ports is None:
        return {}
    own = sorted(ports.get(row["id"], ()), key=lambda one: (one.get("created_at") or "", one["id"]))
    known = {
        "network": list(dict.fromkeys(port["network_id"] for port in own)),
        "mac_addresses": [port.get("mac_address") for port in own],
    }
    if networks is None:
        return known
    names = {id_: rows[0].get("name") for id_ in known["network"] if (rows := networks.get(id_))}
    return {**known, "network_info": [_port_info(port, names) for port in own]}


def _port_info(port: Row, names: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": port["id"],
        "devname": f"tap{port['id'][:TAP_SUFFIX_LENGTH]}",
        "address": port.get("mac_address"),
        "type": port.get("binding:vif_type"),
        "vnic_type": port.get("binding:vnic_type"),
        "active": port.get("status") == "ACTIVE",
        "network": {"id": port["network_id"], "label": names.get(port["network_id"])},
        "ips": [
            {"address": ip.get("ip_address"), "subnet_id": ip.get("subnet_id")} for ip in port.get("fixed_ips") or ()
        ],
    }
