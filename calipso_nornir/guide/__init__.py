# SPDX-License-Identifier: Apache-2.0
"""The developer guide's classes: plug-ins written for the guide run once their import lines are changed.

Prefer the new form (``docs/extending.md``); docs/guide-plugins.md shows one plug-in in both forms. Each name is
imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from calipso_nornir.guide.aci_access import AciAccess
    from calipso_nornir.guide.api_access import ApiAccess
    from calipso_nornir.guide.check_handlers import BasicCheckHandler, MonitoringCheckHandler
    from calipso_nornir.guide.cli_access import CliAccess
    from calipso_nornir.guide.db_access import DbAccess
    from calipso_nornir.guide.event_base import EventBase, EventResult
    from calipso_nornir.guide.fetcher import Fetcher
    from calipso_nornir.guide.find_links import FindLinks
    from calipso_nornir.guide.inventory_mgr import InventoryMgr
    from calipso_nornir.guide.metadata_parser import MetadataParser
    from calipso_nornir.live.listener_base import ListenerBase

_PLACES: Final = {
    "AciAccess": "guide.aci_access",
    "ApiAccess": "guide.api_access",
    "BasicCheckHandler": "guide.check_handlers",
    "CliAccess": "guide.cli_access",
    "DbAccess": "guide.db_access",
    "EventBase": "guide.event_base",
    "EventResult": "guide.event_base",
    "Fetcher": "guide.fetcher",
    "FindLinks": "guide.find_links",
    "InventoryMgr": "guide.inventory_mgr",
    "ListenerBase": "live.listener_base",
    "MetadataParser": "guide.metadata_parser",
    "MonitoringCheckHandler": "guide.check_handlers",
}
"""Name -> the module of ``calipso_nornir`` that has it."""

__all__ = [
    "AciAccess",
    "ApiAccess",
    "BasicCheckHandler",
    "CliAccess",
    "DbAccess",
    "EventBase",
    "EventResult",
    "Fetcher",
    "FindLinks",
    "InventoryMgr",
    "ListenerBase",
    "MetadataParser",
    "MonitoringCheckHandler",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a class
    if name not in _PLACES:
        raise AttributeError(f"{__name__} has no {name}; it has {', '.join(sorted(_PLACES))}")
    return getattr(import_module(f"calipso_nornir.{_PLACES[name]}"), name)
