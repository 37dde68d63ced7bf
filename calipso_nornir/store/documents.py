# SPDX-License-Identifier: Apache-2.0
"""Converts objects, links and cliques to documents, and back.

Documents here have the form that both stores share: ``_id`` and references to documents are 24 hex digits, times are
aware and in UTC, values are as ``calipso_nornir.store.values`` makes them. MongoDB (ObjectId, BSON date, escaped keys)
and SQLite (JSON text) each encode this in their own way. ``digest`` covers the content: everything but when it was seen
(see ``sealing``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.model.cliques import Clique
from calipso_nornir.model.evidence import Evidence
from calipso_nornir.model.links import Link
from calipso_nornir.model.naming import in_one_style
from calipso_nornir.model.objects import SCAN, InventoryObject
from calipso_nornir.model.refs import ObjectRef, Witness
from calipso_nornir.model.status import FINDING, Status
from calipso_nornir.store.sealing import sealed, unsealed
from calipso_nornir.store.values import utc_ms

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from calipso_nornir.model.stores import Document

OBJECT_FIELDS: Final = frozenset(
    {
        "_id",
        "environment",
        "type",
        "id",
        "name",
        "object_name",
        "parent_type",
        "parent_id",
        "id_path",
        "name_path",
        "show_in_tree",
        "on_demand",
        "handed_down",
        "owned_by",
        "_revision",
        "last_scanned",
        "evidence",
        "found_by",
        "digest",
    }
)
"""Fields of an object's document that are not attributes."""


# --- objects


def object_document(obj: InventoryObject) -> Document:
    """Return the document of an object: attributes at the top level, beside the document's own fields.

    Raises:
        ValueError: if an attribute has the name of one of the document's own fields.
    """
    return sealed(_object_content(obj), obj.scanned_at, of="inventory", evidence=obj.evidence)


def object_fields(obj: InventoryObject) -> Document:
    """Return the document of a stored object without its digest, which takes most of the time."""
    return unsealed(_object_content(obj), obj.scanned_at, evidence=obj.evidence)


def _object_content(obj: InventoryObject) -> Document:
    clash = OBJECT_FIELDS & obj.attributes.keys()
    if clash:
        raise ValueError(f"attributes of {obj.ref} may not be called {', '.join(sorted(clash))}")
    ref, parent = obj.ref, obj.parent
    document: Document = {
        "_id": ref.document_id,
        "environment": ref.environment,
        "type": ref.type,
        "id": ref.id,
        "name": obj.name,
        "object_name": obj.object_name,
        "parent_type": parent.type if parent else None,
        "parent_id": parent.id if parent else None,
        "id_path": obj.id_path,
        "name_path": obj.name_path,
        "show_in_tree": obj.show_in_tree,
        **obj.attributes,
        "evidence": None,
        "found_by": _found_by(obj.found_by),
    }
    if obj.on_demand:
        document["on_demand"] = True
    if obj.handed_down:
        document["handed_down"] = obj.handed_down
    if obj.owner != SCAN:
        document["owned_by"] = obj.owner
    return document


def object_of(document: Document, status: Status | None = None) -> InventoryObject:
    """Return the object of a document."""
    environment = document["environment"]
    parent_id = document.get("parent_id")
    return InventoryObject(
        ref=ObjectRef(environment, document["type"], document["id"]),
        name=document["name"],
        parent=None if parent_id is None else ObjectRef(environment, document["parent_type"], parent_id),
        id_path=document["id_path"],
        name_path=document["name_path"],
        attributes=in_one_style(
            {key: value for key, value in document.items() if key not in OBJECT_FIELDS}, reserved=OBJECT_FIELDS
        ),
        evidence=_evidence_of(document),
        found_by=frozenset(
            Witness(one["step"], ObjectRef(environment, one["parent_type"], one["parent_id"]))
            for one in document.get("found_by", ())
        ),
        scanned_at=document.get("last_scanned"),
        object_name=document.get("object_name", ""),
        show_in_tree=document.get("show_in_tree", True),
        on_demand=document.get("on_demand", False),
        handed_down=document.get("handed_down", ""),
        owner=document.get("owned_by", SCAN),
        status=status,
    )


# --- links


def link_document(link: Link) -> Document:
    """Return the document of a link."""
    return sealed(_link_content(link), link.scanned_at, of="links", evidence=link.evidence)


