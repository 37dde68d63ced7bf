# SPDX-License-Identifier: Apache-2.0
"""The REST API over a socket: the answers of each resource, access, and errors in requests."""

from __future__ import annotations

import base64
import copy
import json
import re
import sqlite3
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from fastapi.routing import APIRoute

from calipso_nornir.access.roles import Role
from calipso_nornir.api.app import ROUTERS, create_app
from calipso_nornir.api.guard import needs_of
from calipso_nornir.api.shielding import LARGEST
from calipso_nornir.client import Calipso
from calipso_nornir.model.finding import Equal, Find
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.store import environments
from calipso_nornir.store.documents import object_document
from tests.fixtures.serving import PASSWORD, Client, Served, served_lab

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from calipso_nornir.model.stores import Document, Store

pytest_plugins = ["tests.fixtures.lab_api"]

HEALTH = {(method, path) for method in ("GET", "HEAD") for path in ("/healthz", "/readyz")}
OPEN = {*HEALTH, ("GET", "/api/v2/openapi.json"), ("POST", "/auth/tokens")}
LAB = "/environments/lab"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served_lab(tmp_path_factory.mktemp("api")) as running:
        yield running


@pytest.fixture(scope="module")
def stranger(api: Served) -> Client:
    """Somebody who may log in, and nothing else."""
    return api.user("stranger")


