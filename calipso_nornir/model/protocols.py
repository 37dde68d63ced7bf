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
    """Finds the objects of one type below a parent, and does no I/O itself.

    It may have an attribute ``asked_by``, for small scans. This maps the type of an object that is scanned again to the
    attribute, of the objects that this fetcher finds, that holds its id ("id" for the id itself). A small scan then
    runs the fetcher on all its parents, takes what concerns the object, and narrows queries where possible
    (``ApiGet.narrow``)::

        asked_by = {"port": "id", "instance": "device_id", "network": "network_id"}

    ``[]`` follows an attribute that is a list of names: availability zones have ``{"host": "hosts[]"}``. What is
    found then concerns other objects, too: queries are not narrowed, and what is below it is not scanned.

    An empty mapping says that the fetcher finds only what belongs to its own parent.

    It may have a method ``told_types(finds, object_types)``, which is called before the first scan: with the type that
    its step finds, and all object types with their parents. A method ``told_switches(platforms)`` is called with the
    declared platforms of switches (``model.switch_platforms``).
    """

    def get(self, parent: InventoryObject) -> Fetching | list[Fetched]:
        """Yield queries, receive answers, return what was found. A plain list is accepted, too."""
        ...


class View(Protocol):
    """One environment, read only, as plug-ins see it. For look-ups other than these, build an index of your own."""

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
    """Finds links of the types that it declares; builds its indexes first, then goes through the objects once.

    Two further attributes keep small scans small. ``reads``: the types of objects and links that it reads; if none of
    these has changed, its links have not, either. ``scope``: "host" if every link that it yields names its host
    (``Link.host``) and follows only from objects of that host and objects that are on no host; it then gets only the
    hosts that changed. Without ``reads`` it runs after every change, without ``scope`` on all objects.

    ``contradicts``: those of its link types whose links may have an attribute ``contradictions``, a list of texts that
    say in what the two ends contradict each other; each is a notice in the report of every scan.

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
    """Says which objects a notification is about. It does no I/O, and takes no fact from the payload into the picture.

    Name every object that may have changed, also one that is not known yet: a small scan then looks at each of them,
    at what is below it, and at what it is plugged into (decision 22).
    """

    def touched(self, notification: Notification, view: StoreView) -> Iterable[ObjectRef]:
        """Yield references; raise NotificationUnusable if the payload lacks what is needed."""
        ...


@dataclass(frozen=True, slots=True)
class Reply:
    """What a source answered, unparsed: output of a command, body of a response, rows of a statement.

    Attributes:
        data: str for a command; list or dict for an API; list of dicts for a database.
        at: when it came (aware, UTC).
        gap: what the source knows to be missing from the reply.
        platform: of the host that answered, as Nornir knows it ("cisco_nxos"); None for Linux, and if no host answered.
    """

    data: Any
    at: datetime
    gap: CalipsoError | None = None
    platform: str | None = None


class Source(Protocol):
    """Answers queries. The failure of a query is a value in the result, never an exception."""

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