def link_fields(link: Link) -> Document:
    """Return the document of a stored link without its digest."""
    return unsealed(_link_content(link), link.scanned_at, evidence=link.evidence)


def _link_content(link: Link) -> Document:
    """Return the content, with its fields in the order of its text, which makes writing the text faster."""
    source, target = link.source, link.target
    return {
        "_id": link.document_id,
        "attributes": dict(link.attributes),
        "environment": source.environment,
        "evidence": None,
        "host": link.host,
        "implicit": link.implicit,
        "link_name": link.name,
        "link_type": link.type,
        "link_weight": link.weight,
        "source": source.document_id,
        "source_id": source.id,
        "source_label": link.source_label,
        "source_type": source.type,
        "state": link.state,
        "switch": link.switch,
        "target": target.document_id,
        "target_id": target.id,
        "target_label": link.target_label,
        "target_type": target.type,
    }


def link_of(document: Document, status: Status | None = None) -> Link:
    """Return the link of a document."""
    environment = document["environment"]
    return Link(
        source=ObjectRef(environment, document["source_type"], document["source_id"]),
        target=ObjectRef(environment, document["target_type"], document["target_id"]),
        name=document["link_name"],
        state=document["state"],
        weight=document["link_weight"],
        host=document["host"],
        switch=document["switch"],
        source_label=document["source_label"],
        target_label=document["target_label"],
        implicit=document["implicit"],
        attributes=document["attributes"],
        evidence=_evidence_of(document),
        scanned_at=document.get("last_scanned"),
        status=status,
    )


# --- cliques


def clique_document(clique: Clique) -> Document:
    """Return the document of a clique; it names its links instead of copying them, so that none becomes outdated."""
    focal_point = clique.focal_point
    document: Document = {
        "_id": clique.document_id,
        "clique_type": clique.clique_type,
        "constraints": dict(clique.constraints),
        "environment": focal_point.environment,
        "focal_point": focal_point.document_id,
        "focal_point_object_id": focal_point.id,
        "focal_point_type": focal_point.type,
        "links": list(clique.links),
        "node_refs": [{"type": node.type, "id": node.id} for node in clique.nodes],
        "nodes": [node.document_id for node in clique.nodes],
    }
    return sealed(document, clique.scanned_at, of="cliques")


def clique_of(document: Document) -> Clique:
    """Return the clique of a document."""
    environment = document["environment"]
    return Clique(
        focal_point=ObjectRef(environment, document["focal_point_type"], document["focal_point_object_id"]),
        clique_type=document["clique_type"],
        links=tuple(document["links"]),
        nodes=tuple(ObjectRef(environment, node["type"], node["id"]) for node in document["node_refs"]),
        constraints=document["constraints"],
        scanned_at=document.get("last_scanned"),
    )


# --- status


def status_document(status: Status) -> Document:
    """Return the document of a status; its ``_id`` is that of its object or link.

    ``checked_at`` is its ``last_scanned``, so a check that reports the same again creates no new version.
    """
    document: Document = {
        "_id": status.of,
        "environment": status.environment,
        "kind": status.kind,
        "value": status.value,
        "label": status.label,
        "text": status.text,
        "since": None if status.since is None else utc_ms(status.since),
        "source": status.source,
        "attributes": dict(status.attributes),
        FINDING: status.finding,
    }
    return sealed(document, status.checked_at, of="status")


def status_of(document: Document) -> Status:
    """Return the status of a document."""
    return Status(
        environment=document["environment"],
        of=document["_id"],
        kind=document["kind"],
        value=document["value"],
        label=document["label"],
        text=document["text"],
        since=document["since"],
        checked_at=document.get("last_scanned"),
        source=document["source"],
        attributes=document["attributes"],
    )


# --- what they share


def _evidence_of(document: Mapping[str, Any]) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(one["source"], one["query"], one.get("host"), one.get("at")) for one in document.get("evidence", ())
    )


def _found_by(witnesses: Iterable[Witness]) -> list[dict[str, str]]:
    ordered = sorted(witnesses, key=lambda witness: (witness.step, witness.parent))
    return [
        {
            "step": witness.step,
            "parent_type": witness.parent.type,
            "parent_id": witness.parent.id,
        }
        for witness in ordered
    ]
