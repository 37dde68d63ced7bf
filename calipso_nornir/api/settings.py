# SPDX-License-Identifier: Apache-2.0
"""The settings of the API, which are fixed when it starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from secrets import token_hex
from typing import TYPE_CHECKING

from calipso_nornir.access.back_ends import BackEnds
from calipso_nornir.access.principals import Principals
from calipso_nornir.access.throttling import Throttle
from calipso_nornir.access.tokens import LIFETIME
from calipso_nornir.api.metering import Meter
from calipso_nornir.scan_manager import ScanQueue, Schedules
from calipso_nornir.store.names import DEFAULT_INVENTORY
from calipso_nornir.webhooks.subscriptions import Subscriptions

if TYPE_CHECKING:
    from datetime import timedelta

    from calipso_nornir.access.principals import PasswordService, TokenService
    from calipso_nornir.access.secret_files import SecretFiles
    from calipso_nornir.metadata.catalog import Catalog
    from calipso_nornir.model.stores import Store
    from calipso_nornir.store.written import Catalogs


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """How the API works.

    Attributes:
        store: what it serves; it is not closed by the API.
        catalogs: give the metadata of the scans, which may be written by the API, too.
        secret_files: where secrets that clients send are kept.
        metadata: folders with further metadata, as in ``catalogs``.
        directory: knows users beside the local ones; None: there are only local ones.
        issuer: has made tokens that are accepted beside ours.
        token_lifetime: of tokens for which nobody asks another one.
        store_uri: with which a test of the store connects anew; it may contain a password. None: that of the store.
        inventory: the name of the inventory in the store.
    """

    store: Store
    catalogs: Catalogs
    secret_files: SecretFiles
    metadata: tuple[str, ...] = ()
    directory: PasswordService | None = None
    issuer: TokenService | None = None
    token_lifetime: timedelta = LIFETIME
    store_uri: str | None = field(default=None, repr=False)
    inventory: str = DEFAULT_INVENTORY
    throttle: Throttle = field(default_factory=Throttle)
    meter: Meter = field(default_factory=Meter)
    instance: str = field(default_factory=lambda: token_hex(8))
    """Another one after each start, with which another release or other metadata may come."""
    principals: Principals = field(init=False)
    """Who may ask."""

    def __post_init__(self) -> None:
        known = Principals(self.store, directory=self.directory, issuer=self.issuer)
        object.__setattr__(self, "principals", known)  # frozen for all others

    @property
    def catalog(self) -> Catalog:
        """The metadata of the scans, as it is now."""
        return self.catalogs.current

    @property
    def back_ends(self) -> BackEnds:
        """What a test of the installation tries."""
        return BackEnds(
            store_uri=self.store_uri or self.store.uri,
            inventory=self.inventory,
            directory=self.directory,
            issuer=self.issuer,
        )

    @property
    def webhooks(self) -> Subscriptions:
        """The subscriptions of webhooks."""
        return Subscriptions(self.store, self.secret_files.folder)

    @property
    def queue(self) -> ScanQueue:
        """The queue of scan requests."""
        return ScanQueue(self.store)

    @property
    def schedules(self) -> Schedules:
        """The schedules."""
        return Schedules(self.store, self.queue)
