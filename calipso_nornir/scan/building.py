# SPDX-License-Identifier: Apache-2.0
"""Opens what a scan works with: the store, and the sources of its environment."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from calipso_nornir.errors import InvalidRequest
from calipso_nornir.metadata.environment_check import NOT_SCANNABLE, RECORDED
from calipso_nornir.scan.events import HostAnswered
from calipso_nornir.sources.cli import CliSource
from calipso_nornir.sources.cli.inventory_secrets import inventory_secrets
from calipso_nornir.sources.cli.prefixes import Prefixes
from calipso_nornir.sources.mysql import MysqlSource
from calipso_nornir.sources.openstack import OpenStackSource
from calipso_nornir.sources.recording import RecordingSource
from calipso_nornir.sources.router import Router
from calipso_nornir.sources.secrets import Vault
from calipso_nornir.store import default_uri, open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nornir.core import Nornir

    from calipso_nornir.errors import CalipsoError
    from calipso_nornir.metadata.catalog import Catalog
    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.protocols import Source, Store
    from calipso_nornir.scan.events import Progress
    from calipso_nornir.scan.plan import ScanPlan


@contextmanager
def opened_store(store: Store | str | Path | None, *, make: bool) -> Iterator[Store]:
    """Give a store; one that is opened here is closed at the end, the caller's own is not.

    Only with ``make`` is one made that is not there.
    """
    if store is not None and not isinstance(store, (str, Path)):
        yield store
        return
    opened = open_store(store if store is not None else default_uri(), use="make" if make else "write")
    try:
        yield opened
    finally:
        opened.close()


def finish(source: Source) -> CalipsoError | None:
    """Close a source that has answered everything; return why its recording is not there, if it is not."""
    if isinstance(source, RecordingSource):
        source.complete()
    source.close()
    return source.failure if isinstance(source, RecordingSource) else None


@contextmanager
def opened_source(  # noqa: PLR0913 - what decides who answers
    environment: Environment,
    plan: ScanPlan,
    *,
    catalog: Catalog,
    nornir: Nornir | None,
    source: Source | None,
    progress: Progress,
) -> Iterator[Source]:
    """Give what answers a scan's queries, recorded when the plan says so; it is closed at the end."""
    if source is None and plan.wants_inventory and RECORDED in environment.extra:
        raise InvalidRequest(f"{environment.name} {NOT_SCANNABLE}")
    vault = Vault()
    answering = source or environment_source(environment, vault, catalog=catalog, nornir=nornir, progress=progress)
    try:
        if plan.record is not None:
            vault.learn(environment.secrets())
            for secret in inventory_secrets(nornir):
                vault.remember(secret, what="a password of the Nornir inventory")
            answering = RecordingSource(answering, plan.record, environment=environment, scrub=vault.scrub)
        yield answering
    finally:
        answering.close()


def environment_source(
    environment: Environment,
    vault: Vault,
    *,
    catalog: Catalog,
    nornir: Nornir | None,
    progress: Progress,
) -> Router:
    """Make a source for every section that the environment has; nothing is connected yet."""

    def on_host(host: str, ok: bool) -> None:  # noqa: FBT001 - CliSource calls it so
        progress(HostAnswered(host, ok))

    rules = catalog.documents.get("command_prefixes", ())
    distribution, version = environment.distribution, environment.distribution_version
    sources: dict[str, Source] = {}
    if (openstack := environment.section("OpenStack")) is not None:
        sources["api"] = OpenStackSource(openstack, vault)
    if (mysql := environment.section("mysql")) is not None:
        sources["db"] = MysqlSource(mysql, vault)
    if nornir is not None:
        prefixes = Prefixes.of(rules, distribution=distribution, distribution_version=version)
        sources["cli"] = CliSource(nornir, prefixes=prefixes, on_host=on_host)
    elif (cli := environment.section("CLI")) is not None:
        sources["cli"] = CliSource.for_section(
            cli,
            secret=vault.resolve,
            prefixes=rules,
            on_host=on_host,
            distribution=distribution,
            distribution_version=version,
        )
    return Router(sources)
