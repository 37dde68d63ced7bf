# SPDX-License-Identifier: Apache-2.0
"""The event manager: runs one listening process per environment, and restarts it when it dies.

Several managers may share a store: a slot keeps two processes from listening to one environment. Processes watch their
own descriptions and end when these change, even without a manager; so a manager only has to start them.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from calipso_nornir.errors import InvalidRequest, StoreError
from calipso_nornir.live.child import PATIENCE_S, Child
from calipso_nornir.live.standing import ERROR, LISTENERS, RUNNING, SLOTS, STOPPED, state_of
from calipso_nornir.live.wanting import is_wanted
from calipso_nornir.scan_manager.slots import Slots
from calipso_nornir.store.environments import COLLECTION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calipso_nornir.model.stores import Document, Store

logger = logging.getLogger(__name__)

OPERATIONAL: Final = {"running": RUNNING, "starting": STOPPED, "stopped": STOPPED, "backoff": ERROR, "error": ERROR}
"""State of a listener -> ``operational`` of its environment, which has three values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagerSettings:
    """How an event manager works.

    Attributes:
        variables: of the environment of its processes: where the store is.
        arguments: of ``calipso listen``, before the environment's name.
        poll_s: seconds between two checks of the environments; at least 0.1.
        first_wait_s: seconds before a failed process is restarted; doubled for each consecutive failure.
        longest_wait_s: the longest such wait.
    """

    variables: Mapping[str, str]
    arguments: tuple[str, ...] = ()
    poll_s: float = 1.0
    first_wait_s: float = 2.0
    longest_wait_s: float = 300.0

    def __post_init__(self) -> None:
        if not self.poll_s >= 0.1:  # noqa: PLR2004 - the guide's limit
            raise InvalidRequest(f"interval {self.poll_s:g} s: expected at least 0.1 s")
        if not 0 < self.first_wait_s <= self.longest_wait_s:
            given = f"waits of {self.first_wait_s:g} to {self.longest_wait_s:g} s"
            raise InvalidRequest(f"{given}: expected more than 0, and the longest no shorter than the first")


class EventManager:
    """Starts and watches the processes until it is stopped."""

    def __init__(self, store: Store, settings: ManagerSettings) -> None:
        self._environments = store.collection(COLLECTION)
        self._listeners = store.collection(LISTENERS)
        self._slots = Slots(store, SLOTS)
        self._uri = store.uri
        self._settings = settings
        self._stopping = threading.Event()
        self.children: dict[str, Child] = {}

    def run(self) -> None:
        """Work until ``stop``; then end all processes."""
        logger.info("event manager works on %s", self._uri)
        try:
            while not self._stopping.is_set():
                self.round()
                self._stopping.wait(self._settings.poll_s)
        finally:
            self._leave()

    def stop(self) -> None:
        """Let ``run`` return soon; from another thread, or from a signal handler."""
        self._stopping.set()

    def round(self) -> None:
        """Check all environments once: start and stop processes, and record their states."""
        try:
            described = {str(one["name"]): one for one in self._environments.find() if one.get("name")}
            wanted = {name for name, one in described.items() if is_wanted(one)}
            for name, child in list(self.children.items()):
                child.reap()
                if name not in wanted:
                    child.stop()
                    if child.pid is None:
                        del self.children[name]
            for name in sorted(wanted):
                self._keep(name)
            for name, one in described.items():
                self._note(name, one)
        except StoreError as error:
            logger.warning("%s. Trying again in %g s", error, self._settings.poll_s)

    def _keep(self, name: str) -> None:
        child = self.children.get(name)
        if child is None:
            if not self._slots.is_free(name):
                return  # of another manager, or started by hand
            child = self.children[name] = Child(
                name,
                ("listen", "--managed", *self._settings.arguments, name),
                self._settings.variables,
                first_wait_s=self._settings.first_wait_s,
                longest_wait_s=self._settings.longest_wait_s,
            )
        if child.pid is None and self._slots.is_free(name):
            child.start()

    def _note(self, name: str, described: Document) -> None:
        """Write the state of an environment's listener if it has changed."""
        listener = self._listeners.get(name)
        state, _ = state_of(listener)
        child = self.children.get(name)
        if child is not None and child.pid is None and child.problem:
            state = "backoff"
        now = OPERATIONAL.get(state, ERROR)
        if described.get("operational") != now and (described.get("listen") or listener is not None):
            self._environments.update_if(name, {}, {"operational": now})

    def _leave(self) -> None:
        deadline = time.monotonic() + PATIENCE_S
        for child in self.children.values():
            child.stop()
        while any(child.pid is not None for child in self.children.values()) and time.monotonic() < deadline:
            for child in self.children.values():
                child.reap()
            time.sleep(0.1)
        for child in self.children.values():
            child.kill()
        try:
            for name in self.children:
                self._environments.update_if(name, {}, {"operational": STOPPED})
        except StoreError as error:
            logger.warning("%s", error)
        logger.info("event manager has stopped")
