# SPDX-License-Identifier: Apache-2.0
"""The section AMQP is tried against a real RabbitMQ: login, a temporary queue, bound and deleted."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from amqp.exceptions import NotFound
from kombu import Connection

from calipso_nornir.model.environment import Environment, SecretRef
from calipso_nornir.preflight.sections import try_sections
from tests.fixtures.cli import calipso
from tests.fixtures.cloud import make_pki
from tests.fixtures.rabbitmq import PASSWORD, USER, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from calipso_nornir.model.source_kinds import Finding
    from tests.fixtures.rabbitmq import RabbitMq

pytestmark = pytest.mark.chaos


@pytest.fixture(scope="module")
def rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMq]:
    with running(tmp_path_factory.mktemp("rabbitmq")) as node:
        with connected(node) as connection:
            connection.default_channel.exchange_declare("nova", "topic", auto_delete=False)
        yield node


def connected(node: RabbitMq) -> Connection:
    return Connection(hostname="127.0.0.1", port=node.port, userid=USER, password=PASSWORD)


def tried(
    folder: Path,
    port: int,
    *,
    password: str = PASSWORD,
    listen: bool = True,
    only: str | None = "amqp",
    **more: Any,  # noqa: ANN401 - as above
) -> dict[str, Finding]:
    (folder / "secret").write_text(password)
    (folder / "secret").chmod(0o600)
    pwd = SecretRef("file", str(folder / "secret"))
    section = {"host": "127.0.0.1", "port": port, "user": USER, "pwd": pwd, **more}  # no more than a description has
    environment = Environment(name="cloud", configuration={"AMQP": section}, extra={"listen": listen})
    found = [one for one in try_sections(environment, only=only) if one.section == "AMQP"]
    assert PASSWORD not in repr(found)
    return {one.what: one for one in found}


def test_a_queue_is_declared_bound_and_deleted(rabbitmq: RabbitMq, tmp_path: Path) -> None:
    found = tried(tmp_path, rabbitmq.port)
    assert list(found) == ["login", "queue", "exchange nova", "exchange neutron", "queue deleted"]
    assert found["login"].detail.startswith("listener on RabbitMQ 3.")
    assert [one.ok for one in found.values()] == [True, True, True, False, True]
    assert "it is not there" in found["exchange neutron"].detail
    assert not found["exchange neutron"].needed
    queue = found["queue"].detail.partition(",")[0]
    with connected(rabbitmq) as connection, pytest.raises(NotFound):
        connection.default_channel.queue_declare(queue, passive=True)


@pytest.mark.parametrize("listen", [True, False])
def test_a_wrong_password_is_told(rabbitmq: RabbitMq, tmp_path: Path, *, listen: bool) -> None:
    found = tried(tmp_path, rabbitmq.port, password="wrong", listen=listen, only=None)  # noqa: S106 - it is
    assert list(found) == ["login"]
    assert (found["login"].ok, found["login"].needed) == (False, listen)
    assert "refuses listener: the user or password is wrong" in found["login"].detail
    asked_for = tried(tmp_path, rabbitmq.port, password="wrong", listen=listen)  # noqa: S106 - it is
    assert asked_for["login"].needed, "who asks for it wants to know"


def test_a_broker_that_is_down_or_no_broker_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    assert f"127.0.0.1:{port}: Connection refused" in tried(tmp_path, port)["login"].detail


def test_without_the_library_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "calipso_nornir.sources.amqp", raising=False)
    monkeypatch.setitem(sys.modules, "kombu", None)
    assert "pip install 'calipso_nornir[amqp]'" in tried(tmp_path, 1)["library"].detail


def test_tls_with_certificates_of_both_sides(tmp_path: Path) -> None:
    pki = make_pki(tmp_path)
    (tmp_path / "node").mkdir()
    own: dict[str, Any] = {"cert": str(pki.client), "client_key": str(pki.client_key)}
    with running(tmp_path / "node", pki, vhost="cloud") as node:
        _env_check(
            tmp_path,
            {
                "host": "127.0.0.1",
                "port": node.port,
                "user": USER,
                "tls": True,
                "vhost": "cloud",
                "cacert": str(pki.ca),
                **own,
            },
        )
        own["vhost"] = "cloud"
        other = tried(tmp_path, node.port, tls=True, cacert=str(pki.ca), **{**own, "vhost": "clouds"})
        assert "vhost" in other["login"].detail
        assert tried(tmp_path, node.port, tls=True, cacert=str(pki.ca), **own)["queue"].ok
        assert tried(tmp_path, node.port, tls=True, verify=False, **own)["queue"].ok
        assert "certificate verify failed" in tried(tmp_path, node.port, tls=True, **own)["login"].detail
        assert not tried(tmp_path, node.port, tls=True, cacert=str(pki.ca))["login"].ok, "it wants a certificate"
        assert not tried(tmp_path, node.port)["login"].ok, "it speaks TLS only"
        missing = tried(tmp_path, node.port, tls=True, cacert=str(tmp_path / "none.pem"))
    assert "No such file" in missing["login"].detail


def _env_check(folder: Path, section: dict[str, Any]) -> None:
    """Describe an environment with this section, and let ``calipso env check`` try it."""
    (folder / "password").write_text(PASSWORD)
    (folder / "password").chmod(0o600)
    bus = {"name": "AMQP", "pwd": {"file": str(folder / "password")}, **section}
    cloud = {"name": "OpenStack", "auth_url": "http://127.0.0.1:9/v3", "user": "u", "pwd": {"env": "HOME"}}
    described = {"name": "cloud", "mechanism_drivers": ["OVS"], "configuration": [cloud, bus]}
    (folder / "cloud.yaml").write_text(yaml.safe_dump(described))
    assert calipso("env", "add", folder / "cloud.yaml", store=folder / "s.db").status == 0
    done = calipso("env", "check", "cloud", "--section", "AMQP", store=folder / "s.db")
    assert done.status == 0, done.out + done.err
    assert "listener on RabbitMQ 3." in done.out
    assert PASSWORD not in done.out + done.err
