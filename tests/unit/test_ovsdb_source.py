# SPDX-License-Identifier: Apache-2.0
"""OVN's databases as a source, against a real ovsdb-server with OVN's own schemas."""

from __future__ import annotations

import json
import shlex
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.errors import CommandFailed, SourceFailed
from calipso_nornir.fetchers.ovn.databases import NORTHBOUND, SOUTHBOUND
from calipso_nornir.model.environment import Environment
from calipso_nornir.model.ovsdb import SETTINGS, OvsdbTables
from calipso_nornir.model.protocols import Reply
from calipso_nornir.model.source_kinds import Opening, Trial
from calipso_nornir.parsing.ovn_northbound import northbound
from calipso_nornir.parsing.ovn_southbound import southbound
from calipso_nornir.parsing.ovsdb import tables
from calipso_nornir.sources import ovsdb_kind
from calipso_nornir.sources.ovsdb import OvsdbSource, remote_for
from calipso_nornir.sources.ovsdb_direct import DirectOvsdb
from calipso_nornir.sources.ovsdb_kind import OVSDB, OvsdbSection
from calipso_nornir.sources.secrets import Vault
from tests.fixtures import needs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from calipso_nornir.model.queries import Command

SCHEMAS = Path("/usr/share/ovn")
AT = datetime(2026, 11, 28, tzinfo=UTC)


class Here:
    """Runs the commands of every host on this one."""

    def __init__(self) -> None:
        self.asked: list[Command] = []
        self.closed = False

    def answer(self, queries: Sequence[Any]) -> dict[Any, Any]:
        """Run them one after the other."""
        self.asked += queries
        return {query: self._run(query) for query in queries}

    def _run(self, query: Command) -> Reply | CommandFailed:
        done = subprocess.run(shlex.split(query.text), capture_output=True, text=True, check=False)  # noqa: S603 - ours
        if done.returncode:
            return CommandFailed(query.host, query.text, done.returncode, done.stderr)
        return Reply(done.stdout, AT)

    def close(self) -> None:
        """Note it."""
        self.closed = True


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the remote of an ovsdb-server that has both databases, empty but for one chassis with its endpoint."""
    folder = tmp_path_factory.mktemp("ovn")
    needs.program("ovsdb-server", packages="openvswitch-switch")
    if not SCHEMAS.exists():
        needs.missing("OVN's schemas are not installed; Debian: apt-get install ovn-central")
    for name in ("nb", "sb"):
        _run("ovsdb-tool", "create", f"{folder}/{name}.db", f"{SCHEMAS}/ovn-{name}.ovsschema")
    remote = f"unix:{folder}/db.sock"
    paths = [f"--remote=p{remote}", f"--unixctl={folder}/ctl", f"--pidfile={folder}/pid", f"--log-file={folder}/log"]
    _run("ovsdb-server", *paths, "--detach", "--no-chdir", f"{folder}/nb.db", f"{folder}/sb.db")
    encap = {"type": "geneve", "ip": "192.0.2.1", "chassis_name": "c1"}
    chassis = {"name": "c1", "hostname": "cmp1", "encaps": ["named-uuid", "e"]}
    made = [
        {"op": "insert", "table": "Encap", "row": encap, "uuid-name": "e"},
        {"op": "insert", "table": "Chassis", "row": chassis},
    ]
    _run("ovsdb-client", "transact", remote, json.dumps(["OVN_Southbound", *made]))
    yield remote
    _run("ovs-appctl", "-t", f"{folder}/ctl", "exit")


def _run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)  # noqa: S603 - fixed words


def source(remote: str, **section: Any) -> tuple[OvsdbSource, Here]:  # noqa: ANN401 - keys of the section
    """Return a source that reaches both databases by one remote."""
    here = Here()
    return OvsdbSource(OvsdbSection(host="ctl", nb=remote, sb=remote, **section), here), here


def text_of(answer: object) -> str:
    """Return the text of an answer that is none of the errors."""
    assert isinstance(answer, Reply), str(answer)
    return str(answer.data)


def test_both_databases_are_read_in_one_command_each(server: str) -> None:
    ovn, here = source(server)
    answers = ovn.answer([NORTHBOUND, SOUTHBOUND])
    assert len(here.asked) == 2
    [chassis] = southbound(text_of(answers[SOUTHBOUND])).chassis.values()
    assert (chassis.hostname, chassis.encaps) == ("cmp1", (("geneve", "192.0.2.1"),))
    assert northbound(text_of(answers[NORTHBOUND])).routers == {}
    ovn.close()
    assert here.closed


def test_a_schema_without_a_column_is_asked_for_whole_rows(server: str) -> None:
    ovn, here = source(server)
    query = OvsdbTables("OVN_Southbound", (("Chassis", ("name", "of_next_year")), ("Encap", ("ip",))))
    [chassis], [encap] = tables(text_of(ovn.answer([query])[query]))
    assert len(here.asked) == 2
    assert (chassis["name"], encap["ip"], "of_next_year" in chassis) == ("c1", "192.0.2.1", False)


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        (OvsdbTables("OVN_Southbound", (("Nothing", ("name",)),)), "No table named Nothing"),
        (OvsdbTables("OVN_Southbound", (("Chassis", ("bad",)), ("Nothing", ("name",)))), "No table named Nothing"),
    ],
)
def test_what_the_database_refuses_is_an_error_in_its_words(server: str, query: OvsdbTables, problem: str) -> None:
    ovn, _ = source(server)
    answer = ovn.answer([query])[query]
    assert isinstance(answer, SourceFailed)
    assert problem in str(answer)
    assert str(answer).startswith("OVN_Southbound: ")


def test_a_database_that_is_not_there_is_the_commands_failure(server: str, tmp_path: Path) -> None:
    for remote, database in ((f"unix:{tmp_path}/none", "OVN_Southbound"), (server, "OVN_Nowhere")):
        ovn, _ = source(remote)
        query = OvsdbTables(database, (("Chassis", ("name",)),))
        assert isinstance(ovn.answer([query])[query], CommandFailed)


def test_what_is_no_answer_is_left_to_the_parser() -> None:
    class Odd(Here):
        def _run(self, query: Command) -> Reply:
            return Reply(f'"error" {query}', AT)

    ovn = OvsdbSource(OvsdbSection(host="ctl"), Odd())
    assert text_of(ovn.answer([SOUTHBOUND])[SOUTHBOUND]).startswith('"error"')


def test_a_socket_takes_root_and_certificates_go_along() -> None:
    ovn, here = source("unix:/var/run/ovn/ovnsb_db.sock")
    ovn.answer([SOUTHBOUND])
    assert here.asked[0].root
    files = {"private_key": "/etc/my key", "certificate": "/etc/c", "ca_cert": "/etc/ca"}
    ovn, here = source("ssl:192.0.2.1:6642", timeout_s=7, **files)
    ovn.answer([SOUTHBOUND])
    words = shlex.split(here.asked[0].text)
    assert words[:6] == [
        *("ovsdb-client", "--timeout=7", "--no-leader-only"),
        *("--private-key=/etc/my key", "--certificate=/etc/c", "--ca-cert=/etc/ca"),
    ]
    assert words[6:8] == ["query", "ssl:192.0.2.1:6642"]
    assert (here.asked[0].host, here.asked[0].root, here.asked[0].timeout_s) == ("ctl", False, 12)


class Chassis(Here):
    """A host without the databases' sockets, whose ovn-controller uses a remote."""

    def __init__(self, told: str | CommandFailed) -> None:
        super().__init__()
        self.told = told

    def _run(self, query: Command) -> Reply | CommandFailed:
        if query.text != SETTINGS:
            return super()._run(query)
        return Reply(self.told, AT) if isinstance(self.told, str) else self.told


