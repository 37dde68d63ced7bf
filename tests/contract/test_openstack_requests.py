# SPDX-License-Identifier: Apache-2.0
"""Requests to the services: addresses, versions, pages, retries, errors as values, and many queries at once."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.errors import (
    ApiFailed,
    ApiUnreachable,
    CalipsoError,
    EndpointMissing,
    NotAuthorized,
    ParseError,
    SourceNotConfigured,
)
from calipso_nornir.model.environment import SecretRef
from calipso_nornir.model.protocols import Reply
from calipso_nornir.model.queries import ApiGet, Command
from calipso_nornir.sources.openstack import OpenStackSource
from calipso_nornir.sources.secrets import Vault
from tests.fixtures.cloud import PASSWORD, USER, Cloud, Request, Response, error, running

if TYPE_CHECKING:
    from collections.abc import Iterator

NETWORKS = ApiGet("network", "/networks", "networks")
SERVERS = ApiGet("compute", "/servers/detail", "servers", (("all_tenants", "1"),))
PATH = "/network/v2.0/networks"
GOOD = Response({"networks": [{"id": "n1"}]})


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with running() as served:
        served.answers(PATH, GOOD)
        yield served


class Pauses(list[float]):
    """Notes the pauses between tries instead of making them."""


def source(cloud: Cloud, pauses: Pauses | None = None, **section: Any) -> OpenStackSource:  # noqa: ANN401 - keys of the section
    given = {"auth_url": cloud.auth_url, "user": USER, "pwd": SecretRef("env", "PW"), **section}
    sleep = time.sleep if pauses is None else pauses.append
    return OpenStackSource(given, Vault(environ={"PW": PASSWORD}), sleep=sleep)


def one(source: OpenStackSource, query: ApiGet = NETWORKS) -> Reply | CalipsoError:
    return source.answer([query])[query]


def data(answer: Reply | CalipsoError) -> Any:  # noqa: ANN401 - JSON
    assert isinstance(answer, Reply), str(answer)
    return answer.data


def test_every_query_gets_its_answer_or_its_error(cloud: Cloud) -> None:
    cloud.answers("/compute/v2.1/servers/detail", Response({"servers": [{"id": "s1", "name": "web"}]}))
    cloud.answers("/network/v2.0/ports", error(500, "boom"))
    command = Command("cmp1", "true")
    ports, unknown = ApiGet("network", "/ports", "ports"), ApiGet("dns", "/zones", "zones")
    before = datetime.now(UTC)
    answers = source(cloud, retries=0).answer([NETWORKS, ports, SERVERS, unknown, command])
    assert list(answers) == [NETWORKS, ports, SERVERS, unknown, command]
    assert data(answers[NETWORKS]) == [{"id": "n1"}]
    assert data(answers[SERVERS]) == [{"id": "s1", "name": "web"}]
    assert answers[ports] == ApiFailed("network", "/ports", 500, "boom")
    assert isinstance(answers[unknown], EndpointMissing)
    assert isinstance(answers[command], SourceNotConfigured)
    reply = answers[NETWORKS]
    assert isinstance(reply, Reply)
    assert before <= reply.at <= datetime.now(UTC)
    assert source(cloud).answer([]) == {}


PORTS = "/network/v2.0/ports"


def by(name: str, value: str) -> ApiGet:
    return ApiGet("network", "/ports", "ports", ((name, value),))


def test_questions_for_single_objects_are_one_request(cloud: Cloud) -> None:
    rows = [{"id": f"p{number}", "device_id": f"d{number // 2}"} for number in range(4)]

    def neutron(request: Request) -> Response:
        named = {value for name, value in request.parameters if name in ("id", "device_id")}
        return Response({"ports": [row for row in rows if named & {*row.values()}]})

    cloud.answers(PORTS, neutron)
    asked = [by("id", "p3"), by("id", "p0"), by("device_id", "d0"), by("device_id", "d1"), by("id", "none"), NETWORKS]
    answers = source(cloud).answer(asked)
    assert list(answers) == asked
    found = {f"{name}={value}": data(answers[by(name, value)]) for query in asked for name, value in query.query}
    assert found == {
        "id=p3": [rows[3]],
        "id=p0": [rows[0]],
        "id=none": [],
        "device_id=d0": rows[:2],
        "device_id=d1": rows[2:],
    }
    assert sorted(one.parameters for one in cloud.asked(PORTS)) == [
        (("device_id", "d0"), ("device_id", "d1")),
        (("id", "none"), ("id", "p0"), ("id", "p3")),
    ]


def test_a_request_for_many_objects_is_not_too_long(cloud: Cloud) -> None:
    cloud.answers(PORTS, Response({"ports": []}))
    answers = source(cloud).answer([by("id", f"{number:036}") for number in range(120)])
    assert all(data(one) == [] for one in answers.values())
    assert sorted(len(one.parameters) for one in cloud.asked(PORTS)) == [20, 50, 50]


def test_one_that_is_refused_does_not_take_the_others_with_it(cloud: Cloud) -> None:
    def neutron(request: Request) -> Response:
        named = [value for _, value in request.parameters]
        return error(400, "no id") if "x" * 300 in named else Response({"ports": [{"id": one} for one in named]})

    cloud.answers(PORTS, neutron)
    answers = source(cloud, retries=0).answer([by("id", "p1"), by("id", "x" * 300), by("id", "p2")])
    assert data(answers[by("id", "p1")]) == [{"id": "p1"}]
    assert data(answers[by("id", "p2")]) == [{"id": "p2"}]
    assert answers[by("id", "x" * 300)] == ApiFailed("network", "/ports", 400, "no id")
    cloud.answers(PORTS, Response(b"nonsense"))
    assert {type(one) for one in source(cloud).answer([by("id", "p1"), by("id", "p2")]).values()} == {ParseError}


def test_what_is_sent(cloud: Cloud) -> None:
    cloud.answers("/compute/v2.1/servers/detail", Response({"servers": []}))
    scan = source(cloud)
    data(one(scan, SERVERS))
    (asked,) = cloud.asked("/compute/v2.1/servers/detail")
    assert asked.headers["openstack-api-version"] == "compute 2.53"
    assert asked.headers["x-auth-token"] in cloud.tokens
    assert asked.headers["user-agent"].startswith("calipso_nornir/")
    assert asked.query == {"all_tenants": "1", "limit": "1000"}
    data(one(scan, ApiGet("network", "/networks", "networks", (("name", "a&b=c ü"), ("name", "x")))))
    (asked,) = cloud.asked(PATH)
    assert asked.query["name"] == "x"
    assert "openstack-api-version" not in asked.headers
    cloud.answers("/compute/v2.1/os-services", Response({"services": []}))
    data(one(scan, ApiGet("compute", "/os-services", "services", microversion="2.69")))
    assert cloud.requests[-1].headers["openstack-api-version"] == "compute 2.69"
    one(scan, ApiGet("network", "/networks/1?x=1#y", "x"))
    assert cloud.requests[-1].query == {}, "a path cannot become a query"
    assert cloud.requests[-1].path == "/network/v2.0/networks/1%3Fx=1%23y"
    count = len(cloud.requests)
    assert "leads out of the service" in str(one(scan, ApiGet("network", "/networks/../../secrets", "x")))
    assert len(cloud.requests) == count


def test_the_catalogue_is_that_of_the_token(cloud: Cloud) -> None:
    catalog = data(one(source(cloud), ApiGet("identity", "/auth/catalog", "catalog", cloud_wide=False)))
    assert {service["type"] for service in catalog} == {"compute", "network", "identity"}
    assert len(cloud.requests) == 1, "it came with the login"


def test_interface_region_and_overrides(cloud: Cloud) -> None:
    cloud.answers("/internal/network/v2.0/networks", Response({"networks": [{"id": "internal"}]}))
    cloud.answers("/elsewhere/v2.0/networks", Response({"networks": [{"id": "own"}]}))
    assert data(one(source(cloud, interface="internal"))) == [{"id": "internal"}]
    override = {"network": f"{cloud.url}/elsewhere/"}
    assert data(one(source(cloud, endpoint_overrides=override))) == [{"id": "own"}]
    here = ApiGet("network", "/networks", "networks", region="RegionOne")
    assert data(one(source(cloud), here)) == [{"id": "n1"}]
    missing = one(source(cloud, region="RegionTwo"))
    assert isinstance(missing, EndpointMissing)
    assert "network in RegionOne (admin/internal/public)" in str(missing)
    assert "region RegionTwo" in str(missing)


def with_endpoints(cloud: Cloud, *more: tuple[str, str, str]) -> None:
    """Add endpoints (service, interface, region) to the catalogue."""
    usual = cloud.login

    def login(request: Request) -> Response:
        response = usual(request)
        response.body["token"]["catalog"] += [
            {"type": kind, "endpoints": [{"interface": interface, "region": region, "url": f"{cloud.url}/x"}]}
            for kind, interface, region in more
        ]
        return response

    cloud.login = login


@pytest.mark.parametrize(
    ("region", "own", "required"),
    [("Objects", None, False), ("Objects", "Objects", True), (None, "Objects", True), ("Inner", None, True)],
    ids=["another region", "the scan's own", "the scan's own by default", "it has other interfaces"],
)
def test_whether_a_region_should_have_a_service(
    cloud: Cloud, region: str | None, own: str | None, *, required: bool
) -> None:
    with_endpoints(cloud, ("object-store", "public", "Objects"), ("network", "internal", "Inner"))
    scan = source(cloud, region=own) if own else source(cloud)
    missing = one(scan, ApiGet("network", "/networks", "networks", region=region))
    assert isinstance(missing, EndpointMissing)
    assert missing.required == required


def test_keystone_is_asked_wherever_it_is_listed(cloud: Cloud) -> None:
    cloud.answers("/identity/v3/projects", Response({"projects": [{"id": "p1"}], "links": {"next": None}}))
    projects = ApiGet("identity", "/projects", "projects")
    assert data(one(source(cloud, region="RegionTwo"), projects)) == [{"id": "p1"}]
    del cloud.services["identity"]
    assert data(one(source(cloud), projects)) == [{"id": "p1"}], "auth_url is its address, too"


def test_an_address_that_is_none_fails_that_service_only(cloud: Cloud) -> None:
    made = source(cloud, endpoint_overrides={"network": f"{cloud.url}/network"})
    cloud.login, usual = (lambda request: broken(usual(request))), cloud.login

    def broken(response: Response) -> Response:
        for service in response.body["token"]["catalog"]:
            for endpoint in service["endpoints"]:
                endpoint["url"] = "http://[::1"
        return response

    answers = made.answer([NETWORKS, SERVERS])
    assert data(answers[NETWORKS]) == [{"id": "n1"}]
    assert isinstance(answers[SERVERS], ParseError)
    assert "not an http(s) URL" in str(answers[SERVERS])


def test_all_pages_of_nova_are_joined(cloud: Cloud) -> None:
    def page(request: Request) -> Response:
        start = int(request.query.get("marker", "0"))
        servers = [{"id": str(number)} for number in range(start, start + 1000)]
        body: dict[str, Any] = {"servers": servers}
        if start + 1000 < 2500:
            href = f"http://10.0.0.1:8774/v2.1/servers/detail?all_tenants=1&limit=1000&marker={start + 1000}"
            body["servers_links"] = [{"rel": "next", "href": href}]
        else:
            body["servers"] = servers[:500]
        return Response(body)

    cloud.answers("/compute/v2.1/servers/detail", page)
    assert [server["id"] for server in data(one(source(cloud), SERVERS))] == [str(number) for number in range(2500)]
    asked = cloud.asked("/compute/v2.1/servers/detail")
    assert [request.query for request in asked[1:]] == [
        {"all_tenants": "1", "limit": "1000", "marker": marker} for marker in ("1000", "2000")
    ], "on our own address, whatever host the link names"


def test_a_list_without_end(cloud: Cloud) -> None:
    def page(request: Request) -> Response:
        marker = int(request.query.get("marker", "0")) + 1
        link = {"rel": "next", "href": f"http://c/ports?limit=1&marker={marker}"}
        return Response({"ports": [{"id": "always the same"}], "ports_links": [link]})

    cloud.answers("/network/v2.0/ports", page)
    answer = one(source(cloud), ApiGet("network", "/ports", "ports", (("limit", "1"),)))
    assert isinstance(answer, ParseError)
    assert "100 pages in a row had nothing new" in str(answer)
    assert len(cloud.requests) < 120


def test_a_page_that_fails_fails_the_list(cloud: Cloud) -> None:
    link = {"rel": "next", "href": "http://c/ports?limit=1&marker=a"}
    first = Response({"ports": [{"id": "a"}], "ports_links": [link]})
    cloud.answers("/network/v2.0/ports", first, error(500, "boom"))
    answer = one(source(cloud, Pauses()), ApiGet("network", "/ports", "ports", (("limit", "1"),)))
    assert isinstance(answer, ApiFailed), "half a list would pass for the whole"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_troubles_that_pass(cloud: Cloud, status: int) -> None:
    cloud.answers(PATH, error(status, "trouble"), error(status, "trouble"), GOOD)
    pauses = Pauses()
    assert data(one(source(cloud, pauses))) == [{"id": "n1"}]
    assert pauses == [0.5, 1.0]


def test_troubles_that_stay(cloud: Cloud) -> None:
    cloud.answers(PATH, error(503, "maintenance"))
    pauses = Pauses()
    answer = one(source(cloud, pauses, retries=2))
    assert answer == ApiFailed("network", "/networks", 503, "maintenance")
    assert len(cloud.asked(PATH)) == 3


def test_retry_after_is_respected(cloud: Cloud) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    slow_down = [error(429, "slow down", Retry_After=value) for value in ("7", soon, "86400")]
    cloud.answers(PATH, *slow_down, GOOD)
    pauses = Pauses()
    assert data(one(source(cloud, pauses))) == [{"id": "n1"}]
    assert pauses[0] == 7
    assert 25 < pauses[1] <= 30
    assert pauses[2] == 60, "nobody waits for a day"


def test_retry_after_is_really_waited_for(cloud: Cloud) -> None:
    cloud.answers(PATH, error(429, "slow down", Retry_After="1"), GOOD)
    scan = source(cloud)
    started = time.monotonic()
    assert data(one(scan)) == [{"id": "n1"}]
    assert 1.0 <= time.monotonic() - started < 10


def test_connections_that_break(cloud: Cloud) -> None:
    half = Response(b'{"networks": [', headers={"Content-Length": "4000"})
    cloud.answers(PATH, Response(abort=True), half, GOOD)
    assert data(one(source(cloud, Pauses()))) == [{"id": "n1"}]
    cloud.answers(PATH, half)
    answer = one(source(cloud, retries=0))
    assert isinstance(answer, ApiUnreachable)
    assert answer.cause == "the answer was cut short"


def test_a_service_that_is_too_slow(cloud: Cloud) -> None:
    over = threading.Event()

    def slow(_request: Request) -> Response:
        over.wait(5)
        return GOOD

    cloud.answers(PATH, slow)
    started = time.monotonic()
    answer = one(source(cloud, Pauses(), timeout_s=0.3, retries=5))
    over.set()
    assert isinstance(answer, ApiUnreachable)
    assert answer.cause == "no answer in time"
    assert time.monotonic() - started < 4
    assert len(cloud.asked(PATH)) == 2


FORBIDDEN = Response({"forbidden": {"message": "Policy says no"}}, 403)


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (FORBIDDEN, NotAuthorized("network", "/networks", "Policy says no")),
        (error(404, "gone"), ApiFailed("network", "/networks", 404, "gone")),
        (error(406, "Version 2.53 is old"), ApiFailed("network", "/networks", 406, "Version 2.53 is old")),
    ],
)
def test_refusals(cloud: Cloud, response: Response, expected: CalipsoError) -> None:
    cloud.answers(PATH, response)
    assert one(source(cloud)) == expected
    assert len(cloud.asked(PATH)) == 1


@pytest.mark.parametrize(
    ("response", "said"),
    [
        (
            Response(b"<html>Please log in</html>", headers={"Content-Type": "text/html"}),
            "not JSON (text/html, 26 bytes)",
        ),
        (Response(b""), "not JSON"),
        (Response({"nets": []}), 'no key "networks"; it has nets'),
        (Response({"networks": None}), "neither a list nor a document"),
        (Response([]), "it is a list"),
        (Response(b"[" * 3000 + b"]" * 3000), "too deep"),
    ],
)
def test_answers_of_unknown_shape(cloud: Cloud, response: Response, said: str) -> None:
    cloud.answers(PATH, response)
    answer = one(source(cloud))
    assert isinstance(answer, ParseError)
    assert said in str(answer)
    assert answer.query == "GET network /networks"


def test_redirects_are_told_and_not_followed(cloud: Cloud) -> None:
    with running() as other:
        cloud.answers(PATH, Response(status=301, headers={"Location": f"{other.url}/network/v2.0/networks"}))
        answer = one(source(cloud))
        assert isinstance(answer, ApiFailed)
        assert f"a redirect to {other.url}/network" in str(answer)
        assert "endpoint_overrides" in str(answer)
        assert other.requests == [], "the token would have gone there"


def test_secrets_in_answers_do_not_come_through(cloud: Cloud) -> None:
    server = {"id": "s1", "adminPass": "x", "OS-EXT-SRV-ATTR:user_data": "x", "OS-EXT-SRV-ATTR:host": "cmp1"}
    cloud.answers("/compute/v2.1/servers/detail", Response({"servers": [server]}))
    assert data(one(source(cloud), SERVERS)) == [{"id": "s1", "OS-EXT-SRV-ATTR:host": "cmp1"}]


def test_a_service_that_repeats_the_password_in_its_error(cloud: Cloud) -> None:
    cloud.answers(PATH, error(400, f"bad header: {PASSWORD}"), error(400, "x"))
    answer = one(source(cloud))
    assert "bad header: ***" in str(answer)


def test_four_questions_at_once(cloud: Cloud) -> None:
    """Each waits until four are there: asked one after the other, none would be answered."""
    together = threading.Barrier(4, timeout=10)

    def wait(_request: Request) -> Response:
        together.wait()
        return GOOD

    cloud.answers(PATH, wait)
    queries = [ApiGet("network", "/networks", "networks", (("n", str(number)),)) for number in range(8)]
    for answer in source(cloud, retries=0).answer(queries).values():
        assert data(answer) == [{"id": "n1"}]
    assert len(cloud.logins()) == 1


def test_check_tells_what_is_missing(cloud: Cloud) -> None:
    cloud.answers("/compute/v2.1/servers", error(503, "down"))
    del cloud.services["network"]
    cloud.answers("/identity/v3/auth/projects", Response({"projects": [], "links": {}}))
    findings = {finding.what: finding for finding in source(cloud, Pauses()).check()}
    assert {what: finding.ok for what, finding in findings.items()} == {
        "login": True,
        "role": True,
        "endpoint compute": False,
        "endpoint network": False,
        "endpoint identity": True,
    }
    assert "503: down" in findings["endpoint compute"].detail
    assert "no public endpoint for network" in findings["endpoint network"].detail
    assert findings["endpoint identity"].detail == f"{cloud.url}/identity/v3"


def test_closing_twice_or_unused_is_no_trouble(cloud: Cloud) -> None:
    source(cloud).close()
    used = source(cloud)
    data(one(used))
    used.close()
    used.close()
