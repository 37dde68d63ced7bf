# SPDX-License-Identifier: Apache-2.0
"""Every form of request that clients of the older API send is taken, on both stores.

The forms are data: each operation with its parameters, and a value of each as clients send it. Each parameter is sent
alone with those that are needed, and all of a body together; then without each that is needed, and with one more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.fixtures.recorded import bundle, filled
from tests.fixtures.serving import PASSWORD, Client, Served, served

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.fixtures.places import Place

pytest_plugins = ["tests.fixtures.stores"]

Form = tuple[dict[str, Any], dict[str, tuple[Any, ...]]]
"""Parameters that are needed, with a value; further ones, with values that each has to be taken."""
OPTIONAL: Final = {"/clique_types#of a release", "/clique_types#of a configuration"}
"""What these send together may also be left out, or has errors of its own."""

LAB: Final = {"env_name": "lab"}
PAGING: Final[dict[str, tuple[Any, ...]]] = {"page": ("0", "3"), "page_size": ("1", "1000", "0")}
BOOLEANS: Final = ("true", "false", "1", "0", "True", "FALSE")
NOBODY: Final = "5b7c5b7c5b7c5b7c5b7c5b7c"
FREQUENCIES: Final = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY")
LEVELS: Final = ("critical", "error", "warning", "info", "debug", "notset")
FLAGS: Final = dict.fromkeys(("clear", "implicit_links"), (True, False, "true", "0")) | {
    f"scan_only_{phase}": (True, False) for phase in ("inventory", "links", "cliques")
}
QUERIES: Final[dict[str, Form]] = {
    "/inventory": (
        LAB,
        {
            "id": ("cmp1",),
            "id_path": ("{id_path}",),
            "parent_id": ("cmp1",),
            "parent_path": ("/lab",),
            "sub_tree": BOOLEANS,
            "type": ("host", "vnic"),
            "projection": ("id,name,host",),
            "all": BOOLEANS,
            "scanned_after": ("2026-01-01T00:00:00", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00 02:00"),
            "scanned_before": ("2126-01-01T00:00:00",),
            **PAGING,
        },
    ),
    "/links": (
        LAB,
        {
            "id": ("{link}",),
            "host": ("cmp1",),
            "link_type": ("instance-vnic", "vnic-vedge"),
            "link_name": ("x",),
            "source_id": ("{instance}",),
            "target_id": ("{vnic}",),
            "state": ("up", "down"),
            "attributes:network": ("x",),
            **PAGING,
        },
    ),
    "/cliques": (
        LAB,
        {
            "id": ("{clique}",),
            "focal_point": (NOBODY,),
            "focal_point_object_id": ("{instance}",),
            "focal_point_type": ("instance",),
            "link_type": ("instance-vnic",),
            "link_id": ("{link}",),
            **PAGING,
        },
    ),
    "/clique_types": (
        {},
        {
            "env_name": ("lab", "ANY"),
            "id": ("{clique_type}",),
            "distribution": ("Mirantis",),
            "mechanism_drivers": ("OVS",),
            "type_drivers": ("vxlan",),
            "focal_point_type": ("instance",),
            "link_type": ("instance-vnic", ["instance-vnic", "vnic-vedge"]),
            "name": ("x",),
            **PAGING,
        },
    ),
    "/clique_types#of a release": ({"distribution": "Mirantis"}, {"distribution_version": ("8.0",)}),
    "/clique_constraints": (
        {},
        {"id": ("{constraint}",), "focal_point_type": ("instance",), "constraint": ("network", ["network"]), **PAGING},
    ),
    "/scans": (
        LAB,
        {
            "id": ("{scan}",),
            "base_object": ("cmp1",),
            "status": (
                *("draft", "pending", "running", "completed", "completed_with_errors"),
                *("failed", "aborted"),
            ),
            "latest": BOOLEANS,
            **PAGING,
        },
    ),
    "/scheduled_scans": (
        {"environment": "lab"},
        {"id": ("{schedule}",), "freq": FREQUENCIES, "recurrence": (*FREQUENCIES, "ONCE"), **PAGING},
    ),
    "/scheduled_scans#of cvim": (LAB, {"recurrence": (*FREQUENCIES, "ONCE")}),
    "/messages": (
        LAB,
        {
            "source_system": ("Calipso",),
            "id": ("{message}",),
            "level": ("panic", "alert", "crit", "error", "warn", "notice", "info", "debug"),
            "related_object": ("x",),
            "related_object_type": ("host",),
            "start_time": ("2026-01-01T00:00:00", "2026-01-01T00:00:00+02:00"),
            "end_time": ("2126-01-01T00:00:00.000000",),
            **PAGING,
        },
    ),
    "/constants": ({"name": "link_states"}, {"env_name": ("lab",), "env_type": ("OpenStack",)}),
    "/monitoring_config_templates": (
        {},
        {"id": (NOBODY,), "order": ("1",), "side": ("client", "server"), "type": ("x",), **PAGING},
    ),
    "/aggregates": ({"type": "environment", **LAB}, {"type": ("message", "constant", "environment")}),
    "/environment_configs": (
        {},
        {
            "name": ("lab",),
            "distribution": ("Mirantis", "RDO", "Mercury"),
            "distribution_version": ("8.0",),
            "mechanism_drivers": ("OVS", ["OVS", "VPP"]),
            "type_drivers": ("vxlan", "vlan"),
            "user": ("x",),
            "listen": BOOLEANS,
            "scanned": BOOLEANS,
            "monitoring_setup_done": BOOLEANS,
            "operational": ("stopped", "running", "error"),
            "environment_type": ("OpenStack",),
            **PAGING,
        },
    ),
    "/connection_tests": (
        LAB,
        {
            "id": (NOBODY,),
            "status": ("request", "response"),
            "test_targets": ("AMQP", ["AMQP", "CLI"], "OpenStack", "mysql"),
            "test_results": BOOLEANS,
            **PAGING,
        },
    ),
    "/search": ({**LAB, "query": "cmp", "source": "inventory"}, {"all": BOOLEANS, **PAGING}),
    "/schema": ({"type": "vnic"}, {}),
    "/health": ({}, {"env_name": ("lab",)}),
    "/timezone": ({}, {"env_name": ("lab",)}),
}
CLOUD: Final = {"name": "OpenStack", "host": "10.0.0.1", "port": "5000", "user": "u", "pwd": "p", "admin_token": "t"}
SECTIONS: Final = [
    CLOUD,
    {"name": "mysql", "host": "10.0.0.1", "port": "3306", "user": "u", "pwd": "p"},
    {"name": "CLI", "host": "10.0.0.1", "user": "u", "pwd": "p"},
]
BODIES: Final[dict[str, Form]] = {
    "/auth/tokens": (
        {"auth": {"methods": ["credentials"], "credentials": {"username": "root", "password": PASSWORD}}},
        {"auth": ({"methods": ["token"], "token": "{token}"},)},
    ),
    "/clique_types": (
        {"focal_point_type": "vnic", "link_types": ["vnic-vedge"], "name": "short", "environment": "lab"},
        {"use_implicit_links": (True, "false")},
    ),
    "/clique_types#of a configuration": (
        {
            "focal_point_type": "vnic",
            "link_types": ["vnic-vedge"],
            "name": "short",
            "distribution": "Mirantis",
            "distribution_version": "8.0",
            "mechanism_drivers": "OVS",
            "type_drivers": "vxlan",
        },
        {},
    ),
    "/scans#of cvim": (LAB, {"log_level": LEVELS, **FLAGS}),
    "/scheduled_scans#of cvim": ({**LAB, "recurrence": "WEEKLY"}, {"recurrence": FREQUENCIES, **FLAGS}),
    "/scans": (
        {"environment": "lab"},
        {
            "status": ("draft", "pending"),
            "log_level": LEVELS,
            "inventory": ("inventory",),
            "object_id": ("cmp1",),
            "es_index": (False,),
            **FLAGS,
        },
    ),
    "/scheduled_scans": (
        {"environment": "lab", "freq": "DAILY"},
        {
            "submit_timestamp": ("2026-01-01T00:00:00", "2026-01-01T00:00:00.000Z"),
            "scheduled_timestamp": ("2100-01-01T00:00:00",),
            "freq": FREQUENCIES,
            "log_level": LEVELS,
            "es_index": (False,),
            **FLAGS,
        },
    ),
    "/environment_configs": (
        {
            "app_path": "/home/scan/app",
            "configuration": SECTIONS,
            "distribution": "Mirantis",
            "distribution_version": "8.0",
            "listen": False,
            "mechanism_drivers": ["OVS"],
            "name": "made",
            "operational": "stopped",
            "type": "environment",
            "type_drivers": "vxlan",
        },
        {
            "user": ("x",),
            "scanned": (False, "true"),
            "last_scanned": ("2026-01-01T00:00:00", ""),
            "enable_monitoring": (False, "false"),
            "monitoring_setup_done": (False,),
            "auth": ({"view-env": ["a"], "edit-env": ["a"]},),
            "aci_enabled": (False,),
            "environment_type": ("OpenStack",),
            "operational": ("running", "error"),
        },
    ),
    "/connection_tests": (
        {
            "environment": "lab",
            "test_targets": ["OpenStack"],
            "targets_configuration": [{**CLOUD, "host": "127.0.0.1", "port": "9"}],
        },
        {},
    ),
}


@pytest.fixture(scope="module")
def api(module_place: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("forms")
    filled(module_place.uri, bundle(folder / "lab.calipso"))
    with served(module_place.open(), secrets=folder / "secrets") as running:
        yield running


@pytest.fixture(scope="module")
def root(api: Served) -> Client:
    return api.user("root", everywhere="admin")


@pytest.fixture(scope="module")
def there(api: Served, root: Client) -> dict[str, str]:
    """Ids of what is there."""

    def first(path: str, key: str, **query: object) -> dict[str, Any]:
        found: dict[str, Any] = root.get(f"//{path}", **query)[key][0]
        return found

    link = first("links", "links", **LAB, link_type="instance-vnic")
    whole = root.get("//links", **LAB, id=link["id"])
    body = {"environment": "lab", "freq": "DAILY"}
    return {
        "{id_path}": root.get("//inventory", **LAB, id="cmp1")["id_path"],
        "{link}": link["id"],
        "{instance}": whole["source_id"],
        "{vnic}": whole["target_id"],
        "{clique}": first("cliques", "cliques", **LAB)["id"],
        "{clique_type}": first("clique_types", "clique_types")["id"],
        "{constraint}": first("clique_constraints", "clique_constraints")["id"],
        "{scan}": first("scans", "scans", **LAB)["id"],
        "{message}": first("messages", "messages", **LAB)["id"],
        "{schedule}": root.ask("POST", "//scheduled_scans", json=body).json()["id"],
        "{token}": api.settings.principals.tokens.issue("root")[0],
    }


def meant(value: Any, there: Mapping[str, str]) -> Any:  # noqa: ANN401 - a value of JSON
    if isinstance(value, dict):
        return {name: meant(one, there) for name, one in value.items()}
    return there.get(value, value) if isinstance(value, str) else value


@pytest.mark.parametrize("path", QUERIES)
def test_a_query_of_each_form_is_answered(root: Client, there: Mapping[str, str], path: str) -> None:
    needed, further = QUERIES[path]
    path = path.partition("#")[0]
    for name, values in {"": ("",), **further}.items():
        for value in values:
            query = {**needed, **({name: meant(value, there)} if name else {})}
            answer = root.ask("GET", f"/{path}", params=query)
            expected = 404 if value == NOBODY and name == "id" else 200
            assert answer.status_code == expected, f"{path} {name}={value}: {answer.text}"
            assert answer.headers["content-type"] == "application/json"
    if "page" in further:
        assert root.ask("GET", f"/{path}", params={**needed, "page": "-1"}).status_code == 400


@pytest.mark.parametrize("path", BODIES)
def test_a_body_of_each_form_is_taken(api: Served, root: Client, there: Mapping[str, str], path: str) -> None:
    needed, further = BODIES[path]
    path = path.partition("#")[0]
    for name, values in {"": ("",), **further}.items():
        for value in values:
            body = {**needed, **({name: meant(value, there)} if name else {})}
            answer = root.ask("POST", f"/{path}", json=body)
            assert answer.status_code == 201, f"{path} {name}={value}: {answer.text}"
            _tidied(api, root)


def _tidied(api: Served, root: Client) -> None:
    """Remove what may be there only once."""
    root.ask("DELETE", "/environments/made")
    for one in root.get("/metadata/written")["rows"]:
        assert root.ask("DELETE", f"/metadata/clique_types/{one['id']}").status_code == 204
    assert api.settings.store.collection("environments_config").get("made") is None


@pytest.mark.parametrize(("method", "path"), [*(("GET", one) for one in QUERIES), *(("POST", one) for one in BODIES)])
def test_what_is_needed_is_needed_and_nothing_unknown_is_taken(
    api: Served, root: Client, there: Mapping[str, str], method: str, path: str
) -> None:
    needed, _ = (QUERIES if method == "GET" else BODIES)[path]
    optional = path in OPTIONAL
    path = path.partition("#")[0]
    place = "params" if method == "GET" else "json"

    def asked(given: Mapping[str, Any]) -> tuple[int, str]:
        answer = root.ask(method, f"/{path}", **{place: given})
        error = answer.json()["error"]
        assert set(error) == {"message", "code", "title"}
        return answer.status_code, error["message"]

    for name in needed:
        if optional or (path == "/aggregates" and name == "env_name"):  # of the latter, the type decides
            continue
        assert asked({key: value for key, value in needed.items() if key != name})[0] == 400, name
        assert asked({**needed, name: ""})[0] == 400, f"{name} without a value"
    status, said = asked({**needed, "nosuch": "x"})
    assert (status, said.partition(";")[0]) == (400, "Invalid key(s): nosuch")
    if path != "/auth/tokens":
        assert api.nobody.ask(method, f"/{path}", **{place: dict(needed)}).status_code == 401
    assert there
