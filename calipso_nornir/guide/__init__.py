# SPDX-License-Identifier: Apache-2.0
"""The developer guide's classes: plug-ins that were written from the guide run after their import lines are changed.

The new form (``docs/extending.md``) is the first choice; docs/guide-plugins.md shows one plug-in in both. Each name is
imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from calipso_nornir.guide.api_access import ApiAccess
    from calipso_nornir.guide.cli_access import CliAccess
    from calipso_nornir.guide.db_access import DbAccess
    from calipso_nornir.guide.fetcher import Fetcher
    from calipso_nornir.guide.find_links import FindLinks
    from calipso_nornir.guide.inventory_mgr import InventoryMgr
    from calipso_nornir.guide.metadata_parser import MetadataParser

_PLACES: Final = {
    "ApiAccess": "api_access",
    "CliAccess": "cli_access",
    "DbAccess": "db_access",
    "Fetcher": "fetcher",
    "FindLinks": "find_links",
    "InventoryMgr": "inventory_mgr",
    "MetadataParser": "metadata_parser",
}
"""Name -> the module of this package that has it."""

__all__ = [
    "ApiAccess",
    "CliAccess",
    "DbAccess",
    "Fetcher",
    "FindLinks",
    "InventoryMgr",
    "MetadataParser",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a class
    if name not in _PLACES:
        raise AttributeError(f"{__name__} has no {name}; it has {', '.join(sorted(_PLACES))}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
