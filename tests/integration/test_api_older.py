# SPDX-License-Identifier: Apache-2.0
"""The older API at its own paths, on both stores: its clients get the answers that they expect.

The requests are data: what is sent, and the expected status, keys or message.
"""

from __future__ import annotations

import base64
import re
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.routing import APIRoute
from jsonschema import Draft202012Validator

from calipso_nornir.api.guard import Needs, needs_of
from calipso_nornir.api.v1 import records
from calipso_nornir.api.v1.all_operations import ROUTERS
from calipso_nornir.api.v1.attribute_names import OLDER, ours
from calipso_nornir.api.v1.clique_types import FIELDS as CLIQUE_TYPE_FIELDS
from calipso_nornir.api.v1.environment_configs import DESCRIPTION
from calipso_nornir.metadata.loading import load_catalog
from calipso_nornir.store.liveness import sign_of_life
from tests.fixtures.serving import PASSWORD, Client, Served, served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.places import Place

pytest_plugins = ["tests.fixtures.lab_api"]

TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}")
LAB = "env_name=lab"
NO_ID = "00e0031d5d7b7cab545ec4fb"


TEMPLATE = {"key": "one", "side": "client", "type": "checks", "order": "1", "config": {}}


@pytest.fixture(scope="module")
def api(scanned_place: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve a scanned store."""
    store = scanned_place.open()
    store.collection("monitoring_config_templates").put("one", TEMPLATE)
    with served(store, secrets=tmp_path_factory.mktemp("secrets")) as running:
        yield running


def ask(client: Client, method: str, path: str, status: int, **more: Any) -> Any:  # noqa: ANN401 - as requests has it; JSON
    """Send a request; return what the JSON of the answer holds, if it has this status."""
    answer = client.ask(method, f"/{path}", **more)
    assert answer.status_code == status, f"{method} {path}: {answer.text}"
    return answer.json() if answer.text else None


def told(answer: dict[str, dict[str, str]], status: int) -> str:
    """Return the message of an error, which has the older form."""
    title = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 409: "Conflict"}
    (error,) = answer.values()
    assert set(answer) == {"error"}
    assert set(error) == {"message", "code", "title"}
    assert (error["code"], error["title"]) == (str(status), title.get(status, error["title"]))
    return error["message"]


# --- tokens


def auth(given: dict[str, Any]) -> dict[str, Any]:
    return {"auth": given}


CREDENTIALS = {"username": "viewer", "password": PASSWORD}
WRONG = {"username": "viewer", "password": "guess"}


@pytest.mark.parametrize("method", ["credentials", "password"])
def test_a_token_is_had_for_a_password_and_for_a_token(api: Served, viewer: Client, method: str) -> None:
    assert viewer
    made = ask(api.nobody, "POST", "/auth/tokens", 201, json=auth({"methods": [method], "credentials": CREDENTIALS}))
    assert set(made) == {"_id", "id", "token", "method", "issued_at", "expires_at"}
    assert made["method"] == "credentials"
    assert all(TIME.fullmatch(made[name]) for name in ("issued_at", "expires_at"))
    mine = Client(api.url, {"X-Auth-Token": made["token"]})
    ask(mine, "GET", f"/inventory?{LAB}&page_size=1", 200)
    again = ask(api.nobody, "POST", "/auth/tokens", 201, json=auth({"methods": ["token"], "token": made["token"]}))
    audit = api.user("root", everywhere="admin").get("/audit", limit=2)
    assert [(one["who"], one["method"], one["path"]) for one in audit] == [("viewer", "POST", "/auth/tokens")] * 2
    assert again["method"] == "token"
    assert again["expires_at"][:18] <= made["expires_at"][:18], "a token is not renewed for ever"
    both = auth({"methods": ["credentials", "token"], "credentials": WRONG, "token": made["token"]})
    assert ask(api.nobody, "POST", "/auth/tokens", 201, json=both)["method"] == "token"
    api.settings.throttle.succeeded("user viewer", "address 127.0.0.1")
    answer = mine.ask("DELETE", "//auth/tokens")
    assert (answer.status_code, answer.text) == (200, "")
    ask(mine, "GET", f"/inventory?{LAB}", 401)
    ask(api.nobody, "POST", "/auth/tokens", 401, json=auth({"methods": ["token"], "token": made["token"]}))


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({}, 400, "auth must be specified"),
        ({"auth": {}}, 400, "auth has no value"),
        ({"auth": "x"}, 400, "auth must be object"),
        ({"auth": {"methods": ["token"], "token": "x"}, "more": 1}, 400, "Invalid key(s): more"),
        (auth({"methods": ["token"], "token": "x", "more": 1}), 400, "Invalid key(s): more"),
        (auth({"token": "x"}), 400, "methods must be specified"),
        (auth({"methods": "token", "token": "x"}), 400, "methods must be list"),
        (auth({"methods": ["guess"], "token": "x"}), 400, "methods must be one of credentials, password, token"),
        (auth({"methods": [{}], "token": "x"}), 400, "methods must be one of"),
        (auth({"methods": ["token"], "token": 7}), 400, "token must be string"),
        (auth({"methods": ["credentials"], "credentials": {"username": "x"}}), 400, "password must be specified"),
        (auth({"methods": ["credentials"], "credentials": {**WRONG, "more": 1}}), 400, "Invalid key(s): more"),
        (auth({"methods": ["token"]}), 401, "a token must be provided"),
        (auth({"methods": ["credentials"], "token": "x"}), 401, "credentials must be provided"),
        (auth({"methods": ["credentials"], "credentials": WRONG}), 401, "the credentials are wrong"),
        (auth({"methods": ["token"], "token": "x"}), 401, "the token is unknown or has expired"),
        ([], 400, "the body must be a JSON object"),
    ],
)
def test_who_gets_no_token(api: Served, body: object, status: int, said: str) -> None:
    assert said in told(ask(api.nobody, "POST", "/auth/tokens", status, json=body), status)
    api.settings.throttle.succeeded("user viewer", "address 127.0.0.1")


@pytest.mark.parametrize("data", [b"{", b"", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_json(api: Served, data: bytes) -> None:
    assert "JSON object" in told(ask(api.nobody, "POST", "/auth/tokens", 400, data=data), 400)


def test_tokens_end_by_token_only(api: Served, viewer: Client) -> None:
    assert viewer
    told(ask(api.nobody, "DELETE", "/auth/tokens", 401), 401)
    assert "X-Auth-Token" in told(ask(api.nobody, "DELETE", "/auth/tokens", 400, auth=("viewer", PASSWORD)), 400)


def test_guessing_is_slowed_down_here_too(api: Served) -> None:
    guess = auth({"methods": ["credentials"], "credentials": {"username": "victim", "password": "guess"}})
    for _ in range(5):
        ask(api.nobody, "POST", "/auth/tokens", 401, json=guess)
    assert "too many failed logins" in told(ask(api.nobody, "POST", "/auth/tokens", 429, json=guess), 429)
    api.settings.throttle.succeeded("user victim", "address 127.0.0.1")


def test_basic_takes_passwords_with_a_colon(api: Served) -> None:
    principals = api.settings.principals
    api.user("colon", lab="viewer")
    principals.users.set_password("colon", "with:a:colon:inside")
    ask(api.nobody, "GET", f"/inventory?{LAB}&page_size=1", 200, auth=("colon", "with:a:colon:inside"))
    bad = Client(api.url, {"Authorization": "Basic %%%"})
    assert "base64" in told(ask(bad, "GET", f"/inventory?{LAB}", 400), 400)
    encoded = Client(api.url, {"Authorization": "Basic " + base64.b64encode(b"colon:with").decode()})
    told(ask(encoded, "GET", f"/inventory?{LAB}", 401), 401)
    api.settings.throttle.succeeded("user colon", "address 127.0.0.1")


# --- lists: query, key of the list, fields of its members (all of them, or those at least)

INVENTORY = {"id", "name", "name_path"}
LINK = {"id", "link_name", "link_type", "environment", "host"}
CLIQUE = {"id", "focal_point_type", "environment"}
MESSAGE = {"id", "environment", "source_system", "level"}
LISTS: list[tuple[str, str, set[str]]] = [
    (f"/inventory?{LAB}", "objects", INVENTORY),
    (f"/inventory?{LAB}&type=vnic", "objects", INVENTORY),
    (f"/inventory?{LAB}&parent_id=cmp1", "objects", INVENTORY),
    (f"/inventory?{LAB}&parent_path=/lab&sub_tree=false", "objects", INVENTORY),
    (f"/inventory?{LAB}&parent_path=/lab&sub_tree=TRUE", "objects", INVENTORY),
    (f"/inventory?{LAB}&type=host&all=true&page_size=1", "objects", INVENTORY),
    (f"/inventory?{LAB}&type=host&projection=id,host_type", "objects", {"id", "host_type"}),
    (f"/inventory?{LAB}&scanned_after=2020-01-01T00:00:00Z", "objects", INVENTORY),
    (f"/links?{LAB}", "links", LINK),
    (f"/links?{LAB}&link_type=vnic-vedge&state=up", "links", LINK),
    (f"/links?{LAB}&host=cmp1", "links", LINK),
    (f"/links?{LAB}&attributes:network=f1119db7-8824-4bed-bb8c-5cd48093816c", "links", LINK),
    (f"/cliques?{LAB}", "cliques", CLIQUE),
    (f"/cliques?{LAB}&focal_point_type=instance&link_type=instance-vnic", "cliques", CLIQUE),
    ("/clique_types", "clique_types", set(CLIQUE_TYPE_FIELDS)),
    ("/clique_types?env_name=ANY", "clique_types", set(CLIQUE_TYPE_FIELDS)),
    (
        "/clique_types?focal_point_type=instance&link_type=instance-vnic&link_type=vnic-vedge",
        "clique_types",
        set(CLIQUE_TYPE_FIELDS),
    ),
    ("/clique_constraints", "clique_constraints", {"id"}),
    ("/clique_constraints?focal_point_type=instance&constraint=network", "clique_constraints", {"id"}),
    ("/monitoring_config_templates", "monitoring_config_templates", {"id", "side", "type"}),
    (
        "/monitoring_config_templates?order=1&side=client&type=checks",
        "monitoring_config_templates",
        {"id", "side", "type"},
    ),
    (f"/messages?{LAB}", "messages", MESSAGE),
    (f"/messages?{LAB}&level=info&source_system=Calipso", "messages", MESSAGE),
    (f"/messages?{LAB}&start_time=2020-01-01T00:00:00+02:00&end_time=2100-01-01T00:00:00", "messages", MESSAGE),
    (f"/scans?{LAB}&status=completed", "scans", {"id", "environment", "status", "start_timestamp", "end_timestamp"}),
    (f"/search?{LAB}&query=CMP&source=inventory", "objects", {"id", "name", "type", "last_scanned"}),
]


@pytest.mark.parametrize(("query", "key", "fields"), LISTS, ids=[one[0] for one in LISTS])
def test_lists_have_their_key_and_fields(admin: Client, query: str, key: str, fields: set[str]) -> None:
    answer = ask(admin, "GET", query, 200)
    assert set(answer) == {key}
    assert answer[key], "the test wants members"
    for member in answer[key]:
        assert set(member) == fields


EMPTY = [
    f"/inventory?{LAB}&parent_path=/la&sub_tree=true",
    f"/inventory?{LAB}&parent_path=/lab/nosuch",
    f"/inventory?{LAB}&id_path=/nosuch",
    f"/inventory?{LAB}&page=9000",
    f"/inventory?{LAB}&page=1000000&page_size=1000000",
    f"/cliques?{LAB}&page=1000000&page_size=1000000",
    f"/messages?{LAB}&page=1000000&page_size=1000000",
    f"/inventory?{LAB}&scanned_before=2020-01-01T00:00:00",
    f"/inventory?{LAB}&parent_path=(a%2B)%2B%24&sub_tree=1",
    f"/links?{LAB}&link_name=nosuch",
    f"/links?{LAB}&attributes:network=nosuch",
    f"/links?{LAB}&attributes:nosuch=1",
    f"/cliques?{LAB}&focal_point={NO_ID}",
    f"/cliques?{LAB}&focal_point_object_id=nosuch",
    f"/cliques?{LAB}&link_id={NO_ID}",
    f"/cliques?{LAB}&page=7",
    "/clique_types?env_name=lab",
    "/clique_types?name=nosuch&distribution=x&distribution_version=y&type_drivers=vlan",
    "/clique_constraints?constraint=network&constraint=nosuch",
    "/monitoring_config_templates?order=2",
    f"/messages?{LAB}&level=panic",
    f"/messages?{LAB}&related_object=x&related_object_type=vnic-vedge",
    f"/messages?{LAB}&end_time=2020-01-01T00:00:00",
    f"/scans?{LAB}&base_object=nosuch",
    "/scheduled_scans?environment=lab&freq=YEARLY",
    f"/search?{LAB}&query=nosuch&source=inventory",
]


@pytest.mark.parametrize("query", EMPTY)
def test_a_list_without_members_is_empty(admin: Client, query: str) -> None:
    (members,) = ask(admin, "GET", query, 200).values()
    assert members == []


def test_pages_make_up_the_list(viewer: Client) -> None:
    for query in (LAB, f"{LAB}&parent_path=/lab&sub_tree=true", f"{LAB}&parent_path=/lab"):
        whole = ask(viewer, "GET", f"/inventory?{query}&page_size=0", 200)["objects"]
        size = max(1, len(whole) // 3)
        pages: list[Any] = []
        for number in range(5):
            pages += ask(viewer, "GET", f"/inventory?{query}&page={number}&page_size={size}", 200)["objects"]
        assert pages == whole
        assert len({one["id"] for one in whole}) == len(whole)


def test_a_path_is_no_regular_expression(viewer: Client) -> None:
    whole = ask(viewer, "GET", f"/inventory?{LAB}&type=host&projection=id,id_path", 200)["objects"]
    path = next(one["id_path"] for one in whole if one["id"] == "cmp1")
    tree = ask(viewer, "GET", f"/inventory?{LAB}&page_size=0", 200, params={"parent_path": path, "sub_tree": "true"})
    children = ask(viewer, "GET", f"/inventory?{LAB}", 200, params={"parent_path": f"{path}/"})
    by_id = ask(viewer, "GET", f"/inventory?{LAB}&parent_id=cmp1", 200)
    assert tree["objects"][0]["id"] == "cmp1"
    assert {one["id"] for one in children["objects"]} == {one["id"] for one in by_id["objects"]}
    assert len(tree["objects"]) > len(children["objects"])
    shorter = ask(viewer, "GET", f"/inventory?{LAB}", 200, params={"parent_path": path[:-1], "sub_tree": "true"})
    assert shorter["objects"] == []


# --- single documents: query, fields that they have at least

SINGLE: list[tuple[str, set[str]]] = [
    (f"/inventory?{LAB}&id=cmp1", {"_id", "id", "type", "environment", "last_scanned", "id_path"}),
    (f"/inventory?{LAB}&id=cmp1%7Ceth0&type=host_pnic", {"Link detected", "link_detected", "Speed"}),
    ("/constants?name=link_states", {"_id", "id", "name", "data"}),
    ("/constants?name=object_types&env_type=OpenStack", {"_id", "id", "name", "data"}),
    (f"/constants?name=log_levels&{LAB}", {"_id", "id", "name", "data"}),
    (f"/aggregates?type=environment&{LAB}", {"type", "env_name", "aggregates"}),
    ("/aggregates?type=message", {"type", "aggregates"}),
    ("/aggregates?type=constant", {"type", "aggregates"}),
    ("/health", {"version", "timezone", "environments"}),
    (f"/health?{LAB}", {"version", "timezone", "environments"}),
    ("/timezone", {"tz_name", "utc_offset"}),
    (f"/timezone?{LAB}", {"tz_name", "utc_offset"}),
    ("/schema?type=vnic", {"$schema", "type", "properties", "required"}),
]


@pytest.mark.parametrize(("query", "fields"), SINGLE, ids=[one[0] for one in SINGLE])
def test_single_documents_are_whole(admin: Client, query: str, fields: set[str]) -> None:
    answer = ask(admin, "GET", query, 200)
    assert fields <= set(answer)
    if "last_scanned" in answer:
        assert TIME.fullmatch(answer["last_scanned"])


@pytest.mark.parametrize(
    "query",
    [
        f"/inventory?{LAB}&id=nosuch",
        f"/inventory?{LAB}&id=cmp1&parent_path=/nosuch",
        f"/inventory?{LAB}&id=cmp1&type=vnic",
        f"/links?{LAB}&id={NO_ID}",
        f"/cliques?{LAB}&id={NO_ID}",
        f"/clique_types?id={NO_ID}",
        f"/clique_constraints?id={NO_ID}",
        f"/monitoring_config_templates?id={NO_ID}",
        f"/messages?{LAB}&id=nosuch",
        f"/scans?{LAB}&id=nosuch",
        "/scheduled_scans?environment=lab&id=nosuch",
    ],
)
def test_one_that_is_not_there(admin: Client, query: str) -> None:
    assert "there is none with id" in told(ask(admin, "GET", query, 404), 404)


def test_objects_are_as_the_schema_of_their_type_says(viewer: Client) -> None:
    seen = set()
    for one in ask(viewer, "GET", f"/inventory?{LAB}&all=true&projection=id,type", 200)["objects"]:
        if one["type"] in seen or one["type"].endswith("_folder"):
            continue
        seen.add(one["type"])
        schema = ask(viewer, "GET", "/schema", 200, params={"type": one["type"]})
        whole = ask(viewer, "GET", f"/inventory?{LAB}", 200, params=one)
        fault = next(Draft202012Validator(schema).iter_errors(whole), None)
        assert fault is None, f"{one}: {fault}"
    assert len(seen) > 10


def test_older_names_are_those_of_declared_attributes() -> None:
    types = load_catalog().object_types
    for type_, names in OLDER.items():
        declared = {one.name for one in types[type_].attributes}
        assert {ours(name) for name in names} <= declared, type_
        assert not set(names) & declared, "an older name is another one"


# --- links and cliques


def first(client: Client, query: str) -> dict[str, Any]:
    """Return the first member of a list, in full."""
    (members,) = ask(client, "GET", query, 200).values()
    path = query.partition("?")[0]
    whole: dict[str, Any] = ask(client, "GET", f"{path}?{LAB}&id={members[0]['id']}", 200)
    assert whole["id"] == members[0]["id"]
    return whole


def test_a_link_is_found_by_its_ends(viewer: Client) -> None:
    link = first(viewer, f"/links?{LAB}&link_type=vnic-vedge")
    assert link["_id"] == link["id"]
    ends = f"source_id={link['source_id']}&target_id={link['target_id']}".replace("|", "%7C")
    assert [one["id"] for one in ask(viewer, "GET", f"/links?{LAB}&{ends}", 200)["links"]] == [link["id"]]
    ask(viewer, "GET", f"/links?{LAB}&id={link['id']}&state=down", 404)


def test_a_clique_has_its_links_in_full(viewer: Client) -> None:
    clique = first(viewer, f"/cliques?{LAB}&focal_point_type=instance")
    assert [one["id"] for one in clique["links_detailed"]] == clique["links"]
    for query in (
        f"focal_point={clique['focal_point']}",
        f"focal_point_object_id={clique['focal_point_object_id']}",
        f"link_id={clique['links'][0]}&focal_point_type=instance",
    ):
        listed = ask(viewer, "GET", f"/cliques?{LAB}&{query}", 200)["cliques"]
        assert clique["id"] in [one["id"] for one in listed], query
    ask(viewer, "GET", f"/cliques?{LAB}&id={clique['id']}&focal_point_type=vnic", 404)
    ask(viewer, "GET", f"/cliques?{LAB}&id={clique['id']}&link_type=vservice-vnic", 404)


def test_a_clique_that_is_not_stored_is_built(viewer: Client) -> None:
    types = {one.focal_point_type for one in load_catalog().clique_types if not one.stored}
    built = []
    for type_ in sorted(types):
        for one in ask(viewer, "GET", f"/inventory?{LAB}&type={type_}&projection=_id,id", 200)["objects"]:
            for clique in ask(viewer, "GET", f"/cliques?{LAB}&focal_point={one['_id']}", 200)["cliques"]:
                whole = ask(viewer, "GET", f"/cliques?{LAB}&id={clique['id']}", 200)
                assert (whole["focal_point"], whole["focal_point_object_id"]) == (one["_id"], one["id"])
                built.append(whole)
    assert built


def test_metadata_is_had_one_by_one(viewer: Client) -> None:
    for path in ("/clique_types", "/clique_constraints", "/monitoring_config_templates"):
        (members,) = ask(viewer, "GET", path, 200).values()
        whole = ask(viewer, "GET", f"{path}?id={members[-1]['id']}", 200)
        assert whole["_id"] == whole["id"] == members[-1]["id"]
        assert members[-1].items() <= whole.items()
    told(ask(viewer, "GET", "/constants?name=nosuch", 404), 404)
    told(ask(viewer, "GET", "/clique_types?env_name=prod", 403), 403)


CLIQUE_TYPE = {
    "environment": "lab",
    "focal_point_type": "instance",
    "link_types": ["instance-vnic", "vnic-vedge"],
    "name": "short",
}
OF_VSERVICES = {"focal_point_type": "vservice", "link_types": ["vservice-vnic"]}
FOR_CONFIGURATION = {
    "focal_point_type": "vnic",
    "link_types": ["vnic-vedge"],
    "name": "of mirantis",
    "distribution": "Mirantis",
    "distribution_version": "8.0",
    "mechanism_drivers": "OVS",
    "type_drivers": "vxlan",
    "use_implicit_links": "true",
}


def test_clique_types_are_written(api: Served, admin: Client, viewer: Client) -> None:
    for body in (CLIQUE_TYPE, FOR_CONFIGURATION):
        assert list(ask(admin, "POST", "/clique_types", 201, json=body)) == ["message"]
        told(ask(admin, "POST", "/clique_types", 409, json={**body, "name": "another"}), 409)
    (listed,) = ask(viewer, "GET", f"/clique_types?{LAB}", 200)["clique_types"]
    assert CLIQUE_TYPE.items() <= listed.items()
    (other,) = ask(viewer, "GET", "/clique_types?distribution=Mirantis&distribution_version=8.0", 200)["clique_types"]
    assert (other["name"], other["use_implicit_links"]) == ("of mirantis", True)
    assert ask(viewer, "GET", f"/clique_types?id={other['id']}", 200)["link_types"] == ["vnic-vedge"]
    lab_admin = api.user("lab-admin", lab="admin")
    told(ask(lab_admin, "POST", "/clique_types", 403, json={**FOR_CONFIGURATION, "name": "more"}), 403)
    ask(lab_admin, "POST", "/clique_types", 201, json={**CLIQUE_TYPE, **OF_VSERVICES})
    told(ask(viewer, "POST", "/clique_types", 403, json=CLIQUE_TYPE), 403)
    other_viewer = api.user("prod-viewer", prod="viewer")
    ids = {one["id"] for one in ask(other_viewer, "GET", "/clique_types", 200)["clique_types"]}
    assert listed["id"] not in ids
    assert other["id"] in ids
    told(ask(other_viewer, "GET", f"/clique_types?id={listed['id']}", 404), 404)
    for one in ask_v2(admin, "/metadata/written")["rows"]:
        assert admin.ask("DELETE", f"/metadata/clique_types/{one['id']}").status_code == 204


def ask_v2(client: Client, path: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(path)
    return found


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"environment": "nosuch"}, "Unknown environment: nosuch"),
        ({"environment": "any"}, "ANY is reserved"),
        ({"environment": None}, "environment has no value"),
        ({"distribution": "Mirantis"}, "either environment or a configuration"),
        ({"distribution_version": "8.0"}, "must be given together with distribution"),
        ({"focal_point_type": "nosuch"}, "focal_point_type must be one of"),
        ({"focal_point_type": ["instance"]}, "focal_point_type must be string"),
        ({"link_types": "instance-vnic"}, "link_types must be list"),
        ({"link_types": ["instance-vnic", "nosuch"]}, "link_types must be one of"),
        ({"link_types": []}, "link_types has no value"),
        ({"name": ""}, "name has no value"),
        ({"mechanism_drivers": "nosuch"}, "mechanism_drivers must be one of"),
        ({"type_drivers": "nosuch"}, "type_drivers must be one of"),
        ({"use_implicit_links": "perhaps"}, "use_implicit_links must be boolean"),
        ({"nosuch": 1}, "Invalid key(s): nosuch"),
        ({"focal_point_type": "vnic", "link_types": ["vservice-vnic"]}, '"vservice-vnic" begins at vservice'),
    ],
)
def test_clique_types_that_cannot_be_are_refused(admin: Client, body: dict[str, Any], said: str) -> None:
    assert said in told(ask(admin, "POST", "/clique_types", 400, json={**CLIQUE_TYPE, **body}), 400)
    without_place = {key: value for key, value in CLIQUE_TYPE.items() if key != "environment"}
    assert "either" in told(ask(admin, "POST", "/clique_types", 400, json=without_place), 400)


# --- messages, counts, state


def test_messages_are_had_by_time_and_id(viewer: Client) -> None:
    listed = ask(viewer, "GET", f"/messages?{LAB}", 200)["messages"]
    whole = ask(viewer, "GET", f"/messages?{LAB}&id={listed[0]['id']}", 200)
    assert TIME.fullmatch(whole["timestamp"])
    assert whole["related_object"] is None
    at = whole["timestamp"]
    then = ask(viewer, "GET", f"/messages?{LAB}&start_time={at}&end_time={at}", 200)["messages"]
    assert listed[0] in then, "both ends count"
    ask(viewer, "GET", f"/messages?{LAB}&id={listed[0]['id']}&level=error", 404)


def test_counts_are_those_of_what_one_may_see(api: Served, viewer: Client, admin: Client) -> None:
    messages = api.settings.store.collection("messages")
    for number, level in enumerate(("warning", "critical", "info")):
        key = f"prod-{number}"
        messages.put(key, {"id": key, "environment": "prod", "level": level, "timestamp": "2026-01-01T00:00:00+00:00"})
    api.settings.store.collection("environments_config").put("prod", {"name": "prod"})
    all_of_them = ask(admin, "GET", "/aggregates?type=message", 200)["aggregates"]
    assert all_of_them["environments"]["prod"] == 3
    prod = ask(admin, "GET", "/aggregates?type=message&env_name=prod", 200)["aggregates"]
    assert prod == {"levels": {"warn": 1, "crit": 1, "info": 1}, "environments": {"prod": 3}}
    assert "prod" not in ask(viewer, "GET", "/aggregates?type=message", 200)["aggregates"]["environments"]
    assert [one["level"] for one in ask(admin, "GET", "/messages?env_name=prod&level=warn", 200)["messages"]] == [
        "warn"
    ]
    counts = ask(viewer, "GET", f"/aggregates?type=environment&{LAB}", 200)["aggregates"]["object_types"]
    assert counts["host"] == 2
    assert list(ask(viewer, "GET", "/health", 200)["environments"]) == ["lab"]
    refused = viewer.ask("DELETE", f"//messages?{LAB}&all=true")
    told(refused.json(), 403)
    for query, said in (
        ("", "expected either ids"),
        ("&ids=a&all=true", "expected either ids"),
        ("&all=false", "either"),
    ):
        assert said in told(ask(admin, "DELETE", f"/messages?env_name=prod{query}", 400), 400)
    assert ask(admin, "DELETE", f"/messages?env_name=prod&ids=prod-0,nosuch,{first_message(viewer)}", 200) == {
        "count": 1
    }
    assert ask(admin, "DELETE", "/messages?env_name=prod&all=true", 200) == {"count": 2}
    api.settings.store.collection("environments_config").delete("prod")


def first_message(client: Client) -> str:
    found: str = ask(client, "GET", f"/messages?{LAB}", 200)["messages"][0]["id"]
    return found


def test_the_health_of_an_environment_is_that_of_its_own_scan(viewer: Client) -> None:
    health = ask(viewer, "GET", f"/health?{LAB}", 200)["environments"]["lab"]
    assert (health["scanned"], health["last_scan_status"]) == (True, "completed")
    assert TIME.fullmatch(health["last_scanned"])


# --- scans and schedules

SCANS: list[tuple[dict[str, Any], str]] = [
    ({"environment": "lab", "status": "pending"}, "pending"),
    ({"environment": "lab", "status": "draft"}, "draft"),
    ({"env_name": "lab", "log_level": "debug", "implicit_links": "false"}, "pending"),
    (
        {
            "environment": "lab",
            "status": "pending",
            "log_level": "notset",
            "clear": "True",
            "scan_only_inventory": "1",
            "scan_only_links": False,
            "scan_only_cliques": "false",
            "inventory": "inventory",
            "object_id": "cmp1",
        },
        "pending",
    ),
]


@pytest.mark.parametrize(("body", "status"), SCANS)
def test_scans_are_asked_for(operator: Client, viewer: Client, body: dict[str, Any], status: str) -> None:
    made = ask(operator, "POST", "/scans", 201, json=body)
    assert set(made) == {"message", "id"}
    scan = ask(viewer, "GET", f"/scans?{LAB}&id={made['id']}", 200)
    assert (scan["_id"], scan["id"], scan["status"]) == (made["id"], made["id"], status)
    assert scan["scan_only_inventory"] is (body.get("scan_only_inventory") == "1")
    assert TIME.fullmatch(scan["submit_timestamp"])
    (latest,) = ask(viewer, "GET", f"/scans?{LAB}&latest=true", 200)
    assert latest["id"] == made["id"]
    assert made["id"] in [one["id"] for one in ask(viewer, "GET", f"/scans?{LAB}&status={status}", 200)["scans"]]
    if "object_id" in body:
        listed = ask(viewer, "GET", f"/scans?{LAB}&base_object=cmp1", 200)["scans"]
        assert [one["id"] for one in listed] == [made["id"]]
    assert not {"owner", "process", "number"} & set(scan)


BAD_SCANS: list[tuple[dict[str, Any], str]] = [
    ({}, "the environment must be specified"),
    ({"environment": "nosuch", "status": "pending"}, "Unknown environment: nosuch"),
    ({"environment": {"$ne": ""}, "status": "pending"}, "environment must be string"),
    ({"environment": "lab", "status": "nosuch"}, "status must be one of"),
    ({"environment": "lab", "status": "running"}, "status must be pending, or draft"),
    ({"environment": "lab", "status": ""}, "status has no value"),
    ({"environment": "lab", "log_level": "loud"}, "log_level must be one of"),
    ({"environment": "lab", "clear": "perhaps"}, "clear must be boolean"),
    ({"environment": "lab", "object_id": 7}, "object_id must be string"),
    ({"environment": "lab", "scan_only_links": True, "scan_only_cliques": True}, "only one of them can be true"),
    ({"environment": "lab", "es_index": True}, "es_index is not available"),
    ({"environment": "lab", "submit_timestamp": "2026-01-01T00:00:00"}, "Invalid key(s): submit_timestamp"),
]


@pytest.mark.parametrize(("body", "said"), BAD_SCANS)
def test_scans_that_cannot_be_are_refused(admin: Client, body: dict[str, Any], said: str) -> None:
    assert said in told(ask(admin, "POST", "/scans", 400, json=body), 400)


@pytest.mark.parametrize(
    ("stored", "status"),
    [
        ({"status": "timed_out"}, "failed"),
        ({"status": "running", "alive_timestamp": "2020-01-01T00:00:00+00:00"}, "failed"),
        ({"status": "running", "alive_timestamp": "2020-01-01T00:00:00+00:00", "owner": "gone"}, "running"),
        ({"status": "lost"}, "failed"),
        ({"status": "aborted"}, "aborted"),
    ],
)
def test_states_have_the_words_that_clients_know(
    api: Served, viewer: Client, stored: dict[str, Any], status: str
) -> None:
    scans = api.settings.store.collection("scans")
    scans.put(
        "odd", {"scan_id": "odd", "environment": "lab", "submit_timestamp": "2020-01-01T00:00:00+00:00", **stored}
    )
    assert ask(viewer, "GET", f"/scans?{LAB}&id=odd", 200)["status"] == status
    assert "odd" in [one["id"] for one in ask(viewer, "GET", f"/scans?{LAB}&status={status}", 200)["scans"]]
    scans.delete("odd")


def test_schedules_are_made_and_removed(operator: Client, viewer: Client) -> None:
    body = {"environment": "lab", "freq": "DAILY", "submit_timestamp": "2026-01-01T02:30:00", "clear": True}
    made = ask(operator, "POST", "/scheduled_scans", 201, json=body)
    assert set(made) == {"message", "id"}
    whole = ask(viewer, "GET", f"/scheduled_scans?environment=lab&id={made['id']}", 200)
    assert (whole["freq"], whole["recurrence"], whole["clear"]) == ("DAILY", "DAILY", True)
    assert whole["scheduled_timestamp"][11:] == "02:30:00.000000"
    assert TIME.fullmatch(whole["submit_timestamp"])
    later = {"env_name": "lab", "recurrence": "ONCE", "scheduled_timestamp": "2100-01-01T00:00:00", "log_level": "info"}
    second = ask(operator, "POST", "/scheduled_scans", 201, json=later)
    listed = ask(viewer, "GET", f"/scheduled_scans?{LAB}", 200)["scheduled_scans"]
    assert [one["id"] for one in listed] == [made["id"], second["id"]]
    assert set(listed[0]) == {"id", "environment", "scheduled_timestamp", "freq"}
    for daily in ("freq=DAILY", "recurrence=DAILY"):
        assert len(ask(viewer, "GET", f"/scheduled_scans?{LAB}&{daily}", 200)["scheduled_scans"]) == 1
    assert ask(operator, "DELETE", f"/scheduled_scans?{LAB}&ids={made['id']},nosuch", 200) == {"count": 1}
    assert ask(operator, "DELETE", f"/scheduled_scans?{LAB}&all=true", 200) == {"count": 1}
    told(ask(operator, "DELETE", f"/scheduled_scans?{LAB}", 400), 400)


BAD_SCHEDULES: list[tuple[dict[str, Any], str]] = [
    ({"environment": "lab"}, "freq must be specified"),
    ({"freq": "DAILY"}, "the environment must be specified"),
    ({"environment": "nosuch", "freq": "DAILY"}, "Unknown environment"),
    ({"environment": "lab", "freq": "SOMETIMES"}, "freq must be one of"),
    ({"environment": "lab", "freq": "DAILY", "submit_timestamp": "soon"}, "submit_timestamp must be time"),
    ({"environment": "lab", "freq": "DAILY", "submit_timestamp": "9999-12-29T00:00:00"}, "within a century"),
    ({"environment": "lab", "freq": "DAILY", "submit_timestamp": "0001-01-03T00:00:00"}, "within a century"),
    ({"environment": "lab", "freq": "DAILY", "log_level": "loud"}, "log_level must be one of"),
    ({"environment": "lab", "freq": "DAILY", "scan_only_links": 1, "scan_only_cliques": 1}, "only one of them"),
    ({"environment": "lab", "freq": "ONCE"}, "scheduled_timestamp must be specified for ONCE"),
    ({"environment": "lab", "freq": "ONCE", "scheduled_timestamp": "2020-01-01T00:00:00"}, "must be in the future"),
]


@pytest.mark.parametrize(("body", "said"), BAD_SCHEDULES)
def test_schedules_that_cannot_be_are_refused(admin: Client, body: dict[str, Any], said: str) -> None:
    assert said in told(ask(admin, "POST", "/scheduled_scans", 400, json=body), 400)


# --- environments and connection tests

SECTIONS: dict[str, dict[str, Any]] = {
    "OpenStack": {
        "name": "OpenStack",
        "admin_token": "s3cret-admin",
        "host": "127.0.0.1",
        "port": "9",
        "user": "admin",
        "pwd": "s3cret-cloud",
    },
    "mysql": {"name": "mysql", "host": "db.example", "port": 3306, "user": "root", "pwd": "s3cret-db"},
    "CLI": {"name": "CLI", "host": "2001:db8::1", "user": "scanner", "pwd": "s3cret-cli"},
    "AMQP": {"name": "AMQP", "host": "mq.example", "port": "5672", "user": "nova", "pwd": "s3cret-mq"},
    "Monitoring": {
        "name": "Monitoring",
        "install_monitoring_client": "false",
        "config_folder": "/local_dir/sensu_config",
        "provision": "Deploy",
        "env_type": "development",
        "api_port": "4567",
        "rabbitmq_pass": "s3cret-rabbit",
        "rabbitmq_user": "sensu",
        "rabbitmq_port": "5671",
        "ssh_port": "20022",
        "ssh_user": "scan",
        "ssh_password": "s3cret-ssh",
        "server_ip": "korlev-calipso.example",
        "server_name": "devtest-sensu",
        "type": "Sensu",
    },
}
ENVIRONMENT: dict[str, Any] = {
    "app_path": "/home/scan/calipso_prod/app",
    "configuration": list(SECTIONS.values()),
    "distribution": "Mirantis",
    "distribution_version": "8.0",
    "enable_monitoring": "true",
    "environment_type": "OpenStack",
    "last_scanned": "",
    "listen": "true",
    "mechanism_drivers": ["OVS"],
    "monitoring_setup_done": False,
    "name": "prod",
    "operational": "stopped",
    "scanned": False,
    "type": "environment",
    "type_drivers": "vxlan",
    "user": "wNLeBJxNDyw8G7Ssg",
    "auth": {"view-env": ["u1"], "edit-env": ["u1"]},
    "aci_enabled": False,
}


def changed(section: str, **fields: object) -> dict[str, Any]:
    """Return the environment with other fields in a section; None: without the field."""
    other = {key: value for key, value in {**SECTIONS[section], **fields}.items() if value is not None}
    return {"configuration": [other if one["name"] == section else one for one in SECTIONS.values()]}


def without(*names: str) -> dict[str, Any]:
    return {"configuration": [one for name, one in SECTIONS.items() if name not in names]}


def test_an_environment_is_described_and_its_secrets_are_never_shown(
    api: Served, admin: Client, viewer: Client
) -> None:
    made = ask(admin, "POST", "/environment_configs", 201, json=ENVIRONMENT)
    assert made["message"].startswith("created environment_config for prod; kept, but not available")
    assert made["message"].endswith("listening, monitoring")
    shown = ask(admin, "GET", "/environment_configs?name=prod", 200)
    assert shown["name"] == "prod"
    assert {key: shown[key] for key in ("distribution", "listen", "user", "app_path")} == {
        "distribution": "Mirantis",
        "listen": True,
        "user": "wNLeBJxNDyw8G7Ssg",
        "app_path": "/home/scan/calipso_prod/app",
    }
    sections = {one["name"]: one for one in shown["configuration"]}
    assert {key: sections["mysql"][key] for key in ("host", "port", "user", "pwd")} == {
        **{key: SECTIONS["mysql"][key] for key in ("host", "port", "user")},
        "pwd": "********",
    }
    assert "s3cret" not in str(shown)
    assert "s3cret" not in str(api.settings.store.collection("environments_config").find())
    written = list(api.settings.secret_files.folder.iterdir())
    assert any("s3cret-cloud" in path.read_text(encoding="utf-8") for path in written)
    told(ask(admin, "POST", "/environment_configs", 409, json=ENVIRONMENT), 409)
    assert sorted(api.settings.secret_files.folder.iterdir()) == sorted(written)
    listed = ask(admin, "GET", "/environment_configs", 200)["environment_configs"]
    assert {"name": "prod", "distribution": "Mirantis"} in listed
    for query, found in (
        ("mechanism_drivers=OVS&listen=true&scanned=false", ["prod"]),
        ("distribution=Mirantis&distribution_version=8.0&type_drivers=vxlan&operational=stopped", ["prod"]),
        ("user=wNLeBJxNDyw8G7Ssg&environment_type=OpenStack&monitoring_setup_done=0", ["prod"]),
        ("mechanism_drivers=OVS&mechanism_drivers=LXB", []),
        ("listen=false&user=nobody", []),
    ):
        answer = ask(admin, "GET", f"/environment_configs?{query}", 200)["environment_configs"]
        assert [one["name"] for one in answer] == found, query
    assert [one["name"] for one in ask(viewer, "GET", "/environment_configs", 200)["environment_configs"]] == ["lab"]
    told(ask(viewer, "GET", "/environment_configs?name=prod", 403), 403)
    told(ask(admin, "GET", "/environment_configs?name=nosuch", 404), 404)
    told(ask(admin, "GET", "/environment_configs?name=prod&distribution=RDO", 404), 404)
    assert admin.ask("DELETE", "/environments/prod").status_code == 204
    assert list(api.settings.secret_files.folder.iterdir()) == []


BAD_ENVIRONMENTS: list[tuple[dict[str, Any], str]] = [
    *(({name: None}, f"{name} has no value") for name in ("app_path", "configuration", "distribution", "listen")),
    *(({name: None}, f"{name} has no value") for name in ("distribution_version", "mechanism_drivers", "name")),
    *(({name: None}, f"{name} has no value") for name in ("operational", "type", "type_drivers")),
    ({"configuration": "x"}, "configuration must be list"),
    ({"distribution": "nosuch"}, "distribution must be one of"),
    ({"distribution_version": 8}, "distribution_version must be string"),
    ({"listen": "perhaps"}, "listen must be boolean"),
    ({"mechanism_drivers": "OVS"}, "mechanism_drivers must be list"),
    ({"mechanism_drivers": ["nosuch"]}, "mechanism_drivers must be one of"),
    ({"name": "a/b"}, "is used in paths"),
    ({"operational": "yes"}, "operational must be one of stopped, running, error"),
    ({"scanned": "perhaps"}, "scanned must be boolean"),
    ({"type": "cloud"}, "type must be one of environment"),
    ({"type_drivers": "nosuch"}, "type_drivers must be one of"),
    ({"environment_type": "Mars"}, "environment_type must be one of"),
    ({"auth": {"view-env": []}}, "auth must have the lists view-env and edit-env"),
    ({"auth": {"view-env": [], "edit-env": "me"}}, "auth must have the lists view-env and edit-env"),
    ({"nosuch": 1}, "Invalid key(s): nosuch"),
    ({"configuration": ["x"]}, "each section of the configuration must have a name"),
    ({"configuration": [{"host": "x"}]}, "each section of the configuration must have a name"),
    ({"configuration": [{"name": "Nosuch"}]}, "is no section"),
    ({"configuration": [SECTIONS["CLI"], SECTIONS["CLI"]]}, "CLI: a second section"),
    *((without(name), f"the section {name} must be specified") for name in ("OpenStack", "mysql", "CLI", "AMQP")),
    *((changed("OpenStack", **{name: None}), f"OpenStack: {name} must be") for name in ("host", "pwd", "admin_token")),
    *(
        (changed("mysql", **{name: None}), f"mysql: {name} must be specified")
        for name in ("host", "port", "user", "pwd")
    ),
    (changed("mysql", port="x"), "mysql: port must be integer"),
    (changed("mysql", port=65536), "mysql: port must be 65535 or less"),
    (changed("mysql", port=-1), "mysql: port must be 0 or more"),
    (changed("mysql", port=0), "port"),
    (changed("mysql", host="999.1.1.1"), "mysql: host must be an IPv4 or IPv6 address, or the name of a host"),
    (changed("mysql", host="a b"), "mysql: host must be an IPv4"),
    (changed("mysql", schema="x"), "mysql: Invalid key(s): schema"),
    (changed("mysql", pwd=7), "mysql: pwd must be string"),
    (changed("mysql", pwd={"command": "id"}), "mysql: pwd must be string"),
    (changed("CLI", pwd=None), "CLI: key or pwd must be specified"),
    (changed("CLI", key="/root/.ssh/id_rsa"), "CLI: key must be the content of a private key"),
    (changed("Monitoring", config_folder="relative"), "Monitoring: config_folder must be an absolute path"),
    (changed("Monitoring", config_folder="/"), "Monitoring: config_folder must be an absolute path"),
    (changed("Monitoring", provision="Sometimes"), "Monitoring: provision must be one of"),
    (changed("Monitoring", env_type="toy"), "Monitoring: env_type must be one of"),
    (changed("Monitoring", type="Nagios"), "Monitoring: type must be one of Sensu"),
    (changed("Monitoring", install_monitoring_client="perhaps"), "install_monitoring_client must be boolean"),
    ({"mechanism_drivers": ["Calico"]}, "this kind of cloud is not supported: mechanism driver Calico"),
    ({"environment_type": "VMware", "listen": False}, "this kind of cloud is not supported"),
]


@pytest.mark.parametrize(("body", "said"), BAD_ENVIRONMENTS)
def test_environments_that_cannot_be_are_refused(api: Served, admin: Client, body: dict[str, Any], said: str) -> None:
    message = told(ask(admin, "POST", "/environment_configs", 400, json={**ENVIRONMENT, **body}), 400)
    assert said in message
    assert "s3cret" not in message
    assert list(api.settings.secret_files.folder.iterdir()) == [], "nothing is left of it"


def test_an_environment_has_its_needed_parameters(admin: Client) -> None:
    for one in DESCRIPTION:
        body = {key: value for key, value in ENVIRONMENT.items() if key != one.name}
        if one.needed and one.name != "name":
            said = told(ask(admin, "POST", "/environment_configs", 400, json=body), 400)
            assert said == f"{one.name} must be specified"


def test_a_key_is_given_by_its_content(api: Served, admin: Client) -> None:
    key = "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n"
    body = {**ENVIRONMENT, **changed("CLI", key=key, pwd=None), "name": "keyed"}
    ask(admin, "POST", "/environment_configs", 201, json=body)
    shown = ask(admin, "GET", "/environment_configs?name=keyed", 200)
    assert "PRIVATE KEY" not in str(shown)
    path = Path(next(one["key"] for one in shown["configuration"] if one["name"] == "CLI"))
    assert path.read_text(encoding="utf-8") == key
    assert admin.ask("DELETE", "/environments/keyed").status_code == 204
    assert list(api.settings.secret_files.folder.iterdir()) == []


TARGETS = {
    "environment": "lab",
    "test_targets": ["OpenStack", "AMQP"],
    "targets_configuration": [SECTIONS["OpenStack"], {**SECTIONS["AMQP"], "host": "127.0.0.1", "port": 9}],
}


def test_a_connection_test_is_run_and_its_secrets_are_removed(api: Served, admin: Client, viewer: Client) -> None:
    made = ask(admin, "POST", "/connection_tests", 201, json=TARGETS)
    assert set(made) == {"message", "id"}
    query = f"/connection_tests?{LAB}&id={made['id']}"
    deadline = time.monotonic() + 60
    while (test := ask(viewer, "GET", query, 200))["status"] == "request":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert test["status"] == "response"
    assert test["test_results"] == {"OpenStack": False, "AMQP": False}
    assert re.fullmatch(r"\d+ ms", test["response_time"])
    assert TIME.fullmatch(test["response_timestamp"])
    assert "OpenStack: " in test["last_response_message"]
    assert "s3cret" not in str(test)
    assert list(api.settings.secret_files.folder.iterdir()) == []
    assert ask(viewer, "GET", f"{query}&test_targets=AMQP", 200)["test_results"] == {"AMQP": False}
    assert ask(viewer, "GET", f"{query}&test_results=true", 200)["test_targets"] == []
    ask(viewer, "GET", f"{query}&status=request", 404)
    ask(viewer, "GET", f"/connection_tests?{LAB}&id=nosuch", 404)
    listed = ask(viewer, "GET", f"/connection_tests?{LAB}&status=response", 200)["connection_tests"]
    assert listed == [{"id": made["id"], "test_targets": ["OpenStack", "AMQP"], "test_results": test["test_results"]}]
    assert ask(viewer, "GET", f"/connection_tests?{LAB}&status=request", 200)["connection_tests"] == []


MANY = 30
STATUSES = ("running", "passed", "passed_with_warnings", "failed")


@pytest.fixture
def many(api: Served) -> Iterator[None]:
    """Put scans and connection tests into the store; some have the same time."""
    store = api.settings.store
    api.settings.store.collection("environments_config").put("many", {"name": "many"})
    for number in range(MANY):
        at, key = f"2026-01-01T00:00:{number // 2:02}+00:00", f"many-{(number * 7) % MANY:02}"
        row = {"environment": "many", "submit_timestamp": at}
        ended = {"end_timestamp": at} if number % 4 else {}
        trial = {**row, "id": key, "status": STATUSES[number % 4], "steps": [], **ended, **sign_of_life()}
        store.collection("connection_tests").put(key, trial)
        scan = {**row, "scan_id": key, "status": ("completed", "failed", "timed_out")[number % 3]}
        store.collection("scans").put(key, scan)
    yield
    for name in ("scans", "connection_tests"):
        for number in range(MANY):
            store.collection(name).delete(f"many-{number:02}")
    store.collection("environments_config").delete("many")


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize(
    ("query", "key", "count"),
    [
        ("/connection_tests?", "connection_tests", MANY),
        ("/connection_tests?status=request&", "connection_tests", 8),
        ("/connection_tests?status=response&", "connection_tests", 22),
        ("/scans?", "scans", MANY),
        ("/scans?status=completed&", "scans", 10),
        ("/scans?status=failed&", "scans", 20),
    ],
)
def test_records_are_listed_by_pages(
    admin: Client, monkeypatch: pytest.MonkeyPatch, query: str, key: str, count: int
) -> None:
    monkeypatch.setattr(records, "AT_ONCE", 4)
    whole = ask(admin, "GET", f"{query}env_name=many&page_size=0", 200)[key]
    assert len({one["id"] for one in whole}) == len(whole) == count
    paged: list[Any] = []
    for number in range(count // 7 + 1):
        page = ask(admin, "GET", f"{query}env_name=many&page_size=7&page={number}", 200)[key]
        assert len(page) == min(7, count - len(paged))
        paged += page
    assert paged == whole
    times = [one["submit_timestamp"] for one in (admin.get(f"/{query}env_name=many", id=each["id"]) for each in whole)]
    assert times == sorted(times)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"environment": "nosuch"}, "Unknown environment"),
        ({"environment": None}, "environment has no value"),
        ({"test_targets": "AMQP"}, "test_targets must be list"),
        ({"test_targets": ["Nosuch"]}, "test_targets must be one of"),
        ({"test_targets": []}, "test_targets has no value"),
        ({"test_targets": ["mysql"]}, "the section mysql must be specified"),
        ({"targets_configuration": [{"name": "AMQP"}]}, "AMQP: host must be specified"),
        ({"targets_configuration": [{**SECTIONS["OpenStack"], "port": 0}, SECTIONS["AMQP"]]}, "port"),
        ({"status": "request"}, "Invalid key(s): status"),
    ],
)
def test_connection_tests_that_cannot_be_are_refused(admin: Client, body: dict[str, Any], said: str) -> None:
    assert said in told(ask(admin, "POST", "/connection_tests", 400, json={**TARGETS, **body}), 400)


# --- what is wrong with a request

FAULTS: list[tuple[str, str]] = [
    ("/inventory", "env_name must be specified"),
    ("/inventory?env_name=", "env_name has no value"),
    ("/inventory?env_name=nosuch", "Unknown environment: nosuch"),
    (f"/inventory?{LAB}&{LAB}", "env_name must be string"),
    (f"/inventory?{LAB}&nosuch=1", "Invalid key(s): nosuch; expected env_name"),
    ("/inventory?nosuch=1", "Invalid key(s): nosuch"),
    (f"/inventory?{LAB}&id", "the query string cannot be read"),
    (f"/inventory?{LAB}&id=", "id has no value"),
    (f"/inventory?{LAB}&sub_tree=perhaps", "sub_tree must be boolean"),
    (f"/inventory?{LAB}&type=nosuch", "type must be one of"),
    (f"/inventory?{LAB}&page=x", "page must be integer"),
    (f"/inventory?{LAB}&page=-1", "page must be 0 or more"),
    (f"/inventory?{LAB}&page_size=-1", "page_size must be 0 or more"),
    (f"/inventory?{LAB}&page_size=1{'0' * 30}", "page_size must be integer"),
    (f"/inventory?{LAB}&page_size=1000001", "page_size must be 1000000 or less"),
    (f"/cliques?{LAB}&page=1000001", "page must be 1000000 or less"),
    (f"/messages?{LAB}&end_time=9999-12-31T23:59:59.999999", "end_time must be time"),
    (f"/messages?{LAB}&start_time=0001-01-01T00:00:00", "start_time must be time"),
    (f"/inventory?{LAB}&scanned_after=soon", "scanned_after must be time"),
    (f"/inventory?{LAB}&projection=,", "projection must name fields"),
    (f"/links?{LAB}&id=cmp1", "id must be ObjectId"),
    (f"/links?{LAB}&link_type=nosuch", "link_type must be one of"),
    (f"/links?{LAB}&state=broken", "state must be one of up, down"),
    (f"/links?{LAB}&attributes:=1", "Invalid key(s): attributes:"),
    (f"/links?{LAB}&attributes:network=", "attributes:network has no value"),
    (f"/links?{LAB}&attributes:network=a&attributes:network=b", "attributes:network must be string"),
    (f"/cliques?{LAB}&focal_point=cmp1", "focal_point must be ObjectId"),
    (f"/cliques?{LAB}&focal_point_type=nosuch", "focal_point_type must be one of"),
    (f"/cliques?{LAB}&link_type=nosuch", "link_type must be one of"),
    (f"/cliques?{LAB}&link_id=x", "link_id must be ObjectId"),
    ("/cliques?env_name=nosuch", "Unknown environment: nosuch"),
    ("/clique_types?env_name=nosuch", "Unknown environment: nosuch"),
    ("/clique_types?distribution_version=1", "must be given together with distribution"),
    ("/clique_types?mechanism_drivers=nosuch", "mechanism_drivers must be one of"),
    ("/clique_types?type_drivers=nosuch", "type_drivers must be one of"),
    ("/clique_types?link_type=vnic-vedge&link_type=nosuch", "link_type must be one of"),
    ("/clique_types?id=x", "id must be ObjectId"),
    ("/clique_constraints?focal_point_type=nosuch", "focal_point_type must be one of"),
    ("/monitoring_config_templates?order=first", "order must be integer"),
    ("/monitoring_config_templates?side=middle", "side must be one of"),
    (f"/messages?{LAB}&level=loud", "level must be one of"),
    (f"/messages?{LAB}&start_time=yesterday", "start_time must be time"),
    (f"/messages?{LAB}&end_time=2026-13-01", "end_time must be time"),
    ("/constants", "name must be specified"),
    (f"/constants?name=log_levels&{LAB}&env_type=OpenStack", "exclude each other"),
    ("/constants?name=log_levels&env_type=Mars", "env_type must be one of"),
    ("/constants?name=log_levels&env_name=nosuch", "Unknown environment"),
    ("/aggregates", "type must be specified"),
    ("/aggregates?type=nosuch", "type must be one of environment, message, constant"),
    ("/aggregates?type=environment", "env_name must be specified"),
    ("/aggregates?type=environment&env_name=nosuch", "Unknown environment"),
    ("/aggregates?type=message&env_name=nosuch", "Unknown environment"),
    ("/scans", "env_name must be specified"),
    (f"/scans?{LAB}&status=nosuch", "status must be one of"),
    (f"/scans?{LAB}&latest=maybe", "latest must be boolean"),
    ("/scheduled_scans", "the environment must be specified"),
    ("/scheduled_scans?environment=nosuch", "Unknown environment"),
    ("/scheduled_scans?environment=lab&freq=SOMETIMES", "freq must be one of"),
    (f"/search?{LAB}&query=x", "source must be specified"),
    (f"/search?{LAB}&query=x&source=links", "source must be one of inventory"),
    (f"/search?{LAB}&source=inventory", "query must be specified"),
    ("/schema?type=nosuch", "type must be one of"),
    ("/health?env_name=nosuch", "Unknown environment"),
    ("/timezone?env_name=nosuch", "Unknown environment"),
    ("/environment_configs?distribution=nosuch", "distribution must be one of"),
    ("/environment_configs?mechanism_drivers=OVS&mechanism_drivers=x", "mechanism_drivers must be one of"),
    ("/environment_configs?listen=perhaps", "listen must be boolean"),
    ("/environment_configs?operational=yes", "operational must be one of"),
    ("/connection_tests", "env_name must be specified"),
    (f"/connection_tests?{LAB}&status=done", "status must be one of request, response"),
    (f"/connection_tests?{LAB}&test_targets=x", "test_targets must be one of"),
    (f"/connection_tests?{LAB}&test_results=x", "test_results must be boolean"),
]


@pytest.mark.parametrize(("query", "said"), FAULTS, ids=[one[0][:60] for one in FAULTS])
def test_what_is_wrong_with_a_query_is_said(admin: Client, query: str, said: str) -> None:
    assert said in told(ask(admin, "GET", query, 400), 400)


def test_bytes_in_a_query_are_those_that_the_guard_has_seen(api: Served, viewer: Client) -> None:
    """A name in bytes of no encoding is neither a server error nor another name for the handler."""
    host, _, port = api.url.removeprefix("http://").partition(":")
    for raw in (b"env_name=\xff", b"env_name=\xc3\xa9", b"env_name=lab&id=\xc3\xa9"):
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            token = viewer.headers["Authorization"].encode()
            head = b"GET /inventory?%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: %s\r\n\r\n"
            connection.sendall(head % (raw, token))
            status = connection.makefile("rb").readline().split()[1]
        assert status in (b"400", b"403", b"404"), raw


@pytest.mark.parametrize("field", ["environment", "object_id", "\\ud800"])
def test_half_a_character_is_refused(operator: Client, field: str) -> None:
    data = f'{{"environment": "lab", "{field}": "\\ud800"}}'
    assert "JSON object" in told(ask(operator, "POST", "/scans", 400, data=data.encode()), 400)


def test_a_method_that_is_not_there(admin: Client) -> None:
    told(ask(admin, "PUT", "/inventory", 405), 405)


# --- who may


def routes() -> list[tuple[str, str, Needs]]:
    """Return method, path and needs of each operation."""
    found = [one for router in ROUTERS for one in router.routes if isinstance(one, APIRoute)]
    return [
        (method, one.path, needs_of(one.endpoint) or Needs()) for one in found for method in sorted(one.methods or ())
    ]


def test_a_user_without_a_role_in_an_environment_gets_nothing_of_it(api: Served, admin: Client) -> None:
    elsewhere = api.user("elsewhere", prod="admin")
    assert admin
    for method, path, needed in routes():
        for name in needed.named.names if needed.named is not None else ():
            named = {name: "lab"}
            more: dict[str, Any] = {"json": named} if method == "POST" else {"params": named}
            assert "in environment lab" in told(ask(elsewhere, method, path, 403, **more), 403)
            both = {"json": {**named, "more": {}}} if method == "POST" else {"params": {name: ["prod", "lab"]}}
            assert "in environment lab" in told(ask(elsewhere, method, path, 403, **both), 403)


def test_the_page_of_the_older_api_names_every_operation() -> None:
    page = (Path(__file__).parents[2] / "docs" / "older-api.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:GET|POST|DELETE) /(?!api/)[^` ?]*)", page))
    assert named == {f"{method} {path}" for method, path, _ in routes()}


def test_the_older_api_is_in_the_description(api: Served) -> None:
    described = api.nobody.get("/openapi.json")["paths"]
    for method, path, _ in routes():
        operation = described[path][method.lower()]
        assert operation["tags"] == ["older API"]
    names = {one["name"]: one for one in described["/inventory"]["get"]["parameters"]}
    assert (names["env_name"]["required"], names["page"]["schema"]["minimum"]) == (True, 0)
    body = described["/scans"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["properties"]["clear"]["type"] == "boolean"
