# SPDX-License-Identifier: Apache-2.0
"""TLS: a private authority, client certificates, and everything that must be rejected."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.errors import ApiUnreachable, CalipsoError, EnvironmentInvalid
from calipso_nornir.model.environment import SecretRef
from calipso_nornir.model.protocols import Reply
from calipso_nornir.model.queries import ApiGet
from calipso_nornir.sources.openstack import OpenStackSource
from calipso_nornir.sources.secrets import Vault
from tests.fixtures.cloud import PASSWORD, USER, Cloud, Response, make_pki, running

if TYPE_CHECKING:
    from pathlib import Path

NETWORKS = ApiGet("network", "/networks", "networks")


def one(cloud: Cloud, **section: Any) -> Reply | CalipsoError:  # noqa: ANN401 - keys of the section
    cloud.answers("/network/v2.0/networks", Response({"networks": []}))
    given = {"auth_url": cloud.auth_url, "user": USER, "pwd": SecretRef("env", "PW"), "retries": 3, **section}
    source = OpenStackSource(given, Vault(environ={"PW": PASSWORD}), sleep=lambda _seconds: None)
    answer = source.answer([NETWORKS])[NETWORKS]
    source.close()
    return answer


def test_an_own_authority(tmp_path: Path) -> None:
    pki = make_pki(tmp_path)
    with running(tls=pki.context()) as cloud:
        assert isinstance(one(cloud, cacert=str(pki.ca)), Reply)


def test_an_unknown_authority_is_refused_before_the_password_goes_out(tmp_path: Path) -> None:
    with running(tls=make_pki(tmp_path).context()) as cloud:
        answer = one(cloud)
        assert isinstance(answer, ApiUnreachable)
        assert "TLS: " in answer.cause
        assert "OpenStack.cacert" in answer.cause
        assert cloud.requests == []


@pytest.mark.parametrize(
    ("certificate", "said"),
    [({"address": "192.0.2.1"}, "IP address mismatch"), ({"days": -1}, "certificate has expired")],
)
def test_certificates_that_do_not_hold(tmp_path: Path, certificate: dict[str, Any], said: str) -> None:
    pki = make_pki(tmp_path, **certificate)
    with running(tls=pki.context()) as cloud:
        answer = one(cloud, cacert=str(pki.ca))
        assert isinstance(answer, ApiUnreachable)
        assert said in answer.cause
        assert cloud.requests == []


def test_no_verification_by_explicit_choice_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with running(tls=make_pki(tmp_path).context()) as cloud, caplog.at_level(logging.WARNING):
        assert isinstance(one(cloud, verify=False), Reply)
    said = [record for record in caplog.records if "not verified" in record.getMessage()]
    assert len(said) == 1


def test_a_clients_certificate(tmp_path: Path) -> None:
    pki = make_pki(tmp_path)
    with running(tls=pki.context(clients=True)) as cloud:
        own = {"cacert": str(pki.ca), "cert": str(pki.client), "client_key": str(pki.client_key)}
        assert isinstance(one(cloud, **own), Reply)
        assert isinstance(one(cloud, cacert=str(pki.ca)), ApiUnreachable)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with running(tls=make_pki(tmp_path).context()) as cloud:
        for section in ({"cacert": str(tmp_path / "none.pem")}, {"cert": str(tmp_path / "none.pem"), "verify": False}):
            answer = one(cloud, **section)
            assert isinstance(answer, EnvironmentInvalid)
            assert "none.pem" in str(answer)


def test_plain_http_where_https_is_spoken_and_the_other_way(tmp_path: Path) -> None:
    pki = make_pki(tmp_path)
    with running(tls=pki.context()) as cloud:
        cloud.url = cloud.url.replace("https", "http")
        assert isinstance(one(cloud), ApiUnreachable)
    with running() as cloud:
        cloud.url = cloud.url.replace("http", "https")
        answer = one(cloud)
        assert isinstance(answer, ApiUnreachable)
        assert "Does this port speak https" in answer.cause
