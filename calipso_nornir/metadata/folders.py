# SPDX-License-Identifier: Apache-2.0
"""The folder form of a fetch step: a folder in the tree that metadata declares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calipso_nornir.model import ids
from calipso_nornir.model.fetching import Fetched

if TYPE_CHECKING:
    from calipso_nornir.model.objects import InventoryObject

INHERITED = ("region", "host")
"""Attributes that a folder copies from its parent, because fetchers below it need them."""


@dataclass(frozen=True, slots=True)
class FolderFetcher:
    """Returns one folder below its parent, without any query. ``text`` is its label."""

    types_name: str
    text: str

    def get(self, parent: InventoryObject) -> list[Fetched]:
        """Return the folder."""
        where = {key: parent[key] for key in INHERITED if key in parent}
        attributes = {"text": self.text, "create_object": True, **where}
        return [Fetched(id=ids.folder(parent.id, self.types_name), name=self.text, attributes=attributes)]
