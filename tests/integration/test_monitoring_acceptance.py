# SPDX-License-Identifier: Apache-2.0
"""What has to hold for monitoring, and the tests that show it.

``SHOWN`` is the table, in the form of ``tests/contract/test_operations_acceptance.py``: its rows have the numbers of
the acceptance checks of the specification. Those that are not found elsewhere are here. A comment names the target
of ``make`` that runs a test, if that is not ``make test``; ``packaging/test_deploy_…`` is run by make test-install.
"""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from calipso_nornir.model.links import Link
from calipso_nornir.monitoring.back_ends.base import Wish
from calipso_nornir.monitoring.back_ends.prometheus import Prometheus
from calipso_nornir.monitoring.back_ends.sensu_core import SensuCore
from calipso_nornir.monitoring.back_ends.sensu_go import SensuGo
from calipso_nornir.monitoring.deploying import deploy
from calipso_nornir.monitoring.planning import plan
from calipso_nornir.monitoring.preparing import DeploymentLevel, prepare
from calipso_nornir.monitoring.result_storing import Recorder
from calipso_nornir.store.documents import link_document
from tests.fixtures.watched import CATALOG, planned, result, watched_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.stores import Store
    from calipso_nornir.monitoring.planning import PlannedCheck

HERE: Final = "integration/test_monitoring_acceptance"
DEPLOYING: Final = "integration/test_monitoring_deploying"
SETTLING: Final = "integration/test_monitoring_settling"
PLAYBOOK: Final = "packaging/test_deploy_checks"
SHOWN: Final[dict[int, tuple[str, tuple[str, ...]]]] = {
    12: (
        "each check judges recorded outputs as OK, warning, error and unknown; hostile names reach no shell",
        (
            "checks/test_judging::test_each_check_has_a_row_for_ok_error_and_unknown",
            "checks/test_judging::test_what_can_warn",
            "checks/test_judging::test_judgements",
            "checks/test_parameters::test_no_text_becomes_an_option_or_a_second_word",
            "checks/test_archive::test_modules_are_for_python_3_6_and_import_the_standard_library_only",
            "integration/test_monitoring_sensu_go::test_nothing_of_the_cloud_reaches_a_shell",
            f"{PLAYBOOK}::test_checks_are_deployed_again_changed_and_removed",  # make test-install
        ),
    ),
    13: (
        "every type that may be watched has a check, a handler, and a way from a result to a status",
        (
            f"{HERE}::test_a_result_about_every_type_becomes_a_status",
            f"{HERE}::test_every_type_has_a_check_that_hosts_have",
            "unit/test_monitoring_planning::test_each_kind_of_object_and_link_is_watched",
            "unit/test_monitoring_planning::test_the_metadata_and_the_probe_mean_the_same_checks",
            "integration/test_monitoring_handlers::test_a_third_partys_handler_changes_and_ignores_results_of_its_type",
        ),
    ),
    14: (
        "checks of an object that is removed are gone after the next deployment; a second one changes nothing",
        (
            f"{HERE}::test_an_object_that_is_removed_takes_its_checks_with_it",
            f"{DEPLOYING}::test_a_second_time_nothing_changes_and_what_is_gone_is_removed",
            f"{DEPLOYING}::test_what_runs_no_more_is_forgotten",
            "integration/test_monitoring_sensu_go::test_what_is_gone_is_removed_with_its_events_and_nothing_else",
            f"{PLAYBOOK}::test_checks_are_deployed_again_changed_and_removed",  # make test-install
            "packaging/test_deploy_prometheus::test_two_environments_share_a_server_and_each_can_be_removed",
            "packaging/test_deploy_command::test_the_host_and_the_server_are_deployed_and_the_second_time_nothing_changes",
            "packaging/test_deploy_command::test_a_host_and_sensu_go_are_deployed_and_the_second_time_nothing_changes",
            f"{DEPLOYING}::test_a_host_that_is_gone_is_cleaned_once_if_it_can_be_reached",
        ),
    ),
    15: (
        "None, DB, Files and Deploy touch what they say, and nothing else",
        (
            f"{DEPLOYING}::test_each_level_does_what_it_says_and_nothing_else",
            f"{DEPLOYING}::test_check_changes_nothing",
            f"{DEPLOYING}::test_enable_monitoring_is_honoured",
        ),
    ),
    16: (
        "a host that is dead is an error within two keepalive periods, and its objects are unknown",
        (
            f"{HERE}::test_a_dead_host_is_told_within_two_periods",
            f"{SETTLING}::test_a_dead_host_and_its_objects",
            f"{SETTLING}::test_what_failed_before_its_host_died_fails_after_it_is_back",
            "integration/test_monitoring_sensu_go::test_events_about_a_host",
            "integration/test_monitoring_prometheus::test_a_card_fails_and_is_mended_and_then_its_host_is_silent",
        ),
    ),
}
"""Row -> what has to hold, and the tests that show it."""
PLANS = [planned(variant) for variant in ("ovs", "lb")]
TYPES = [("inventory", one) for one in CATALOG.monitoring.objects] + [
    ("links", one) for one in CATALOG.monitoring.links
]


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Store]]:
    made = [watched_store(tmp_path_factory.mktemp(variant) / "store.db", variant) for variant in ("ovs", "lb")]
    yield made
    for one in made:
        one.close()


