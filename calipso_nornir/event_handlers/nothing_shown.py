# SPDX-License-Identifier: Apache-2.0
"""Events that change nothing that the picture shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.notifications import Notification
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.stores import StoreView


class NothingShown:
    """Events of what the picture does not show: the rules of security groups, addresses that are only reserved."""

    def touched(self, notification: Notification, view: StoreView) -> Iterator[ObjectRef]:  # noqa: ARG002 - the protocol's
        """Yield nothing."""
        yield from ()
