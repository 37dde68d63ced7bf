# SPDX-License-Identifier: Apache-2.0
"""Names of collections, which depend on the name of the inventory."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

from calipso_nornir.errors import InvalidRequest
from calipso_nornir.model.stores import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

Use: TypeAlias = Literal["read", "write", "make"]
"""The purpose for which a store is opened: read, change an existing store, or create it if it does not exist."""

DEFAULT_INVENTORY: Final = "inventory"
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
REVISIONS: Final = "revisions"
COMMITS: Final = "revision_log"
LAYOUT: Final = "store_layout"
SEARCH: Final = "search_index"
"""The collection of the text index (see ``text_search``); it can be rebuilt at any time."""
OF_BEFORE: Final = ("generations", "generation_changes")
"""Collections of layout 1, which migrations read."""

SHARED: Final = frozenset({"constants", "monitoring_config_templates", "api_tokens"})
"""Collections whose names do not depend on the inventory's."""

PLAIN: Final = frozenset(
    {
        "attributes_for_hover_on_data",
        "clique_constraints",
        "clique_types",
        "connection_tests",
        "environments_config",
        "link_types",
        "messages",
        "monitoring_config",
        "network_agent_types",
        "roles",
        "scans",
        "scheduled_scans",
        "statistics",
        "supported_environments",
        "user_settings",
        "users",
    }
    | SHARED
)
"""Known collections of plain documents; others may be opened, too."""

_RESERVED: Final = frozenset(
    {*KINDS, *(f"{kind}_past" for kind in KINDS), REVISIONS, COMMITS, LAYOUT, SEARCH, *OF_BEFORE}
)
_KNOWN: Final = (_RESERVED | PLAIN) - {DEFAULT_INVENTORY}
_FORM: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def collection_name(inventory: str, collection: str) -> str:
    """Return the name of a collection that belongs to an inventory.

    If the inventory's name starts with ``inventory``, its rest is appended to the other collections'
    names (``inventory2`` → ``links2``); any other name is a prefix of them (``RDO`` → ``RDO_links``).
    """
    if collection == DEFAULT_INVENTORY:
        return inventory
    if collection in SHARED:
        return collection
    if inventory.startswith(DEFAULT_INVENTORY):
        return collection + inventory.removeprefix(DEFAULT_INVENTORY)
    return f"{inventory}_{collection}"


def past(kind: Kind) -> str:
    """Return the name of the collection with the replaced and removed documents of a kind."""
    return f"{kind}_past"


def checked_inventory(name: str) -> str:
    """Return an inventory name; raise InvalidRequest if collections of two inventories could share a name."""
    if not _FORM.fullmatch(name):
        raise InvalidRequest(f'inventory name "{name}": expected 1 to 64 letters, digits, "_" or "-", no "_" first')
    lower = name.lower()  # SQLite's table names ignore case
    if lower != DEFAULT_INVENTORY and lower.startswith(("system", "sqlite", "calipso")):
        raise InvalidRequest(f'inventory name "{name}": names that start like this are reserved for the store itself')
    clash = next((known for known in _ambiguous() if lower == known or lower.endswith(f"_{known}")), None)
    clash = clash or next((known for known in _KNOWN if lower.startswith(known)), None)
    if clash:
        raise InvalidRequest(f'inventory name "{name}": with "{clash}" it could clash with other collections')
    return name


def checked_collection(name: str) -> str:
    """Return the name of a collection of plain documents, or raise InvalidRequest."""
    if name in _RESERVED:
        raise InvalidRequest(f'collection "{name}" does not hold plain documents: only scans write to it')
    if not _FORM.fullmatch(name) or name.lower().startswith("system"):
        raise InvalidRequest(f'collection name "{name}": expected 1 to 64 letters, digits, "_" or "-", no "_" first')
    return name


def _ambiguous() -> Iterator[str]:
    """Yield the endings with which ``<inventory>_<collection>`` would be ambiguous."""
    yield from _KNOWN
    for longer in _KNOWN:  # "x_scheduled" + "_scans" is "x" + "_scheduled_scans"
        yield from (longer.removesuffix(f"_{shorter}") for shorter in _KNOWN if longer.endswith(f"_{shorter}"))
