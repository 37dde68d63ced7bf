# SPDX-License-Identifier: Apache-2.0
"""The interfaces of plug-ins and sources; ``stores`` has those of a store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from calipso_nornir.errors import CalipsoError
    from calipso_nornir.model.fetching import Fetched, Fetching
    from calipso_nornir.model.links import Link
    from calipso_nornir.model.notifications import Notification
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.queries import Query
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.stores import StoreView


@runtime_checkable
class Fetcher(Protocol):
    """Finds the objects of one type below a parent, without doing I/O itself.

    It may have an attribute ``asked_by``, for small scans. Its keys are types of objects that are scanned again; its
    values name the attribute of this fetcher's objects that holds the id of such an object ("id" for their own id). A
    small scan of such an object runs the fetcher on all its parents, takes only what concerns the object, and narrows
    queries where possible (``ApiGet.narrow``)::

        asked_by = {"port": "id", "instance": "device_id", "network": "network_id"}

    ``[]`` follows an attribute that is a list of names: availability zones have ``{"host": "hosts[]"}``. What is
    found then concerns other objects, too: queries are not narrowed, and what is below it is not scanned.

    An empty mapping says that the fetcher finds only what belongs to its own parent.

    It may have a method ``told_types(finds, object_types)``, which is called before the first scan with the type that
    its step finds, and with all object types and their parents. A method ``told_switches(platforms)`` is called with
    the declared platforms of switches (``model.switch_platforms``).
    """

    def get(self, parent: InventoryObject) -> Fetching | list[Fetched]:
        """Yield queries, receive answers, return what was found. A plain list is accepted, too."""
        ...


class View(Protocol):
    """One environment, read only, as plug-ins see it. For other look-ups, build your own index."""

    @property
    def environment(self) -> str:
        """Name of the environment."""
        ...

    def get(self, ref: ObjectRef) -> InventoryObject | None:
        """Return one object, or None."""
        ...

    def of_type(self, type_: str) -> Sequence[InventoryObject]:
        """Return all objects of a type, ordered by id."""
        ...

    def children(self, ref: ObjectRef) -> Sequence[InventoryObject]:
        """Return the objects directly below an object, ordered by type and name."""
        ...

    def links(
        self,
        type_: str | None = None,
        *,
        source: ObjectRef | None = None,
        target: ObjectRef | None = None,
    ) -> Sequence[Link]:
        """Return the links of a type, from a source, to a target; without arguments, all links."""
        ...


@runtime_checkable
class LinkFinder(Protocol):
    """Finds links of the types that it declares. It should build its indexes first, then go through the objects once.

    Two further attributes make small scans fast. ``reads``: the types of objects and links that it reads; if none of
    these has changed, its links have not changed, either. ``scope``: "host" if every link that it yields names its host
    (``Link.host``) and follows only from objects of that host and objects that are on no host; it then sees only the
    hosts that changed. Without ``reads`` it runs after every change, without ``scope`` on all objects.

    ``contradicts``: those of its link types whose links may have an attribute ``contradictions``: a list of texts, each
    of which describes a contradiction between the two ends. Each text is a notice in the report of every scan.

    A method ``told_types(object_types, link_types)`` is called with all declared types before ``link_types`` is read.
    """

    @property
    def link_types(self) -> tuple[str, ...]:
        """The types that ``find`` yields; a plain class attribute is enough."""
        ...

    def find(self, view: View) -> Iterable[Link]:
        """Yield links between objects of the view."""
        ...


@runtime_checkable
class EventHandler(Protocol):
    """Says which objects a notification is about. It does no I/O, and adds no fact from the payload to the picture.

    Name every object that may have changed, including objects that are not known yet: a small scan then examines each
    of them, what is below it, and what it is plugged into (decision 22).
    """

    def touched(self, notification: Notification, view: StoreView) -> Iterable[ObjectRef]:
        """Yield references; raise NotificationUnusable if the payload lacks what is needed."""
        ...


@dataclass(frozen=True, slots=True)
class Reply:
    """The unparsed answer of a source: output of a command, body of a response, rows of a statement.

    Attributes:
        data: str for a command; list or dict for an API; list of dicts for a database.
        at: time of the answer (aware, UTC).
        gap: what is missing from the reply, as far as the source knows.
        platform: platform of the host that answered, as in Nornir ("cisco_nxos"); None for Linux, or without a host.
    """

    data: Any
    at: datetime
    gap: CalipsoError | None = None
    platform: str | None = None


class Source(Protocol):
    """Answers queries. A query that fails gives an error as its value in the result, never an exception."""

    def answer(self, queries: Sequence[Query]) -> Mapping[Query, Reply | CalipsoError]:
        """Answer all the queries of a round at once; every query is a key of the result."""
        ...

    def close(self) -> None:
        """Close sessions; the source is not used afterwards."""
        ...


@runtime_checkable
class Cancellable(Protocol):
    """A source whose sessions survive a cancelled round; other sources are closed when a round is cancelled."""

    def cancel(self) -> None:
        """End the current round, from another thread: ``answer`` then returns soon. If there is none, do nothing."""
        ...
