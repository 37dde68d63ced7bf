# SPDX-License-Identifier: Apache-2.0
"""What the watch of services reports: differences between two readings of the lists; and what it cannot read."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.errors import ApiFailed
from calipso_nornir.fetchers import questions
from calipso_nornir.live import service_watch
from calipso_nornir.live.arrivals import Inbox
from calipso_nornir.live.listener_base import Post
from calipso_nornir.live.service_watch import ServiceWatch
from calipso_nornir.live.service_watch_kind import SERVICES
from calipso_nornir.metadata.loading import load_catalog
from calipso_nornir.scan.engine import run_scan
from calipso_nornir.store import open_store
from tests.fixtures.living import Changing, eventually
from tests.fixtures.tiny_cloud import CLOUD, TinyCloud

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AGENTS = "GET network /agents"
SERVICE_LIST = "GET compute /os-services"


class Watched:
    """A cloud whose services are watched."""

    def __init__(self, watch: ServiceWatch, cloud: TinyCloud, source: Changing) -> None:
        self.watch, self.cloud, self.source = watch, cloud, source

    def told(self, count: int) -> list[tuple[str, Any]]:
        """Wait for so many notifications; return the type, and host or agent, of each."""
        inbox = self.watch.post.inbox
        eventually(lambda: len(inbox) >= count)
        bodies: list[Any] = [one.body for one in inbox.take(at_most=100, wait_s=0)[0]]
        return sorted((one.type, one.payload.get("host") or one.payload["agent"]["id"]) for one in bodies)


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    monkeypatch.setattr(service_watch, "EVERY_S", 0.05)
    cloud = TinyCloud()
    source = Changing(cloud)
    store = open_store(tmp_path / "calipso.db")
    assert run_scan(CLOUD, store=store, source=source).ok
    post = Post(environment=CLOUD, catalog=load_catalog(), store=store, inbox=Inbox(), source=source)
    yield Watched(ServiceWatch(post), cloud, source)
    store.close()


@contextmanager
def listening(one: Watched) -> Iterator[None]:
    thread = threading.Thread(target=one.watch.listen)
    thread.start()
    try:
        eventually(lambda: one.watch.is_connected)
        yield
    finally:
        one.watch.stopping.set()
        thread.join(10)
    assert not thread.is_alive()


def test_what_stops_and_starts_reporting_is_told_once(watched: Watched) -> None:
    with listening(watched):
        assert not len(watched.watch.post.inbox), "the picture says the same"
        watched.cloud.dead = ["cmp2"]
        expected = [("agent.listing.update", "cmp2-Open"), ("service.listing.update", "cmp2")]
        assert watched.told(2) == expected
        watched.cloud.dead = []
        assert watched.told(2) == expected


def test_what_changed_before_the_first_reading_is_told(watched: Watched) -> None:
    watched.cloud.dead = ["cmp2"]
    with listening(watched):
        assert watched.told(2) == [("agent.listing.update", "cmp2-Open"), ("service.listing.update", "cmp2")]


def test_what_is_new_or_gone_is_told(watched: Watched) -> None:
    rows = watched.cloud.answers()
    new = {**rows[AGENTS][0], "id": "new"}
    with listening(watched):
        watched.source.also = {AGENTS: [*rows[AGENTS], new]}
        assert watched.told(1) == [("agent.listing.create", "new")]
        watched.source.also = {SERVICE_LIST: rows[SERVICE_LIST][1:]}
        gone = rows[SERVICE_LIST][0]["host"]
        assert watched.told(2) == [("agent.listing.delete", "new"), ("service.listing.delete", gone)]


@pytest.mark.parametrize(
    "answer", [ApiFailed("neutron", "/agents", 503, "busy"), [{"id": "without a host"}], {"unexpected": []}]
)
def test_a_list_that_cannot_be_read_is_lacking_until_it_can(watched: Watched, answer: object) -> None:
    watched.source.also = {AGENTS: answer}
    with listening(watched):
        assert "not watched" in watched.watch.lacking
        watched.source.also = {}
        eventually(lambda: not watched.watch.lacking)
        assert not len(watched.watch.post.inbox), "what was not read has not changed"


def test_a_nova_of_before_stein_is_watched(watched: Watched) -> None:
    refused = ApiFailed("compute", "/os-services", 406, "Version 2.69 is not supported by the API")
    watched.source.also = {questions.services("R1"): refused}
    with listening(watched):
        assert not watched.watch.lacking
        watched.cloud.dead = ["ctl"]
        assert watched.told(1) == [("service.listing.update", "ctl")]


def test_only_openstack_is_watched() -> None:
    assert SERVICES.wanted(CLOUD)
    assert not SERVICES.wanted(replace(CLOUD, environment_type="Kubernetes"))
    assert not SERVICES.alone


def test_the_api_is_opened_anew_after_a_failure(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Changing] = []

    def opens(_section: object, _secrets: object) -> Changing:
        opened.append(Changing(watched.cloud, watched.source.also))
        return opened[-1]

    monkeypatch.setattr(service_watch, "OpenStackSource", opens)
    watched.watch.post = replace(watched.watch.post, source=None)
    watched.source.also = {AGENTS: ApiFailed("neutron", "/agents", 503, "busy")}
    with listening(watched):
        eventually(lambda: len(opened) > 1)
        watched.source.also = {}
        eventually(lambda: not watched.watch.lacking)
        last = len(opened)
        eventually(lambda: len(opened[-1].rounds) > 4)
    assert len(opened) == last, "while it answers, it stays open"
    assert [one.closed for one in opened] == [1] * last
