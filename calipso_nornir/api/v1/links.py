# SPDX-License-Identifier: Apache-2.0
"""/links: one link, or a list of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter

from calipso_nornir.access.roles import Role
from calipso_nornir.api.guard import Needs
from calipso_nornir.api.v1.answers import bounds, chosen, shown, with_id, with_status
from calipso_nornir.api.v1.operations import Asked, operation
from calipso_nornir.api.v1.parameters import ENVIRONMENT, PAGING, Parameter
from calipso_nornir.api.v1.reading import missing
from calipso_nornir.api.v1.shapes import ID, TEXT, TEXT_OR_NONE, document, either, list_of
from calipso_nornir.model.finding import Equal, Find
from calipso_nornir.store.addresses import meant_by, usual_form

if TYPE_CHECKING:
    from calipso_nornir.api.v1.answers import Answer

router = APIRouter()

FIELDS: Final = {"id": ID, "link_name": TEXT, "link_type": TEXT, "environment": TEXT, "host": TEXT_OR_NONE}
WHOLE: Final = document(
    {
        **FIELDS,
        "_id": ID,
        "source": ID,
        "source_id": TEXT,
        "target": ID,
        "target_id": TEXT,
        "state": TEXT,
        "attributes": {"type": "object"},
    }
)
ATTRIBUTES: Final = "attributes:"
"""How the keys begin that ask for a value of an attribute."""
_EQUAL: Final = ("host", "link_type", "link_name", "source_id", "target_id", "state")


@operation(
    router,
    "GET /links",
    needs=Needs(Role.VIEWER),
    answer=either(list_of("links", FIELDS), WHOLE),
    parameters=(
        ENVIRONMENT,
        Parameter(name="id", type="id", text="Its id: the answer is this one link."),
        Parameter(name="host", text="Id of its host."),
        Parameter(name="link_type", constant="link_types", text="Its type."),
        Parameter(name="link_name", text="Its name."),
        Parameter(name="source_id", text="Id of the object where it begins."),
        Parameter(name="target_id", text="Id of the object where it ends."),
        Parameter(name="state", constant="link_states", text="Its state."),
        *PAGING,
    ),
    further=ATTRIBUTES,
)
def links(asked: Asked) -> Answer:
    """Show one link (with ``id``), or list links. ``attributes:NAME=VALUE`` asks for a value of an attribute."""
    with asked.api.store.snapshot(asked.environment) as view:
        if asked["id"] is not None:
            found = view.get_by_id("links", asked["id"])
            if found is None or not _fits(asked, found):
                raise missing("links", asked["id"], view.environment)
            return with_id(with_status(view, shown(found)))
        first, last = bounds(asked.values)
        conditions = tuple(Equal(name, asked[name]) for name in _EQUAL if asked[name] is not None)
        every = any(name.startswith(ATTRIBUTES) for name in asked.values)
        page = view.find_documents(Find(kind="links", where=conditions, limit=None if every else last))
        fitting = [one for one in page if _fits(asked, one)] if every else page
        return {"links": [chosen(with_id(one), FIELDS) for one in fitting[first:last]]}


def _fits(asked: Asked, link: dict[str, Any]) -> bool:
    """Tell whether a link has the values that are asked for; a list has each of its members."""
    if any(asked[name] not in (None, link.get(name)) for name in _EQUAL):
        return False
    own = {name.removeprefix(ATTRIBUTES): one for name, one in asked.values.items() if name.startswith(ATTRIBUTES)}
    return all(has(link["attributes"].get(name), wanted) for name, wanted in own.items())


def has(value: Any, wanted: str) -> bool:  # noqa: ANN401 - JSON has no type
    """Tell whether an attribute has a value, or is a list that has it; addresses count however they are written."""
    known = {usual_form(str(one)) for one in (value if isinstance(value, list) else [value])}
    return not known.isdisjoint(map(usual_form, meant_by(wanted)))