def wrong(answer: requests.Response, status: int) -> dict[str, Any]:
    """Return the problem that an answer tells."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    return problem


# --- who gets in


def routes() -> list[tuple[str, str, Callable[..., object]]]:
    """Return method, path with values in it, and handler, of every route that there is."""
    values = {"environment": "lab", "type": "host", "id": "cmp1", "scan_id": "x", "name": "root", "of": "0" * 24}
    found = [(prefix, one) for prefix, router in ROUTERS for one in router.routes if isinstance(one, APIRoute)]
    return [
        (method, (prefix + one.path).replace(":path", "").format(**values), one.endpoint)
        for prefix, one in found
        for method in sorted(one.methods or ())
    ]


def test_every_route_is_walked(api: Served) -> None:
    app = create_app(api.settings)
    assert len(app.routes) == len(ROUTERS), "what is not in ROUTERS would not be walked"
    assert len(routes()) >= sum(len(methods) for methods in app.openapi()["paths"].values()) > 25


def test_no_route_is_open_by_accident(api: Served, stranger: Client) -> None:
    for method, path, handler in routes():
        needed = needs_of(handler)
        assert needed is not None, f"{path} does not say who may use it"
        assert needed.open == ((method, path) in OPEN), path
        if needed.open:
            continue
        refused = api.nobody.ask(method, f"/{path}", json={})
        assert refused.status_code == 401, f"{method} {path}"
        assert refused.headers["www-authenticate"].startswith("Bearer")
        if needed.role is not None:
            assert stranger.ask(method, f"/{path}", json={}).status_code == 403, f"{method} {path}"


def test_a_viewer_changes_nothing(viewer: Client) -> None:
    reading = set()
    for method, path, handler in routes():
        needed = needs_of(handler)
        if method == "GET" or needed is None or needed.role is None:
            continue
        if needed.role is Role.VIEWER:
            reading.add(path.strip("/"))
        else:
            assert viewer.ask(method, f"/{path}", json={}).status_code == 403, f"{method} {path}"
    assert reading == {"grafana/search", "grafana/query"}, "Grafana asks by POST"


def test_a_role_in_one_environment_is_none_in_another(operator: Client) -> None:
    problem = wrong(operator.ask("GET", "/environments/prod/objects"), 403)
    assert problem["detail"] == "operator is not viewer in environment prod"
    wrong(operator.ask("POST", "/environments/prod/scans", json={}), 403)
    wrong(operator.ask("GET", "/users"), 403)
    wrong(operator.ask("GET", "/audit"), 403)
    assert [one["name"] for one in operator.get("/environments")] == ["lab"]


def test_who_has_every_right_elsewhere_has_none_here(api: Served) -> None:
    """Every route that names an environment, in its path, its query or its body."""
    elsewhere = api.user("elsewhere", prod="admin")
    asked = 0
    for method, path, handler in routes():
        needed = needs_of(handler)
        assert needed is not None
        named = needed.named
        if "/environments/lab" not in path and (named is None or not named.names):
            continue
        given = dict.fromkeys(named.names, "lab") if named is not None else {}
        query, body = (given, {}) if named is None or named.place == "query" else ({}, given)
        answer = elsewhere.ask(method, f"/{path}", params=query, json=body)
        assert answer.status_code == 403, f"{method} {path}: {answer.text}"
        asked += 1
    assert asked > 60


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({}, "log in: Authorization: Bearer TOKEN"),
        ({"Authorization": "Bearer nonsense"}, "the token is unknown, has expired or is revoked"),
        ({"Authorization": "Bearer"}, "the token is unknown"),
        ({"Authorization": "Digest x"}, "log in: "),
        ({"X-Auth-Token": "nonsense"}, "the token is unknown"),
        ({"Authorization": "Basic " + base64.b64encode(b"nobody:" + b"x" * 12).decode()}, "the name or the password"),
    ],
)
def test_wrong_credentials_are_refused(api: Served, headers: dict[str, str], said: str) -> None:
    assert said in wrong(Client(api.url, headers).ask("GET", "/me"), 401)["detail"]


def test_what_is_not_there_says_where_to_look(admin: Client) -> None:
    for path in ("/nosuch", "//", "//api", f"{LAB}/nosuch"):
        assert "GET /api/v2/openapi.json lists what there is" in wrong(admin.ask("GET", path), 404)["detail"]
    assert wrong(admin.ask("PUT", "/me"), 405)["detail"] == "/api/v2/me does not take PUT; expected GET"
    for method in ("PUT", "OPTIONS", "TRACE", "HEAD"):
        assert admin.ask(method, "/users").headers["allow"] == "GET, POST", "of all its routes (RFC 9110, 15.5.6)"


@pytest.mark.parametrize("body", ["no json", '{"name": }', "{'name': 1}"])
def test_a_body_that_is_no_json_says_where(admin: Client, body: str) -> None:
    answer = admin.ask("POST", "/users", data=body, headers={"Content-Type": "application/json"})
    (error,) = wrong(answer, 422)["errors"]
    assert error["field"] == "body"
    assert re.fullmatch(r"this is no JSON: .+ at character \d+", error["detail"])


def test_a_revision_that_is_not_known_says_which_are(api: Served, viewer: Client) -> None:
    said = wrong(viewer.ask("GET", f"{LAB}/objects?revision=99999"), 404)["detail"]
    newest = api.settings.store.view("lab").revision
    assert said.startswith("the store: the state of environment lab at revision 99999 is not known; the oldest")
    assert said.endswith(f"the newest that of revision {newest}.")


@pytest.mark.parametrize("given", ["%%%", base64.b64encode(b"no colon").decode(), base64.b64encode(b"\xff:x").decode()])
def test_basic_that_is_none_is_named(api: Served, given: str) -> None:
    problem = wrong(Client(api.url, {"Authorization": f"Basic {given}"}).ask("GET", "/me"), 400)
    assert problem["errors"][0]["field"] == "authorization"


def test_one_logs_in_with_a_password_and_goes_on_with_a_token(api: Served) -> None:
    api.user("ann", lab="viewer")
    made = api.nobody.ask("POST", "/tokens", auth=("ann", PASSWORD), json={"name": "report", "scope": "viewer"}).json()
    for headers in ({"Authorization": f"Bearer {made['token']}"}, {"X-Auth-Token": made["token"]}):
        me = Client(api.url, headers).get("/me")
        assert (me["name"], me["roles"], me["must_change_password"]) == ("ann", {"lab": "viewer"}, False)
    ann = Client(api.url, {"X-Auth-Token": made["token"]})
    listed = ann.get("/tokens")
    assert made["id"] in [one["id"] for one in listed]
    assert not any("token" in one for one in listed)
    assert ann.ask("DELETE", "/tokens/current").status_code == 204
    assert ann.ask("GET", "/me").status_code == 401
    assert wrong(api.user("ann").ask("DELETE", "/tokens/nosuch"), 404)["detail"] == "ann has no token nosuch"


def test_a_one_time_password_only_chooses_another(api: Served, admin: Client) -> None:
    admin.post("/users", {"name": "new", "password": "once once once", "roles": {"lab": "viewer"}})
    made = api.nobody.ask("POST", "/tokens", auth=("new", "once once once")).json()
    new = Client(api.url, {"X-Auth-Token": made["token"]})
    assert new.get("/me")["must_change_password"] is True
    assert "is to be changed first" in wrong(new.ask("GET", LAB), 403)["detail"]
    change = {"old": "once once once", "new": "another password"}
    for spoilt, status, field in (
        ({**change, "old": "wrong"}, 403, "old"),
        ({**change, "new": "short"}, 422, "new"),
        ({**change, "new": change["old"]}, 422, "new"),
    ):
        problem = wrong(new.ask("PUT", "/me/password", json=spoilt), status)
        assert problem["errors"][0]["field"] == field
        assert "once once" not in str(problem), "a password is not repeated"
    assert new.ask("PUT", "/me/password", json=change).status_code == 204
    assert new.ask("GET", "/me").status_code == 401, "its tokens are revoked"
    assert requests.get(f"{api.url}/api/v2{LAB}", auth=("new", "another password"), timeout=30).status_code == 200


def test_a_token_has_a_scope_and_tells_what_it_allows(api: Served, admin: Client) -> None:
    everything = api.user("scoped", everywhere="admin", lab="viewer")
    assert everything.get("/me")["permissions"] == {
        "*": ["read", "scan", "configure", "administer"],
        "lab": ["read", "scan", "configure"],
    }
    made = everything.post("/tokens", {"name": "report", "scope": "operator", "environments": ["lab"]})
    limited = Client(api.url, {"Authorization": f"Bearer {made['token']}"})
    me = limited.get("/me")
    assert me["permissions"] == {"lab": ["read", "scan"]}
    assert me["token"] == {**me["token"], "id": made["id"], "name": "report", "environments": ["lab"]}
    assert limited.get("/tokens")[0]["last_used"] is not None
    wrong(limited.ask("GET", "/users"), 403)
    wrong(limited.ask("GET", "/environments/prod/objects"), 403)
    again = limited.post("/tokens", {"scope": "admin", "lifetime_s": 360 * 86400})
    assert (again["scope"], again["environments"]) == ("operator", ["lab"])
    wrong(limited.ask("POST", "/tokens", json={"environments": ["prod"]}), 400)
    wrong(limited.ask("POST", "/tokens", json={"environments": []}), 422)
    assert admin.ask("DELETE", "/users/scoped").status_code == 204
    wrong(limited.ask("GET", "/me"), 401)


def test_all_tokens_of_a_user_are_revoked_at_once(api: Served, admin: Client) -> None:
    clients = [api.user("many"), api.user("many")]
    assert len(admin.get("/users/many/tokens")) == 2
    assert admin.ask("DELETE", "/users/many/tokens").status_code == 204
    assert [one.ask("GET", "/me").status_code for one in clients] == [401, 401]
    wrong(admin.ask("GET", "/users/nobody/tokens"), 404)
    own = [api.user("many"), api.user("many")]
    assert own[0].ask("DELETE", "/tokens").status_code == 204
    assert [one.ask("GET", "/me").status_code for one in own] == [401, 401]
    assert admin.get("/users/many/tokens") == []


def test_guessing_is_slowed_down(api: Served, admin: Client, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(5):
        assert api.nobody.ask("GET", "/me", auth=("victim", "guess guess guess")).status_code == 401
    assert api.nobody.ask("POST", "/tokens", auth=("victim", "guess guess guess")).status_code == 429
    assert "POST /api/v2/tokens from 127.0.0.1: refused (429)" in caplog.text
    refused = {one["status"] for one in admin.get("/audit", limit=1000)} & {401, 429}
    assert not refused, "a stranger fills no store"
    slowed = api.nobody.ask("GET", "/me", auth=("victim", "guess guess guess"))
    assert wrong(slowed, 429)["detail"].startswith("too many failed logins: try again in")
    assert 0 < int(slowed.headers["retry-after"]) <= 61
    api.settings.throttle.succeeded("user victim", "address 127.0.0.1")
    with ThreadPoolExecutor(20) as pool:
        answers = pool.map(lambda n: api.nobody.ask("GET", "/me", auth=("victim", f"guess {n}")).status_code, range(20))
    assert Counter(answers) == {401: 5, 429: 15}, "guesses at once are no way around it"
    api.settings.throttle.succeeded("user victim", "address 127.0.0.1")


# --- users


def test_users_are_made_changed_and_removed(admin: Client) -> None:
    assert admin.post("/users", {"name": "bob", "password": PASSWORD, "roles": {"lab": "viewer"}}) == {
        "name": "bob",
        "roles": {"lab": "viewer"},
        "enabled": True,
        "must_change_password": True,
        "source": "local",
    }
    assert (
        "exists already"
        in wrong(admin.ask("POST", "/users", json={"name": "bob", "password": PASSWORD}), 409)["detail"]
    )
    changed = admin.ask("PATCH", "/users/bob", json={"roles": {"*": "operator"}, "enabled": False}).json()
    assert (changed["roles"], changed["enabled"]) == ({"*": "operator"}, False)
    assert "bob" in [one["name"] for one in admin.get("/users")]
    assert not any("password_hash" in one for one in admin.get("/users"))
    assert admin.ask("DELETE", "/users/bob").status_code == 204
    wrong(admin.ask("DELETE", "/users/bob"), 404)
    assert "the only admin" in wrong(admin.ask("DELETE", "/users/root"), 409)["detail"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "x", "password": "short"}, "password"),
        ({"name": "a b", "password": PASSWORD}, "name"),
        ({"name": "x", "password": PASSWORD, "roles": {"lab": "root"}}, "roles.lab"),
        ({"name": "x", "password": PASSWORD, "admin": True}, "admin"),
        ({"password": PASSWORD}, "name"),
        ([], "body"),
    ],
)
def test_what_is_wrong_with_a_body_is_named(admin: Client, body: object, field: str) -> None:
    assert wrong(admin.ask("POST", "/users", json=body), 422)["errors"][0]["field"] == field


# --- what is measured


def test_metrics_have_bounded_labels(api: Served, admin: Client, viewer: Client, stranger: Client) -> None:
    viewer.get(LAB)
    for n in range(30):
        api.nobody.ask("GET", f"//nowhere/{n}")
        viewer.ask("GET", f"{LAB}/objects/host/no{n}%22x")
        viewer.ask("GET", f"{LAB}/objects/host/no{n}%0A%22x")
        viewer.ask("GET", f"/environments/none{n}/objects")
        api.nobody.ask(f"M{n}", "//healthz")
    api.nobody.ask("POST", "/tokens", auth=("nobody", "wrong"))
    answer = admin.ask("GET", "//metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = answer.text.splitlines()
    values = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    counted = [name for name in values if name.startswith("calipso_http_requests_total")]
    routed = {name.partition('route="')[2].partition('"')[0] for name in counted}
    assert routed <= {"other", *(prefix + one.path for prefix, router in ROUTERS for one in router.routes)}
    assert {"other", "/api/v2/environments/{environment}/objects/{type}/{id:path}"} <= routed
    assert float(values['calipso_http_requests_total{route="other",method="GET",status="4xx"}']) >= 30
    assert not [name for name in counted if "nowhere" in name or "none" in name or 'method="M' in name]
    assert float(values["calipso_login_failures_total"]) >= 1
    described = "/api/v2/environments/{environment}"
    timed = f'calipso_http_request_seconds_bucket{{route="{described}",le='
    told = [float(values[f'{timed}"{le}"}}']) for le in ("10", "+Inf")]
    assert 0 < told[0] <= told[1] == float(values[f'calipso_http_request_seconds_count{{route="{described}"}}'])
    assert float(values['calipso_store_revision{environment="lab"}']) == viewer.get(LAB)["revision"]
    assert float(values['calipso_store_bytes{part="file"}']) > 4096
    assert {name for name in values if "store_bytes" in name} == {
        'calipso_store_bytes{part="file"}',
        'calipso_store_bytes{part="log"}',
    }
    assert [one for one in values if one.startswith("calipso_build_info")]
    assert "calipso_scan_queue_depth" in values
    for who, status in ((viewer, 403), (stranger, 403), (api.nobody, 401)):
        wrong(who.ask("GET", "//metrics"), status)


# --- the picture


def test_environments_are_described(viewer: Client) -> None:
    (listed,) = viewer.get("/environments")
    described = viewer.get(LAB)
    assert described["name"] == listed["name"] == "lab"
    assert described["counts"]["host"] > 0 < described["revision"]


def test_objects_are_filtered_sorted_and_paged(viewer: Client) -> None:
    whole = viewer.get(f"{LAB}/objects", type="vnic", sort="host,name", limit=1000)
    assert whole["next"] is None
    names = [(one["host"], one["name"]) for one in whole["items"]]
    assert names == sorted(names)
    assert len(names) > 4
    paged, after = [], None
    while True:
        page = viewer.get(
            f"{LAB}/objects", type="vnic", sort="host,name", limit=3, **({"after": after} if after else {})
        )
        paged += page["items"]
        after = page["next"]
        if after is None:
            break
    assert paged == whole["items"]
    on_host = viewer.get(f"{LAB}/objects", type="vnic", host="cmp1", fields="id,host")["items"]
    assert {one["host"] for one in on_host} == {"cmp1"}
    assert {tuple(one) for one in on_host} == {("id", "host")}
    two = viewer.ask("GET", f"{LAB}/objects?type=host&type=vnic&limit=1000").json()["items"]
    assert {one["type"] for one in two} == {"host", "vnic"}


@pytest.mark.parametrize(
    ("query", "field", "said"),
    [
        ("nosuch=1", "nosuch", '"nosuch" is not a field'),
        ("sort=nosuch", "sort", '"nosuch" is not a field'),
        ("fields=id,nosuch", "fields", '"nosuch" is not a field'),
        ("sort=-nosuch", "sort", '"nosuch" is not a field'),
        ("naem=x", "naem", "Did you mean name?"),
        ("naem__prefix=x", "naem__prefix", '"naem" is not a field'),
        ("show_in_tree=maybe", "show_in_tree", "is no boolean"),
        ("show_in_tree__prefix=t", "show_in_tree__prefix", "show_in_tree is no text"),
        ("name__below=a&name__below=b", "name__below", "expected once"),
        ("last_scanned__from=2026-01-01T00:00:00", "last_scanned__from", "is no time"),
        ("total=perhaps", "total", "boolean"),
        ("after=x", "after", "expected the `next` of a page"),
        ("after=W10", "after", "expected the `next` of a page"),
        ("limit=0", "limit", "greater than or equal to 1"),
        ("limit=1001", "limit", "less than or equal to 1000"),
        ("at=2026-01-01T00:00:00", "at", "should have timezone info"),
        ("at=soon", "at", "valid datetime"),
        ("show_in_tree=perhaps", "show_in_tree", "'perhaps' is no boolean"),
    ],
)
def test_what_is_wrong_with_a_query_is_named(viewer: Client, query: str, field: str, said: str) -> None:
    problem = wrong(viewer.ask("GET", f"{LAB}/objects?{query}"), 422)
    assert problem["errors"][0]["field"] == field
    assert said in problem["detail"]


def test_objects_are_compared_counted_and_sorted_either_way(viewer: Client) -> None:
    def listed(query: str) -> Any:  # noqa: ANN401 - JSON
        return viewer.ask("GET", f"{LAB}/objects?{query}").json()

    every = listed("type=vnic&sort=-name&limit=1000&total=true")
    names = [one["name"] for one in every["items"]]
    assert names == sorted(names, reverse=True)
    assert every["total"] == len(names) == listed("type=vnic&limit=1&total=true")["total"]
    assert listed("type=vnic&limit=1")["total"] is None
    start = names[0][:4]
    with_prefix = [one["name"] for one in listed(f"type=vnic&name__prefix={start}&sort=-name&limit=1000")["items"]]
    assert with_prefix == [name for name in names if name.startswith(start)]
    middle = names[len(names) // 2]
    parts = [listed(f"type=vnic&{way}={middle}&total=true")["total"] for way in ("name__from", "name__below")]
    assert sum(parts) == len(names)
    assert parts[0] == sum(name >= middle for name in names)
    query = "type=vnic&sort=-last_scanned&limit=2&fields=name"
    first = viewer.ask("GET", f"{LAB}/objects?{query}")
    following = f"/api/v2{LAB}/objects?{query}&after={first.json()['next']}"
    assert first.headers["link"] == f'<{following}>; rel="next"'
    paged, link = [*first.json()["items"]], first.links.get("next")
    while link is not None:
        answer = viewer.ask("GET", link["url"].removeprefix("/api/v2"))
        paged += answer.json()["items"]
        link = answer.links.get("next")
    assert sorted(one["name"] for one in paged) == sorted(names)
    seen = listed("type=host&last_scanned__below=2100-01-01T00:00:00Z&total=true")["total"]
    assert seen == listed("type=host&total=true")["total"] > 0


def test_addresses_are_asked_for_however_they_are_written(viewer: Client) -> None:
    def found(query: str) -> list[str]:
        return sorted(one["id"] for one in viewer.get(f"{LAB}/objects?{query}")["items"])

    items = viewer.get(f"{LAB}/objects?type=vnic&fields=id,mac_address&limit=1000")["items"]
    mac = next(one["mac_address"] for one in items if one["mac_address"])
    wanted = sorted(one["id"] for one in items if one["mac_address"] == mac)
    digits = mac.replace(":", "")
    forms = (mac, mac.upper(), mac.replace(":", "-"), f"{digits[:4]}.{digits[4:8]}.{digits[8:]}", digits.upper())
    for form in forms:
        assert found(f"type=vnic&mac_address={form}") == wanted, form
        assert found(f"type=vnic&mac_address={form}&mac_address=00:00:00:00:00:00") == wanted, form
        assert set(wanted) <= {one["id"] for one in viewer.get(f"{LAB}/search?q={form}")}, form
    assert found("type=vnic&mac_address=00-00-00-00-00-00") == []
    assert found(f"id={mac}") == [], "an id counts as it is written"


def test_an_answer_that_is_still_true_is_not_sent_again(viewer: Client, api: Served) -> None:
    focal = api.settings.store.view("lab").cliques()[0].focal_point
    ends = f"from_type={focal.type}&from_id={focal.id}&to_type=host&to_id=cmp1"
    for path in (
        "objects?type=host",
        "objects/host/cmp1",
        "links?limit=3",
        "objects/host/cmp1/children",
        "search?q=cmp1",
        f"cliques/{focal.type}/{focal.id}",
        "graph/host/cmp1",
        "impact/host/cmp1",
        f"paths?{ends}",
    ):
        first = viewer.ask("GET", f"{LAB}/{path}")
        tag = first.headers["etag"]
        assert first.headers["cache-control"] == "private, no-cache"
        for asked in (tag, f'"x", {tag}', tag.removeprefix("W/"), "*"):
            again = viewer.ask("GET", f"{LAB}/{path}", headers={"If-None-Match": asked})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert viewer.ask("GET", f"{LAB}/{path}", headers={"If-None-Match": '"x"'}).status_code == 200
        assert api.nobody.ask("GET", f"{LAB}/{path}", headers={"If-None-Match": tag}).status_code == 401
        with api.settings.store.write("lab") as writer:
            changed = api.settings.store.view("lab").find(Find(where=(Equal("type", "host"),), limit=1))[0]
            attributes = {**changed.attributes, "note": path}
            writer.put("inventory", [object_document(replace(changed, attributes=attributes))])
        later = viewer.ask("GET", f"{LAB}/{path}", headers={"If-None-Match": tag})
        assert (later.status_code, later.headers["etag"] == tag) == (200, False)
    assert "etag" not in viewer.ask("GET", f"{LAB}/scans").headers


def test_one_object_its_children_links_and_clique(viewer: Client) -> None:
    host = viewer.get(f"{LAB}/objects/host/cmp1")
    assert (host["type"], host["id"]) == ("host", "cmp1")
    assert host["evidence"]
    below = viewer.get(f"{LAB}/objects/host/cmp1/children")
    assert below
    assert all(one["parent_id"] == "cmp1" for one in below)
    instance = viewer.get(f"{LAB}/objects", type="instance", host="cmp1")["items"][0]
    clique = viewer.get(f"{LAB}/cliques/instance/{instance['id']}")
    assert len(clique["links"]) == clique["links_in_all"] > 2
    assert {"vnic", "instance"} <= {one["type"] for one in clique["nodes"]}
    vnic = next(one for one in clique["nodes"] if one["type"] == "vnic")
    links = viewer.get(f"{LAB}/links/of/vnic/{vnic['id']}")
    assert {vnic["_id"]} <= {end for one in links for end in (one["source"], one["target"])}
    listed = viewer.get(f"{LAB}/links", link_type=links[0]["link_type"], limit=1000)["items"]
    assert links[0]["_id"] in {one["_id"] for one in listed}
    found = viewer.get(f"{LAB}/search", q=instance["name"])
    assert instance["id"] in {one["id"] for one in found}


@pytest.mark.parametrize(
    "path",
    ["/objects/host/nosuch", "/objects/nosuch/cmp1", "/cliques/host/nosuch", "/links/of/host/nosuch", "/scans/nosuch"],
)
def test_what_is_not_there_is_404(viewer: Client, path: str) -> None:
    wrong(viewer.ask("GET", LAB + path), 404)


def test_an_environment_that_is_not_there(admin: Client) -> None:
    problem = wrong(admin.ask("GET", "/environments/lba/objects"), 404)
    assert '"lba" is not an environment' in problem["detail"]
    wrong(admin.ask("POST", "/environments/lba/scans", json={}), 404)
    wrong(admin.ask("GET", "/nosuch"), 404)
    wrong(admin.ask("PATCH", "/environments"), 405)


def test_the_past_is_shown(viewer: Client) -> None:
    now = viewer.get(LAB)["revision"]
    later = viewer.get(f"{LAB}/objects", limit=1, at="2126-01-01T00:00:00Z")
    assert later["revision"] == now
    assert wrong(viewer.ask("GET", f"{LAB}/objects?at=2000-01-01T00:00:00Z"), 404)["detail"]


# --- environments

DESCRIPTION = {
    "environment_type": "OpenStack",
    "distribution": "Debian",
    "distribution_version": "Zed",
    "mechanism_drivers": ["OVS"],
    "type_drivers": "vxlan",
    "configuration": [
        {
            "name": "OpenStack",
            "auth_url": "http://127.0.0.1:9/v3",
            "user": "admin",
            "pwd": {"secret": "s3cret-of-cloud"},
        },
        {"name": "CLI", "user": "scanner", "key": {"secret": "-----BEGIN OPENSSH PRIVATE KEY-----"}, "hosts": {}},
    ],
}


def section(environment: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in environment["configuration"] if one["name"] == name)
    return found


def test_of_two_who_replace_a_description_one_is_told(
    api: Served, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else writes between the check of If-Match and the write."""
    kept, files = api.settings.store.collection("environments_config"), api.settings.secret_files
    assert admin.ask("PUT", "/environments/raced", json=DESCRIPTION).status_code == 201
    secrets = set(files.folder.iterdir())
    make, look = type(files).environment, environments.stored_environment
    others = [1]

    def interfere() -> None:
        if others:
            kept.update_if("raced", {}, {"noted": others.pop()})

    def making(*args: Any, **options: Any) -> object:  # noqa: ANN401 - as it has them
        found = make(*args, **options)
        interfere()
        return found

    def looking(store: Store, name: str) -> Document | None:
        found = look(store, name)
        interfere()
        return found

    tag = admin.ask("GET", "/environments/raced").headers["etag"]
    with monkeypatch.context() as patch:
        patch.setattr(type(files), "environment", making)
        wrong(admin.ask("PUT", "/environments/raced", json=DESCRIPTION, headers={"If-Match": tag}), 412)
        assert (kept.get("raced") or {})["noted"] == 1, "what the other one wrote stands"
        assert set(files.folder.iterdir()) == secrets, "secrets of a description that was not written are removed"
        others.append(2)
        changed = admin.ask("PUT", "/environments/raced", json=DESCRIPTION)
        assert (changed.status_code, others) == (200, []), "without If-Match the last one wins"
        assert "noted" not in (kept.get("raced") or {})
        assert len(set(files.folder.iterdir())) == len(secrets)
    tag = changed.headers["etag"]
    with monkeypatch.context() as patch:
        patch.setattr("calipso_nornir.api.v2.environments.stored_environment", looking)
        others.append(3)
        wrong(admin.ask("DELETE", "/environments/raced", headers={"If-Match": tag}), 412)
        assert (kept.get("raced") or {})["noted"] == 3
        others.append(4)
        assert admin.ask("DELETE", "/environments/raced").status_code == 204
    assert (kept.get("raced"), others) == (None, [])


