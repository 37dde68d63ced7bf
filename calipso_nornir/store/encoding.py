# SPDX-License-Identifier: Apache-2.0
"""Writes and reads JSON text with orjson, which is faster than ``json``; PyPy has no orjson and uses ``json``."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_DIGITS_AS_ZEROS: Final = bytes.maketrans(b"123456789", b"000000000")
_MANY_DIGITS: Final = b"0" * 19
"""The shortest integers of over 64 bits have this many digits."""


def fast_encoder(other: Callable[[Any], Any] | None = None) -> Callable[[Any], bytes] | None:
    """Return a function that writes a value with sorted keys; None when there is no orjson.

    It raises TypeError for lone surrogates, keys that are not text, integers of over 64 bits, subclasses, and most
    values that are not JSON, unless ``other`` turns them into such. It accepts tuples, enumerations, UUIDs, its own
    fragments, and NaN, which becomes null.
    """
    try:
        import orjson  # noqa: PLC0415 - it may be missing
    except ImportError:
        return None
    strict = orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
    return partial(orjson.dumps, default=other, option=orjson.OPT_SORT_KEYS | strict)


def evidence_encoder(time_text: Callable[[Any], str]) -> Callable[[Any], str]:
    """Return a function that writes evidence, with times as ``time_text`` formats them."""
    try:
        import orjson  # noqa: PLC0415 - as above
    except ImportError:
        return json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=time_text).encode
    return lambda value: str(orjson.dumps(value, time_text, orjson.OPT_PASSTHROUGH_DATETIME), "utf-8")


def fast_decoder() -> Callable[[str], Any]:
    """Return a function that reads JSON text as ``json.loads`` does.

    orjson would read integers of over 64 bits as floats, and refuses lone surrogates, NaN and deep nesting: ``json``
    reads texts that contain any of these.
    """
    try:
        import orjson  # noqa: PLC0415 - as above
    except ImportError:
        return json.loads

    def read(text: str) -> Any:  # noqa: ANN401 - any JSON value
        try:
            raw = text.encode()
            if _MANY_DIGITS not in raw.translate(_DIGITS_AS_ZEROS):
                return orjson.loads(raw)
        except ValueError:  # UnicodeEncodeError and orjson's JSONDecodeError, too
            pass
        return json.loads(text)

    return read
