# SPDX-License-Identifier: Apache-2.0
"""Checks each section of an environment that a source reads: logins, roles, services, schemas, host keys, commands."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from calipso_nornir.errors import CalipsoError, InvalidRequest
from calipso_nornir.metadata.environment_check import section_meant
from calipso_nornir.metadata.loading import load_catalog
from calipso_nornir.metadata.source_kinds import source_kinds
from calipso_nornir.model.source_kinds import Finding, Opening, Trial
from calipso_nornir.preflight.amqp import SECTION as AMQP
from calipso_nornir.preflight.amqp import try_amqp
from calipso_nornir.preflight.kafka import SECTION as KAFKA
from calipso_nornir.preflight.kafka import try_kafka
from calipso_nornir.sources.secrets import Vault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.source_kinds import SourceKind


def try_sections(
    environment: Environment,
    *,
    only: str | None = None,
    known_hosts: Iterable[str] = (),
    metadata: Sequence[str] = (),
    begins: Callable[[str], None] = lambda _section: None,
) -> Iterator[Finding]:
    """Yield the findings for each section, in the order in which a scan asks.

    Args:
        environment: whose sections are checked.
        only: check only this section, by its name or an alias ("ssh"). Raises UsageError if no source reads a section
            of that name.
        known_hosts: ids of further hosts to ask, besides those that sources and sections name.
        metadata: folders with further metadata.
        begins: called with each section's name before it is checked.
    """
    kinds = source_kinds().values()
    sections = [*(kind.section for kind in kinds), AMQP, KAFKA]
    wanted = section_meant(only) if only is not None else None
    if only is not None and wanted not in sections:
        raise InvalidRequest(f"there is no section {only} to check, only {', '.join(sections)}")
    catalog, vault = load_catalog(metadata), Vault()
    documents = catalog.documents
    hosts: dict[str, set[str]] = {host: set() for host in known_hosts}
    for kind in kinds:
        section = environment.section(kind.section)
        opening = Opening(environment=environment, section=section, secrets=vault, documents=documents)
        if wanted == kind.section or (wanted is None and (section is not None or kind.missed_by(environment))):
            yield from _tried(kind, Trial(opening=opening, hosts=hosts), begins)
        elif kind.names_hosts and section is not None:
            list(_checked(kind, Trial(opening=opening, hosts=hosts)))
    topics = [topic for one in catalog.queues for topic in one.topics]
    buses: dict[str, Callable[[bool], Iterator[Finding]]] = {
        AMQP: lambda needed: try_amqp(environment, vault, needed=needed),
        KAFKA: lambda needed: try_kafka(environment, vault, needed=needed, topics=topics),
    }
    for bus, check in buses.items():
        asked_for = wanted == bus
        if asked_for or (wanted is None and environment.section(bus) is not None):
            begins(bus)
            yield from _guarded(bus, partial(check, asked_for))


def _tried(kind: SourceKind, trial: Trial, begins: Callable[[str], None]) -> Iterator[Finding]:
    if trial.opening.section is None:
        detail = f"there is none: {kind.without}"
        yield Finding(kind.section, "section", ok=False, detail=detail, needed=kind.needed)
        return
    begins(kind.section)
    yield from _checked(kind, trial)


def _checked(kind: SourceKind, trial: Trial) -> Iterator[Finding]:
    yield from _guarded(kind.section, lambda: kind.check(trial), of=f"source {kind.name}")


def _guarded(section: str, check: Callable[[], Iterable[Finding]], *, of: str = "this section") -> Iterator[Finding]:
    """Yield findings; an exception becomes a finding, too, so that the other sections are still checked."""
    try:
        yield from check()
    except CalipsoError as error:
        yield Finding(section, "check", ok=False, detail=str(error))
    except Exception as error:  # noqa: BLE001 - a plug-in may raise anything
        problem = f"the check of {of} raised {type(error).__name__}; this is a bug in the check"
        yield Finding(section, "check", ok=False, detail=problem)
