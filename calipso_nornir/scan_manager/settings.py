# SPDX-License-Identifier: Apache-2.0
"""The settings of a scan manager, which are fixed when it starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calipso_nornir.errors import InvalidRequest
from calipso_nornir.store.names import DEFAULT_INVENTORY

if TYPE_CHECKING:
    from collections.abc import Callable

    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.protocols import Source
    from calipso_nornir.model.stores import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a scan manager works.

    Attributes:
        open: opens the store for an inventory, by name.
        inventory: the inventory whose requests it takes.
        parallel: how many environments are scanned at once.
        poll_s: seconds between two checks of the queue; at least 0.1.
        time_limit: seconds for a scan whose request has no limit; None for no limit.
        metadata: folders with further metadata.
        source: answers instead of an environment's own sources; for tests and demonstrations.
    """

    open: Callable[[str], Store]
    inventory: str = DEFAULT_INVENTORY
    parallel: int = 4
    poll_s: float = 1.0
    time_limit: float | None = None
    metadata: tuple[str, ...] = ()
    source: Callable[[Environment], Source] | None = None

    def __post_init__(self) -> None:
        if not self.poll_s >= 0.1:  # noqa: PLR2004 - the guide's limit
            raise InvalidRequest(f"interval {self.poll_s:g} s: expected at least 0.1 s")
        if self.parallel < 1:
            raise InvalidRequest(f"parallel {self.parallel}: expected at least 1 scan at a time")