def test_an_environment_is_described_changed_and_removed(api: Served, admin: Client) -> None:
    made = admin.ask("PUT", "/environments/new", json=DESCRIPTION)
    assert made.status_code == 201, made.text
    assert "s3cret" not in made.text
    assert "BEGIN" not in made.text
    pwd, key = (
        Path(one) for one in (section(made.json(), "OpenStack")["pwd"]["file"], section(made.json(), "CLI")["key"])
    )
    assert (pwd.read_text(), oct(pwd.stat().st_mode & 0o777)) == ("s3cret-of-cloud", "0o600")
    assert oct(pwd.parent.stat().st_mode & 0o777) == "0o700"
    assert key.read_text().startswith("-----BEGIN")
    assert "s3cret" not in str(list(api.settings.store.collection("environments_config").find()))
    shown = {
        name: value for name, value in admin.get("/environments/new").items() if name not in ("counts", "revision")
    }
    section(shown, "OpenStack")["user"] = "another"
    tag = admin.ask("GET", "/environments/new").headers["etag"]
    for stale in ('"x"', f"W/{tag}x", f"W/{tag}"):
        problem = wrong(admin.ask("PUT", "/environments/new", json=shown, headers={"If-Match": stale}), 412)
        assert problem["errors"][0]["field"] == "if-match"
        wrong(admin.ask("DELETE", "/environments/new", headers={"If-Match": stale}), 412)
    wrong(admin.ask("PUT", "/environments/newer", json=DESCRIPTION, headers={"If-Match": "*"}), 412)
    kept = admin.ask("PUT", "/environments/new", json=shown, headers={"If-Match": f'"x", {tag}'})
    assert kept.status_code == 200, kept.text
    assert kept.headers["etag"] == admin.ask("GET", "/environments/new").headers["etag"]
    changed = admin.ask("PUT", "/environments/new", json=shown)
    assert (changed.status_code, section(changed.json(), "OpenStack")["user"]) == (200, "another"), changed.text
    assert pwd.exists(), "the reference stands where it stood"
    section(shown, "OpenStack")["pwd"] = {"secret": "another secret"}
    changed = admin.ask("PUT", "/environments/new", json=shown)
    assert not pwd.exists()
    newer = Path(section(changed.json(), "OpenStack")["pwd"]["file"])
    assert newer.read_text() == "another secret"
    assert admin.ask("DELETE", "/environments/new").status_code == 204
    assert not newer.exists()
    assert not key.exists()
    wrong(admin.ask("GET", "/environments/new"), 404)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pwd", {"command": "touch /nowhere"}),
        ("pwd", "command:touch /nowhere"),
        ("pwd", {"file": "/etc/shadow"}),
        ("pwd", "file:/etc/shadow"),
        ("pwd", {"env": "PATH"}),
        ("pwd", {"keyring": "a:b"}),
        ("token", {"cloud": "prod"}),
        ("os_cloud", "prod"),
        ("cacert", "/etc/shadow"),
        ("client_key", "/root/.ssh/id_ed25519"),
    ],
)
def test_a_reference_of_a_client_is_refused(api: Served, admin: Client, name: str, value: object) -> None:
    spoilt = copy.deepcopy(DESCRIPTION)
    section(spoilt, "OpenStack")[name] = value
    refused = admin.ask("PUT", "/environments/evil", json=spoilt)
    assert refused.status_code in (400, 422), refused.text
    assert "s3cret" not in refused.text
    wrong(admin.ask("GET", "/environments/evil"), 404)
    assert list(Path(api.settings.secret_files.folder).glob("*")) == [], "what was written is gone"


