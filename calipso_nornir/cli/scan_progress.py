# SPDX-License-Identifier: Apache-2.0
"""Progress of a scan on standard error: one live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
import time
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from rich.live import Live
from rich.spinner import Spinner

from calipso_nornir.cli.facts import WRONG
from calipso_nornir.cli.output import joined
from calipso_nornir.metadata.source_kinds import source_kinds
from calipso_nornir.scan.progress_events import HostAnswered, ObjectsFound, PhaseBegan, RoundBegan, TroubleSeen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from calipso_nornir.cli.output import Part, Terminal
    from calipso_nornir.scan.progress_events import Event, Progress
    from calipso_nornir.scan.report import Trouble

REFRESH_PER_S: Final = 8
_PHASES: Final = {
    "inventory": "reading the inventory",
    "links": "finding links",
    "cliques": "building cliques",
    "store": "storing",
}
_SHOWN: Final = ("host", "network", "port", "instance", "vservice", "vnic", "vedge", "host_pnic", "switch_pnic")
"""Types whose counts are shown in the line."""


@contextmanager
def showing(terminal: Terminal, environment: str) -> Iterator[Progress]:
    """Return a progress for one scan; its live display disappears at the end, failures stay."""
    if not terminal.is_terminal or terminal.is_dumb_terminal:
        yield PlainLines(terminal, environment)
        return
    state = LiveLine(terminal, environment)
    with Live(state, console=terminal, refresh_per_second=REFRESH_PER_S, transient=True):
        yield state


class PlainLines:
    """Prints a line for each phase or round that begins, and for each failure."""

    def __init__(self, terminal: Terminal, environment: str) -> None:
        self._terminal = terminal
        self._environment = environment

    def __call__(self, event: Event) -> None:
        """Take one event."""
        match event:
            case PhaseBegan(phase=phase):
                self._terminal.say(f"{self._environment}: {_PHASES.get(phase, phase)}")
            case RoundBegan():
                self._terminal.say(f"{self._environment}: {asking(event)}")
            case TroubleSeen(trouble=trouble) if trouble.severity == "failure":
                self._terminal.say(*failure(trouble))


class LiveLine:
    """One line that is redrawn: the current queries, and the objects found so far. Events come from several threads."""

    def __init__(self, terminal: Terminal, environment: str) -> None:
        self._terminal = terminal
        self._environment = environment
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._spinner = Spinner("dots" if terminal.is_utf8 else "line")
        self._doing = "starting"
        self._hosts = 0
        self._answered = 0
        self._found: Counter[str] = Counter()

    def __call__(self, event: Event) -> None:
        """Take one event."""
        with self._lock:
            match event:
                case PhaseBegan(phase=phase):
                    self._doing, self._hosts = _PHASES.get(phase, phase), 0
                case RoundBegan():
                    self._doing = asking(event)
                    if event.hosts:
                        self._hosts, self._answered = event.hosts, 0
                case HostAnswered():
                    self._answered += 1
                case ObjectsFound(type=type_, count=count):
                    self._found[type_] += count
        if isinstance(event, TroubleSeen) and event.trouble.severity == "failure":
            self._terminal.say(*failure(event.trouble))

    def __rich__(self) -> RenderableType:
        """Draw the line."""
        with self._lock:
            done = f", {self._answered} done" if self._hosts else ""
            total = sum(self._found.values())
            types = ", ".join(f"{self._found[type_]} {type_}" for type_ in _SHOWN if self._found[type_])
            parts: list[Part] = [
                (self._environment, "bold"),
                f"  {self._doing}{done}",
                (f"  {time.monotonic() - self._began:.0f} s", "dim"),
            ]
            if total:
                parts.append((f"  {total} objects ({types})" if types else f"  {total} objects", "dim"))
        text = joined(*parts)
        text.truncate(max(20, self._terminal.width - 4), overflow="ellipsis" if self._terminal.is_utf8 else "crop")
        self._spinner.update(text=text)
        return self._spinner


def asking(event: RoundBegan) -> str:
    """Describe a round of queries."""
    if event.hosts:
        hosts = f"{event.hosts} host{'s' if event.hosts != 1 else ''}"
        return f"asking {hosts}, round {event.number}"
    kind = source_kinds().get(event.source)
    return f"asking {kind.title if kind else event.source}, round {event.number}"


def failure(trouble: Trouble) -> list[Part]:
    """Describe a failure in one line."""
    return [("✗ ", WRONG), " ".join(str(trouble.error).split())]
