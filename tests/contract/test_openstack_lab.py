# SPDX-License-Identifier: Apache-2.0
"""The OpenStack source against the lab's real Keystone, Nova and Neutron."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
import requests

from calipso_nornir.errors import ApiFailed, CalipsoError, NotAuthenticated, NotAuthorized, ViewRestricted
from calipso_nornir.fetchers import questions
from calipso_nornir.metadata.os_cloud import import_os_cloud
from calipso_nornir.model.environment import Environment, SecretRef
from calipso_nornir.model.protocols import Reply
from calipso_nornir.model.queries import ApiGet, Query, Select
from calipso_nornir.sources.mysql import MysqlSource
from calipso_nornir.sources.openstack import OpenStackSource
from calipso_nornir.sources.query_router import QueryRouter
from calipso_nornir.sources.recording import RecordingSource, ReplaySource, bundle_info
from calipso_nornir.sources.secrets import Vault
from tests.fixtures import lab

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.lab,
    pytest.mark.filterwarnings("ignore:Support for InfluxDB:PendingDeprecationWarning"),
]

ALL = (("all_tenants", "1"),)
SERVERS = ApiGet("compute", "/servers/detail", "servers", ALL)
PORTS = ApiGet("network", "/ports", "ports")


def keystone() -> str:
    return f"http://{lab.here().controller}:5000"


def source(password: str | None = None, **section: Any) -> OpenStackSource:  # noqa: ANN401 - keys of the section
    given = {"auth_url": keystone(), "user": "admin", "pwd": SecretRef("env", "PW"), **section}
    kept = {key: value for key, value in given.items() if value is not None}
    return OpenStackSource(kept, Vault(environ={"PW": password or lab.here().password}))


def data(answer: Reply | CalipsoError) -> Any:  # noqa: ANN401 - JSON
    assert isinstance(answer, Reply), str(answer)
    return answer.data


def ids(answer: Reply | CalipsoError) -> list[str]:
    return sorted(one["id"] for one in data(answer))


def test_what_a_scan_asks_is_there() -> None:
    hypervisors = ApiGet("compute", "/os-hypervisors/detail", "hypervisors")
    zones = ApiGet("compute", "/os-availability-zone/detail", "availabilityZoneInfo")
    aggregates = ApiGet("compute", "/os-aggregates", "aggregates")
    agents = ApiGet("network", "/agents", "agents")
    projects = ApiGet("identity", "/projects", "projects")
    catalog = ApiGet("identity", "/auth/catalog", "catalog", cloud_wide=False)
    networks, subnets, routers = (ApiGet("network", f"/{kind}", kind) for kind in ("networks", "subnets", "routers"))
    services = questions.services("RegionOne").request
    queries = [SERVERS, PORTS, hypervisors, zones, aggregates, agents, projects, catalog, networks, subnets, routers]
    queries.append(services)
    scan = source()
    answers = scan.answer(queries)
    scan.close()
    assert list(answers) == queries
    for query, answer in answers.items():
        assert data(answer), f"{query} gave nothing"
        assert isinstance(answer, Reply)
        assert answer.gap is None
    assert {UUID(one["id"]).version for one in data(answers[hypervisors])} == {4}, "microversion 2.53: ids are UUIDs"
    binaries = {row["binary"] for row in data(answers[services])}
    assert {"nova-compute", "nova-conductor"} <= binaries
    assert {row["zone"] for row in data(answers[services]) if row["binary"] == "nova-conductor"} == {"internal"}
    assert {"OS-EXT-SRV-ATTR:host", "OS-EXT-SRV-ATTR:instance_name"} <= data(answers[SERVERS])[0].keys()
    assert "OS-EXT-SRV-ATTR:user_data" not in data(answers[SERVERS])[0]
    assert {port["binding:host_id"] for port in data(answers[PORTS])} >= {"cmp1"}
    assert {"compute", "network", "identity"} <= {service["type"] for service in data(answers[catalog])}


def test_pages_give_the_same_as_one_answer() -> None:
    one = ("limit", "1")
    paged = {
        PORTS: ApiGet("network", "/ports", "ports", (("limit", "2"),)),
        SERVERS: ApiGet("compute", "/servers/detail", "servers", (*ALL, one)),
        ApiGet("network", "/networks", "networks"): ApiGet("network", "/networks", "networks", (one,)),
    }
    answers = source().answer([*paged, *paged.values()])
    for whole, parts in paged.items():
        assert len(ids(answers[whole])) > 1
        assert ids(answers[parts]) == ids(answers[whole])


def test_interfaces_regions_and_addresses() -> None:
    for section in ({"interface": "internal"}, {"region": "RegionOne"}, {"interface": "admin"}):
        assert data(source(**section).answer([PORTS])[PORTS])
    override = {"network": f"http://{lab.here().controller}:9696/v2.0/"}
    assert data(source(endpoint_overrides=override, region="RegionTwo").answer([PORTS])[PORTS])
    assert isinstance(source(region="RegionTwo").answer([PORTS])[PORTS], CalipsoError)
    by_host = source(
        auth_url=None, host=lab.here().controller, port=5000, user_domain="Default", project_domain="Default"
    )
    assert data(by_host.answer([PORTS])[PORTS])


def test_a_wrong_password_project_or_domain_is_refused() -> None:
    for scan in (source(password="wrong"), source(admin_project="nosuch"), source(user_domain="Nosuch")):  # noqa: S106 - wrong
        answer = scan.answer([PORTS])[PORTS]
        assert isinstance(answer, NotAuthenticated)
        assert "requires authentication" in str(answer)


def test_what_the_services_refuse() -> None:
    missing = ApiGet("compute", "/servers/00000000-0000-0000-0000-000000000000", "server")
    answer = source().answer([missing])[missing]
    assert isinstance(answer, ApiFailed)
    assert (answer.status, answer.message.endswith("could not be found.")) == (404, True)


def a_token(**scope: Any) -> str:  # noqa: ANN401 - JSON
    domain = {"id": "default"}
    user = {"name": "admin", "domain": domain, "password": lab.here().password}
    body: dict[str, Any] = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}}}
    body["auth"]["scope"] = scope or {"project": {"name": "admin", "domain": domain}}
    response = requests.post(f"{keystone()}/v3/auth/tokens", json=body, timeout=30)
    return response.headers["X-Subject-Token"]


def test_a_given_token() -> None:
    given = {"user": None, "pwd": None, "auth_type": "v3token", "token": SecretRef("env", "PW")}
    assert data(source(password=a_token(), **given).answer([PORTS])[PORTS])


def test_a_token_that_is_revoked_in_the_middle() -> None:
    projects = ApiGet("identity", "/projects", "projects")
    scan = source()
    before = ids(scan.answer([projects])[projects])
    value = str(scan._open()[2].token().value)  # noqa: SLF001 - only Keystone can make it invalid
    headers = {"X-Auth-Token": value, "X-Subject-Token": value}
    assert requests.delete(f"{keystone()}/v3/auth/tokens", headers=headers, timeout=30).status_code == 204
    assert ids(scan.answer([projects])[projects]) == before
    assert str(scan._open()[2].token().value) != value  # noqa: SLF001 - as above


def test_a_user_without_the_role_sees_less_and_is_told_so() -> None:
    agents = ApiGet("network", "/agents", "agents")
    hypervisors = ApiGet("compute", "/os-hypervisors/detail", "hypervisors")
    own = ApiGet("network", "/networks", "networks", cloud_wide=False)
    projects = ApiGet("identity", "/projects", "projects")
    names = {one["name"] for one in data(source().answer([projects])[projects])} - {"admin", "service"}
    member = source(user="member", admin_project=min(names))
    answers = member.answer([agents, hypervisors, own])
    reply = answers[agents]
    assert isinstance(reply, Reply)
    assert reply.data == [], "Neutron answers 200 and an empty list"
    assert isinstance(reply.gap, ViewRestricted)
    assert isinstance(answers[hypervisors], NotAuthorized)
    assert isinstance(answers[own], Reply)
    assert {finding.what: finding.ok for finding in member.check()}["role"] is False


def test_check() -> None:
    assert {finding.what: finding.ok for finding in source().check()} == {
        "login": True,
        "role": True,
        "endpoint compute": True,
        "endpoint network": True,
        "endpoint identity": True,
    }


def test_variables_of_an_openrc_lead_to_a_login() -> None:
    variables = {
        "OS_AUTH_URL": f"{keystone()}/v3",
        "OS_USERNAME": "admin",
        "OS_PASSWORD": lab.here().password,
        "OS_PROJECT_NAME": "admin",
        "OS_USER_DOMAIN_NAME": "Default",
        "OS_PROJECT_DOMAIN_NAME": "Default",
    }
    section = import_os_cloud(environ=variables)["configuration"][0]
    assert section["pwd"] == {"env": "OS_PASSWORD"}
    made = {**section, "pwd": SecretRef("env", "OS_PASSWORD")}
    made.pop("name")
    assert data(OpenStackSource(made, Vault(environ=variables)).answer([PORTS])[PORTS])
    by_name = OpenStackSource({"os_cloud": "envvars"}, Vault(), environ=variables)
    assert data(by_name.answer([PORTS])[PORTS])


def test_what_was_recorded_is_what_was_answered(tmp_path: Path) -> None:
    instances = Select("nova", "SELECT uuid, host FROM instances WHERE deleted = %s", (0,))
    broken = Select("neutron", "SELECT 1 FROM nowhere")
    queries: list[Query] = [SERVERS, PORTS, ApiGet("network", "/agents", "agents"), instances, broken]
    secret = {"pwd": SecretRef("env", "OSL")}
    openstack = {"auth_url": keystone(), "user": "admin", **secret}
    mysql = {"host": lab.here().controller, "user": "scan", **secret}
    environment = Environment(name="lab", configuration={"OpenStack": openstack, "mysql": mysql})
    vault = Vault(environ={"OSL": lab.here().password})
    router = QueryRouter({"api": OpenStackSource(openstack, vault), "db": MysqlSource(mysql, vault)})
    path = tmp_path / "lab.calipso"
    recording = RecordingSource(router, path, environment=environment, scrub=vault.scrub)
    answers = recording.answer(queries)
    recording.complete()
    recording.close()
    assert all(isinstance(answers[query], Reply) for query in queries[:4])
    replay = ReplaySource(path)
    assert replay.answer(queries) == answers
    assert replay.environment.name == "lab"
    assert lab.here().password not in gzip.decompress(path.read_bytes()).decode()
    assert bundle_info(path).exchanges == {"api": 3, "db": 2}
