# SPDX-License-Identifier: Apache-2.0
"""Settings and driver of a network device, from ``ethtool``."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from calipso_nornir.errors import ParseError
from calipso_nornir.parsing.templates import many, one, tool_rows

if TYPE_CHECKING:
    from calipso_nornir.parsing.templates import Row

Settings: TypeAlias = "dict[str, str | list[str]]"


def settings(text: str) -> Settings:
    """Read ``ethtool DEVICE``: keys as printed, in the same order.

    A value is a string, or a list of strings if it spans several lines ("Supported link modes"). A device without
    settings ("No data available") gives no keys.
    """
    rows = tool_rows("linux_ethtool", text)
    if not rows and "\tNo data available" not in text:
        raise ParseError("ethtool", "cut short: it has no settings" if text.strip() else "the text is empty")
    return _by_key("ethtool", [(row, _one_or_more(row)) for row in rows])


def driver(text: str) -> dict[str, str]:
    """Read ``ethtool -i DEVICE``: "driver", "version", "bus-info" … as printed; "" for values the driver omits."""
    found = _by_key("ethtool_driver", [(row, one(row, "value")) for row in tool_rows("linux_ethtool_-i", text)])
    if "driver" not in found:
        raise ParseError("ethtool_driver", "no line names the driver" if text.strip() else "the text is empty")
    return {key: value for key, value in found.items() if isinstance(value, str)}


def _one_or_more(row: Row) -> str | list[str]:
    values = many(row, "value")
    return values if len(values) > 1 else values[0]


def _by_key(parser: str, pairs: list[tuple[Row, str | list[str]]]) -> Settings:
    found: Settings = {}
    for row, value in pairs:
        key = one(row, "key")
        if key in found:
            raise ParseError(parser, f"{key!r} appears twice")
        found[key] = value
    return found
