# SPDX-License-Identifier: Apache-2.0
"""``self.inv``: the inventory as the guide's plug-ins read it. It shows the scan's own picture, never the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.guide.call_bridge import running
from calipso_nornir.guide.document import Document, document_of, link_document_of
from calipso_nornir.guide.matching import matches
from calipso_nornir.model.refs import ObjectRef

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from calipso_nornir.guide.call_bridge import Context
    from calipso_nornir.model.links import Link


class InventoryMgr:
    """Reads objects (and, in link finders, links) of the environment that is scanned.

    In a fetcher, a question for objects of a type waits until all of them have been found.
    """

    def get_by_id(self, environment: str, item_id: str) -> Document | None:
        """Return the object with an id, or None."""
        one = _context("get_by_id()", environment).with_id(str(item_id))
        return None if one is None else document_of(one)

    def get(self, environment: str, item_type: str, item_id: str | None) -> list[Document]:
        """Return the objects of a type: all, or the one with an id."""
        context = _context("get()", environment)
        if item_id is None:
            return [document_of(one) for one in context.of_type(item_type)]
        one = context.get(ObjectRef(context.environment, item_type, str(item_id)))
        return [] if one is None else [document_of(one)]

    def get_single(self, environment: str, item_type: str, item_id: str) -> Document | None:
        """Return one object by type and id, or None."""
        found = self.get(environment, item_type, item_id)
        return found[0] if found else None

    def get_by_field(
        self,
        environment: str,
        item_type: str,
        field_name: str,
        field_value: Any,  # noqa: ANN401 - JSON
        *,
        get_single: bool = False,
    ) -> Any:  # noqa: ANN401 - one document, None, or a list
        """Return the objects of a type whose field has a value; with ``get_single`` the first, or None."""
        search = {"environment": environment, "type": item_type, field_name: field_value}
        return self.find_items(search, get_single=get_single)

    def get_children(self, environment: str, item_type: str | None, parent_id: str) -> list[Document]:
        """Return the objects directly below one, of a type or of any."""
        search: dict[str, Any] = {"environment": environment, "parent_id": parent_id}
        found: list[Document] = self.find_items(search if item_type is None else {**search, "type": item_type})
        return found

    def find_items(
        self,
        search: Mapping[str, Any],
        projection: Iterable[str] | Mapping[str, Any] | None = None,
        get_single: bool = False,  # noqa: FBT001, FBT002 - the guide's order
        collection: str = "inventory",
    ) -> Any:  # noqa: ANN401 - one document, None, or a list
        """Return the documents that match a MongoDB search; with ``get_single`` the first, or None."""
        context = _context("find_items()", search.get("environment"))
        if collection == "links":
            documents = [link_document_of(link) for link in _links(context)]
        elif collection == "inventory":
            documents = [document_of(one) for type_ in _types(context, search) for one in context.of_type(type_)]
        else:
            raise ValueError(f'collection "{collection}" cannot be read here: inventory or links is expected')
        found = [_projected(one, projection) for one in documents if matches(one, search)]
        if get_single:
            return found[0] if found else None
        return found

    find = find_items

    def find_one(self, search: Mapping[str, Any], projection: Any = None, collection: str = "inventory") -> Any:  # noqa: ANN401 - as above
        """Return the first document that matches, or None."""
        return self.find_items(search, projection, True, collection)  # noqa: FBT003 - as above

    def set(self, item: Mapping[str, Any], *_: Any, **__: Any) -> None:  # noqa: ANN401 - whatever the guide's takes
        """Refuse: objects must be returned, so that missing ones can be recognised as gone."""
        raise TypeError(
            f"inv.set({item.get('type', 'object')} {item.get('id', '')}) cannot be done in a scan: return the object "
            "from get(), with its parent"
        )


def _context(what: str, environment: object) -> Context:
    context = running(f"inv.{what}")
    if environment not in (None, context.environment):
        raise ValueError(
            f'inv.{what} asks for environment "{environment}", but "{context.environment}" is scanned: use self.env'
        )
    return context


def _links(context: Context) -> Sequence[Link]:
    links = getattr(context, "links", None)
    if links is None:
        raise ValueError("links are found after all objects: only link finders can read them")
    found: Sequence[Link] = links()
    return found


def _types(context: Context, search: Mapping[str, Any]) -> Sequence[str]:
    wanted = search.get("type")
    if isinstance(wanted, str):
        return (wanted,)
    if isinstance(wanted, dict) and set(wanted) == {"$in"}:
        return tuple(wanted["$in"])
    return context.types()


def _projected(one: Document, projection: Iterable[str] | Mapping[str, Any] | None) -> Document:
    if not projection:
        return one
    return Document({key: one[key] for key in ("_id", *projection) if key in one})
