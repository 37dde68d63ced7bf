# SPDX-License-Identifier: Apache-2.0
"""Turns what a guide's ``get`` returns (dictionaries with a ``parent``) into what the engine places."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.errors import PromiseBroken
from calipso_nornir.model.fetching import Fetched
from calipso_nornir.model.refs import Folder, ObjectRef

if TYPE_CHECKING:
    from calipso_nornir.model.objects import InventoryObject

EXPECTED: Final = 'a list of dictionaries is expected: return [{"id": …, "name": …, "parent": parent}]'
OWN: Final = frozenset(
    {
        "_id",
        "environment",
        "type",
        "id",
        "name",
        "object_name",
        "parent",
        "parent_id",
        "parent_type",
        "parent_text",
        "master_parent_id",
        "master_parent_type",
        "id_path",
        "name_path",
        "text",
        "create_object",
        "show_in_tree",
        "last_scanned",
        "children_url",
    }
)
"""Keys that are not attributes: they name the object and its place, or the engine sets them."""
SHOWN: Final = 200


def fetched_of(returned: Any, parent: InventoryObject, fetcher: str, type_: str) -> list[Fetched]:  # noqa: ANN401 - whatever get() gave
    """Return what was found; raises PromiseBroken that names the fetcher, the position, what is there and expected."""
    rows = _rows(returned, fetcher)
    found: list[Fetched] = []
    for number, row in enumerate(rows):
        place = f"get() returned at position {number}"
        if not isinstance(row, Mapping):
            raise PromiseBroken(fetcher, f"{place} {row!r:.{SHOWN}}; {EXPECTED}")
        given = row.get("type", type_)
        if type_ and given != type_:
            raise PromiseBroken(fetcher, f'{place} an object of type "{given}"; its step is for type "{type_}"')
        if row.get("create_object", True):
            found.append(_fetched(row, parent, fetcher, place))
    return found


def _rows(returned: Any, fetcher: str) -> list[Any]:  # noqa: ANN401 - as above
    if isinstance(returned, str):
        try:
            returned = json.loads(returned)
        except ValueError as error:
            raise PromiseBroken(fetcher, f"get() returned a text that is no JSON ({error}); {EXPECTED}") from None
    if isinstance(returned, Mapping) and set(returned) == {"rows"}:
        returned = returned["rows"]
    if isinstance(returned, Mapping) and "id" in returned:
        returned = [returned]
    if not isinstance(returned, (list, tuple)):
        told = "nothing" if returned is None else f"{returned!r:.{SHOWN}}"
        raise PromiseBroken(fetcher, f"get() returned {told}; {EXPECTED}, or []")
    return list(returned)


def _fetched(row: Mapping[str, Any], parent: InventoryObject, fetcher: str, place: str) -> Fetched:
    id_ = row.get("id")
    if isinstance(id_, int) and not isinstance(id_, bool):
        id_ = str(id_)
    if not isinstance(id_, str) or not id_:
        keys = ", ".join(map(str, row)) or "nothing"
        told = f"without an id; it has {keys}" if id_ is None else f"whose id is {id_!r}"
        raise PromiseBroken(fetcher, f'{place} an object {told}. A text is expected: "id": "…"')
    under, folder = _place_of(row, parent, fetcher, f"{place} object {id_}")
    try:
        return Fetched(
            id=id_,
            name=str(row.get("name") or row.get("object_name") or id_),
            attributes={key: value for key, value in row.items() if key not in OWN},
            under=under,
            folder=folder,
            show_in_tree=bool(row.get("show_in_tree", True)),
            object_name=row.get("object_name"),
        )
    except (TypeError, ValueError) as error:
        raise PromiseBroken(fetcher, f"{place} object {id_}: {error}") from error


def _place_of(
    row: Mapping[str, Any], parent: InventoryObject, fetcher: str, place: str
) -> tuple[ObjectRef | None, Folder | None]:
    """Return the parent that an object names, and the folder below it, if it names one."""
    if master_type := row.get("master_parent_type"):
        return _below_a_folder(row, str(master_type), parent, fetcher, place)
    named = row.get("parent")
    if named is not None:
        if not isinstance(named, Mapping) or not named.get("id") or not named.get("type"):
            told = f'whose "parent" is {named!r:.{SHOWN}}'
            raise PromiseBroken(fetcher, f"{place} {told}; the parent's document is expected: self.inv.get_by_id(…)")
        return parent.sibling(str(named["type"]), str(named["id"])), None
    if named is None and "parent" in row:
        problem = f'{place} has "parent": None: self.inv.get_by_id(…) found no such object'
        raise PromiseBroken(fetcher, f"{problem}. Leave it out for the object that the fetcher runs on, {parent.ref}")
    parent_id = row.get("parent_id")
    if parent_id in (None, parent.id, parent.handed_down):
        return None, None
    if not row.get("parent_type"):
        raise PromiseBroken(fetcher, f'{place} has "parent_id": "{parent_id}" without "parent_type"')
    return parent.sibling(str(row["parent_type"]), str(parent_id)), None


def _below_a_folder(
    row: Mapping[str, Any], master_type: str, parent: InventoryObject, fetcher: str, place: str
) -> tuple[ObjectRef, Folder]:
    missing = [key for key in ("master_parent_id", "parent_type") if not row.get(key)]
    if missing:
        told = " and ".join(f'"{key}"' for key in missing)
        expected = '"master_parent_type", "master_parent_id", "parent_type", "parent_id" and "parent_text"'
        raise PromiseBroken(fetcher, f"{place} lacks {told}; a folder is named by {expected}")
    under = parent.sibling(master_type, str(row["master_parent_id"]))
    type_ = str(row["parent_type"])
    plain = type_.removesuffix("_folder")
    given = str(row.get("parent_id") or "")
    own = given.removeprefix(under.id).lstrip("-|") if given.startswith(under.id) else ""
    types_name = own or plain
    return under, Folder(type=type_, types_name=types_name, text=str(row.get("parent_text") or plain.capitalize()))
