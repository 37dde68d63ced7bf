# SPDX-License-Identifier: Apache-2.0
"""Which environments are listened to, and whether a description has changed since listening began."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

NOTED: Final = frozenset({"scanned", "last_scanned", "operational"})
"""Fields that scans and event managers write into a description."""


def is_wanted(description: Mapping[str, Any] | None) -> bool:
    """Return whether to listen to an environment: it was scanned, and has ``listen``."""
    return description is not None and description.get("scanned") is True and description.get("listen") is True


def version_of(description: Mapping[str, Any]) -> str:
    """Return a digest of a description, without the fields that scans and event managers write."""
    own = {key: value for key, value in description.items() if key not in NOTED}
    return hashlib.sha256(json.dumps(own, sort_keys=True, default=str).encode()).hexdigest()
