# SPDX-License-Identifier: Apache-2.0
"""The OpenStack API as a kind of source."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.metadata.environment_openstack import OpenStackSection
from calipso_nornir.model.protocols import Reply
from calipso_nornir.model.queries import ApiGet
from calipso_nornir.model.source_kinds import Finding, Opening, SourceKind, Trial
from calipso_nornir.sources.shapes import whole_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from calipso_nornir.errors import CalipsoError
    from calipso_nornir.model.queries import Query
    from calipso_nornir.sources.openstack import OpenStackSource

_AGENTS: Final = ApiGet("network", "/agents", "agents")
_ZONES: Final = ApiGet("compute", "/os-availability-zone/detail", "availabilityZoneInfo")


def _open(opening: Opening) -> OpenStackSource | None:
    from calipso_nornir.sources.openstack import OpenStackSource  # noqa: PLC0415 - takes 0.3 s; descriptions need it not

    return None if opening.section is None else OpenStackSource(opening.section, opening.secrets)


def _check(trial: Trial) -> Iterator[Finding]:
    """Check login, role and endpoints; determine the hosts."""
    source = _open(trial.opening)
    if source is None:
        return
    with closing(source):
        yield from source.check()
        for query, reply in source.answer([_AGENTS, _ZONES]).items():
            if isinstance(reply, Reply):
                _note(trial.hosts, reply.data, agents=query is _AGENTS)


def _note(hosts: dict[str, set[str]], rows: Sequence[Mapping[str, Any]], *, agents: bool) -> None:
    for row in rows:
        if agents:
            hosts.setdefault(str(row.get("host")), set()).add(str(row.get("agent_type")))
        else:
            for host, services in (row.get("hosts") or {}).items():
                hosts.setdefault(str(host), set()).update(services)


def _usable(query: Query, data: Any) -> tuple[Any, CalipsoError | None]:  # noqa: ANN401 - any JSON
    needed = query.needed if isinstance(query, ApiGet) else ()
    return whole_rows(data, needed=needed, asked=str(query)) if needed else (data, None)


API = SourceKind(
    name="api",
    title="the API",
    queries=(ApiGet,),
    section="OpenStack",
    schema=OpenStackSection,
    without="nothing can be scanned without it",
    open=_open,
    check=_check,
    usable=_usable,
    needed=True,
    names_hosts=True,
    missed_by=lambda environment: environment.environment_type == "OpenStack",
)
