# SPDX-License-Identifier: Apache-2.0
"""Opens what a scan works with: the store, and the sources of its environment."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from calipso_nornir.scan.events import HostAnswered
from calipso_nornir.sources.cli import CliSource
from calipso_nornir.sources.cli.prefixes import Prefixes
from calipso_nornir.sources.mysql import MysqlSource
from calipso_nornir.sources.openstack import OpenStackSource
from calipso_nornir.sources.router import Router
from calipso_nornir.store import default_uri, open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nornir.core import Nornir

    from calipso_nornir.metadata.catalog import Catalog
    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.protocols import Source, Store
    from calipso_nornir.scan.events import Progress
    from calipso_nornir.sources.secrets import Vault


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
