# SPDX-License-Identifier: Apache-2.0
"""A kind of source, as one value: which questions it answers, how it is opened for an environment, how it is tried.

OpenStack's API, the cloud's databases and the hosts' command lines are three of them; a distribution adds another by an
entry point of the group ``calipso_nornir.sources``. Whatever needs to know of sources (router, rounds, recordings,
descriptions of environments, ``env check``, documentation) goes over the kinds; nothing lists them.
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
"""Entry points of this group lead to a ``SourceKind``."""

Order: TypeAlias = Literal["before hosts", "hosts", "after hosts"]
ORDERS: tuple[Order, ...] = ("before hosts", "hosts", "after hosts")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried in an environment.

    Attributes:
        section: of the environment: "OpenStack", "mysql", "CLI".
        what: "login", "role", "endpoint compute", "schema nova" …
        ok: whether a scan can rely on it.
        detail: what was seen, or what is wrong and what to do.
        needed: whether a scan needs it to be well.
    """

    section: str
    what: str
    ok: bool
    detail: str
    needed: bool = True


class Secrets(Protocol):
    """Gives secrets when they are needed, and blots out those that it gave."""

    def resolve(self, ref: SecretRef) -> str:
        """Fetch a secret. Raises SecretUnavailable."""
        ...

    def remember(self, secret: str, *, what: str = "a secret") -> str:
        """Take note of a secret that came another way, such as a token."""
        ...

    def scrub(self, value: Any) -> Any:  # noqa: ANN401 - text or JSON, and the same back
        """Return a text, or JSON, without the secrets that are known: for errors that quote what a server said."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a source is opened with.

    Attributes:
        environment: that is scanned.
        section: the environment's section of this kind, checked; None: it has none.
        secrets: resolves the references in it.
        documents: rows of the metadata that are only passed on, by file ("command_prefixes").
        nornir: the Nornir object that the caller has brought along, if any.
        on_host: is told the id of a host that was asked, and whether there was a session.
    """

    environment: Environment
    section: Mapping[str, Any] | None
    secrets: Secrets
    documents: Mapping[str, Any] = field(default_factory=dict)
    nornir: Any = None
    on_host: Callable[[str, bool], None] = lambda _host, _ok: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a kind is tried with, and what those tried before it have found out.

    Attributes:
        opening: as for a scan; its section is there.
        hosts: host id -> what is said to run there (types of Neutron agents, names of Nova services). Kinds that
            know hosts add to it; a host of which nobody says anything has an empty set.
    """

    opening: Opening
    hosts: dict[str, set[str]] = field(default_factory=dict)


def _all_of_it(_query: Query, data: Any) -> tuple[Any, CalipsoError | None]:  # noqa: ANN401 - as declared below
    return data, None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceKind:
    """One kind of source.

    Attributes:
        name: what its queries say of themselves in ``source``: "api", "db", "cli".
        title: for people: "the API".
        queries: its classes of queries. Frozen dataclasses of JSON values and tuples: so they are recorded and read.
        section: name of the section that describes it in an environment.
        schema: that reads the section: a class made of ``calipso_nornir.metadata.environment_section.Section``.
        without: what a scan lacks where an environment has no such section, for people.
        open: gives the source; None when the environment does not describe one. Nothing is connected yet.
        check: tries the section for real.
        usable: gives what can be read of an answer, and what is wrong with the rest of it (None: nothing). Raises
            ParseError for data that is not an answer to the query at all.
        order: asked before hosts are, with them, or after them: hosts are asked as few times as can be. A query
            that names no host is never kept for the hosts' turn.
        needed: nothing can be scanned without it.
        names_hosts: its check tells which hosts there are, which others need to know.
        missed_by: tells whether an environment without its section lacks something.
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
