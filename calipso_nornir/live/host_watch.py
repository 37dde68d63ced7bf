# SPDX-License-Identifier: Apache-2.0
"""Watches hosts for changes that no bus announces: a tap removed from its bridge, a deleted bridge, a NIC down.

On each host ``ip monitor``, ``bridge monitor`` and ``ovsdb-client monitor`` run for as long as the environment is
listened to, over an SSH connection of their own. Their output names devices; the handlers of ``host.…`` events
determine the objects. Each time they start, the host is scanned once.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from calipso_nornir.errors import CalipsoError, ListenerFailed
from calipso_nornir.live.listener_base import ListenerBase
from calipso_nornir.live.waiting_changes import WaitingChanges
from calipso_nornir.model.notifications import Notification
from calipso_nornir.parsing.host_monitors import LinkLines, names_changed, tunnel_changed
from calipso_nornir.sources.cli import CliSource
from calipso_nornir.sources.host_monitor_programs import LINKS, TUNNELS, programs
from calipso_nornir.sources.secrets import Vault

if TYPE_CHECKING:
    from calipso_nornir.live.listener_base import Post
    from calipso_nornir.live.waiting_changes import Gathered

logger = logging.getLogger(__name__)

SECTION: Final = "CLI"
KERNEL: Final = (LINKS, TUNNELS)
"""Programs that report the kernel's devices; the others report Open vSwitch."""
ALARM: Final = 142
"""Its exit status then (128 and SIGALRM)."""
MISSING: Final = 127
NO_SWITCH: Final = ("No such file or directory", "command not found", "not found")
"""The message on a host where Open vSwitch is missing or does not run; this is not a problem."""
TYPES: Final = {"link": "host.link.changed", "switch": "host.switch.changed", "watch": "host.watch.begun"}
POLL_S: Final = 0.1
SETTLING_S: Final = 15.0
"""Seconds at the start to reach the hosts, before the one scan of everything."""
MOST_TOLD: Final = 5


class HostWatch(ListenerBase):
    """Listens to the hosts of the section CLI."""

    def __init__(self, post: Post) -> None:
        super().__init__(post)
        self._guard = threading.Lock()
        self._forget()

    def _forget(self) -> None:
        self._waiting = WaitingChanges()
        self._lines: dict[str, LinkLines] = {}
        self._problems: dict[tuple[str, str], str] = {}
        self._watched: set[str] = set()
        self._deaf: set[str] = set()
        """Hosts whose tunnels were watched until a moment ago."""
        self._chosen: frozenset[str] = frozenset()
        self._began = False

    def listen(self) -> None:
        """Watch until ``stopping`` is set."""
        self._forget()
        environment = self.post.environment
        ended: list[Exception] = []
        try:
            source = CliSource.for_section(
                environment.section(SECTION) or {},
                secret=Vault().resolve,
                distribution=environment.distribution,
                distribution_version=environment.distribution_version,
                prefixes=self.post.catalog.documents.get("command_prefixes", ()),
            )
        except CalipsoError as error:
            raise ListenerFailed("hosts", str(error)) from error

        def follow() -> None:
            try:
                source.follow(self, self._hosts, programs(), self.stopping)
            except Exception as error:
                logger.exception("the watch of hosts")
                ended.append(error)

        thread = threading.Thread(target=follow, name="host watch", daemon=True)
        thread.start()
        try:
            self._tell_of_changes(thread)
        finally:
            thread.join()
            source.close()
        if ended:
            raise ListenerFailed("hosts", repr(ended[0]))

    def _hosts(self) -> list[str]:
        excluded = (self.post.environment.section(SECTION) or {}).get("exclude") or ()
        known = (one.id for one in self.post.store.view(self.post.environment.name).of_type("host"))
        found = [one for one in known if not any(fnmatchcase(one, pattern) for pattern in excluded)]
        self._chosen = frozenset(found)
        return found

    def _tell_of_changes(self, thread: threading.Thread) -> None:
        deadline = time.monotonic() + SETTLING_S
        while not self.stopping.wait(POLL_S) and thread.is_alive():
            if not self._began and (time.monotonic() > deadline or self._all_tried()):
                self._began = True
                self.missed("the watch of the hosts has begun")
                self.connected()
            with self._guard:
                found = self._waiting.take(time.monotonic())
                self.lacking = self._told()
            for one in found:
                self._arrives(one)

    def _all_tried(self) -> bool:
        with self._guard:
            tried = self._watched | {host for host, _ in self._problems}
        return bool(tried) and tried >= self._chosen

    def _arrives(self, one: Gathered) -> None:
        payload = {"host": one.host, "names": list(one.names), "many": one.is_flood}
        told = Notification(
            id=uuid.uuid4().hex,
            source="host",
            type=TYPES[one.kind],
            at=datetime.now(UTC),
            payload=payload,
            publisher=one.host,
        )
        self.arrived(told, source="host", settle=lambda: None)

    def _told(self) -> str:
        """Return which hosts are not watched, or only in part, and why."""
        by_host: dict[str, str] = {}
        for (host, program), problem in sorted(self._problems.items()):
            by_host.setdefault(host, f"{host}{f' ({program})' if program else ''}: {problem}")
        if not by_host:
            return ""
        more = f" and {len(by_host) - MOST_TOLD} more" if len(by_host) > MOST_TOLD else ""
        first = "; ".join(list(by_host.values())[:MOST_TOLD])
        return f"not watched wholly: {len(by_host)} of {len(by_host.keys() | self._watched)} hosts: {first}{more}"

    # --- told by sources/cli/following.py, in its thread

    def begun(self, host: str, program: str) -> None:
        """Scan the host once: what happened before was not seen."""
        with self._guard:
            self._problems.pop((host, ""), None)
            self._problems.pop((host, program), None)
            if program == LINKS:
                self._watched.add(host)
                self._lines[host] = LinkLines()
            if program == TUNNELS:
                if host not in self._deaf:
                    return  # "links" begins, too, and has the host scanned
                self._deaf.discard(host)
            if self._began:
                self._waiting.add(host, "watch" if program in KERNEL else "switch", now=time.monotonic())

    def line(self, host: str, program: str, line: bytes) -> None:
        """Record which devices have changed."""
        if program in KERNEL:
            read = tunnel_changed if program == TUNNELS else self._lines.setdefault(host, LinkLines()).changed
            name = read(line)
            names = [] if name is None else [name]
        else:
            names = names_changed(line) or []
        if names:
            with self._guard:
                self._waiting.add(host, "link" if program in KERNEL else "switch", *names, now=time.monotonic())

    def ended(self, host: str, program: str, status: int | None, problem: str) -> None:
        """Record why a host, or a part of it, is not watched."""
        said = problem.strip().splitlines()[-1] if problem.strip() else f"it ended with status {status}"
        may_lack = program not in ("", LINKS)
        with self._guard:
            if program == TUNNELS and host in self._watched:
                self._deaf.add(host)
            if not program:
                self._watched.discard(host)
                self._deaf.discard(host)
                for key in [one for one in self._problems if one[0] == host]:
                    del self._problems[key]
            if may_lack and (status in (ALARM, MISSING) or any(one in said for one in NO_SWITCH)):
                self._problems.pop((host, program), None)
            else:
                self._problems[host, program] = said

    def left(self, host: str) -> None:
        """Forget a host that no longer exists."""
        with self._guard:
            self._watched.discard(host)
            self._deaf.discard(host)
            self._lines.pop(host, None)
            self._waiting.forget(host)
            for key in [one for one in self._problems if one[0] == host]:
                del self._problems[key]
