# SPDX-License-Identifier: Apache-2.0
"""Nova servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.fetchers import questions
from calipso_nornir.fetchers.attributes import TAP_SUFFIX_LENGTH
from calipso_nornir.model import ids
from calipso_nornir.model.objects import Fetched, Folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.queries import Answers, Fetching

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
    (ids of its networks, in order of its ports), ``network_info``: per port {id, devname, address (MAC), type,
    vnic_type, active, network {id, label}, ips [{address, subnet_id, floating_ips}]}.
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for the servers of all hosts and take this one's."""
        queries = [ask(parent["region"]) for ask in (questions.servers, questions.ports, questions.networks)]
        answers = yield queries
        rows: Sequence[Row] = answers.grouped(queries[0], HOST).get(parent.name, [])
        folder = parent.sibling("instances_folder", ids.folder(parent.id, "instances"))
        return [
            Fetched(
                id=ids.plain(row["id"]),
                name=row.get("name") or row["id"],
                attributes={"host": parent.id, **_attributes(row, _network_info(row, answers, queries))},
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
        grouped = answers.grouped(queries[0], HOST)
        return [
            Fetched(
                id=ids.plain(row["id"]),
                name=row.get("name") or row["id"],
                attributes=_attributes(row, _network_info(row, answers, queries)),
                folder=WITHOUT_HOST,
            )
            for row in [*grouped.get(None, []), *grouped.get("", [])]
        ]


def _attributes(row: Row, network_info: list[dict[str, Any]]) -> dict[str, Any]:
    taken = {ours: row.get(theirs) for theirs, ours in _TAKEN.items() if theirs in row}
    image = row.get("image")
    return {
        **taken,
        "uuid": row["id"],
        "project_id": row.get("tenant_id"),
        "image_id": image.get("id") if isinstance(image, dict) else None,
        "security_groups": sorted({group["name"] for group in row.get("security_groups") or ()}),
        "network_info": network_info,
        "network": list(dict.fromkeys(info["network"]["id"] for info in network_info)),
        "mac_addresses": [info["address"] for info in network_info],
    }


def _network_info(row: Row, answers: Answers, queries: Sequence[Any]) -> list[dict[str, Any]]:
    _, ports, networks = queries
    names = {id_: rows[0].get("name") for id_, rows in _grouped(answers, networks, "id").items()}
    own = _grouped(answers, ports, "device_id").get(row["id"], [])
    return [_port_info(port, names) for port in sorted(own, key=lambda one: (one.get("created_at") or "", one["id"]))]


def _grouped(answers: Answers, query: Any, key: str) -> Mapping[Any, Sequence[Row]]:  # noqa: ANN401 - a query
    """Group the rows of an answer, or of none: then what the server is connected with is not known."""
    return answers.grouped(query, key) if answers.or_gap(query) is not None else {}


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
