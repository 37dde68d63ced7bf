# SPDX-License-Identifier: Apache-2.0
"""The older API at its own paths, on both stores: what its clients send is answered as they know it.

The requests are data: what is sent, and the status, the keys or the message that come back.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.routing import APIRoute

from calipso_nornir.api.guard import Needs, needs_of
from calipso_nornir.api.v1.names import OLDER, ours
from calipso_nornir.api.v1.routes import ROUTERS
from calipso_nornir.metadata.loading import load_catalog
from tests.fixtures.recorded import bundle, filled
from tests.fixtures.serving import PASSWORD, Client, Served, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fixtures.places import Place

pytest_plugins = ["tests.fixtures.stores"]

TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}")
LAB = "env_name=lab"


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle(tmp_path_factory.mktemp("older") / "whole.calipso")


@pytest.fixture(scope="module")
def api(module_place: Place, recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve a scanned store."""
    filled(module_place.uri, recording)
    with served(module_place.open(), secrets=tmp_path_factory.mktemp("secrets")) as running:
        yield running


@pytest.fixture(scope="module")
def admin(api: Served) -> Client:
    return api.user("root", everywhere="admin")


@pytest.fixture(scope="module")
def operator(api: Served) -> Client:
    return api.user("operator", lab="operator")


@pytest.fixture(scope="module")
def viewer(api: Served) -> Client:
    return api.user("viewer", lab="viewer")


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
LISTS: list[tuple[str, str, set[str]]] = [
    (f"/inventory?{LAB}", "objects", INVENTORY),
    (f"/inventory?{LAB}&type=vnic", "objects", INVENTORY),
    (f"/inventory?{LAB}&parent_id=cmp1", "objects", INVENTORY),
    (f"/inventory?{LAB}&parent_path=/lab&sub_tree=false", "objects", INVENTORY),
    (f"/inventory?{LAB}&parent_path=/lab&sub_tree=TRUE", "objects", INVENTORY),
    (f"/inventory?{LAB}&type=host&all=true&page_size=1", "objects", INVENTORY),
    (f"/inventory?{LAB}&type=host&projection=id,host_type", "objects", {"id", "host_type"}),
    (f"/inventory?{LAB}&scanned_after=2020-01-01T00:00:00Z", "objects", INVENTORY),
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
    f"/inventory?{LAB}&scanned_before=2020-01-01T00:00:00",
    f"/inventory?{LAB}&parent_path=(a%2B)%2B%24&sub_tree=1",
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
    ],
)
def test_one_that_is_not_there(admin: Client, query: str) -> None:
    assert "there is none with id" in told(ask(admin, "GET", query, 404), 404)


def test_older_names_are_those_of_declared_attributes() -> None:
    types = load_catalog().object_types
    for type_, names in OLDER.items():
        declared = {one.name for one in types[type_].attributes}
        assert {ours(name) for name in names} <= declared, type_
        assert not set(names) & declared, "an older name is another one"


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
    (f"/inventory?{LAB}&scanned_after=soon", "scanned_after must be time"),
    (f"/inventory?{LAB}&projection=,", "projection must name fields"),
]


@pytest.mark.parametrize(("query", "said"), FAULTS, ids=[one[0][:60] for one in FAULTS])
def test_what_is_wrong_with_a_query_is_said(admin: Client, query: str, said: str) -> None:
    assert said in told(ask(admin, "GET", query, 400), 400)


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
