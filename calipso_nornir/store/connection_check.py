# SPDX-License-Identifier: Apache-2.0
"""Checks a store step by step, as a server would use it, without changing anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.errors import CalipsoError
from calipso_nornir.model.source_kinds import Finding
from calipso_nornir.store.migrations import is_mongo
from calipso_nornir.store.names import DEFAULT_INVENTORY, checked_inventory
from calipso_nornir.store.opening import path_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECTION = "store"


def try_store(uri: str | Path, *, inventory: str = DEFAULT_INVENTORY) -> Iterator[Finding]:
    """Yield the findings: whether it exists, its layout, permission to read and write. No detail contains a secret.

    A store or inventory that does not exist yet is a finding that is not needed: the first scan creates it.
    """
    try:
        checked_inventory(inventory)
        if is_mongo(uri):
            from calipso_nornir.store.mongo.connection_check import try_mongo  # noqa: PLC0415 - pymongo takes long to import

            yield from try_mongo(str(uri), inventory)
        else:
            from calipso_nornir.store.sqlite.connection_check import try_sqlite  # noqa: PLC0415 - only what is used

            yield from try_sqlite(path_of(uri).expanduser().absolute(), inventory)
    except CalipsoError as error:
        yield Finding(SECTION, "settings", ok=False, detail=str(error))
