# SPDX-License-Identifier: Apache-2.0
"""The change feed as a blocking iterator that polls with short pauses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from threading import Event

    from calipso_nornir.model.changes import Change
    from calipso_nornir.model.stores import Store

PAUSE_S: Final = 0.1


def watched(store: Store, environment: str, *, since: int, stop: Event) -> Iterator[Change]:
    """Yield the changes after a revision, and then new ones as they come, until ``stop`` is set."""
    while not stop.is_set():
        found = store.changes(environment, since=since)
        for change in found:
            yield change
            if stop.is_set():
                return
        if found:
            since = found[-1].revision
        else:
            stop.wait(PAUSE_S)
