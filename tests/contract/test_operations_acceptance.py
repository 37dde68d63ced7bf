# SPDX-License-Identifier: Apache-2.0
"""What has to hold for scan manager, API and installation, and the tests that show it, on real mongod and on SQLite.

``SHOWN`` is the table. Its rows have the numbers of the acceptance checks of the specification; a row says what
has to hold, and names the tests. Those that are not found elsewhere are here. A comment names the target of ``make``
that runs a test, if that is not ``make test``.
"""

from __future__ import annotations

import ast
import socket
import threading
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from calipso_nornir.access.users import Users
from calipso_nornir.api.guard import needs_of
from calipso_nornir.model.queries import Command
from calipso_nornir.scan_manager import Recurrence, ScanManager, ScanQueue, ScanRequest, Schedule
from calipso_nornir.scan_manager.schedules import Schedules
from calipso_nornir.scan_manager.settings import Settings
from calipso_nornir.sources.cli import CliSource
from calipso_nornir.store.documents import object_document
from calipso_nornir.store.environments import save_environment
from tests.fixtures.canned import CannedSource
from tests.fixtures.cli_sections import secret
from tests.fixtures.sshd import LOOPBACK
from tests.fixtures.tiny_cloud import ADDRESSES, CLOUD, TinyCloud
from tests.integration.test_api import routes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from calipso_nornir.errors import CalipsoError
    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.protocols import Reply, Source
    from calipso_nornir.model.queries import Query
    from calipso_nornir.model.stores import Document
    from calipso_nornir.scan_manager.recurrence import Frequency
    from tests.fixtures.places import Place
    from tests.fixtures.serving import Client, Served

pytest_plugins = ["tests.fixtures.lab_api"]

HERE: Final = "contract/test_operations_acceptance"
SCHEDULES: Final = "unit/test_scan_manager_schedules"
SYSTEMD: Final = "packaging/test_install_systemd"
SHOWN: Final[dict[int, tuple[str, tuple[str, ...]]]] = {
    1: (
        "a schedule of each frequency makes a run at the right time; a restart of the manager loses none",
        (
            f"{HERE}::test_a_schedule_of_each_frequency_is_run_though_the_manager_ends_in_between",
            "unit/test_scan_manager_recurrence::test_steps_are_counted_from_the_start",
            "unit/test_scan_manager_recurrence::test_a_day_keeps_its_hour_when_daylight_saving_begins_and_ends",
            f"{SCHEDULES}::test_what_was_missed_is_made_up_once",
            f"{SCHEDULES}::test_a_manager_that_dies_before_it_notes_the_next_time_makes_no_second_request",
        ),
    ),
    2: (
        "two managers, 100 requests: each runs once; the request of a killed one is run by the other",
        (
            "contract/test_scan_managers::test_killed_managers_lose_and_double_nothing",  # make test-chaos
            "contract/test_scan_queue::test_only_one_takes_a_request",
            "contract/test_scan_queue::test_a_request_whose_manager_is_gone_comes_back",
        ),
    ),
    3: (
        "a running scan is cancelled within 10 s; a time limit ends one whose SSH server hangs",
        (
            f"{HERE}::test_a_scan_is_cancelled_and_timed_out_though_ssh_servers_hang",
            "contract/test_ssh_cancel::test_a_server_that_takes_the_connection_and_says_nothing",
            "contract/test_ssh_cancel::test_a_host_that_stands_still",
        ),
    ),
    4: (
        "a scan with clear that fails leaves the inventory readable",
        ("contract/test_scans_both_stores::test_a_scan_with_clear_that_fails_leaves_all_that_was_there",),
    ),
    5: (
        "an object of each type is scanned alone, below folders and below others",
        (
            "contract/test_scans_both_stores::test_each_type_of_object_is_scanned_alone",
            "unit/test_engine_partial::test_nothing_but_the_object_and_what_is_below_it",
            "unit/test_engine_partial::test_there_is_an_example_of_every_type",
        ),
    ),
    11: (
        "no secret in messages, logs, answers of the API or the store",
        (
            "integration/test_api_examples::test_what_is_secret_is_in_no_answer_no_log_and_not_in_the_store",
            "integration/test_api_older::test_an_environment_is_described_and_its_secrets_are_never_shown",
            "integration/test_api_older::test_a_connection_test_is_run_and_its_secrets_are_removed",
            "contract/test_store_mongo::test_no_error_shows_the_password",
            "unit/test_secrets::test_nothing_shows_a_secret_in_hand",
            "unit/test_secrets::test_no_secret_survives",
        ),
    ),
    17: (
        "each operation of the older API with our status codes; 403 without a right on the environment; stable pages",
        (
            "integration/test_api_older::test_lists_have_their_key_and_fields",
            "integration/test_api_older::test_single_documents_are_whole",
            "integration/test_api_older::test_what_is_wrong_with_a_query_is_said",
            "integration/test_api_older::test_who_gets_no_token",
            "integration/test_api_older::test_scans_that_cannot_be_are_refused",
            "integration/test_api_older::test_schedules_that_cannot_be_are_refused",
            "integration/test_api_older::test_environments_that_cannot_be_are_refused",
            "integration/test_api_older::test_clique_types_that_cannot_be_are_refused",
            "integration/test_api_older_forms::test_every_request_of_the_older_api_is_answered",
            "integration/test_api_older_forms::test_every_parameter_and_value_of_the_older_api_is_sent",
            "integration/test_api_older::test_a_user_without_a_role_in_an_environment_gets_nothing_of_it",
            f"{HERE}::test_who_has_no_role_in_an_environment_gets_403_from_each_operation",
            f"{HERE}::test_pages_are_stable_while_others_write",
        ),
    ),
    18: (
        "installed from nothing with generated secrets; an upgrade keeps the data; no default password",
        (
            f"{HERE}::test_the_first_start_makes_a_password_of_its_own_and_a_later_one_keeps_what_is_there",
            "packaging/test_install::test_it_is_installed_from_nothing_again_and_upgraded",  # make test-install
            "packaging/test_install::test_nothing_that_is_installed_has_a_password_of_its_own",
            "packaging/test_install::test_compose_and_image_name_what_there_is",
            # make test-install:
            f"{SYSTEMD}::test_systemd_runs_it_as_its_own_account_again_after_a_crash_and_after_an_upgrade",
            "contract/test_store_migrations::test_it_is_carried_over",
        ),
    ),
}