def settings(remote: str) -> str:
    return json.dumps({"headings": ["external_ids"], "data": [[["map", [["ovn-remote", remote]]]]]})


def test_the_remote_that_the_hosts_chassis_uses_does_where_nobody_names_another(server: str) -> None:
    here = Chassis(settings(server))
    ovn = OvsdbSource(OvsdbSection(host="cmp1"), here)
    answers = ovn.answer([NORTHBOUND, SOUTHBOUND])
    assert [one.hostname for one in southbound(text_of(answers[SOUTHBOUND])).chassis.values()] == ["cmp1"]
    assert isinstance(answers[NORTHBOUND], CommandFailed), "nobody can say where it is"
    assert [one.text == SETTINGS for one in here.asked].count(True) == 1
    named = OvsdbSource(OvsdbSection(host="cmp1", sb="unix:/run/none"), here)
    assert isinstance(named.answer([SOUTHBOUND])[SOUTHBOUND], CommandFailed), "somebody has said it"


@pytest.mark.parametrize("told", [CommandFailed("cmp1", SETTINGS, 1, "no"), "no JSON", '{"data": []}', settings("")])
def test_a_chassis_that_says_nothing_of_its_remote(told: str | CommandFailed) -> None:
    ovn = OvsdbSource(OvsdbSection(host="cmp1"), Chassis(told))
    assert isinstance(ovn.answer([SOUTHBOUND])[SOUTHBOUND], CommandFailed)


def test_northbound_is_where_southbound_is_by_the_usual_ports() -> None:
    both = "ssl:192.0.2.1:6642,ssl:192.0.2.2:6642"
    assert remote_for("OVN_Southbound", both) == both
    assert remote_for("OVN_Northbound", both) == "ssl:192.0.2.1:6641,ssl:192.0.2.2:6641"
    assert remote_for("OVN_Northbound", "ssl:192.0.2.1:16642") == ""


# --- the kind


def opening(*, section: bool = True, cli: bool = True, drivers: tuple[str, ...] = ("OVN",)) -> Opening:
    """Return how an environment with these sections is opened."""
    configuration: dict[str, Any] = {"CLI": {"hosts": {"ctl": {"host": "127.0.0.1", "port": 1}}, "agent": False}}
    environment = Environment(name="e", mechanism_drivers=drivers, configuration=configuration if cli else {})
    return Opening(environment=environment, section={"host": "ctl"} if section else None, secrets=Vault())


def test_it_is_there_where_the_environment_describes_it_and_its_host() -> None:
    assert OVSDB.open(opening(section=False)) is None
    assert OVSDB.open(opening(cli=False)) is None
    made = OVSDB.open(opening())
    assert isinstance(made, OvsdbSource)
    made.close()
    remotes = {"nb": "tcp:192.0.2.1:6641", "sb": "tcp:192.0.2.1:6642"}
    assert isinstance(OVSDB.open(replace(opening(cli=False), section=remotes)), DirectOvsdb)
    assert OVSDB.missed_by(opening().environment)
    assert not OVSDB.missed_by(opening(drivers=("OVS",)).environment)


def test_it_is_tried(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    [lacking] = OVSDB.check(Trial(opening=opening(cli=False)))
    assert (lacking.ok, "section CLI" in lacking.detail) == (False, True)
    refused = list(OVSDB.check(Trial(opening=opening())))
    assert [(one.what, one.ok) for one in refused] == [("Northbound", False), ("Southbound", False)]
    monkeypatch.setattr(ovsdb_kind, "_open", lambda _opening: source(server)[0])
    assert [str(one.detail) for one in OVSDB.check(Trial(opening=opening()))] == ["it can be read"] * 2
