# SPDX-License-Identifier: Apache-2.0
"""OVN's databases read without a host, from real ovsdb-servers: standalone, with TLS, clustered, as a relay."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.errors import AnswerTooLarge, AnswerTooSlow, DatabaseUnavailable, SourceFailed, SourceNotConfigured
from calipso_nornir.fetchers.ovn.databases import NORTHBOUND, SOUTHBOUND
from calipso_nornir.model.ovsdb import OvsdbTables
from calipso_nornir.model.protocols import Reply
from calipso_nornir.model.queries import Lookup
from calipso_nornir.parsing.ovn_northbound import northbound
from calipso_nornir.parsing.ovn_southbound import southbound
from calipso_nornir.sources import ovsdb_wire
from calipso_nornir.sources.ovsdb_direct import DirectOvsdb
from calipso_nornir.sources.ovsdb_kind import OvsdbSection
from tests.fixtures import needs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCHEMAS = Path("/usr/share/ovn")
CHASSIS = ["OVN_Southbound", {"op": "insert", "table": "Chassis", "row": {"name": "c1", "hostname": "cmp1",
           "encaps": ["named-uuid", "e"]}}, {"op": "insert", "table": "Encap", "uuid-name": "e",
           "row": {"type": "geneve", "ip": "192.0.2.1", "chassis_name": "c1"}}]  # fmt: skip
NAMES = OvsdbTables("OVN_Southbound", (("Chassis", ("name",)),))


def run(*words: str) -> None:
    """Run a program that has to succeed."""
    subprocess.run(words, check=True, capture_output=True)  # noqa: S603 - fixed words


def free_port() -> int:
    """Return a port of the loopback that nobody has."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def until(what: Callable[[], bool]) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + 30
    while not what():
        assert time.monotonic() < end
        time.sleep(0.1)


@contextmanager
def serving(folder: Path, *words: str) -> Iterator[str]:
    """Run an ovsdb-server; give its unix remote. It is ended at the end, unless it was before."""
    folder.mkdir(exist_ok=True)
    paths = [f"--remote=punix:{folder}/sock", f"--unixctl={folder}/ctl", f"--pidfile={folder}/pid"]
    run("ovsdb-server", *paths, f"--log-file={folder}/log", "--detach", "--no-chdir", *words)
    try:
        yield f"unix:{folder}/sock"
    finally:
        subprocess.run(["ovs-appctl", "-t", f"{folder}/ctl", "exit"], check=False, capture_output=True)  # noqa: S603, S607 - ours


@pytest.fixture(scope="module", autouse=True)
def _installed() -> None:
    needs.program("ovsdb-server", packages="openvswitch-switch")
    needs.program("openssl", packages="openssl")
    if not SCHEMAS.exists():
        needs.missing("OVN's schemas are not installed; Debian: apt-get install ovn-central")