@pytest.mark.parametrize("path", ["/root/.ssh/id_ed25519", "../x"])
def test_a_path_of_a_client_is_refused(admin: Client, path: str) -> None:
    for field in ("key", "ssh_config", "known_hosts"):
        spoilt = copy.deepcopy(DESCRIPTION)
        section(spoilt, "CLI")[field] = path
        assert (
            f"/configuration/CLI/{field}: a reference or path"
            in wrong(admin.ask("PUT", "/environments/evil", json=spoilt), 400)["detail"]
        )


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"name": "another"}, 422, "expected evil, as in the path"),
        ({"mechanism_drivers": ["Nosuch"]}, 422, "mechanism_drivers"),
        ({"configuration": [{"name": "OpenStack", "nosuch": 1}]}, 422, "OpenStack/nosuch: unknown key"),
        (
            {"configuration": [{"name": "OpenStack", "pwd": "plain s3cret"}]},
            422,
            'value; send {"secret": TEXT}',
        ),
        ({"configuration": [{"name": "OpenStack", "pwd": {"secret": ""}}]}, 400, "and the text not empty"),
        ({"configuration": [{"name": "OpenStack", "pwd": {"secret": 7}}]}, 400, "expected"),
    ],
)
def test_a_description_that_is_wrong_says_what(admin: Client, change: dict[str, Any], status: int, said: str) -> None:
    problem = wrong(admin.ask("PUT", "/environments/evil", json={**DESCRIPTION, **change}), status)
    assert said in problem["detail"]
    assert problem["errors"][0]["field"].partition("/")[0] == next(iter(change))
    assert "s3cret" not in str(problem)


