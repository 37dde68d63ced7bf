# SPDX-License-Identifier: Apache-2.0
"""Wraps a caller's Nornir processors so that they cannot end a run: Nornir does not catch their exceptions."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from nornir.core.processor import Processor

logger = logging.getLogger(__name__)


class _Guarded:
    """Passes every call on, and logs exceptions."""

    def __init__(self, processor: Processor) -> None:
        self._processor = processor

    def __getattr__(self, name: str) -> Callable[..., None]:
        method = getattr(self._processor, name)

        def call(*arguments: Any) -> None:  # noqa: ANN401 - whatever Nornir hands over
            try:
                method(*arguments)
            except Exception:
                logger.exception("Nornir processor %s failed in %s", type(self._processor).__name__, name)

        return call


def guarded(processor: Processor) -> Processor:
    """Return a processor that never raises."""
    return cast("Processor", _Guarded(processor))