def test_each_row_names_tests_that_there_are() -> None:
    assert sorted(SHOWN) == [12, 13, 14, 15, 16]
    above = Path(__file__).parents[1]
    for _, names in SHOWN.values():
        for name in names:
            file, _, function = name.partition("::")
            tree = ast.parse((above / f"{file}.py").read_text(encoding="utf-8"))
            assert function in {one.name for one in tree.body if isinstance(one, ast.FunctionDef)}, name


# --- 13


def test_every_type_has_a_check_that_hosts_have() -> None:
    for rules in (*CATALOG.monitoring.objects.values(), *CATALOG.monitoring.links.values()):
        assert rules
        assert {one.check for one in rules} <= CATALOG.monitoring.checks.keys()


@pytest.mark.parametrize(("kind", "type_"), TYPES, ids=str)
def test_a_result_about_every_type_becomes_a_status(stores: list[Store], kind: str, type_: str) -> None:
    """From the check that is planned in a captured cloud; bonds are in none of them, so two cards are linked."""
    watched = [
        (store, host, one)
        for store, of in zip(stores, PLANS, strict=True)
        for host, rows in of.hosts.items()
        for one in rows
        if (one.kind, one.type) == (kind, type_)
    ]
    if not watched:
        assert type_ == "host_pnic-host_pnic"
        watched = [(stores[0], "cmp1", _linked(stores[0]))]
    store, host, found = watched[0]
    recorder = Recorder(store, CATALOG.monitoring)
    for at, (status, label) in enumerate([(0, "OK"), (1, "Warning"), (2, "Error"), (3, "Unknown"), (0, "OK")]):
        done = recorder.record([result(found, status, at=at, host=host, text=f"says {status}")])
        assert (done.changed, done.refused) == (1, ())
        stored = store.view("lab").status(found.of)
        assert stored is not None
        assert (stored.value, stored.label, stored.text) == (status, label, f"says {status}")


def _linked(store: Store) -> PlannedCheck:
    """Link two cards of a host as a bond is linked; return the check that is planned for it."""
    bond, member = [one for one in store.view("lab").of_type("host_pnic") if one["host"] == "cmp1"][:2]
    link = Link(source=member.ref, target=bond.ref, host="cmp1")
    with store.write("lab") as writer:
        writer.put("links", [link_document(link)])
    made = plan(store.view("lab"), CATALOG)
    return next(one for one in made.hosts["cmp1"] if one.of == link.document_id)


# --- 14


def test_an_object_that_is_removed_takes_its_checks_with_it(tmp_path: Path) -> None:
    store = watched_store(tmp_path / "store.db")
    environments = store.collection("environments_config")
    document = environments.get("lab") or {}
    section = {
        "name": "Monitoring",
        "type": "Prometheus",
        "server_ip": "192.0.2.1",
        "config_folder": str(tmp_path / "f"),
    }
    environments.put("lab", {**document, "configuration": [*document["configuration"], section]})

    def deployed() -> tuple[int, int]:
        done = deploy(store, prepare(store, "lab", CATALOG), lambda _folder, _machines: {}, level=DeploymentLevel.FILES)
        return done.kept, done.written

    def checks() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads((tmp_path / "f/host/cmp1/objects.json").read_text())["checks"]
        return found

    deployed()
    vnic = next(one for one in checks() if one["type"] == "vnic")
    with store.write("lab") as writer:
        writer.remove("inventory", [vnic["of"]])
    kept, written = deployed()
    assert kept == written > 0
    assert vnic["of"] not in {one["of"] for one in checks()}
    assert checks(), "others are still watched"
    assert deployed() == (0, 0)
    store.close()


# --- 16


@pytest.mark.parametrize("interval", [5, 10, 15, 30, 60, 300])
def test_a_dead_host_is_told_within_two_periods(interval: int) -> None:
    """A period is the time from one sign of life to the next: the probe's interval, or that of Sensu's keepalives.

    A back end of Sensu Go looks after the warning time-out, and again only when that has passed once more. A server of
    Sensu Core looks every 30 s; its clients send every 20 s.
    """
    settings = {"interval": interval, "rabbitmq_pass": "p", "agent_password": "p", "server_ip": "192.0.2.1"}
    wish = Wish(plan=planned(), settings=settings)
    files = {one.path: one.text for one in Prometheus().render(wish)}
    group = json.loads(files["server/prometheus/rules.lab.yml"])["groups"][1]
    scrape = json.loads(files["server/prometheus/targets.lab.json"])[0]["labels"]["__scrape_interval__"]
    route = json.loads(files["server/alertmanager/route.lab.yml"].removeprefix("  - "))
    # It dies right after a scrape; the rule sees it just after one evaluation, and is satisfied just after another
    seen = _seconds(scrape) + _seconds(group["interval"])
    told = _seconds(group["rules"][0]["for"]) + _seconds(group["interval"]) + _seconds(route["group_wait"])
    assert seen + told <= 2 * interval

    agent = json.loads({one.path: one.text for one in SensuGo().render(wish)}["host/cmp1/sensu-go/agent.yml"])
    assert agent["keepalive-interval"] <= max(5, interval)
    assert agent["keepalive-interval"] < agent["keepalive-warning-timeout"] == agent["keepalive-critical-timeout"]
    assert agent["keepalive-critical-timeout"] <= 2 * agent["keepalive-interval"]
    client = json.loads({one.path: one.text for one in SensuCore().render(wish)}["host/cmp1/sensu-core/client.json"])
    limits = client["client"]["keepalive"]["thresholds"]
    assert 20 < limits["warning"] <= limits["critical"] <= 2 * 20


def _seconds(text: str) -> int:
    return int(text.removesuffix("s"))
