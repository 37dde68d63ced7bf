# SPDX-License-Identifier: Apache-2.0
"""Logging in at Keystone: every method, every refusal, and that a refused login is not retried."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.errors import (
    ApiFailed,
    ApiUnreachable,
    CalipsoError,
    EnvironmentInvalid,
    NotAuthenticated,
    ParseError,
    SecretUnavailable,
    ViewRestricted,
)
from calipso_nornir.model.environment import SecretRef
from calipso_nornir.model.protocols import Reply
from calipso_nornir.model.queries import ApiGet
from calipso_nornir.sources.openstack import OpenStackSource
from calipso_nornir.sources.secrets import Vault
from tests.fixtures.cloud import PASSWORD, USER, Cloud, Request, Response, error, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NETWORKS = ApiGet("network", "/networks", "networks")
PATH = "/network/v2.0/networks"


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with running() as served:
        served.answers(PATH, Response({"networks": [{"id": "n1"}]}))
        yield served


def source(cloud: Cloud, password: str = PASSWORD, **section: Any) -> OpenStackSource:  # noqa: ANN401 - keys of the section
    given: dict[str, Any] = {"auth_url": cloud.auth_url, "user": USER, "pwd": SecretRef("env", "PW"), **section}
    kept = {key: value for key, value in given.items() if value is not None}
    return OpenStackSource(kept, Vault(environ={"PW": password}), sleep=lambda _seconds: None)


def one(source: OpenStackSource, query: ApiGet = NETWORKS) -> Reply | CalipsoError:
    return source.answer([query])[query]


def login_body(cloud: Cloud) -> Any:  # noqa: ANN401 - JSON
    return cloud.logins()[-1].body["auth"]


def test_password(cloud: Cloud) -> None:
    answer = one(source(cloud, admin_project="ops", user_domain="Corp", project_domain_id="d2"))
    assert isinstance(answer, Reply)
    assert answer.data == [{"id": "n1"}]
    assert answer.gap is None
    assert login_body(cloud) == {
        "identity": {
            "methods": ["password"],
            "password": {"user": {"password": PASSWORD, "name": USER, "domain": {"name": "Corp"}}},
        },
        "scope": {"project": {"name": "ops", "domain": {"id": "d2"}}},
    }


def test_password_with_defaults_and_host_instead_of_a_url(cloud: Cloud) -> None:
    host, _, port = cloud.url.removeprefix("http://").partition(":")
    seen: list[str] = []

    def other_path(request: Request) -> Response:
        seen.append(request.path)
        return error(404, "not here")

    cloud.routes["/v3/auth/tokens"] = other_path
    answer = one(source(cloud, auth_url=None, host=host, port=int(port), project_id="p9"))
    assert isinstance(answer, NotAuthenticated), "the test cloud has Keystone below /identity"
    assert cloud.requests[-1].path == "/v3/auth/tokens"
    assert cloud.requests[-1].body["auth"]["scope"] == {"project": {"id": "p9"}}
    assert cloud.requests[-1].body["auth"]["identity"]["password"]["user"]["domain"] == {"id": "default"}


def test_application_credential(cloud: Cloud) -> None:
    cloud.login = lambda _request: Response(cloud.token_body(), 201, {"X-Subject-Token": cloud.new_token()})
    secret = SecretRef("env", "PW")
    by_id = source(cloud, user=None, pwd=None, application_credential_id="ac1", application_credential_secret=secret)
    assert isinstance(one(by_id), Reply)
    assert login_body(cloud) == {
        "identity": {
            "methods": ["application_credential"],
            "application_credential": {"secret": PASSWORD, "id": "ac1"},
        }
    }
    by_name = source(cloud, pwd=None, application_credential_name="scan", application_credential_secret=secret)
    assert isinstance(one(by_name), Reply)
    given = login_body(cloud)["identity"]["application_credential"]
    assert (given["name"], given["user"]) == ("scan", {"name": USER, "domain": {"id": "default"}})


def test_token(cloud: Cloud) -> None:
    cloud.login = lambda _request: Response(cloud.token_body(), 201, {"X-Subject-Token": cloud.new_token()})
    assert isinstance(one(source(cloud, user=None, pwd=None, auth_type="v3token", token=SecretRef("env", "PW"))), Reply)
    assert login_body(cloud) == {
        "identity": {"methods": ["token"], "token": {"id": PASSWORD}},
        "scope": {"project": {"name": "admin", "domain": {"id": "default"}}},
    }
    scoped = source(cloud, user=None, pwd=None, token=SecretRef("env", "PW"), project_id="p7")
    assert isinstance(one(scoped), Reply)
    assert login_body(cloud)["scope"] == {"project": {"id": "p7"}}


@pytest.mark.filterwarnings("ignore:Support for InfluxDB:PendingDeprecationWarning")
def test_a_cloud_of_clouds_yaml(cloud: Cloud, tmp_path: Path) -> None:
    cloud.routes["/identity"] = lambda _request: error(404, "no discovery here")
    (tmp_path / "clouds.yaml").write_text(
        f"clouds: {{lab: {{auth_type: v3password, auth: {{auth_url: '{cloud.auth_url}/v3', username: {USER}, "
        f"password: {PASSWORD}, project_name: ops, user_domain_id: default, project_domain_id: default}}}}}}"
    )
    environ = {"OS_CLIENT_CONFIG_FILE": str(tmp_path / "clouds.yaml")}
    vault = Vault(environ=environ)
    made = OpenStackSource({"os_cloud": "lab"}, vault, environ=environ)
    assert isinstance(one(made), Reply)
    assert vault.scrub(PASSWORD) == "***"
    unknown = one(OpenStackSource({"os_cloud": "nope"}, vault, environ=environ))
    assert isinstance(unknown, EnvironmentInvalid)
    assert "known clouds: lab" in str(unknown)


def test_a_refused_login_is_tried_once_a_scan(cloud: Cloud) -> None:
    scan = source(cloud, password="c4n4ry-wrong-password")  # noqa: S106 - a wrong one
    queries = [ApiGet("network", f"/{name}", name) for name in ("networks", "ports", "agents", "routers", "subnets")]
    for _ in range(3):
        answers = scan.answer(queries)
        assert list(answers) == queries
        assert all(isinstance(answer, NotAuthenticated) for answer in answers.values())
    (finding,) = scan.check()
    assert not finding.ok
    assert len(cloud.logins()) == 1, "accounts get locked"
    assert "c4n4ry" not in finding.detail
    assert f"{cloud.auth_url}/v3 refused the login of {USER}" in finding.detail


def test_a_login_is_tried_again_when_keystone_is_in_trouble(cloud: Cloud) -> None:
    usual = cloud.login
    troubles = [error(503, "down"), error(429, "slow", Retry_After="0"), Response(abort=True)]
    cloud.login = lambda request: troubles.pop(0) if troubles else usual(request)
    assert isinstance(one(source(cloud)), Reply)
    assert len(cloud.logins()) == 4


@pytest.mark.parametrize(
    ("response", "kind", "said"),
    [
        (error(401, "nope"), NotAuthenticated, "nope"),
        (error(403, "locked"), NotAuthenticated, "locked"),
        (error(400, "Expecting to find domain in user."), ApiFailed, "400: Expecting to find domain"),
        (error(404, "Not Found"), ApiFailed, "Is auth_url that of Keystone"),
        (error(500, "boom"), ApiFailed, "500: boom"),
        (Response(status=302, headers={"Location": "http://192.0.2.1/"}), ParseError, "not have the form"),
        (Response(b"<html>welcome</html>", 200, {"Content-Type": "text/html"}), ParseError, "not have the form"),
        (Response({}, 201, {"X-Subject-Token": "t"}), ParseError, "not have the form"),
        (Response({"token": {}}, 201, {"X-Subject-Token": "t"}), ParseError, "not have the form"),
        (Response({"token": None}, 201, {"X-Subject-Token": "t"}), ParseError, "not have the form"),
        (Response([1], 201, {"X-Subject-Token": "t"}), ParseError, "not have the form"),
        (Response({"token": {"user": 1, "expires_at": "soon"}}, 201, {"X-Subject-Token": "t"}), ParseError, "the form"),
        (Response(abort=True), ApiUnreachable, "closed without an answer"),
    ],
)
def test_what_keystone_may_say_instead(cloud: Cloud, response: Response, kind: type[CalipsoError], said: str) -> None:
    cloud.login = lambda _request: response
    answer = one(source(cloud, retries=0))
    assert type(answer) is kind
    assert said in str(answer)


@pytest.mark.parametrize(
    "change",
    [
        {"catalog": 5},
        {"catalog": [{"type": "network", "endpoints": [{"url": "x"}]}]},
        {"catalog": None},
        {"roles": [{}]},
        {"roles": 5},
        {"user": {}},
        {"project": 5},
        {"expires_at": None},
    ],
)
def test_tokens_of_unknown_shape(cloud: Cloud, change: dict[str, Any]) -> None:
    body = cloud.token_body()
    body["token"].update(change)
    cloud.login = lambda _request: Response(body, 201, {"X-Subject-Token": cloud.new_token()})
    answer = one(source(cloud))
    assert isinstance(answer, ParseError)
    assert "Identity v3" in str(answer)


def test_no_keystone_at_all(cloud: Cloud) -> None:
    made = source(cloud, auth_url="http://127.0.0.1:1", retries=0)
    answer = one(made)
    assert isinstance(answer, ApiUnreachable)
    assert "Connection refused" in str(answer)


def test_a_secret_that_is_not_there_is_the_answer(cloud: Cloud) -> None:
    made = source(cloud, pwd=SecretRef("env", "NOT_SET"))
    answer = one(made)
    assert isinstance(answer, SecretUnavailable)
    assert not made.check()[0].ok
    assert cloud.requests == []
    recorded = source(cloud, pwd=None)
    assert isinstance(one(recorded), EnvironmentInvalid)


def test_a_token_that_expires_in_the_middle_is_renewed_once(cloud: Cloud) -> None:
    scan = source(cloud)
    assert isinstance(one(scan), Reply)
    cloud.tokens.clear()
    queries = [ApiGet("network", "/networks", "networks", (("page", str(n)),)) for n in range(12)]
    assert all(isinstance(answer, Reply) for answer in scan.answer(queries).values())
    assert len(cloud.logins()) == 2


def test_a_token_near_its_end_is_renewed_before(cloud: Cloud) -> None:
    cloud.lifetime = timedelta(seconds=30)
    scan = source(cloud)
    assert isinstance(one(scan), Reply)
    first = len(cloud.logins())
    assert isinstance(one(scan), Reply)
    assert len(cloud.logins()) > first
    assert all(request.path != PATH or request.headers["x-auth-token"] for request in cloud.requests)


def test_a_password_that_changes_in_the_middle(cloud: Cloud) -> None:
    scan = source(cloud)
    assert isinstance(one(scan), Reply)
    cloud.tokens.clear()
    cloud.password = "another"  # noqa: S105 - of the test cloud
    queries = [ApiGet("network", "/networks", "networks", (("page", str(n)),)) for n in range(12)]
    assert all(isinstance(answer, NotAuthenticated) for answer in scan.answer(queries).values())
    assert isinstance(one(scan), NotAuthenticated)
    assert len(cloud.logins()) == 2


def test_a_service_that_refuses_every_token_does_not_make_us_hammer_keystone(cloud: Cloud) -> None:
    cloud.answers(PATH, error(401, "the service's own password is wrong"))
    scan = source(cloud)
    queries = [ApiGet("network", "/networks", "networks", (("page", str(n)),)) for n in range(12)]
    for _ in range(3):
        for answer in scan.answer(queries).values():
            assert isinstance(answer, ApiFailed)
            assert answer.status == 401
    assert len(cloud.logins()) <= 1 + 4, "one renewal for each of the four threads at most"


def test_without_the_role_lists_are_marked_as_not_whole(cloud: Cloud) -> None:
    cloud.roles = ["member", "reader"]
    own = ApiGet("network", "/networks", "networks", cloud_wide=False)
    scan = source(cloud)
    answers = scan.answer([NETWORKS, own])
    whole, part = answers[own], answers[NETWORKS]
    assert isinstance(part, Reply)
    assert isinstance(whole, Reply)
    assert part.data == whole.data == [{"id": "n1"}]
    assert whole.gap is None
    assert part.gap == ViewRestricted(USER, "ops", ("member", "reader"), ("admin",))
    role = next(finding for finding in scan.check() if finding.what == "role")
    assert not role.ok
    assert "OpenStack.admin_roles" in role.detail
    allowed = one(source(cloud, admin_roles=("Cloud_Admin", "READER")))
    assert isinstance(allowed, Reply)
    assert allowed.gap is None
