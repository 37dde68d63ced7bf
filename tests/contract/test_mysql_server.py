# SPDX-License-Identifier: Apache-2.0
"""The database source against a MariaDB of the tests' own: grants, refusals, a server that fails, TLS."""

from __future__ import annotations

import signal
import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.errors import (
    AnswerTooLarge,
    AnswerTooSlow,
    CalipsoError,
    DatabaseUnavailable,
    SelectFailed,
    SourceNotConfigured,
)
from calipso_nornir.model.environment import SecretRef
from calipso_nornir.model.protocols import Reply
from calipso_nornir.model.queries import ApiGet, Select
from calipso_nornir.sources.mysql import MysqlSource
from calipso_nornir.sources.secrets import Vault
from tests.fixtures.cloud import make_pki
from tests.fixtures.mariadb import MariaDb, running

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORD = "c4n4ry-dätabase-密"  # noqa: S105 - of the test server
HOSTS = Select("nova", "SELECT host FROM compute_nodes ORDER BY id")
SETUP = (
    "CREATE DATABASE nova",
    "CREATE TABLE nova.compute_nodes (id INT PRIMARY KEY, host VARCHAR(60))",
    "INSERT INTO nova.compute_nodes VALUES (1, 'cmp1'), (2, 'cmp2')",
    "CREATE TABLE nova.hidden (id INT)",
    "CREATE DATABASE cell2",
    "CREATE TABLE cell2.compute_nodes (id INT PRIMARY KEY, host VARCHAR(60))",
    "INSERT INTO cell2.compute_nodes VALUES (1, 'cmp9')",
    "CREATE DATABASE ovs_neutron CHARACTER SET utf8mb4",
    """CREATE TABLE ovs_neutron.kinds (
        at DATETIME, stamp TIMESTAMP NULL, day DATE, span TIME, whole DECIMAL(20, 0), part DECIMAL(6, 2),
        raw VARBINARY(10), flag TINYINT(1), big BIGINT UNSIGNED, real_ DOUBLE, text_ TEXT, nothing INT)""",
    """INSERT INTO ovs_neutron.kinds VALUES (
        '2026-11-22 14:44:02', FROM_UNIXTIME(1800000000), '2026-11-22', '01:02:03', 12345678901234567890, 1.25,
        x'61ff62', 1, 18446744073709551615, 0.5, '{"ü": "😀"}', NULL)""",
    "CREATE DATABASE keystone",
    f"CREATE USER scan@'%' IDENTIFIED BY '{PASSWORD}'",
    "GRANT SELECT ON nova.compute_nodes TO scan@'%'",
    "GRANT SELECT ON cell2.* TO scan@'%'",
    "GRANT ALL ON ovs_neutron.* TO scan@'%'",
    "CREATE USER other@'%' IDENTIFIED BY 'x' ACCOUNT LOCK",
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDb]:
    folder = tmp_path_factory.mktemp("m")
    pki = make_pki(folder)
    tls = (f"--ssl-ca={pki.ca}", f"--ssl-cert={pki.server}", f"--ssl-key={pki.server_key}")
    with running(folder, *tls) as made:
        made.run(*SETUP)
        yield made


def source(server: MariaDb, password: str = PASSWORD, **section: Any) -> MysqlSource:  # noqa: ANN401 - keys of the section
    given = {"host": "127.0.0.1", "port": server.port, "user": "scan", "pwd": SecretRef("env", "PW"), **section}
    return MysqlSource(given, Vault(environ={"PW": password}))


def one(source: MysqlSource, query: Select = HOSTS) -> Reply | CalipsoError:
    return source.answer([query])[query]


def rows(answer: Reply | CalipsoError) -> Any:  # noqa: ANN401 - JSON
    assert isinstance(answer, Reply), str(answer)
    return answer.data


def sessions(server: MariaDb) -> int:
    return len(server.run("SELECT id FROM information_schema.processlist WHERE user = 'scan'"))


def denied(server: MariaDb) -> int:
    ((_, number),) = server.run("SHOW GLOBAL STATUS LIKE 'Access_denied_errors'")
    return int(str(number))


def test_rows_are_documents_and_parameters_are_bound(server: MariaDb) -> None:
    scan = source(server)
    assert rows(one(scan)) == [{"host": "cmp1"}, {"host": "cmp2"}]
    nasty = Select("nova", "SELECT id FROM compute_nodes WHERE host = %s OR id = %s", ("x' OR '1'='1", 2))
    assert rows(one(scan, nasty)) == [{"id": 2}]
    percent = Select("nova", "SELECT host FROM compute_nodes WHERE host LIKE '%2'")
    assert rows(one(scan, percent)) == [{"host": "cmp2"}]
    assert rows(one(scan, Select("nova", "SELECT host FROM compute_nodes WHERE id = 99"))) == []
    scan.close()
    scan.close()


