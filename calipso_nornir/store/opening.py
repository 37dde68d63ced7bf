# SPDX-License-Identifier: Apache-2.0
"""Opens a store by its URI."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from calipso_nornir.errors import InvalidRequest
from calipso_nornir.store.names import DEFAULT_INVENTORY, Use

if TYPE_CHECKING:
    from calipso_nornir.model.stores import Store

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(?://)?")
_SQLITE: Final = "sqlite:///"
_MONGO: Final = ("mongodb://", "mongodb+srv://")
WAIT_S: Final = 30.0


def default_uri() -> str:
    """Return the URI of the default store.

    This is ``CALIPSO_STORE``, else ``calipso/calipso.db`` in the user's data folder (``XDG_DATA_HOME``; the
    XDG Base Directory Specification requires relative values to be ignored).
    """
    named = os.environ.get("CALIPSO_STORE")
    if named:
        return named
    data = Path(os.environ.get("XDG_DATA_HOME") or "")
    folder = data if data.is_absolute() else Path.home() / ".local" / "share"
    return str(folder / "calipso" / "calipso.db")


def shown_uri(uri: str) -> str:
    """Return a URI as it may be shown: without password and options."""
    if not uri.startswith(_MONGO):
        return uri
    from calipso_nornir.store.mongo.connection import shown  # noqa: PLC0415 - pymongo takes long to import

    return shown(uri)


def open_store(
    uri: str | Path, *, inventory: str = DEFAULT_INVENTORY, wait_s: float = WAIT_S, use: Use = "make"
) -> Store:
    """Open a store.

    Args:
        uri: ``mongodb://…`` or ``mongodb+srv://…`` (database ``calipso`` if it names none),
            ``sqlite:///path`` (a fourth slash makes it absolute), or a path.
        inventory: name of the inventory; inventories with different names are independent.
        wait_s: seconds to wait for another writer of an environment before StoreBusy is raised.
        use: "read" never changes anything, so read permission is enough; "write" changes an existing store; "make"
            creates a store that does not exist.

    Raises:
        InvalidRequest: the URI is of no known kind, or the inventory's name cannot be used.
        UnknownStore, UnknownInventory: it does not exist, and is not to be created.
        StoreError: the store cannot be used.
    """
    if isinstance(uri, str) and uri.startswith(_MONGO):
        from calipso_nornir.store.mongo import MongoStore  # noqa: PLC0415 - pymongo takes long to import

        return MongoStore(uri, inventory=inventory, wait_s=wait_s, use=use)
    from calipso_nornir.store.sqlite import SqliteStore  # noqa: PLC0415 - only what is used

    return SqliteStore(path_of(uri), inventory=inventory, wait_s=wait_s, use=use)


def path_of(uri: str | Path) -> Path:
    """Return the path in an SQLite URI; raise InvalidRequest if there is none."""
    if isinstance(uri, Path):
        return uri
    if uri.startswith(_SQLITE) and len(uri) > len(_SQLITE):
        return Path(uri.removeprefix(_SQLITE))
    scheme = _SCHEME.match(uri)
    if not uri.strip() or "\0" in uri or scheme:
        shown = f'no store can be opened at "{scheme[0]}…"' if scheme else "the store URI is empty"
        raise InvalidRequest(
            f"{shown}: expected mongodb://HOST/DATABASE, sqlite:///PATH or a path (./PATH if it has a colon)"
        )
    return Path(uri)
