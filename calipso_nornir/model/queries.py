# SPDX-License-Identifier: Apache-2.0
"""The queries that a fetcher may yield.

Queries are values: they can be compared, deduplicated, batched, recorded and replayed.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, runtime_checkable

from calipso_nornir.model.quickly_made import quickly_made

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_TIMEOUT_S = 30
BY_PLATFORM = "by platform"
"""Stands for the parser for this command on the platform of the host that answers."""


@runtime_checkable
class Query(Protocol):
    """A query that a fetcher may yield: a frozen dataclass of JSON values and tuples, with a readable ``str()``.

    It may have a ``parser`` (the name of the parser for a text answer) and be ``optional`` (a missing program is not a
    failure).
    """

    @property
    def source(self) -> str:
        """Name of the kind of source that answers it (``SourceKind.name``)."""
        ...

    @property
    def host(self) -> str | None:
        """Id of the host to ask; None if no host answers the query."""
        ...

    @property
    def request(self) -> Query:
        """The query without the fields that only its reader needs; equal requests are sent once."""
        ...

    def __hash__(self) -> int: ...


class HostlessQuery:
    """Base of queries that no host answers; everything in them is part of the request."""

    __slots__ = ()

    @property
    def host(self) -> None:
        """None: no host answers it."""
        return

    @property
    def request(self) -> Self:
        """The query itself: it has no fields that only its reader needs."""
        return self


@quickly_made
@dataclass(frozen=True, slots=True)
class Command:
    """One command on one host.

    Always use ``Command.of`` to put a value into a command's text: it quotes the value.

    Attributes:
        host: id of the host, as in the inventory.
        text: the command, with every value quoted; no pipelines, no redirections.
        parser: name of the parser for its output, or ``BY_PLATFORM``; with None, the answer is the text.
        timeout_s: seconds until it is stopped.
        root: run it with ``sudo -n`` unless the login is root.
        optional: the program is often not installed; its absence is a notice, not a failure.
        formerly: the command of earlier releases, if it printed less; their recordings contain that command.
    """

    host: str
    text: str
    parser: str | None = None
    timeout_s: int = DEFAULT_TIMEOUT_S
    root: bool = False
    optional: bool = False
    formerly: str | None = field(default=None, compare=False, repr=False)
    source: ClassVar[str] = "cli"

    def __hash__(self) -> int:
        return hash((self.host, self.text))  # the other fields seldom differ, and rounds look up commands all the time

    @classmethod
    def of(cls, host: str, template: str, *values: str, **options: Any) -> Self:  # noqa: ANN401 - the fields above
        """Put values into ``{}`` of a template, each quoted for the shell."""
        return cls(host, template.format(*(shlex.quote(value) for value in values)), **options)

    @property
    def request(self) -> Command:
        """The command without the fields that only its reader needs; equal requests run once."""
        if self.parser is None and not self.optional:
            return self
        return type(self)(self.host, self.text, timeout_s=self.timeout_s, root=self.root, formerly=self.formerly)

    @property
    def former(self) -> Command | None:
        """The request as earlier releases made it; None if it has not changed."""
        return None if self.formerly is None else replace(self.request, text=self.formerly, formerly=None)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class ReachableHosts(HostlessQuery):
    """The hosts for which a login is configured: those of a Nornir inventory, else those of ``CLI.hosts``.

    It includes hosts that the cloud does not know, such as switches. It does not log in to any of them. The answer is a
    list of objects with ``host`` (the id for a ``Command``), ``platform`` ("" for Linux), ``address`` and ``groups``.
    """

    source: ClassVar[str] = "cli"

    def __str__(self) -> str:
        return "hosts that can be reached"


@quickly_made
@dataclass(frozen=True, slots=True)
class ApiGet(HostlessQuery):
    """One list or document of an OpenStack API; a list is complete, with all its pages joined.

    Attributes:
        service: type in the catalogue: "compute", "network", "identity".
        path: below the version, e.g. ``/servers/detail``.
        key: name of the collection in the answer's body, whose value is the answer.
        query: parameters of the request, sorted.
        region: region in the catalogue; None for the environment's own.
        cloud_wide: the answer is only complete for a user that may see all projects.
        needed: the answer is a list of objects with these members; rows without them are left out and reported.
        microversion: microversion of the service, if the default one does not provide enough.
        narrow: how a small scan may ask for less: type of an object -> parameter that takes its id. A fetcher that runs
            because of that object then gets at least the rows that concern it, and perhaps more.
    """

    service: str
    path: str
    key: str
    query: tuple[tuple[str, str], ...] = ()
    region: str | None = None
    cloud_wide: bool = True
    needed: tuple[str, ...] = ()
    microversion: str | None = None
    narrow: tuple[tuple[str, str], ...] = ()
    source: ClassVar[str] = "api"

    @property
    def request(self) -> Self:
        """The request without the fields that only its reader needs; equal requests are sent once."""
        return replace(self, needed=(), narrow=()) if self.needed or self.narrow else self

    def narrowed(self, type_: str, id_: str) -> Self | None:
        """Return the request for what concerns one object; None if it cannot be narrowed for this type."""
        parameter = dict(self.narrow).get(type_)
        return (
            None if parameter is None else replace(self.request, query=tuple(sorted((*self.query, (parameter, id_)))))
        )

    def __str__(self) -> str:
        parameters = "&".join(f"{name}={value}" for name, value in self.query)
        region = f" [{self.region}]" if self.region else ""
        version = f" ({self.microversion})" if self.microversion else ""
        return f"GET {self.service} {self.path}{'?' + parameters if parameters else ''}{region}{version}"


@dataclass(frozen=True, slots=True)
class Select(HostlessQuery):
    """One statement to one of the cloud's databases; rows come as dictionaries.

    ``database`` is the logical name ("nova", "nova_api", "neutron"); the environment maps it to a schema. ``sql`` has
    ``%s`` for each of ``parameters``; values are never put into its text.
    """

    database: str
    sql: str
    parameters: tuple[str | int, ...] = ()
    source: ClassVar[str] = "db"

    def __str__(self) -> str:
        values = f" {list(self.parameters)}" if self.parameters else ""
        return f"{self.database}: {self.sql}{values}"


@dataclass(frozen=True, slots=True)
class Formerly(HostlessQuery):
    """The objects that the same step had found on the same parent in earlier scans, as they are stored.

    A small scan returns only those that it concerns. Compared with today's answers, they show what has disappeared.
    """

    source: ClassVar[str] = "inventory"

    def __str__(self) -> str:
        return "what was found before"


@quickly_made
@dataclass(frozen=True, slots=True)
class Lookup(HostlessQuery):
    """Objects of one type, found by this scan or kept from before, whose attributes have given values.

    It is answered when no fetching can add more objects of that type: so a fetcher can wait for what it depends on.
    """

    type: str
    equal: tuple[tuple[str, Any], ...] = ()
    source: ClassVar[str] = "inventory"

    @classmethod
    def of(cls, type_: str, equal: Mapping[str, str] | None = None) -> Self:
        """Look up objects by type and attributes; an empty value is refused, because it would match unknown values."""
        wanted = tuple(sorted((equal or {}).items()))
        if not all(value for _, value in wanted):
            raise ValueError(f"look-up of {type_} by an empty value: {wanted}")
        return cls(type_, wanted)

    def __str__(self) -> str:
        return f"{self.type} with {dict(self.equal)}" if self.equal else f"every {self.type}"