def test_a_connection_test_runs_for_real(admin: Client, viewer: Client) -> None:
    """Nobody listens at port 9 of loopback; so each needed step fails, and says why."""
    admin.ask("PUT", "/environments/far", json=DESCRIPTION)
    started = admin.post("/environments/far/checks", status=202)
    deadline = time.monotonic() + 60
    while (test := admin.get(f"/environments/far/checks/{started['id']}"))["status"] == "running":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert test["status"] == "failed"
    login = next(one for one in test["steps"] if one["section"] == "OpenStack")
    assert (login["ok"], "127.0.0.1:9" in login["detail"]) == (False, True)
    assert "s3cret" not in str(test)
    wrong(admin.ask("GET", "/environments/lab/checks/" + started["id"]), 404)
    wrong(viewer.ask("GET", "/environments/far/checks/" + started["id"]), 403)
    admin.ask("DELETE", "/environments/far")


# --- scans


def test_a_scan_is_asked_for_watched_and_cancelled(operator: Client, viewer: Client, admin: Client) -> None:
    made = operator.post(f"{LAB}/scans", {"scan_only_links": True, "log_level": "debug"})
    assert (made["status"], made["submitted_by"], made["scan_only_links"]) == ("pending", "operator", True)
    scan = f"{LAB}/scans/{made['scan_id']}"
    assert viewer.get(scan)["status"] == "pending"
    assert made["scan_id"] in [one["scan_id"] for one in viewer.get(f"{LAB}/scans", status="pending")]
    assert operator.post(f"{scan}/cancel", status=200)["status"] == "aborted"
    assert "has ended: aborted" in wrong(operator.ask("POST", f"{scan}/cancel"), 409)["detail"]
    assert viewer.get(f"{scan}/log") == []
    draft = operator.post(f"{LAB}/scans", {"draft": True})
    assert draft["status"] == "draft"
    assert operator.post(f"{LAB}/scans/{draft['scan_id']}/release", status=200)["status"] == "pending"
    done = next(one for one in viewer.get(f"{LAB}/scans") if one["status"].startswith("completed"))
    assert "phase links began" in [one["message"] for one in viewer.get(f"{LAB}/scans/{done['scan_id']}/log")]
    assert viewer.get(f"{LAB}/messages", level="info", limit=5)
    assert wrong(viewer.ask("GET", f"{LAB}/messages?level=loud"), 422)["errors"][0]["field"] == "level"
    assert wrong(viewer.ask("GET", f"{LAB}/scans?status=done"), 422)["errors"][0]["field"] == "status"
    newest = viewer.get(f"{LAB}/messages", limit=1)[0]["timestamp"]
    east = datetime.fromisoformat(newest).astimezone(timezone(timedelta(hours=9)))
    assert viewer.get(f"{LAB}/messages", since=east.isoformat()), "a time is a time, whatever its zone"
    west = (datetime.fromisoformat(newest) + timedelta(minutes=1)).astimezone(timezone(timedelta(hours=-9)))
    assert viewer.get(f"{LAB}/messages", since=west.isoformat()) == []
    assert not any("process" in one or "owner" in one for one in viewer.get(f"{LAB}/scans"))
    mine = [one for one in admin.get("/audit", limit=1000) if one["path"] == f"/api/v2{scan}/cancel"]
    assert [(one["who"], one["from"], one["status"]) for one in mine] == [
        ("operator", "127.0.0.1", 409),
        ("operator", "127.0.0.1", 200),
    ]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"clear": "perhaps"}, "clear: "),
        ({"time_limit": 0}, "time_limit: Input should be greater than 0"),
        ({"nosuch": 1}, "nosuch: Extra inputs are not permitted"),
    ],
)
def test_a_scan_that_cannot_be_is_refused(operator: Client, body: object, said: str) -> None:
    assert said in wrong(operator.ask("POST", f"{LAB}/scans", json=body), 422)["detail"]
    both = {"scan_only_links": True, "scan_only_cliques": True}
    assert "exclude each other" in wrong(operator.ask("POST", f"{LAB}/scans", json=both), 400)["detail"]