def made(folder: Path) -> list[str]:
    """Make both databases; return their files."""
    for name in ("nb", "sb"):
        run("ovsdb-tool", "create", f"{folder}/{name}.db", f"{SCHEMAS}/ovn-{name}.ovsschema")
    return [f"{folder}/nb.db", f"{folder}/sb.db"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the TCP remote of a server that has both databases, and one chassis."""
    folder = tmp_path_factory.mktemp("ovsdb")
    port = free_port()
    with serving(folder, f"--remote=ptcp:{port}:127.0.0.1", *made(folder)) as unix:
        run("ovsdb-client", "transact", unix, json.dumps(CHASSIS))
        yield f"tcp:127.0.0.1:{port}"


def ask(remote: str, query: Any = SOUTHBOUND, **section: Any) -> Any:  # noqa: ANN401 - queries, answers and keys
    """Return an answer, or an error."""
    source = DirectOvsdb(OvsdbSection(nb=remote, sb=remote, **section))
    answer = source.answer([query])[query]
    source.close()
    return answer


def chassis_of(answer: Any) -> list[str]:  # noqa: ANN401 - an answer
    """Return the chassis in an answer that is none of the errors."""
    assert isinstance(answer, Reply), str(answer)
    return list(southbound(answer.data).chassis)


def test_both_databases_are_read(server: str) -> None:
    assert chassis_of(ask(server)) == ["c1"]
    assert northbound(ask(server, NORTHBOUND).data).routers == {}


def test_a_schema_without_a_column_is_asked_for_whole_rows(server: str) -> None:
    strange = OvsdbTables("OVN_Southbound", (("Chassis", ("name", "of_next_year")),))
    assert json.loads(ask(server, strange).data)[0]["rows"][0]["hostname"] == "cmp1"


def test_what_is_refused_and_what_is_not_there(server: str) -> None:
    refused = ask(server, OvsdbTables("OVN_Southbound", (("Nothing", ("name",)),)))
    assert isinstance(refused, SourceFailed)
    assert "No table named Nothing" in str(refused)
    for remote, query, problem in (
        (f"tcp:127.0.0.1:{free_port()}", NAMES, "refused"),
        (server, OvsdbTables("OVN_Nowhere", (("Chassis", ("name",)),)), "no database OVN_Nowhere"),
        ("unix:/run/none", NAMES, "is not tcp:HOST:PORT"),
    ):
        answer = ask(remote, query)
        assert isinstance(answer, DatabaseUnavailable)
        assert problem in str(answer)
    assert isinstance(ask(server, Lookup("host")), SourceNotConfigured)


def test_the_first_remote_that_is_well_is_asked(server: str) -> None:
    assert chassis_of(ask(f"tcp:127.0.0.1:{free_port()}, {server}")) == ["c1"]


def test_remotes_are_read() -> None:
    found = list(ovsdb_wire.addresses("ssl:192.0.2.1:6642,tcp:[2001:db8::1]:6642"))
    assert found == [("ssl", "192.0.2.1", 6642), ("tcp", "2001:db8::1", 6642)]


def test_what_a_section_without_a_host_needs() -> None:
    def lacking(**given: str) -> list[str]:
        return [key for key, _ in OvsdbSection.lacks(given)]

    assert lacking(host="ctl") == []
    assert lacking() == ["nb", "sb"]
    assert lacking(nb="tcp:192.0.2.1:6641", sb="unix:/run/sb") == ["sb"]
    assert lacking(nb="tcp:192.0.2.1:6641", sb="ssl:192.0.2.1:6642") == ["ca_cert"]
    assert lacking(nb="tcp:192.0.2.1:6641", sb="ssl:192.0.2.1:6642", ca_cert="ca.pem") == []


# --- TLS


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with an authority's certificate, another one's, and a key with a certificate of the first."""
    folder = tmp_path_factory.mktemp("keys")
    new = ("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-days", "2")
    for name in ("ca", "other"):
        run(*new, "-x509", "-subj", f"/CN={name}", "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem")
    run(*new, "-subj", "/CN=me", "-keyout", f"{folder}/me.key", "-out", f"{folder}/me.csr")
    signed = ("-CA", f"{folder}/ca.pem", "-CAkey", f"{folder}/ca.key", "-CAcreateserial", "-days", "2")
    run("openssl", "x509", "-req", "-in", f"{folder}/me.csr", *signed, "-out", f"{folder}/me.pem")
    return folder


def test_tls(keys: Path, tmp_path: Path) -> None:
    port, own = free_port(), {"certificate": f"{keys}/me.pem", "private_key": f"{keys}/me.key"}
    options = [f"--private-key={keys}/me.key", f"--certificate={keys}/me.pem", f"--ca-cert={keys}/ca.pem"]
    remote = f"ssl:127.0.0.1:{port}"
    with serving(tmp_path, f"--remote=pssl:{port}:127.0.0.1", *options, *made(tmp_path)) as unix:
        run("ovsdb-client", "transact", unix, json.dumps(CHASSIS))
        assert chassis_of(ask(remote, ca_cert=f"{keys}/ca.pem", **own)) == ["c1"]
        for section, problem in (
            ({"ca_cert": f"{keys}/other.pem", **own}, "certificate verify failed"),
            ({"ca_cert": f"{keys}/ca.pem"}, "127.0.0.1"),  # the server wants to know who asks
            ({"ca_cert": f"{keys}/none.pem", **own}, "ca_cert, certificate or private_key cannot be used"),
        ):
            answer = ask(remote, NAMES, **section)
            assert isinstance(answer, DatabaseUnavailable)
            assert problem in str(answer)


# --- clusters and relays


def test_a_follower_answers_and_one_that_lost_its_cluster_does_not(tmp_path: Path) -> None:
    raft, ports = [f"tcp:127.0.0.1:{free_port()}" for _ in range(3)], [free_port() for _ in range(3)]
    run("ovsdb-tool", "create-cluster", f"{tmp_path}/0.db", f"{SCHEMAS}/ovn-sb.ovsschema", raft[0])
    for number in (1, 2):
        run("ovsdb-tool", "join-cluster", f"{tmp_path}/{number}.db", "OVN_Southbound", raft[number], raft[0])
    with ExitStack() as stack:
        members, unixes = [ExitStack() for _ in ports], []
        for number, port in enumerate(ports):
            stack.push(members[number])
            words = (f"--remote=ptcp:{port}:127.0.0.1", f"{tmp_path}/{number}.db")
            unixes.append(members[number].enter_context(serving(tmp_path / str(number), *words)))
        for unix in unixes:
            run("ovsdb-client", "--timeout=30", "wait", "--no-leader-only", unix, "OVN_Southbound", "connected")
        run("ovsdb-client", "--timeout=30", "transact", ",".join(unixes), json.dumps(CHASSIS))
        status = [_status(tmp_path / str(number)) for number in range(3)]
        [*followers] = [number for number in range(3) if "Role: follower" in status[number]]
        assert len(followers) == 2
        assert [chassis_of(ask(f"tcp:127.0.0.1:{port}")) for port in ports] == [["c1"]] * 3
        for number in set(range(3)) - {followers[0]}:
            members[number].close()
        until(lambda: isinstance(ask(f"tcp:127.0.0.1:{ports[followers[0]]}", NAMES), DatabaseUnavailable))
        answer = ask(f"tcp:127.0.0.1:{ports[followers[0]]}", NAMES)
        assert "its clustered database is not connected" in str(answer)


def _status(folder: Path) -> str:
    words = ["ovs-appctl", "-t", f"{folder}/ctl", "cluster/status", "OVN_Southbound"]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout  # noqa: S603 - ours


def test_a_relay_answers_while_it_has_its_source(server: str, tmp_path: Path) -> None:
    port = free_port()
    with serving(tmp_path, f"--remote=ptcp:{port}:127.0.0.1", f"relay:OVN_Southbound:{server}"):
        until(lambda: not isinstance(ask(f"tcp:127.0.0.1:{port}", NAMES), DatabaseUnavailable))
        assert chassis_of(ask(f"tcp:127.0.0.1:{port}")) == ["c1"]
    lost = free_port()
    with serving(tmp_path, f"--remote=ptcp:{port}:127.0.0.1", f"relay:OVN_Southbound:tcp:127.0.0.1:{lost}"):
        assert isinstance(ask(f"tcp:127.0.0.1:{port}", NAMES), DatabaseUnavailable)


# --- what no server of today does


@contextmanager
def pretending(*messages: bytes, stays: bool = True) -> Iterator[tuple[str, list[bytes]]]:
    """Give the remote of what answers whoever connects with these texts, and what it was sent; it rests at "~"."""
    heard: list[bytes] = []

    def serve() -> None:
        connection, _ = listening.accept()
        with connection:
            for message in messages:
                heard.append(connection.recv(65536))
                for part in message.split(b"~"):
                    connection.sendall(part)
                    time.sleep(0.1)
            if not stays:
                connection.shutdown(socket.SHUT_WR)
            while text := connection.recv(65536):
                heard.append(text)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"tcp:127.0.0.1:{listening.getsockname()[1]}", heard
        thread.join()


OLD = b'{"id":1,"result":null,"error":{"error":"unknown database"}}'
"""What a server before 2.9 says of _Server."""
ROWS = b'{"id":2,"result":[{"rows":[{"name":"c1"}]}],"error":null}'


@pytest.mark.parametrize("rows", [ROWS, ROWS[:20] + b"~" + ROWS[20:], ROWS.replace(b"}]", b"}~]", 1)])
def test_a_server_that_asks_whether_anybody_is_there_is_answered(rows: bytes) -> None:
    echo = b'{"method":"echo","params":[7],"id":"echo"}'
    with pretending(OLD + echo, rows) as (remote, heard):
        assert json.loads(ask(remote, NAMES, timeout_s=5).data) == [{"rows": [{"name": "c1"}]}]
    assert json.dumps({"id": "echo", "result": [7], "error": None}).encode() in b"".join(heard)


@pytest.mark.parametrize(
    ("messages", "problem"),
    [
        ((OLD,), "the server ended the connection"),
        ((OLD, b"[1, 2]}"), "an answer that is not an object"),
        ((OLD, b'"}'), "the server ended the connection"),
        ((OLD, b'"{}"}'), "an answer that is not an object"),
        ((b'{"id":1,"result":"odd","error":null}',), "no database"),
        ((OLD, b'{"id":2,"result":null,"error":"not allowed"}'), "not allowed"),
    ],
)
def test_what_is_no_answer(messages: tuple[bytes, ...], problem: str) -> None:
    with pretending(*messages, stays=False) as (remote, _):
        answer = ask(remote, NAMES, timeout_s=5)
    assert isinstance(answer, DatabaseUnavailable)
    assert problem in str(answer)


def test_an_answer_that_does_not_come_in_time() -> None:
    with pretending(OLD) as (remote, _):
        assert isinstance(ask(remote, NAMES, timeout_s=1), AnswerTooSlow)


def test_an_answer_of_too_many_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ovsdb_wire, "MAX_VALUES", 5)
    with pretending(OLD, ROWS) as (remote, _):
        assert isinstance(ask(remote, NAMES, timeout_s=5), AnswerTooLarge)
