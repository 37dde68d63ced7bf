# SPDX-License-Identifier: Apache-2.0
"""For Nornir: the hosts of a scanned environment as an inventory plug-in, and users' Nornir configurations."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from nornir import InitNornir
from nornir.core.inventory import Defaults, Group, Groups, Host, Hosts, Inventory, ParentGroups

from calipso_nornir.errors import CalipsoError, NornirUnusable, UnknownEnvironment
from calipso_nornir.metadata.environments import read_environment
from calipso_nornir.sources.cli.section_hosts import SectionHosts
from calipso_nornir.sources.secrets import Vault
from calipso_nornir.store import default_uri, open_store
from calipso_nornir.store.environments import environment_names, stored_environment
from calipso_nornir.store.type_names import unknown
from calipso_nornir.store.written import catalog_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from nornir.core import Nornir

    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.stores import Store

LINUX = "linux"
HOST_TYPES = ("Compute", "Controller", "Network")
"""Types that any host may have; a cloud need not have hosts of each."""
_DATA = ("os", "zone", "region", "host_type", "os_id", "ip_address", "hypervisor_hostname")
"""Attributes of a host that become its data, if it has them."""


class CalipsoInventory:
    """The hosts of one environment, as the last scan found them (entry point ``CalipsoInventory``).

    Each host has its id as name; host name, port, user and the options of connection ``calipso_ssh`` as the
    environment's CLI section says; its types ("Compute", "Network" …) and its zone as groups; and as data ``os``,
    ``zone``, ``region``, ``host_type``, ``environment``, ``id`` and further ids. Secrets are fetched when a connection
    needs them, and are never shown. Hosts that the section excludes are left out.

    Args:
        environment: its name in the store.
        store: URI or path; by default ``CALIPSO_STORE`` or the user's own file.
        host_types: only hosts that have one of these types ("Compute", "Controller", "Network", or what was found).
        inventory: name of an alternative inventory in the store.
        metadata: folders with further metadata, if the environment's description needs it.
    """

    def __init__(
        self,
        environment: str,
        store: str | Path | None = None,
        *,
        host_types: Sequence[str] | str | None = None,
        inventory: str = "inventory",
        metadata: Sequence[str] = (),
    ) -> None:
        self._environment = environment
        self._store = store
        self._host_types = {host_types} if isinstance(host_types, str) else set(host_types or ())
        self._inventory = inventory
        self._metadata = tuple(metadata)

    def load(self) -> Inventory:
        """Read the store. Raises UsageError for a store, environment or host type that is not there, or StoreError."""
        where = self._store if self._store is not None else default_uri()
        store = open_store(where, inventory=self._inventory, use="read")
        try:
            section = self._section(store)
            found = store.view(self._environment).of_type("host")
        finally:
            store.close()
        self._must_be_host_types(found)
        defaults, groups, hosts = Defaults(), Groups(), Hosts()
        for one in found:
            if self._wanted(one, section):
                hosts[one.id] = _host(one, section, defaults=defaults, groups=groups)
        return Inventory(hosts=hosts, groups=groups, defaults=defaults)

    def _section(self, store: Store) -> SectionHosts | None:
        """Return the CLI section; None if the environment has none, or no longer has a description."""
        document = stored_environment(store, self._environment)
        if document is None:
            if self._environment not in store.environments():
                raise UnknownEnvironment(self._environment, tuple(environment_names(store)))
            return None
        constants = catalog_of(store, self._metadata).constants
        where = f"{store.uri}: environments_config/{self._environment}"
        section = read_environment(document, where=where, constants=constants, complete=False).section("CLI")
        return None if section is None else SectionHosts.of(section, secret=Vault().resolve)

    def _must_be_host_types(self, hosts: Iterable[InventoryObject]) -> None:
        known = {*HOST_TYPES, *(str(type_) for one in hosts for type_ in one.get("host_type") or ())}
        for wanted in sorted(self._host_types - known):
            raise unknown("host type", wanted, known)

    def _wanted(self, one: InventoryObject, section: SectionHosts | None) -> bool:
        excluded = (
            any(fnmatchcase(one.id, pattern) for pattern in section.section.exclude) if section is not None else False
        )
        return not excluded and (not self._host_types or bool(self._host_types & set(one.get("host_type") or ())))


def _host(one: InventoryObject, section: SectionHosts | None, *, defaults: Defaults, groups: Groups) -> Host:
    host = section.nornir_host(one.id) if section is not None else Host(name=one.id, hostname=one.id)
    host.defaults = defaults
    host.platform = host.platform or LINUX
    host.data = {"id": one.id, "environment": one.ref.environment, **{key: one[key] for key in _DATA if key in one}}
    host.groups = ParentGroups(_groups(one, groups, defaults))
    return host


def _groups(one: InventoryObject, groups: Groups, defaults: Defaults) -> Iterable[Group]:
    names: list[Any] = [*(one.get("host_type") or ()), one.get("zone")]
    for name in dict.fromkeys(str(name) for name in names if name):
        yield groups.setdefault(name, Group(name=name, defaults=defaults))


def open_nornir(path: str | Path) -> Nornir:
    """Open a user's Nornir configuration, without the log file that Nornir would write. Raises NornirUnusable."""
    try:
        return InitNornir(config_file=str(path), logging={"enabled": False})
    except CalipsoError:
        raise
    except OSError as error:
        raise NornirUnusable(str(path), f"{error.filename or ''}: {error.strerror or error}".lstrip(": ")) from error
    except Exception as error:  # an inventory plug-in may raise anything
        cause = " ".join(str(error).split())[:300] or "no reason given"
        raise NornirUnusable(str(path), f"{type(error).__name__}: {cause}") from error
