# SPDX-License-Identifier: Apache-2.0
"""What is shown of stored documents; of objects and links together with their status.

The status has the name ``check_status``: ``status`` is an attribute that ports and networks have from Neutron.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.model.finding import Find, OneOf
from calipso_nornir.model.status import FINDING
from calipso_nornir.store.documents import link_fields, object_fields, status_document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.status import Status
    from calipso_nornir.model.stores import Document, StoreView

STATUS: Final = "check_status"
_OWN: Final = frozenset({"digest", FINDING})
"""Fields of documents that are for stores alone."""


def shown(document: Document) -> dict[str, Any]:
    """Return what is shown of a stored document."""
    return {name: value for name, value in document.items() if name not in _OWN}


def shown_object(one: InventoryObject) -> dict[str, Any]:
    """Return what is shown of an object."""
    return {**object_fields(one), STATUS: status_shown(one.status)}


def shown_link(link: Link) -> dict[str, Any]:
    """Return what is shown of a link."""
    return {**link_fields(link), STATUS: status_shown(link.status)}


def status_shown(status: Status | None) -> dict[str, Any] | None:
    """Return what is shown of a status."""
    return None if status is None else shown(status_document(status))


def with_statuses(view: StoreView, documents: Sequence[Document]) -> list[dict[str, Any]]:
    """Return what is shown of documents of objects or links; one query reads the statuses of all."""
    ids = tuple(one["_id"] for one in documents)
    found = view.find_documents(Find(kind="status", where=(OneOf("_id", ids),))) if ids else ()
    statuses = {one["_id"]: shown(one) for one in found}
    return [{**shown(one), STATUS: statuses.get(one["_id"])} for one in documents]
