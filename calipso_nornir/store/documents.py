# SPDX-License-Identifier: Apache-2.0
"""Objects, links and cliques as documents, and back.

A document here is what both stores agree on: ``_id`` and references to documents are 24 hex
digits, times are aware and in UTC, values are as ``calipso_nornir.store.values`` leaves them.
How MongoDB (ObjectId, BSON date, escaped keys) and SQLite (JSON text) write that is their own
business. ``digest`` covers the content: everything but when it was seen.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final, Self

from calipso_nornir.model.cliques import Clique
from calipso_nornir.model.evidence import Evidence
from calipso_nornir.model.links import Link
from calipso_nornir.model.naming import in_one_style
from calipso_nornir.model.objects import SCAN, InventoryObject
from calipso_nornir.model.refs import ObjectRef, Witness
from calipso_nornir.model.status import Status
from calipso_nornir.store.values import clean, is_clean, utc_ms

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from calipso_nornir.model.protocols import Document, Kind

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


class Sealed(dict[str, Any]):
    """A document fresh from here, with the text that its digest is made of, which stores may write as it is.

    A copy (``{**document, …}``) is a plain document, and one that is changed has no text any more. What its members
    hold is not to be changed.

    Attributes:
        of: what it is a document of: inventory, links (derived ones, too), cliques or status.
        text: its content as JSON in ASCII, keys sorted; ``evidence`` in it has no times. None when JSON has no form
            for something in it.
    """

    __slots__ = ("of", "text")

    of: str
    text: str | None

    def is_fresh(self, kind: Kind, environment: str) -> bool:
        """Tell whether it is a document of a kind and an environment, as it was made."""
        of = "links" if kind == "implicit_links" else kind
        return self.text is not None and self.of == of and self["environment"] == environment

    def __setitem__(self, key: str, value: Any) -> None:  # noqa: ANN401 - any JSON value
        self.text = None
        super().__setitem__(key, value)

    def __delitem__(self, key: str) -> None:
        self.text = None
        super().__delitem__(key)

    def __ior__(self, other: Any) -> Self:  # type: ignore[misc,override]  # noqa: ANN401 - fields have names here
        self.text = None
        return super().__ior__(other)

    def pop(self, *arguments: Any) -> Any:  # noqa: ANN401 - as in dict
        """Remove a field."""
        self.text = None
        return super().pop(*arguments)

    def popitem(self) -> tuple[str, Any]:
        """Remove the last field."""
        self.text = None
        return super().popitem()

    def setdefault(self, key: str, default: Any = None) -> Any:  # noqa: ANN401 - as in dict
        """Set a field that is missing."""
        self.text = None
        return super().setdefault(key, default)

    def update(self, *arguments: Any, **fields: Any) -> None:  # noqa: ANN401 - as in dict
        """Set fields."""
        self.text = None
        super().update(*arguments, **fields)

    def clear(self) -> None:
        """Remove all fields."""
        self.text = None
        super().clear()


_ENCODE: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False, check_circular=False).encode
"""A circle ends in RecursionError, which costs nothing where there is none."""


def digest(document: Document) -> str:
    """Return 32 hex digits for the content of a document.

    ``last_scanned``, ``digest`` and the ``at`` of evidence do not count, nor does the order of keys and of evidence.
    """
    content = _content(document)
    return _hashed(_plain_text(content) or _any_text(content))


def _content(document: Document) -> Document:
    content = dict(document)
    content.pop("last_scanned", None)
    content.pop("digest", None)
    told = [[str(one.get(name)) for name in ("source", "query", "host")] for one in document.get("evidence", ())]
    content["evidence"] = sorted(told)
    return content


def _plain_text(content: Document) -> str | None:
    try:
        return _ENCODE(content)
    except (TypeError, ValueError, RecursionError):  # what JSON has no form for
        return None


def _any_text(content: Document) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), default=repr)


def _hashed(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


# --- objects


def object_document(obj: InventoryObject) -> Document:
    """Return the document of an object: attributes at the top level, beside the frame's fields.

    Raises:
        ValueError: an attribute is called like a field of the frame.
    """
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
        "evidence": _evidence(obj.evidence),
        "found_by": _found_by(obj.found_by),
    }
    if obj.on_demand:
        document["on_demand"] = True
    if obj.handed_down:
        document["handed_down"] = obj.handed_down
    if obj.owner != SCAN:
        document["owned_by"] = obj.owner
    return _sealed(document, obj.scanned_at, of="inventory")


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
    document: Document = {
        "_id": link.document_id,
        "environment": link.environment,
        "source": link.source.document_id,
        "target": link.target.document_id,
        "source_id": link.source.id,
        "source_type": link.source.type,
        "target_id": link.target.id,
        "target_type": link.target.type,
        "link_type": link.type,
        "link_name": link.name,
        "state": link.state,
        "link_weight": link.weight,
        "source_label": link.source_label,
        "target_label": link.target_label,
        "implicit": link.implicit,
        "attributes": dict(link.attributes),
        "host": link.host,
        "switch": link.switch,
        "evidence": _evidence(link.evidence),
    }
    return _sealed(document, link.scanned_at, of="links")


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
    """Return the document of a clique; its links are named, not copied, so that none goes stale."""
    focal_point = clique.focal_point
    document: Document = {
        "_id": clique.document_id,
        "environment": focal_point.environment,
        "focal_point": focal_point.document_id,
        "focal_point_type": focal_point.type,
        "focal_point_object_id": focal_point.id,
        "clique_type": clique.clique_type,
        "links": list(clique.links),
        "nodes": [node.document_id for node in clique.nodes],
        "node_refs": [{"type": node.type, "id": node.id} for node in clique.nodes],
        "constraints": dict(clique.constraints),
    }
    return _sealed(document, clique.scanned_at, of="cliques")


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
    """Return the document of a status: it has the ``_id`` of what it is of.

    ``checked_at`` is its ``last_scanned``: a check that says the same again makes no new version.
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
    }
    return _sealed(document, status.checked_at, of="status")


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


def _sealed(document: Document, scanned_at: datetime | None, *, of: str) -> Document:
    """Return a document as stores hold it, with its digest; its values are cleaned where they have to be."""
    if scanned_at is not None and scanned_at.tzinfo is None:
        raise ValueError(f"time without a zone in document {document['_id']}: {scanned_at}")
    content = _content(document)
    text = _plain_text(content)
    if text is None or not is_clean(content, text):
        document = clean(document)
        content = _content(document)
        text = _plain_text(content)
    document["digest"] = _hashed(text or _any_text(content))
    document["last_scanned"] = None if scanned_at is None else utc_ms(scanned_at)
    sealed = Sealed(document)
    sealed.text = text
    sealed.of = of
    return sealed


def _evidence(evidence: Iterable[Evidence]) -> list[dict[str, Any]]:
    return [
        {
            "source": one.source,
            "query": one.query,
            "host": one.host,
            "at": None if one.at is None else utc_ms(one.at),
        }
        for one in evidence
    ]


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
