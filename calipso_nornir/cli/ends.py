# SPDX-License-Identifier: Apache-2.0
"""Names of the objects at the ends of links."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.model.refs import ObjectRef

if TYPE_CHECKING:
    from calipso_nornir.model.links import Link
    from calipso_nornir.model.stores import StoreView


class Names:
    """Names of objects, looked up once each."""

    def __init__(self, view: StoreView) -> None:
        self._view = view
        self._known: dict[ObjectRef, str] = {}

    def of(self, ref: ObjectRef) -> str:
        """Return the name of an object; its id if it is gone."""
        if ref not in self._known:
            one = self._view.get(ref)
            self._known[ref] = ref.id if one is None else one.name
        return self._known[ref]

    def networks(self, link: Link) -> str:
        """Return the names of the networks that are known to use a link."""
        return ", ".join(self.of(ObjectRef(link.environment, "network", id_)) for id_ in link.networks or ())
