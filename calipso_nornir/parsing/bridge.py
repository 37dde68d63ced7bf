# SPDX-License-Identifier: Apache-2.0
"""Linux bridges and forwarding entries, from ``bridge`` (iproute2) or ``brctl`` (bridge-utils)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.errors import ParseError
from calipso_nornir.parsing.common_values import is_mac
from calipso_nornir.parsing.json_shapes import Fields, document, objects
from calipso_nornir.parsing.rows import Bridge, FdbEntry
from calipso_nornir.parsing.templates import many, one, tool_rows

if TYPE_CHECKING:
    from collections.abc import Iterable


def fdb_json(text: str) -> tuple[FdbEntry, ...]:
    """Read ``bridge -j fdb show``.

    Entries for 00:00:00:00:00:00 are kept: on a VXLAN device they say where broadcast and unknown unicast frames
    go. iproute2 4.14 to 4.17 call the device ``dev``, later releases ``ifname``.
    """
    rows = objects(document(text, parser="bridge_fdb_json"), parser="bridge_fdb_json")
    return tuple(_fdb_of_json(row) for row in rows)


def _fdb_of_json(row: Fields) -> FdbEntry:
    mac = row.text("mac").lower()
    if not is_mac(mac):
        raise row.fault(f"{mac!r} is not a MAC address")
    device = row.text_or_none("ifname", "dev") or row.text("ifname")
    return FdbEntry(mac, device, remote=row.text_or_none("dst"), master=row.text_or_none("master"))


def fdb_text(text: str) -> tuple[FdbEntry, ...]:
    """Read ``bridge fdb show``; it is empty in a namespace whose only device is lo."""
    return tuple(
        FdbEntry(
            one(row, "mac_address"),
            one(row, "interface"),
            remote=one(row, "remote") or None,
            master=one(row, "master") or None,
        )
        for row in tool_rows("linux_bridge_fdb", text)
    )


def brctl_show(text: str) -> tuple[Bridge, ...]:
    """Read ``brctl show``. On a host without bridges ``brctl`` prints nothing, not even its header."""
    rows = tool_rows("linux_brctl_show", text)
    if text.strip() and not rows:
        raise ParseError("brctl_show", "cut short: a header and no bridge")
    return _sorted(
        Bridge(one(row, "bridge"), one(row, "bridge_id"), one(row, "stp") == "yes", tuple(many(row, "interfaces")))
        for row in rows
    )


def _sorted(found: Iterable[Bridge]) -> tuple[Bridge, ...]:
    ordered = (Bridge(each.name, each.bridge_id, each.stp, tuple(sorted(each.interfaces))) for each in found)
    return tuple(sorted(ordered, key=lambda bridge: bridge.name))