def test_columns_become_json(server: MariaDb) -> None:
    scan = source(server, schemas={"neutron": "ovs_neutron"})
    assert rows(one(scan, Select("neutron", "SELECT * FROM kinds"))) == [
        {
            "at": "2026-11-22T14:44:02Z",
            "stamp": "2027-01-15T08:00:00Z",
            "day": "2026-11-22",
            "span": 3723.0,
            "whole": 12345678901234567890,
            "part": 1.25,
            "raw": "a\\xffb",
            "flag": 1,
            "big": 18446744073709551615,
            "real_": 0.5,
            "text_": '{"ü": "😀"}',
            "nothing": None,
        }
    ]
    scan.close()


def test_nothing_can_be_written_even_with_the_right_to(server: MariaDb) -> None:
    scan = source(server, schemas={"neutron": "ovs_neutron"})
    for sql in (
        "DELETE FROM kinds",
        "DROP TABLE kinds",
        "CREATE TABLE x (a INT)",
        "INSERT INTO kinds (flag) VALUES (1)",
    ):
        answer = one(scan, Select("neutron", sql))
        assert isinstance(answer, SelectFailed), sql
        assert "READ ONLY" in answer.cause
    assert server.run("SELECT COUNT(*) FROM ovs_neutron.kinds") == [(1,)]
    two = one(scan, Select("neutron", "SELECT 1; SELECT 2"))
    assert isinstance(two, SelectFailed), "one statement a query"
    scan.close()


def test_cells_are_asked_one_after_the_other(server: MariaDb) -> None:
    scan = source(server, cells=("nova", "cell2"))
    assert rows(one(scan)) == [{"host": "cmp1"}, {"host": "cmp2"}, {"host": "cmp9"}]
    partly = source(server, cells=("nova", "cell7"))
    assert isinstance(one(partly), SelectFailed), "half of the cells would pass for all"
    scan.close()
    partly.close()


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (Select("nova", "SELECT 1 FROM no_such"), "doesn't exist|command denied"),
        (Select("nova", "SELECT id FROM hidden"), "command denied"),
        (Select("nova", "SELECT no_such FROM compute_nodes"), "Unknown column"),
        (Select("nova", "SELECT FROM WHERE"), "SQL syntax"),
        (Select("nova", "SELECT %s, %s", (1,)), "not enough arguments"),
        (
            Select("keystone", "SELECT 1"),
            r"no schema keystone .* set mysql\.schemas\.keystone.*cell2.*nova.*ovs_neutron",
        ),
        (Select("neutron", "SELECT 1"), r"no schema neutron .* set mysql\.schemas\.neutron"),
    ],
)
def test_statements_that_fail_fail_alone(server: MariaDb, query: Select, said: str) -> None:
    scan = source(server)
    answers = scan.answer([query, HOSTS])
    answer = answers[query]
    assert isinstance(answer, SelectFailed)
    with pytest.raises(SelectFailed, match=said):
        raise answer
    assert rows(answers[HOSTS]) == [{"host": "cmp1"}, {"host": "cmp2"}]
    scan.close()


def test_a_wrong_password_is_tried_once(server: MariaDb) -> None:
    before = denied(server)
    scan = source(server, password="c4n4ry-wrong")  # noqa: S106 - a wrong one
    queries = [HOSTS, Select("nova", "SELECT 1"), Select("cell2", "SELECT 1"), Select("keystone", "SELECT 1")]
    for _ in range(3):
        for answer in scan.answer(queries).values():
            assert isinstance(answer, DatabaseUnavailable)
            assert "Access denied for user 'scan'" in answer.cause
            assert "c4n4ry" not in str(answer)
    (finding,) = scan.check()
    assert not finding.ok
    assert denied(server) - before == 1, "accounts get locked"


def test_a_locked_account(server: MariaDb) -> None:
    answer = one(source(server, password="x", user="other"))  # noqa: S106 - of the test server
    assert isinstance(answer, DatabaseUnavailable)


def test_a_session_that_is_lost_is_opened_again_once(server: MariaDb) -> None:
    scan = source(server)
    assert rows(one(scan))
    ((number,),) = server.run("SELECT id FROM information_schema.processlist WHERE user = 'scan'")
    server.run(f"KILL {number}")
    assert rows(one(scan)) == [{"host": "cmp1"}, {"host": "cmp2"}]
    assert sessions(server) == 1
    scan.close()


