# SPDX-License-Identifier: Apache-2.0
"""The folder form of a fetch step: a place in the tree that exists because metadata says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calipso_nornir.model import ids
from calipso_nornir.model.fetching import Fetched

if TYPE_CHECKING:
    from calipso_nornir.model.objects import InventoryObject

INHERITED = ("region", "host")
"""Attributes that a folder has from what it hangs under, so that fetchers below it know where they are."""


@dataclass(frozen=True, slots=True)
class FolderFetcher:
    """Gives one folder below its parent; asks nothing. ``text`` is its label."""

    types_name: str
    text: str

    def get(self, parent: InventoryObject) -> list[Fetched]:
        """Return the folder."""
        where = {key: parent[key] for key in INHERITED if key in parent}
        attributes = {"text": self.text, "create_object": True, **where}
        return [Fetched(id=ids.folder(parent.id, self.types_name), name=self.text, attributes=attributes)]
