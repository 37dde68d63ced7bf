# SPDX-License-Identifier: Apache-2.0
"""Reports the state of a listening process every second, in its environment's document in ``listeners``.

The process also holds the environment's slot; if another process has taken it, this one ends.
"""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.errors import StoreError
from calipso_nornir.scan_manager.slots import Slots
from calipso_nornir.store.liveness import LOST, sign_of_life, status_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calipso_nornir.live.processor import Processor
    from calipso_nornir.live.station import Station
    from calipso_nornir.model.stores import Document, Store

logger = logging.getLogger(__name__)

LISTENERS: Final = "listeners"
SLOTS: Final = "listener_slots"
BEAT_S: Final = 1.0
RUNNING: Final = "running"
STOPPED: Final = "stopped"
ERROR: Final = "error"


class Standing(threading.Thread):
    """Writes the state of a listening process, and ends it when its slot is lost."""

    def __init__(  # noqa: PLR0913 - all that it reports
        self,
        store: Store,
        environment: str,
        owner: str,
        *,
        processor: Processor,
        stations: Sequence[Station],
        stop: threading.Event,
        arrived: Any,  # noqa: ANN401 - an Inbox
    ) -> None:
        super().__init__(name=f"standing of {environment}", daemon=True)
        self._documents = store.collection(LISTENERS)
        self._slots = Slots(store, SLOTS)
        self._environment = environment
        self._owner = owner
        self._processor = processor
        self._stations = stations
        self._stop_all = stop
        self._inbox = arrived
        self._ended = threading.Event()

    def run(self) -> None:
        """Write until ``end``."""
        while True:
            try:
                if not self._slots.keep(self._environment, self._owner):
                    logger.warning("%s: another process listens", self._environment)
                    self._stop_all.set()
                    return
                self._documents.put(self._environment, self._document())
            except StoreError as error:
                logger.info("%s: %s", self._environment, error)
            if self._ended.wait(BEAT_S):
                return

    def end(self) -> None:
        """Stop writing, and record that the process has stopped listening."""
        self._ended.set()
        self.join(10)

    def _document(self) -> Document:
        states = {one.name.removeprefix("listener "): one for one in self._stations}
        processor = self._processor
        return {
            "environment": self._environment,
            "owner": self._owner,
            "state": _state([one.state for one in self._stations]),
            "problem": "; ".join(one.told for one in self._stations if one.told),
            "listeners": {name: {"state": one.state, "problem": one.told} for name, one in states.items()},
            "received": self._inbox.received,
            "inbox": len(self._inbox),
            "waiting": processor.agenda.waiting,
            "pending": len(processor.agenda),
            **processor.counts.document(),
            "timestamp": datetime.now(UTC).isoformat(),
            "status": "running",
            **sign_of_life(),
        }


def _state(states: Sequence[str]) -> str:
    """Return the state of all listeners together: the worst one."""
    return max(states, key=("running", "starting", "backoff").index, default="error")


def state_of(document: Mapping[str, Any] | None) -> tuple[str, str]:
    """Return the state of an environment's listener, and its problem, from its document; "stopped" without one."""
    if document is None or document.get("state") == STOPPED:
        return STOPPED, ""
    if status_of(document) == LOST:
        return ERROR, "its process has died"
    return str(document.get("state")), str(document.get("problem") or "")
