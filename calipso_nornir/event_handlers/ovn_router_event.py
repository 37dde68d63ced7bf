# SPDX-License-Identifier: Apache-2.0
"""Events of OVN's routers, gateways and addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.event_handlers.looking_up import FOLDER, folders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.notifications import Notification
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.stores import StoreView


class OvnRouterEvent:
    """Routers, their ports, gateways, addresses: all logical routers and floating IPs are scanned."""

    def touched(self, notification: Notification, view: StoreView) -> Iterator[ObjectRef]:  # noqa: ARG002 - as above
        """Yield the folders of logical services and floating IPs."""
        for one in view.of_type(FOLDER):
            if one.parent is not None and one.parent.type != "host":
                yield one.ref
        yield from folders(view, "floating_ips_folder")