def test_schedules_are_made_paused_and_removed(operator: Client, viewer: Client) -> None:
    made = operator.post(f"{LAB}/schedules", {"freq": "DAILY", "start": "2126-01-01T02:30:00Z", "clear": True})
    assert (made["scheduled_timestamp"], made["clear"]) == ("2126-01-01T02:30:00+00:00", True)
    schedule = f"{LAB}/schedules/{made['id']}"
    assert operator.post(f"{schedule}/pause", status=200)["paused"] is True
    assert [one["id"] for one in viewer.get(f"{LAB}/schedules")] == [made["id"]]
    assert operator.post(f"{schedule}/resume", status=200)["paused"] is False
    assert operator.ask("DELETE", schedule).status_code == 204
    wrong(operator.ask("DELETE", schedule), 404)
    for body, said in (
        ({"freq": "CRON", "cron": "x"}, "cron expression 'x'"),
        ({"freq": "DAILY", "time_zone": "Mars"}, "time zone Mars is unknown"),
        ({"freq": "ONCE", "start": "2020-01-01T00:00:00Z"}, "which has passed"),
    ):
        assert said in wrong(operator.ask("POST", f"{LAB}/schedules", json=body), 400)["detail"]


# --- changes


def changed(api: Served, name: str, *, note: str) -> None:
    """Commit one small change."""
    ref = ObjectRef("lab", "host", name)
    one = api.settings.store.view("lab").get(ref)
    assert one is not None
    document = object_document(replace(one, attributes={**one.attributes, "note": note}))
    with api.settings.store.write("lab", cause=f"test {note}") as writer:
        writer.put("inventory", [document])


