# SPDX-License-Identifier: Apache-2.0
"""Metrics of this process and of the store, for Prometheus."""

from __future__ import annotations

import platform
from collections import Counter
from typing import TYPE_CHECKING, Final, Literal

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from calipso_nornir._version import __version__
from calipso_nornir.access.roles import Role
from calipso_nornir.api.exposition import MEDIA_TYPE, Family, Sample, written
from calipso_nornir.api.guard import needs
from calipso_nornir.api.handler_arguments import Api
from calipso_nornir.api.metering import OTHER
from calipso_nornir.live.journal import DEAD_LETTERS
from calipso_nornir.live.standing import LISTENERS, state_of
from calipso_nornir.scan.report import ENDED
from calipso_nornir.scan_manager.states import DRAFT, PENDING, RUNNING
from calipso_nornir.store.liveness import status_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from calipso_nornir.api.settings import ApiSettings
    from calipso_nornir.model.stores import Store

MOST_ENVIRONMENTS: Final = 100
"""That have a label of their own: the first ones by name. The others are counted together."""
LISTENER_FIGURES: Final[tuple[tuple[str, Literal["counter", "gauge"], str], ...]] = (
    ("received", "counter", "Notifications that arrived since the listener's process began."),
    ("handled", "counter", "Notifications whose objects were looked at, and stored."),
    ("ignored", "counter", "Notifications of types that no handler is for."),
    ("retried", "counter", "Attempts that failed."),
    ("dead", "counter", "Notifications that became dead letters."),
    ("looks", "counter", "Small scans for notifications."),
    ("waiting", "gauge", "Notifications that are being worked on, or tried again."),
    ("inbox", "gauge", "Notifications that nobody has looked at yet."),
    ("lag_p50_s", "gauge", "Seconds from arrival to commit, median of the last 1,000."),
    ("lag_p95_s", "gauge", "Seconds from arrival to commit, 95th percentile of the last 1,000."),
)
"""Field of a listener's document, what it is, and its help."""
_STATES: Final = frozenset({DRAFT, PENDING, RUNNING, *ENDED})

router = APIRouter(tags=["health"])


@router.get("/metrics", response_class=PlainTextResponse)
@needs(Role.VIEWER)
def metrics(api: Api) -> Response:
    """Return metrics as Prometheus reads them. It needs a viewer of all environments: it names them all."""
    return Response(written(families(api)), media_type=MEDIA_TYPE)


def families(api: ApiSettings) -> Iterator[Family]:
    """Yield everything that is measured."""
    build = {"version": __version__, "python": platform.python_version()}
    yield Family("calipso_build_info", "gauge", "What runs here; always 1.", (Sample(build, 1),))
    yield from api.meter.families()
    yield from _of_scans(api.store)
    yield from _of_store(api.store)
    yield from _of_listeners(api.store)


def _of_listeners(store: Store) -> Iterator[Family]:
    shown = _with_a_label(str(one.get("environment")) for one in store.collection(LISTENERS).find())
    known = {name: store.collection(LISTENERS).get(name) or {} for name in shown}
    up = {name: state_of(one)[0] == "running" for name, one in known.items()}
    listens = tuple(Sample({"environment": name}, int(value)) for name, value in up.items())
    yield Family("calipso_listener_up", "gauge", "Whether an environment is listened to.", listens)
    for field, kind, about in LISTENER_FIGURES:
        values = {name: one.get(field) for name, one in known.items()}
        samples = tuple(
            Sample({"environment": name}, value) for name, value in values.items() if isinstance(value, (int, float))
        )
        yield Family(f"calipso_events_{field}{'_total' if kind == 'counter' else ''}", kind, about, samples)
    missed = tuple(
        Sample({"environment": name, "type": str(type_)}, number)
        for name, one in known.items()
        for type_, number in (one.get("missed") or {}).items()
    )
    yield Family("calipso_events_missed_total", "counter", "Objects that no event announced, by type.", missed)
    letters = Counter(str(one.get("environment")) for one in store.collection(DEAD_LETTERS).find())
    named = _with_a_label(letters)
    counts = Counter({named.get(name, OTHER): 0 for name in letters})
    for name, number in letters.items():
        counts[named.get(name, OTHER)] += number
    dead = tuple(Sample({"environment": name}, number) for name, number in sorted(counts.items()))
    yield Family("calipso_dead_letters", "gauge", "Messages that wait for somebody to look at them.", dead)


def _of_scans(store: Store) -> Iterator[Family]:
    scans = store.collection("scans").find()
    named = _with_a_label(str(one.get("environment")) for one in scans)
    counts = Counter((named.get(str(one.get("environment")), OTHER), _state(status_of(one))) for one in scans)
    samples = tuple(
        Sample({"environment": name, "state": state}, count) for (name, state), count in sorted(counts.items())
    )
    yield Family("calipso_scans", "gauge", "Scans and requests that are stored.", samples)
    waiting = sum(count for (_, state), count in counts.items() if state == PENDING)
    yield Family("calipso_scan_queue_depth", "gauge", "Requests that wait for a scan manager.", (Sample({}, waiting),))


def _of_store(store: Store) -> Iterator[Family]:
    names = store.environments()
    shown = _with_a_label(names)
    yield Family("calipso_environments", "gauge", "Environments with an inventory.", (Sample({}, len(names)),))
    revisions = tuple(Sample({"environment": name}, store.view(name).revision) for name in shown)
    yield Family("calipso_store_revision", "gauge", "Newest revision; it counts the commits.", revisions)
    sizes = tuple(Sample({"part": part}, size) for part, size in store.sizes().items())
    yield Family("calipso_store_bytes", "gauge", "Room that the store takes, by part.", sizes)


def _with_a_label(names: Iterable[str]) -> dict[str, str]:
    """Return the names that have a label of their own."""
    return {name: name for name in sorted(set(names))[:MOST_ENVIRONMENTS]}


def _state(status: str) -> str:
    return status if status in _STATES else OTHER
