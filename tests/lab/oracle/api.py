# SPDX-License-Identifier: Apache-2.0
"""Reads the lab's OpenStack API with plain HTTP."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import requests

from tests.lab.oracle.place import here

if TYPE_CHECKING:
    from collections.abc import Mapping

Row: TypeAlias = "Mapping[str, Any]"
Rows: TypeAlias = "Mapping[str, Row]"
LIMIT_S = 60
NEUTRONS = ("networks", "subnets", "ports", "routers", "agents", "floatingips")


class Api:
    """A session of the admin, in the admin's own project or another one (by its id)."""

    def __init__(self, microversion: str = "2.88", *, project: str | None = None) -> None:
        place = here()
        self.keystone = f"http://{place.controller}:5000/v3"
        self.nova = f"http://{place.controller}:8774/v2.1"
        self.neutron = f"http://{place.controller}:9696/v2.0"
        domain = {"id": "default"}
        user = {"name": "admin", "domain": domain, "password": place.password}
        scope = {"project": {"id": project} if project else {"name": "admin", "domain": domain}}
        identity = {"methods": ["password"], "password": {"user": user}}
        answer = requests.post(
            f"{self.keystone}/auth/tokens", json={"auth": {"identity": identity, "scope": scope}}, timeout=LIMIT_S
        )
        answer.raise_for_status()
        self._headers = {
            "X-Auth-Token": answer.headers["X-Subject-Token"],
            "OpenStack-API-Version": f"compute {microversion}",
        }

    def ask(self, method: str, url: str, body: Any = None) -> Any:  # noqa: ANN401 - JSON
        """Send a request; return the body of the answer, None if it is empty. Raises HTTPError if it is refused."""
        answer = requests.request(method, url, headers=self._headers, json=body, timeout=LIMIT_S)
        if not answer.ok:
            raise requests.HTTPError(f"{method} {url}: {answer.status_code} {answer.text}", response=answer)
        return answer.json() if answer.text else None

    def list(self, url: str) -> list[Row]:
        """Return the one collection in the body of an answer."""
        return next(list(value) for value in self.ask("GET", url).values() if isinstance(value, list))


@dataclass(frozen=True, slots=True)
class Cloud:
    """The API's answers. Rows are indexed by id if it is unique in the cloud."""

    regions: tuple[Row, ...]
    projects: Rows
    services: tuple[Row, ...]
    """Nova's services: binary, host, zone."""
    aggregates: tuple[Row, ...]
    servers: Rows
    interfaces: Mapping[str, list[Row]]
    """Server's id -> Nova's list of its interfaces: port_id, net_id, mac_addr."""
    networks: Rows
    subnets: Rows
    ports: Rows
    routers: Rows
    agents: Rows
    floatingips: Rows = field(default_factory=dict)
    trunks: Rows = field(default_factory=dict)

    def sub_ports(self, parent: str) -> list[tuple[Row, int]]:
        """Return the sub-ports in the trunk of a port, each with its VLAN there."""
        listed = [sub for one in self.trunks.values() if one["port_id"] == parent for sub in one["sub_ports"]]
        return [(self.ports[sub["port_id"]], sub["segmentation_id"]) for sub in listed]


def ask_cloud() -> Cloud:
    """Ask the API for everything that the oracle needs."""
    api = Api()
    neutrons = (*NEUTRONS, *(["trunks"] if here().variant != "lxb" else []))
    lists = {
        "regions": f"{api.keystone}/regions",
        "projects": f"{api.keystone}/projects",
        "services": f"{api.nova}/os-services",
        "aggregates": f"{api.nova}/os-aggregates",
        "servers": f"{api.nova}/servers/detail?all_tenants=1",
        **{name: f"{api.neutron}/{name}" for name in neutrons},
    }
    with ThreadPoolExecutor(4) as pool:
        answers = dict(zip(lists, pool.map(api.list, lists.values()), strict=True))
        servers = [row["id"] for row in answers["servers"]]
        interfaces = pool.map(lambda id_: api.list(f"{api.nova}/servers/{id_}/os-interface"), servers)
        by_id = {name: {str(row["id"]): row for row in answers[name]} for name in ("projects", "servers", *neutrons)}
        return Cloud(
            regions=tuple(answers["regions"]),
            services=tuple(answers["services"]),
            aggregates=tuple(answers["aggregates"]),
            interfaces=dict(zip(servers, interfaces, strict=True)),
            **by_id,
        )
