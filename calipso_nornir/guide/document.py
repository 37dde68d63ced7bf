# SPDX-License-Identifier: Apache-2.0
"""Objects as the guide's plug-ins see them: dictionaries, as they are in the inventory collection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.model.naming import snake_case

if TYPE_CHECKING:
    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject


class Document(dict[str, Any]):
    """An object's document; attributes can be read by the name that their source uses, too ("Link detected")."""

    def __missing__(self, key: str) -> Any:  # noqa: ANN401 - JSON of any shape
        plain = snake_case(key)
        if plain == key:
            raise KeyError(key)
        return self[plain]

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key) or (isinstance(key, str) and super().__contains__(snake_case(key)))

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ANN401 - as above
        """Return one value, or ``default`` if there is none."""
        return self[key] if key in self else default  # noqa: SIM401 - this is what dict.get would not do


def document_of(one: InventoryObject) -> Document:
    """Return the document of an object, as a copy."""
    return Document(
        {
            **one.attributes,
            "_id": one.ref.document_id,
            "environment": one.ref.environment,
            "type": one.type,
            "id": one.id,
            "name": one.name,
            "object_name": one.object_name,
            "parent_id": one.parent.id if one.parent is not None else None,
            "parent_type": one.parent.type if one.parent is not None else None,
            "id_path": one.id_path,
            "name_path": one.name_path,
            "show_in_tree": one.show_in_tree,
            "last_scanned": one.scanned_at,
        }
    )


def link_document_of(link: Link) -> Document:
    """Return the document of a link."""
    return Document(
        {
            **link.attributes,
            "_id": link.document_id,
            "environment": link.environment,
            "link_type": link.type,
            "link_name": link.name,
            "link_weight": link.weight,
            "state": link.state,
            "host": link.host,
            "switch": link.switch,
            "source": link.source.document_id,
            "source_id": link.source.id,
            "source_label": link.source_label,
            "target": link.target.document_id,
            "target_id": link.target.id,
            "target_label": link.target_label,
        }
    )