@pytest.mark.parametrize("query", ["", "level=info&", "since=2026-01-01T00:00:00Z&"])
def test_lists_of_records_are_paged(viewer: Client, query: str) -> None:
    whole = viewer.get(f"{LAB}/messages?{query}limit=1000")
    assert [one["timestamp"] for one in whole] == sorted((one["timestamp"] for one in whole), reverse=True)
    path, paged = f"{LAB}/messages?{query}limit=3", list[Any]()
    while path:
        answer = viewer.ask("GET", path)
        paged += answer.json()
        path = answer.links.get("next", {}).get("url", "").removeprefix("/api/v2")
    assert paged == whole
    assert len(paged) > 3


def test_scans_with_a_status_are_paged(operator: Client, viewer: Client) -> None:
    drafts = [operator.post(f"{LAB}/scans", {"draft": True})["scan_id"] for _ in range(5)]
    path, found = f"{LAB}/scans?status=draft&limit=2", list[str]()
    while path:
        answer = viewer.ask("GET", path)
        assert len(answer.json()) <= 2
        found += [one["scan_id"] for one in answer.json()]
        path = answer.links.get("next", {}).get("url", "").removeprefix("/api/v2")
    assert found[:5] == drafts[::-1], "the newest first"
    assert len(found) == len(set(found))


CURSORS = [
    *("x", "%00", "W10", "bnVsbA", "e30", "WyJhIl0", "WyJhIiwgMV0", "W1siYSJdLCAiYiJd", "WzEsImEiXQ", "W" * 4000),
    *("WyJcdWQ4MDAiLCAiYSJd", "WyJhIiwgIlx1ZDgwMCJd", "W05hTiwiYSJd", "W3siJHRpbWUiOiJ4In0sICJhIl0"),
]
"""Texts that nobody was given; some are lists of JSON with values of other types, half characters or no numbers."""


@pytest.mark.parametrize("after", CURSORS)
@pytest.mark.parametrize("path", ["messages?limit=2", "objects?sort=name&limit=2", "links?limit=2", "statuses?limit=2"])
def test_a_cursor_that_was_tampered_with_is_refused_or_a_place(viewer: Client, path: str, after: str) -> None:
    """A place at which no document is, is one all the same: what comes after it is shown, and nothing else happens."""
    answer = viewer.ask("GET", f"{LAB}/{path}&after={after}")
    if answer.status_code != 200:
        assert [one["field"] for one in wrong(answer, 422)["errors"]] == ["after"]


def test_changes_and_commits_are_listed(api: Served, viewer: Client) -> None:
    before = viewer.get(LAB)["revision"]
    assert viewer.get(f"{LAB}/changes", since=before) == []
    changed(api, "cmp1", note="one")
    (change,) = viewer.get(f"{LAB}/changes", since=before)
    assert (change["op"], change["kind"], change["revision"]) == ("put", "inventory", before + 1)
    assert (change["document"]["id"], change["document"]["note"]) == ("cmp1", "one")
    newest = viewer.get(f"{LAB}/commits", limit=1)[0]
    assert (newest["revision"], newest["cause"], newest["changed"]) == (before + 1, "test one", 1)
    wrong(viewer.ask("GET", f"{LAB}/changes"), 422)
    assert wrong(viewer.ask("GET", f"{LAB}/changes?since=-1"), 422)["errors"][0]["field"] == "since"


