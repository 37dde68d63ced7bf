# SPDX-License-Identifier: Apache-2.0
"""``self.inv`` of an event handler: it reads like any ``InventoryMgr``, and writes to the handler's run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.guide.call_bridge import NotRunning, running
from calipso_nornir.guide.event_run import EventRun
from calipso_nornir.guide.inventory_mgr import InventoryMgr
from calipso_nornir.model.refs import ObjectRef

if TYPE_CHECKING:
    from collections.abc import Mapping

WITHIN = "handle()"


class EventInventory(InventoryMgr):
    """Reads and writes objects of the event's environment."""

    def set(self, item: Mapping[str, Any], collection: str | None = None, *_: Any, **__: Any) -> None:  # noqa: ANN401 - whatever the guide's takes
        """Create or update an object. It needs ``id`` and ``type``, and its parent if it has one.

        Raises:
            PromiseBroken: it cannot be an object; the error says what is wrong, and what is expected.
        """
        _of_inventory("set", collection)
        _run("inv.set()").set(item)

    def delete(self, collection: str, query_filter: Mapping[str, Any]) -> int:
        """Delete the objects that match a search, with all below them; return how many matched."""
        _of_inventory("delete", collection)
        run = _run("inv.delete()")
        found = self.find_items(query_filter)
        for one in found:
            run.delete(ObjectRef(run.environment, one["type"], one["id"]))
        return len(found)


def _run(what: str) -> EventRun:
    run = running(what, WITHIN)
    if not isinstance(run, EventRun):
        raise NotRunning(what, WITHIN)
    return run


def _of_inventory(what: str, collection: str | None) -> None:
    if collection not in (None, "inventory"):
        raise ValueError(f'inv.{what}(): collection "{collection}" cannot be written by events: inventory is expected')
