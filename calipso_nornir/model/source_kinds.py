# SPDX-License-Identifier: Apache-2.0
"""A kind of source as one value: the queries that it answers, how it is opened for an environment, how it is checked.

OpenStack's API, the cloud's databases and the hosts' command lines are three of them; a distribution adds another with
an entry point in the group ``calipso_nornir.sources``. Everything that needs to know the sources (router, rounds,
recordings, descriptions of environments, ``env check``, documentation) iterates over the kinds; nothing lists them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from calipso_nornir.errors import CalipsoError
    from calipso_nornir.model.environment import Environment, SecretRef
    from calipso_nornir.model.protocols import Source
    from calipso_nornir.model.queries import Query

GROUP = "calipso_nornir.sources"
"""Entry points in this group refer to a ``SourceKind``."""

Order: TypeAlias = Literal["before hosts", "hosts", "after hosts"]
ORDERS: tuple[Order, ...] = ("before hosts", "hosts", "after hosts")


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check of an environment.

    Attributes:
        section: section of the environment: "OpenStack", "mysql", "CLI".
        what: what was checked: "login", "role", "endpoint compute", "schema nova" …
        ok: whether a scan can rely on it.
        detail: what was found, or what is wrong and what to do.
        needed: whether a scan needs it.
    """

    section: str
    what: str
    ok: bool
    detail: str
    needed: bool = True


class Secrets(Protocol):
    """Provides secrets when they are needed, and masks those that it provided."""

    def resolve(self, ref: SecretRef) -> str:
        """Fetch a secret. Raises SecretUnavailable."""
        ...

    def remember(self, secret: str, *, what: str = "a secret") -> str:
        """Remember a secret from elsewhere, such as a token."""
        ...

    def scrub(self, value: Any) -> Any:  # noqa: ANN401 - text or JSON, and the same back
        """Return a text, or JSON, with known secrets masked: for errors that quote a server's answer."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """The arguments for opening a source.

    Attributes:
        environment: the environment to scan.
        section: the environment's section for this kind, checked; None if it has none.
        secrets: resolves the references in it.
        documents: metadata for sources, by file ("command_prefixes").
        nornir: the caller's own Nornir object, if any.
        on_host: called with the id of each host that was asked, and whether a session was open.
    """

    environment: Environment
    section: Mapping[str, Any] | None
    secrets: Secrets
    documents: Mapping[str, Any] = field(default_factory=dict)
    nornir: Any = None
    on_host: Callable[[str, bool], None] = lambda _host, _ok: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The arguments for checking a kind of source, with the results of the kinds checked before it.

    Attributes:
        opening: as for a scan; it has the section.
        hosts: host id -> services that are known to run there (types of Neutron agents, names of Nova services). Kinds
            that know hosts add to it; a host without known services has an empty set.
    """

    opening: Opening
    hosts: dict[str, set[str]] = field(default_factory=dict)


def _all_of_it(_query: Query, data: Any) -> tuple[Any, CalipsoError | None]:  # noqa: ANN401 - as declared below
    return data, None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceKind:
    """One kind of source.

    Attributes:
        name: the value of ``source`` in its queries: "api", "db", "cli".
        title: for people: "the API".
        queries: its classes of queries. Frozen dataclasses of JSON values and tuples, so that they can be recorded and
            read.
        section: name of its section in an environment.
        schema: the class that reads the section, derived from ``calipso_nornir.metadata.environment_section.Section``.
        without: what a scan lacks without such a section, in words.
        open: returns the source; None if the environment does not describe one. It does not connect yet.
        check: checks the section against the real source.
        usable: returns the usable part of an answer, and what is wrong with the rest (None: nothing is). Raises
            ParseError for data that is not an answer to the query at all.
        order: whether it is asked before the hosts, with them, or after them; hosts are asked as rarely as possible. A
            query that names no host never waits for the hosts' turn.
        needed: nothing can be scanned without it.
        names_hosts: its check determines the list of hosts, which other checks need.
        missed_by: returns whether an environment lacks something without this section.
    """

    name: str
    title: str
    queries: tuple[type[Any], ...]
    section: str
    schema: type[Any]
    without: str
    open: Callable[[Opening], Source | None]
    check: Callable[[Trial], Iterable[Finding]]
    usable: Callable[[Query, Any], tuple[Any, CalipsoError | None]] = _all_of_it
    order: Order = "before hosts"
    needed: bool = False
    names_hosts: bool = False
    missed_by: Callable[[Environment], bool] = lambda _environment: True

    def turn_of(self, query: Query) -> Order:
        """Return when a query of this kind is asked."""
        return "before hosts" if self.order == "hosts" and query.host is None else self.order
