# SPDX-License-Identifier: Apache-2.0
"""Listeners, events and dead letters by the API."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from calipso_nornir.live.journal import Entry, Journal
from calipso_nornir.model.notifications import Notification
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.store import open_store
from calipso_nornir.store.environments import save_environment
from calipso_nornir.store.liveness import sign_of_life
from tests.fixtures.serving import served
from tests.fixtures.tiny_cloud import CLOUD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.serving import Served

AT = datetime(2026, 11, 29, 6, tzinfo=UTC)
HERE = "/environments/cloud"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("api")
    with closing(open_store(folder / "s.db")) as store:
        save_environment(store, CLOUD)
        journal = Journal(store, "cloud")
        payload = {"port": {"id": "p"}, "adminPass": "hush"}
        port = Notification(id="one", source="neutron", type="port.create.end", at=AT, payload=payload)
        journal.note([Entry(port, "stored", received=AT, refs=[ObjectRef("cloud", "port", "p")])])
        lame = Notification(id="two", source="nova", type="compute.instance.update", at=AT)
        journal.bury(lame, received=AT, attempts=11, problem="it failed")
        journal.bury_unread(b"nonsense", source="nova", received=AT, problem="not readable JSON")
        figures = {"received": 3, "handled": 1, "lag_p95_s": 0.5}
        running = {"environment": "cloud", "state": "running", "status": "running", **figures, **sign_of_life()}
        store.collection("listeners").put("cloud", running)
        with served(store, secrets=folder / "secrets") as started:
            yield started


def test_events_of_an_environment(api: Served) -> None:
    viewer = api.user("viewer", cloud="viewer")
    found = viewer.get(f"{HERE}/events")
    assert {one["id"] for one in found} == {"one", "two"}
    (stored,) = viewer.get(f"{HERE}/events?type=port.create.end&outcome=stored")
    assert stored["objects"] == [["port", "p"]]
    assert "hush" not in repr(found)
    assert viewer.get(f"{HERE}/events?since=2026-11-29T07:00:00Z") == []


def test_how_an_environment_is_listened_to(api: Served) -> None:
    found = api.user("viewer", cloud="viewer").get(f"{HERE}/listener")
    assert (found["state"], found["problem"]) == ("running", "")
    assert found["since_start"] == {"received": 3, "handled": 1, "lag_p95_s": 0.5}


def test_dead_letters_are_sent_again_or_removed(api: Served) -> None:
    operator = api.user("operator", cloud="operator")
    letters = {one["id"]: one for one in operator.get(f"{HERE}/dead-letters")}
    (unread,) = letters.keys() - {"two"}
    assert operator.post(f"{HERE}/dead-letters/two/redrive", status=202)["state"] == "again"
    assert operator.ask("POST", f"{HERE}/dead-letters/{unread}/redrive").status_code == 409
    assert operator.ask("DELETE", f"{HERE}/dead-letters/{unread}").status_code == 204
    assert operator.ask("DELETE", f"{HERE}/dead-letters/{unread}").status_code == 404
    assert api.user("viewer", cloud="viewer").ask("GET", f"{HERE}/dead-letters").status_code == 403
