# SPDX-License-Identifier: Apache-2.0
"""The base class of listeners: each listens to a source of notifications in a thread of its own.

A third party's listener subclasses ``ListenerBase``, overrides ``listen``, and is described by a ``ListenerKind`` that
an entry point in the group ``calipso_nornir.listeners`` refers to.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Final

from calipso_nornir.errors import Fault, MetadataError
from calipso_nornir.live.arrivals import Arrival

if TYPE_CHECKING:
    from collections.abc import Callable

    from calipso_nornir.live.arrivals import Inbox
    from calipso_nornir.metadata.catalog import Catalog
    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.notifications import Notification
    from calipso_nornir.model.protocols import Source
    from calipso_nornir.model.stores import Store

GROUP: Final = "calipso_nornir.listeners"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """Arguments of a listener: its environment, the catalog, and the queue for arrivals.

    Attributes:
        store: to read the environment's picture, e.g. its hosts.
        source: answers in place of the environment's own sources, if the caller has given one.
    """

    environment: Environment
    catalog: Catalog
    store: Store
    inbox: Inbox
    source: Source | None = None


class ListenerBase(ABC):
    """Listens to one source of notifications of one environment.

    ``listen`` runs in a thread of its own, and is called again, after growing waits, when it raises.
    """

    def __init__(self, post: Post) -> None:
        self.post = post
        self.stopping = threading.Event()
        """Set when the listener is to stop; ``listen`` then returns soon."""
        self.is_connected = False
        self.lacking = ""
        """What it does not receive although it is connected, and why; empty if it receives everything."""

    @abstractmethod
    def listen(self) -> None:
        """Listen until ``stopping`` is set; call ``connected`` once, then ``arrived`` for each message.

        Raises:
            ListenerFailed: the source cannot be reached, or was lost.
        """

    def connected(self) -> None:
        """Record that the listener is connected."""
        self.is_connected = True

    def missed(self, why: str) -> None:
        """Record that messages may have been missed, and why; everything is then scanned once."""
        self.post.inbox.missed(why)

    def arrived(
        self, body: bytes | Notification, *, source: str, settle: Callable[[], None], again: bool = False
    ) -> None:
        """Hand over a message; ``settle`` is called from another thread once it need not be sent again."""
        self.post.inbox.put(Arrival(body=body, source=source, settle=settle, again=again))


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerKind:
    """A kind of listener.

    Attributes:
        name: "amqp", "ovsdb", …
        wanted: whether an environment that has ``listen`` is listened to in this way.
        make: makes the listener of an environment; without I/O.
        alone: whether an environment can be listened to in this way alone. Otherwise it only adds to other listeners.
    """

    name: str
    wanted: Callable[[Environment], bool]
    make: Callable[[Post], ListenerBase]
    alone: bool = True


def described_by(section: str) -> Callable[[Environment], bool]:
    """Return the ``wanted`` of a kind whose source is described by a section of the environment."""
    return lambda environment: environment.section(section) is not None


def listener_kinds() -> list[ListenerKind]:
    """Return the installed kinds by name; raises MetadataError for an entry point that refers to something else."""
    found, faults = [], []
    for point in sorted(entry_points(group=GROUP), key=lambda one: one.name):
        where = f"entry point {GROUP}: {point.name}"
        try:
            kind = point.load()
        except Exception as error:  # noqa: BLE001 - importing a plug-in may raise anything, which is a fault of the plug-in
            faults.append(Fault(where, f"cannot be loaded: {error!r}"))
            continue
        if isinstance(kind, ListenerKind):
            found.append(kind)
        else:
            faults.append(Fault(where, f"{point.value} is a {type(kind).__name__}; a ListenerKind is expected"))
    if faults:
        raise MetadataError(tuple(faults))
    return found
