# SPDX-License-Identifier: Apache-2.0
"""The back ends of an installation: its store, and the services that know users; each can be tried."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from calipso_nornir.store.connection_check import try_store
from calipso_nornir.store.names import DEFAULT_INVENTORY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.access.principals import PasswordService, TokenService
    from calipso_nornir.model.source_kinds import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class BackEnds:
    """The back ends to test.

    Attributes:
        store_uri: it may contain a password.
        inventory: the name of the inventory in it.
        directory: None: users do not log in by LDAP.
        issuer: None: no issuer's tokens are accepted.
    """

    store_uri: str = field(repr=False)
    inventory: str = DEFAULT_INVENTORY
    directory: PasswordService | None = None
    issuer: TokenService | None = None

    def tried(self) -> Iterator[Finding]:
        """Yield what is found, back end by back end. Changes nothing."""
        yield from try_store(self.store_uri, inventory=self.inventory)
        for service in (self.directory, self.issuer):
            if service is not None:
                yield from service.check()