@pytest.mark.parametrize("row", SHOWN)
def test_what_the_table_names_is_there(row: int) -> None:
    _, tests = SHOWN[row]
    for one in tests:
        module, _, name = one.partition("::")
        tree = ast.parse(Path(__file__).parents[1].joinpath(f"{module}.py").read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, one


NOON = datetime(2126, 1, 1, 12, tzinfo=UTC)
"""Later than any now: the managers below find nothing else that is due."""
NEXT: Final[dict[Frequency, datetime | None]] = {
    "ONCE": None,
    "HOURLY": NOON + timedelta(hours=1),
    "DAILY": NOON + timedelta(days=1),
    "WEEKLY": NOON + timedelta(days=7),
    "MONTHLY": datetime(2126, 2, 1, 12, tzinfo=UTC),
    "YEARLY": datetime(2127, 1, 1, 12, tzinfo=UTC),
    "CRON": NOON + timedelta(minutes=5),
}


@pytest.mark.long
def test_a_schedule_of_each_frequency_is_run_though_the_manager_ends_in_between(place: Place) -> None:
    """One manager makes the requests when they are due, and ends; another one, later, runs each of them once."""
    store = place.open()
    schedules = Schedules(store, ScanQueue(store))
    ids = {}
    for freq in NEXT:
        save_environment(store, replace(CLOUD, name=freq.lower()))
        cron = "*/5 * * * *" if freq == "CRON" else None
        wanted = ScanRequest(environment=freq.lower(), untested=True, inventory_only=True)
        recurrence = Recurrence(freq=freq, start=NOON, cron=cron)
        ids[freq] = schedules.add(Schedule(request=wanted, recurrence=recurrence))
    assert schedules.submit_due(NOON - timedelta(seconds=1)) == []
    made = schedules.submit_due(NOON)
    assert len(made) == len(NEXT)

    later = place.open()
    Schedules(later, ScanQueue(later)).submit_due(NOON + timedelta(seconds=1))
    manager(place, lambda _environment: CannedSource(TinyCloud().answers())).run(until_empty=True)
    scans = later.collection("scans").find()
    assert {one["scan_id"] for one in scans} == set(made), "no other request"
    assert {one["interval"]: (one["status"], one["attempt"]) for one in scans} == dict.fromkeys(NEXT, ("completed", 1))
    for freq, due in NEXT.items():
        noted = (later.collection("scheduled_scans").get(ids[freq]) or {})["scheduled_timestamp"]
        assert noted == (due.isoformat() if due is not None else None), freq


def manager(place: Place, source: Callable[[Environment], Source]) -> ScanManager:
    settings = Settings(open=lambda name: place.open(inventory=name), poll_s=0.1, source=source)
    return ScanManager(place.open(), settings)


class HungHosts(CannedSource):
    """A cloud whose API answers, and whose hosts are asked over SSH."""

    def __init__(self, hosts: CliSource) -> None:
        super().__init__(TinyCloud().answers())
        self._hosts = hosts

    def answer(self, queries: Sequence[Query]) -> dict[Query, Reply | CalipsoError]:
        commands = [one for one in queries if isinstance(one, Command)]
        others = super().answer([one for one in queries if not isinstance(one, Command)])
        return {**others, **(self._hosts.answer(commands) if commands else {})}

    def cancel(self) -> None:
        self._hosts.cancel()


def test_a_scan_is_cancelled_and_timed_out_though_ssh_servers_hang(place: Place, settings: dict[str, Any]) -> None:
    """The server of each host takes the connection, and then says nothing. Real sockets, the real SSH client."""
    connected = threading.Event()
    with socket.create_server((LOOPBACK, 0), backlog=64) as listener, closing(Taking(listener, connected)):
        port = listener.getsockname()[1]
        settings |= {"connect_timeout_s": 600, "hosts": {name: {"host": LOOPBACK, "port": port} for name in ADDRESSES}}
        store = place.open()
        queue = ScanQueue(store)
        save_environment(store, CLOUD)
        running = manager(place, lambda _environment: HungHosts(CliSource.for_section(settings, secret=secret)))
        thread = threading.Thread(target=running.run)
        thread.start()
        try:
            cancelled = queue.submit(ScanRequest(environment=CLOUD.name, untested=True))
            assert connected.wait(30)
            at = time.monotonic()
            queue.cancel(cancelled, by="ann")
            assert ended(queue, cancelled)["status"] == "aborted"
            assert time.monotonic() - at < 10
            late = queue.submit(ScanRequest(environment=CLOUD.name, untested=True, time_limit=1))
            assert ended(queue, late)["status"] == "timed_out"
        finally:
            running.stop()
            thread.join(30)
    assert not thread.is_alive()


class Taking:
    """Takes connections, and says nothing on them."""

    def __init__(self, listener: socket.socket, connected: threading.Event) -> None:
        self._listener, self._connected = listener, connected
        self._peers: list[socket.socket] = []
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self) -> None:
        while True:
            try:
                self._peers.append(self._listener.accept()[0])
            except OSError:
                return
            self._connected.set()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        for one in self._peers:
            one.close()