def test_one_session_a_schema_and_none_before_the_first_question(server: MariaDb) -> None:
    scan = source(server)
    assert sessions(server) == 0
    scan.answer([HOSTS, Select("nova", "SELECT 1"), Select("cell2", "SELECT 1")])
    assert sessions(server) == 2
    scan.close()
    deadline = time.monotonic() + 5
    while sessions(server) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert sessions(server) == 0


def test_a_statement_that_takes_too_long_is_not_run_twice(server: MariaDb) -> None:
    scan = source(server, timeout_s=0.5)
    started = time.monotonic()
    answer = one(scan, Select("nova", "SELECT SLEEP(3)"))
    assert isinstance(answer, SelectFailed)
    assert answer.cause == "no answer within 0.5 s"
    assert time.monotonic() - started < 2.5
    assert rows(one(scan)), "the session was opened again"
    scan.close()


def test_a_server_that_goes_away_and_comes_back(server: MariaDb) -> None:
    scan = source(server, connect_timeout_s=2)
    assert rows(one(scan))
    server.stop(signal.SIGKILL)
    queries = [HOSTS, Select("nova", "SELECT 1"), Select("cell2", "SELECT 1")]
    for answer in scan.answer(queries).values():
        assert isinstance(answer, DatabaseUnavailable)
        assert "Connection refused" in str(answer) or "Can't connect" in str(answer)
    server.start()
    assert rows(one(scan)) == [{"host": "cmp1"}, {"host": "cmp2"}]
    scan.close()


def test_tls_with_an_own_authority(server: MariaDb) -> None:
    cipher = Select("nova", "SHOW SESSION STATUS LIKE 'Ssl_cipher'")
    secure = source(server, cacert=str(server.folder / "ca.pem"))
    assert rows(one(secure, cipher))[0]["Value"]
    secure.close()
    other = server.folder / "other"
    other.mkdir(exist_ok=True)
    wrong = source(server, cacert=str(make_pki(other).ca))
    answer = one(wrong)
    assert isinstance(answer, DatabaseUnavailable)
    assert "certificate verify failed" in str(answer)
    missing = one(source(server, cacert=str(server.folder / "none.pem")))
    assert isinstance(missing, DatabaseUnavailable)
    assert "No such file" in str(missing)


def test_check(server: MariaDb) -> None:
    scan = source(server, schemas={"neutron": "ovs_neutron", "keystone": "keystone"})
    findings = {finding.what: (finding.ok, finding.detail) for finding in scan.check()}
    assert findings["login"] == (True, f"scan at 127.0.0.1:{server.port}")
    assert findings["schema nova"][0]
    assert "MariaDB" in findings["schema nova"][1]
    assert findings["schema ovs_neutron"][0]
    assert not findings["schema nova_api"][0]
    assert "grant SELECT" in findings["schema nova_api"][1]
    assert not findings["schema keystone"][0]
    scan.close()


def test_check_without_the_secret(server: MariaDb) -> None:
    (finding,) = source(server, pwd=SecretRef("env", "NOT_SET")).check()
    assert (finding.what, finding.ok) == ("login", False)
    assert "env:NOT_SET" in finding.detail


def test_other_queries_are_not_for_it(server: MariaDb) -> None:
    query = ApiGet("network", "/networks", "networks")
    assert isinstance(source(server).answer([query])[query], SourceNotConfigured)


@pytest.mark.parametrize(
    "greeting",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"",
        b"\x00",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\xff" * 4000,
        b"\x05\x00\x00\x00\x0a5.5",
    ],
)
def test_what_is_no_database_at_all(greeting: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_greet, args=(listening, greeting), daemon=True)
        thread.start()
        given = {"host": "127.0.0.1", "port": listening.getsockname()[1], "user": "x", "timeout_s": 1.0}
        answer = one(MysqlSource({**given, "connect_timeout_s": 1.0}, Vault()))
        assert isinstance(answer, DatabaseUnavailable)
        thread.join(5)


def test_the_password_is_not_given_to_a_server_that_asks_for_it_in_clear() -> None:
    """The switch to mysql_clear_password (Client/Server Protocol, AuthSwitchRequest) would send it as it is."""
    received: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_ask_in_clear, args=(listening, received), daemon=True)
        thread.start()
        given = {"host": "127.0.0.1", "port": listening.getsockname()[1], "user": "x", "pwd": SecretRef("env", "PW")}
        source = MysqlSource({**given, "timeout_s": 3.0}, Vault(environ={"PW": "c4n4ry-Xy7"}))
        answer = one(source)
        thread.join(5)
    assert isinstance(answer, DatabaseUnavailable)
    assert "in clear" in answer.cause
    assert received, "the server got as far as asking"
    assert b"c4n4ry" not in b"".join(received)


