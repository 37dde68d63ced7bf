# SPDX-License-Identifier: Apache-2.0
"""A scan request: the document of the collection ``scans`` that asks for a scan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast, get_args

from calipso_nornir.errors import InvalidRequest
from calipso_nornir.scan.origin import LogLevel
from calipso_nornir.scan.plan import ScanPlan
from calipso_nornir.scan.requested_object import RequestedObject
from calipso_nornir.scan_manager.fields import Fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calipso_nornir.scan.origin import OriginType

NOT_SET: Final = "notset"
"""A log level of the guide, which means everything."""
ABSENT: Final = ("es_index", "imported", "send_to_remote", "replicate")
"""Flags of an older release that are not supported; a request that sets one is rejected."""
_FLAGS: Final = {
    "clear": "clear",
    "clear_all": "clear_all",
    "scan_only_inventory": "inventory_only",
    "scan_only_links": "links_only",
    "scan_only_cliques": "cliques_only",
    "implicit_links": "implicit_links",
    "untested": "untested",
}
"""Field of the document → attribute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanRequest:
    """The content of a request.

    Attributes:
        environment: name of the environment.
        object_id: scan only this object; None for the whole environment.
        object_type: its type, if the id alone is ambiguous.
        inventory: name of the inventory to scan into; None for the scan manager's own.
        log_level: the minimum level of the scan's messages.
        clear: start anew: what cannot be scanned now is removed, not kept.
        clear_all: first remove the inventory of every environment.
        inventory_only, links_only, cliques_only: at most one; in documents ``scan_only_inventory`` and so on.
        implicit_links: derive implicit links, too.
        untested: scan a kind of cloud that is not listed as supported.
        time_limit: seconds after which the scan is stopped; None for the scan manager's own limit.
        interval: that of the schedule that made the request; None for a request made by hand.
    """

    environment: str
    object_id: str | None = None
    object_type: str | None = None
    inventory: str | None = None
    log_level: LogLevel = "info"
    clear: bool = False
    clear_all: bool = False
    inventory_only: bool = False
    links_only: bool = False
    cliques_only: bool = False
    implicit_links: bool = False
    untested: bool = False
    time_limit: float | None = None
    interval: str | None = None

    def __post_init__(self) -> None:
        self.plan()
        if self.object_id is not None and self.clear_all:
            raise InvalidRequest("clear_all is for whole environments, not for one object")

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> ScanRequest:
        """Read a request, ignoring unknown fields, which other programs may use.

        Raises:
            InvalidRequest: names the field, its value and what is expected.
        """
        fields = Fields(document, f"scan request {document.get('scan_id') or ''}".rstrip())
        environment = fields.text("environment")
        if environment is None:
            raise fields.wrong("environment", "the name of an environment")
        for name in ABSENT:
            if fields.flag(name):
                raise InvalidRequest(f"{name} is not available in this release: leave it out")
        level = fields.one_of("log_level", (*reversed(get_args(LogLevel)), NOT_SET), default="info")
        return cls(
            environment=environment,
            object_id=fields.text("object_id"),
            object_type=fields.text("object_type"),
            inventory=fields.text("inventory"),
            log_level=cast("LogLevel", "debug" if level == NOT_SET else level),
            time_limit=fields.seconds("time_limit"),
            interval=fields.text("interval"),
            **{attribute: fields.flag(name) for name, attribute in _FLAGS.items()},
        )

    def document(self) -> dict[str, Any]:
        """Return the fields of its document."""
        plain = ("environment", "object_id", "object_type", "inventory", "log_level", "time_limit", "interval")
        found = {name: getattr(self, name) for name in plain}
        flags = {name: getattr(self, attribute) for name, attribute in _FLAGS.items()}
        return {name: value for name, value in found.items() if value is not None} | flags

    @property
    def origin(self) -> OriginType:
        """Who asked for it."""
        return "manual scan" if self.interval is None else "scheduled scan"

    def plan(self, *, time_limit: float | None = None) -> ScanPlan:
        """Return the plan, without the object, which is looked up in the store.

        Args:
            time_limit: in seconds, for a request that has none of its own.
        """
        return ScanPlan(
            inventory_only=self.inventory_only,
            links_only=self.links_only,
            cliques_only=self.cliques_only,
            implicit_links=self.implicit_links,
            clear=self.clear,
            time_limit_s=self.time_limit or time_limit,
        )

    def target(self) -> RequestedObject:
        """Return what the request says about the object to scan."""
        return RequestedObject(id=self.object_id, type=self.object_type)
