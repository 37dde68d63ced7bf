# SPDX-License-Identifier: Apache-2.0
"""Events of projects (Keystone)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.event_handlers.looking_up import folders, of, ref
from calipso_nornir.event_handlers.payloads import needed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.notifications import Notification
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.stores import StoreView


class ProjectEvent:
    """A project, and what shows its name."""

    def touched(self, notification: Notification, view: StoreView) -> Iterator[ObjectRef]:
        """Yield the project with its networks, ports and servers."""
        id_ = needed(notification, ("resource_info",), ("target", "id"))
        project = ref(view, "project", id_)
        if view.get(project) is None:
            yield from folders(view, "projects_folder")
            return
        yield project
        for type_ in ("network", "port", "instance"):
            yield from (one.ref for one in of(view, type_, project_id=id_))
