# SPDX-License-Identifier: Apache-2.0
"""What a fetcher may ask, and how it reads the answers.

Queries are values: they can be compared, deduplicated, batched, recorded and replayed.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_TIMEOUT_S = 30


@dataclass(frozen=True, slots=True)
class Command:
    """One command on one host.

    Build it with ``Command.of``: that is the only way a value enters a command's text.

    Attributes:
        host: id of the host, as in the inventory.
        text: the command, every value in it quoted; no pipelines, no redirections.
        parser: name of a parser that reads its output; None gives the text.
        timeout_s: seconds until it is stopped.
        root: run it through ``sudo -n`` when the login is not root.
        optional: the program is often not installed; that is worth a notice, not a failure.
    """

    host: str
    text: str
    parser: str | None = None
    timeout_s: int = DEFAULT_TIMEOUT_S
    root: bool = False
    optional: bool = False

    @classmethod
    def of(cls, host: str, template: str, *values: str, **options: Any) -> Self:  # noqa: ANN401 - the fields above
        """Put values into ``{}`` of a template, each quoted for the shell."""
        return cls(host, template.format(*(shlex.quote(value) for value in values)), **options)

    @property
    def request(self) -> Command:
        """The command without what concerns its reader only: equal requests are run once."""
        return replace(self, parser=None, optional=False)

    @property
    def source(self) -> str:
        """The kind of source that answers it."""
        return "cli"

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class ApiGet:
    """One list or document of an OpenStack API; a list comes whole, all its pages joined.

    Attributes:
        service: type in the catalogue: "compute", "network", "identity".
        path: below the version, e.g. ``/servers/detail``.
        key: name of the collection in the answer's body, whose value is the answer.
        query: parameters of the request, sorted.
        region: of the catalogue; None for the environment's own.
        cloud_wide: the answer is only complete for a user that may see all projects.
        needed: the answer is a list of objects that have these members; rows without them are left out, and told of.
        microversion: of the service, where the one that is spoken by default does not tell enough.
    """

    service: str
    path: str
    key: str
    query: tuple[tuple[str, str], ...] = ()
    region: str | None = None
    cloud_wide: bool = True
    needed: tuple[str, ...] = ()
    microversion: str | None = None

    @property
    def request(self) -> ApiGet:
        """The request without what concerns its reader only: equal requests are made once."""
        return replace(self, needed=()) if self.needed else self

    @property
    def source(self) -> str:
        """The kind of source that answers it."""
        return "api"

    @property
    def host(self) -> None:
        """No host: the API answers."""
        return

    def __str__(self) -> str:
        parameters = "&".join(f"{name}={value}" for name, value in self.query)
        region = f" [{self.region}]" if self.region else ""
        version = f" ({self.microversion})" if self.microversion else ""
        return f"GET {self.service} {self.path}{'?' + parameters if parameters else ''}{region}{version}"


@dataclass(frozen=True, slots=True)
class Select:
    """One statement to one of the cloud's databases; rows come as dictionaries.

    ``database`` is the logical name ("nova", "nova_api", "neutron"); the environment says which
    schema that is. ``sql`` holds ``%s`` for each of ``parameters`` and nothing pasted in.
    """

    database: str
    sql: str
    parameters: tuple[str | int, ...] = ()

    @property
    def request(self) -> Select:
        """Itself: nothing in it concerns the reader only."""
        return self

    @property
    def source(self) -> str:
        """The kind of source that answers it."""
        return "db"

    @property
    def host(self) -> None:
        """No host: the database answers."""
        return

    def __str__(self) -> str:
        values = f" {list(self.parameters)}" if self.parameters else ""
        return f"{self.database}: {self.sql}{values}"


@dataclass(frozen=True, slots=True)
class Lookup:
    """Objects of one type, found by this scan or kept from before, whose attributes have given values.

    It is answered when no fetching can add objects of that type any more: this is how a fetcher
    says what must come before it.
    """

    type: str
    equal: tuple[tuple[str, Any], ...] = ()

    @classmethod
    def of(cls, type_: str, equal: Mapping[str, str] | None = None) -> Self:
        """Look objects up by type and attributes; an empty value is refused, it would match the unknown."""
        wanted = tuple(sorted((equal or {}).items()))
        if not all(value for _, value in wanted):
            raise ValueError(f"look-up of {type_} by an empty value: {wanted}")
        return cls(type_, wanted)

    @property
    def request(self) -> Lookup:
        """Itself: nothing in it concerns the reader only."""
        return self

    @property
    def source(self) -> str:
        """The kind of source that answers it."""
        return "inventory"

    @property
    def host(self) -> None:
        """No host: the scan itself answers."""
        return

    def __str__(self) -> str:
        return f"{self.type} with {dict(self.equal)}" if self.equal else f"every {self.type}"


Query: TypeAlias = Command | ApiGet | Select | Lookup