def _greet(listening: socket.socket, greeting: bytes) -> None:
    peer, _ = listening.accept()
    with peer:
        peer.sendall(greeting)


def _ask_in_clear(listening: socket.socket, received: list[bytes]) -> None:
    peer, _ = listening.accept()
    with peer:
        peer.settimeout(3)
        capabilities = 0x000FF7FF
        hello = b"\x0a8.0.0\x00" + b"\x01\x00\x00\x00" + b"12345678\x00" + (capabilities & 0xFFFF).to_bytes(2, "little")
        hello += b"\x2d" + b"\x02\x00" + (capabilities >> 16).to_bytes(2, "little") + b"\x15" + b"\x00" * 10
        hello += b"123456789012\x00" + b"mysql_native_password\x00"
        peer.sendall(len(hello).to_bytes(3, "little") + b"\x00" + hello)
        received.append(peer.recv(65536))
        switch = b"\xfemysql_clear_password\x00"
        peer.sendall(len(switch).to_bytes(3, "little") + b"\x02" + switch)
        while more := peer.recv(65536):
            received.append(more)


# --- answers without end


class Slowly:
    """Stands between client and server; once ``drips`` is set, a byte of the server's comes now and then."""

    def __init__(self, port: int) -> None:
        self.drips = threading.Event()
        self._to = ("127.0.0.1", port)
        self._ended = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._ended.set()
        self._listening.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection(self._to)
                for one, other, slow in ((client, server, False), (server, client, True)):
                    threading.Thread(target=self._pass_on, args=(one, other, slow), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket, slow: bool) -> None:  # noqa: FBT001 - of a thread
        with one, suppress(OSError):
            while not self._ended.is_set() and (got := one.recv(65536)):
                if not (slow and self.drips.is_set()):
                    other.sendall(got)
                    continue
                for number in range(len(got)):
                    other.sendall(got[number : number + 1])
                    time.sleep(0.02)
            other.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def slowly(server: MariaDb) -> Iterator[Slowly]:
    made = Slowly(server.port)
    yield made
    made.close()


def test_a_result_byte_by_byte_ends_at_its_deadline(server: MariaDb, slowly: Slowly) -> None:
    scan = source(server, port=slowly.port, timeout_s=3, answer_timeout_s=0.6)
    assert rows(one(scan)) == [{"host": "cmp1"}, {"host": "cmp2"}]
    slowly.drips.set()
    began = time.monotonic()
    answer = one(scan)
    assert answer == AnswerTooSlow(str(HOSTS), 0.6, "mysql.answer_timeout_s")
    assert time.monotonic() - began < 5
    slowly.drips.clear()
    assert rows(one(scan)) == [{"host": "cmp1"}, {"host": "cmp2"}], "another session is fine"
    scan.close()


def test_a_login_byte_by_byte_ends_at_its_deadline(server: MariaDb, slowly: Slowly) -> None:
    slowly.drips.set()
    began = time.monotonic()
    answer = one(source(server, port=slowly.port, timeout_s=3, answer_timeout_s=0.6))
    assert isinstance(answer, DatabaseUnavailable)
    assert "no complete login within 0.6 s; raise mysql.answer_timeout_s" in str(answer)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ("REPEAT('x', 1000) AS x", "more than 1 MiB; the rest was not read. Raise mysql.max_answer_mib"),
        ("NULL AS a, NULL AS b, NULL AS c", "more than 1000 values"),
    ],
)
def test_a_result_without_end_is_not_read_on(
    server: MariaDb, monkeypatch: pytest.MonkeyPatch, columns: str, said: str
) -> None:
    if "values" in said:
        monkeypatch.setattr("calipso_nornir.sources.mysql.MAX_VALUES", 1000)
    scan = source(server, schemas={"neutron": "ovs_neutron"}, max_answer_mib=1)
    began = time.monotonic()
    answer = one(scan, Select("neutron", f"SELECT {columns} FROM seq_1_to_1000000000"))  # noqa: S608 - of ours
    assert isinstance(answer, AnswerTooLarge), str(answer)
    assert said in str(answer)
    assert time.monotonic() - began < 10
    assert rows(one(scan, Select("neutron", "SELECT flag FROM kinds"))) == [{"flag": 1}], "another session is fine"
    scan.close()
