# SPDX-License-Identifier: Apache-2.0
"""Blanks what may be a secret in a payload, by the names of its fields, before it is stored."""

from __future__ import annotations

import re
from typing import Any, Final

BLANK: Final = "(not stored)"
_SECRET: Final = re.compile(
    r"pass(word|wd|phrase)?$|^admin_?pass|secret|token|credential|private_?key|user_?data", re.IGNORECASE
)
_WRITTEN: Final = re.compile(
    r"""(["'\\]*[\w.:-]*(?:pass|secret|token|credential|private_?key|user_?data)[\w.:-]*["'\\]*\s*[:=]\s*)"""
    r"""(\\*"[^"\\]*\\*"|\\*'[^'\\]*\\*'|[^\s,}\]]+)""",
    re.IGNORECASE,
)


def redacted(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a payload whose secret fields are blanked; at most 64 levels deep, as notifications are."""
    if isinstance(value, dict):
        return {key: BLANK if _SECRET.search(str(key)) and one else redacted(one) for key, one in value.items()}
    return [redacted(one) for one in value] if isinstance(value, (list, tuple)) else value


def redacted_text(text: str) -> str:
    """Return a text that is not valid JSON, without the values that follow names of secrets."""
    return _WRITTEN.sub(rf"\1{BLANK}", text)