def ended(queue: ScanQueue, scan_id: str) -> Document:
    deadline = time.monotonic() + 60
    while (found := queue.get(scan_id) or {}).get("end_timestamp") is None:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


def test_who_has_no_role_in_an_environment_gets_403_from_each_operation(api: Served) -> None:
    elsewhere = api.user("admin-of-another", prod="admin")
    asked = 0
    for method, path, handler in routes():
        needed = needs_of(handler)
        assert needed is not None
        if "/environments/lab" in path and needed.role is not None:
            assert elsewhere.ask(method, f"/{path}", json={}).status_code == 403, f"{method} {path}"
            asked += 1
    assert asked > 50


@pytest.mark.parametrize("order", ["", "name", "-name", "-type,id"])
def test_pages_are_stable_while_others_write(api: Served, viewer: Client, order: str) -> None:
    """What is there from the first page to the last is shown once; what comes before the position changes nothing."""
    store, path = api.settings.store, "/environments/lab/objects"
    there = {one.ref.document_id for kind in ("vnic", "host") for one in store.view("lab").of_type(kind)}
    host = store.view("lab").of_type("host")[0]
    query = {"type": ["vnic", "host"], "limit": 3, **({"sort": order} if order else {})}
    page, pages = viewer.get(path, **query), 1
    seen = [one["_id"] for one in page["items"]]
    while page["next"] is not None:
        number = f"{order}-{pages}"
        with store.write("lab") as writer:
            new = replace(host, ref=replace(host.ref, id=f"new-{number}"), name=f"new-{number}")
            old = replace(host, ref=replace(host.ref, id=f"new-{order}-{pages - 1}"))
            writer.put("inventory", [object_document(new)])
            writer.remove("inventory", [old.ref.document_id])
        page, pages = viewer.get(path, **query, after=page["next"]), pages + 1
        seen += [one["_id"] for one in page["items"]]
    assert len(seen) == len(set(seen))
    assert there <= set(seen)
    assert pages > 3


def test_the_first_start_makes_a_password_of_its_own_and_a_later_one_keeps_what_is_there(place: Place) -> None:
    first = Users(place.open()).first_admin()
    assert first is not None
    assert len(first) >= 16
    again = Users(place.open())
    assert again.first_admin() is None
    known = again.verified("admin", first)
    assert known is not None
    assert known.one_time
    for guess in ("admin", "calipso", "calipso_default", "password", "123456", ""):
        assert again.verified("admin", guess) is None
