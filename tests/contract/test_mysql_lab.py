# SPDX-License-Identifier: Apache-2.0
"""The database source against the lab's real Nova, Neutron and Keystone schemas."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from calipso_nornir.errors import CalipsoError, DatabaseUnavailable, SelectFailed
from calipso_nornir.model.environment import SecretRef
from calipso_nornir.model.protocols import Reply
from calipso_nornir.model.queries import Select
from calipso_nornir.sources.mysql import MysqlSource
from calipso_nornir.sources.secrets import Vault
from tests.fixtures import lab

pytestmark = pytest.mark.lab

INSTANCES = Select("nova", "SELECT uuid, host, created_at, deleted FROM instances WHERE deleted = %s", (0,))


def source(password: str | None = None, **section: Any) -> MysqlSource:  # noqa: ANN401 - keys of the section
    given = {"host": lab.here().controller, "user": "scan", "pwd": SecretRef("env", "PW"), **section}
    return MysqlSource(given, Vault(environ={"PW": password or lab.here().password}))


def rows(answer: Reply | CalipsoError) -> Any:  # noqa: ANN401 - JSON
    assert isinstance(answer, Reply), str(answer)
    return answer.data


def test_all_schemas_at_once() -> None:
    networks = Select("neutron", "SELECT id, mtu FROM networks")
    cells = Select("nova_api", "SELECT name, uuid FROM cell_mappings")
    projects = Select("keystone", "SELECT id, name FROM project WHERE is_domain = 0")
    queries = [INSTANCES, networks, cells, projects]
    scan = source()
    answers = scan.answer(queries)
    scan.close()
    assert all(rows(answers[query]) for query in queries)
    assert json.loads(json.dumps(rows(answers[INSTANCES]))) == rows(answers[INSTANCES])
    assert {row["host"] for row in rows(answers[INSTANCES])} <= set(lab.here().computes)


def test_columns_of_every_kind() -> None:
    wanted = Select("neutron", "SELECT configurations, heartbeat_timestamp FROM agents")  # OVN's agents are elsewhere
    scan = source()
    agents = rows(scan.answer([wanted])[wanted])
    scan.close()
    assert bool(agents) is (lab.here().variant != "ovn")
    for agent in agents:
        assert isinstance(json.loads(agent["configurations"]), dict)
        assert datetime.fromisoformat(agent["heartbeat_timestamp"]).tzinfo is not None


def test_cells() -> None:
    both = source(cells=("nova_cell0", "nova"))
    assert rows(both.answer([INSTANCES])[INSTANCES]) == rows(source().answer([INSTANCES])[INSTANCES])
    both.close()


def test_nothing_is_written_and_what_is_wrong_is_said() -> None:
    scan = source()
    # Changes nothing even if it were carried out.
    write = Select("nova", "UPDATE instances SET host = host WHERE 1 = 0")
    table = Select("nova", "SELECT 1 FROM no_such_table")
    schema = Select("cinder", "SELECT 1")
    answers = scan.answer([write, table, schema])
    scan.close()
    for query, said in (
        (write, "READ ONLY|command denied"),
        (table, "doesn't exist"),
        (schema, "mysql.schemas.cinder"),
    ):
        error = answers[query]
        assert isinstance(error, SelectFailed)
        with pytest.raises(SelectFailed, match=said):
            raise error


def test_refusals() -> None:
    refused = source(password="wrong").answer([INSTANCES])[INSTANCES]  # noqa: S106 - wrong
    assert isinstance(refused, DatabaseUnavailable)
    assert "Access denied" in str(refused)
    closed = source(port=3305).answer([INSTANCES])[INSTANCES]
    assert isinstance(closed, DatabaseUnavailable)


def test_check() -> None:
    findings = {finding.what: finding.ok for finding in source().check()}
    assert findings == {"login": True, "schema nova": True, "schema nova_api": True, "schema neutron": True}