def events(answer: requests.Response) -> Iterator[dict[str, str]]:
    """Yield the events of a stream, with their fields."""
    event: dict[str, str] = {}
    for line in answer.iter_lines(chunk_size=1, decode_unicode=True):
        if line:
            name, _, value = line.partition(": ")
            event[name] = value
        elif event:
            yield event
            event = {}


def test_changes_are_streamed_and_a_broken_stream_goes_on(api: Served, viewer: Client) -> None:
    before = viewer.get(LAB)["revision"]
    with viewer.ask("GET", f"{LAB}/changes/stream", stream=True) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        changed(api, "cmp1", note="two")
        first = next(events(answer))
    assert (int(first["id"]), first["event"]) == (before + 1, "changes")
    assert json.loads(first["data"])[0]["document"]["note"] == "two"
    changed(api, "cmp1", note="three")
    again = Client(api.url, {**viewer.headers, "Last-Event-ID": first["id"]})
    with again.ask("GET", f"{LAB}/changes/stream", stream=True) as answer:
        second = next(events(answer))
    assert int(second["id"]) == before + 2


def test_a_revision_with_too_many_changes_is_told_without_them(
    api: Served, viewer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calipso_nornir.api.v2.changes.MOST_AT_ONCE", 3)
    monkeypatch.setattr("calipso_nornir.api.v2.changes.POLL_S", 0.05)
    before = viewer.get(LAB)["revision"]
    changed(api, "cmp1", note="before")
    with api.settings.store.write("lab", cause="test") as writer:
        ports = api.settings.store.view("lab").of_type("port")
        some = [object_document(replace(one, attributes={**one.attributes, "note": "m"})) for one in ports]
        writer.put("inventory", some)
    changed(api, "cmp1", note="after")
    assert len(some) > 3
    told = wrong(viewer.ask("GET", f"{LAB}/changes?since={before + 1}"), 404)["detail"]
    assert f"revision {before + 2} of environment lab has more than 3 changes: read the picture" in told
    with viewer.ask("GET", f"{LAB}/changes/stream?since={before + 1}", stream=True) as answer:
        found = events(answer)
        first, second = next(found), next(found)
    assert [(int(one["id"]), one["event"]) for one in (first, second)] == [
        (before + 2, "too_many"),
        (before + 3, "changes"),
    ]
    assert "more than 3 changes" in json.loads(first["data"])
    with Calipso(api.url) as client:
        client.log_in("viewer", PASSWORD)
        event = next(client.changes("lab", since=before + 1))
    assert (event.revision, event.changes, event.too_many) == (before + 2, [], True)


def test_a_stream_ends_when_the_right_to_listen_is_gone(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("calipso_nornir.api.v2.changes.HEARTBEAT_S", 0.0)
    monkeypatch.setattr("calipso_nornir.api.v2.changes.POLL_S", 0.05)
    listener = api.user("listener", lab="viewer")
    with listener.ask("GET", f"{LAB}/changes/stream", stream=True) as answer:
        lines = answer.iter_lines(chunk_size=1, decode_unicode=True)
        assert next(lines) == ": still here"
        api.settings.principals.tokens.revoke("listener")
        rest = list(lines)
    assert set(rest) <= {"", ": still here"}


# --- metadata


def test_metadata_is_shown(viewer: Client, stranger: Client) -> None:
    types = {one["name"]: one for one in viewer.get("/metadata/object_types")}
    assert "mac_address" in [one["name"] for one in types["vnic"]["attributes"]]
    assert {"vnic-vedge", "vedge-vnic"} <= {one["type"] for one in viewer.get("/metadata/link_types")}
    assert "instance" in {one["focal_point_type"] for one in viewer.get("/metadata/clique_types")}
    assert viewer.get("/metadata/clique_constraints")
    assert "OVS" in viewer.get("/metadata/constants")["mechanism_drivers"]
    assert "Debian" in {one["distribution"] for one in viewer.get("/metadata/supported_environments")}
    wrong(stranger.ask("GET", "/metadata/constants"), 403)


# --- the frame


def test_answers_have_headers_for_browsers_and_no_server(viewer: Client) -> None:
    headers = viewer.ask("GET", "/me").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "server" not in headers
    assert "access-control-allow-origin" not in viewer.ask("GET", "/me").headers


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_has_a_limit(operator: Client, *, chunked: bool) -> None:
    part = b"x" * 65536
    data = (part for _ in range(LARGEST // len(part) + 2)) if chunked else part * (LARGEST // len(part) + 2)
    answer = operator.ask("POST", f"{LAB}/scans", data=data)
    assert wrong(answer, 413)["detail"] == f"the body has more than {LARGEST} bytes"


@pytest.mark.parametrize("data", [b"{", b"\xff", b'"text"', b""])
def test_a_body_that_is_no_object_is_refused(operator: Client, data: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    wrong(operator.ask("POST", f"{LAB}/scans", data=data, headers=headers), 422)


def test_health_and_the_description_of_the_api(api: Served) -> None:
    assert api.nobody.get("//healthz") == {"status": "ok"}
    assert api.nobody.get("//readyz") == {"status": "ready"}
    for path in ("//healthz", "//readyz"):  # as load balancers ask
        head = api.nobody.ask("HEAD", path)
        assert (head.status_code, head.content, "strict-transport-security" in head.headers) == (200, b"", False)
    described = api.nobody.get("/openapi.json")
    assert described["openapi"].startswith("3.1")
    assert f"{'/api/v2'}/environments/{{environment}}/objects" in described["paths"]


def test_a_store_that_does_not_answer_is_told_without_where_it_is(tmp_path: Path) -> None:
    with served_lab(tmp_path) as running:
        root = running.user("root", everywhere="admin")
        with sqlite3.connect(tmp_path / "s.db") as connection:
            connection.execute("DROP TABLE revisions")
        for client, path in ((running.nobody, "//readyz"), (root, LAB)):
            told = wrong(client.ask("GET", path), 503)
            assert "the store" in told["detail"]
            assert str(tmp_path) not in str(told)
        assert running.nobody.get("//healthz") == {"status": "ok"}


def test_a_bug_is_500_and_tells_nothing_of_itself(
    api: Served, viewer: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(*_: object) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr("calipso_nornir.api.v2.environments.known_environments", breaks)
    problem = wrong(viewer.ask("GET", "/environments"), 500)
    assert "secret inside" not in str(problem)
    assert "secret inside" in caplog.text
    assert api is not None
