# SPDX-License-Identifier: Apache-2.0
"""/graph: the tree of an environment, or a clique, in the forms that d3 and Vega draw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter

from calipso_nornir.access.roles import Role
from calipso_nornir.analysis.around import clique_around
from calipso_nornir.analysis.bulk_reading import links_of, objects_of
from calipso_nornir.api.guard import Needs
from calipso_nornir.api.v1.operations import Asked, operation
from calipso_nornir.api.v1.parameters import ENVIRONMENT, Parameter
from calipso_nornir.api.v1.reading import missing, wrong
from calipso_nornir.api.v1.shapes import TEXT, TEXT_OR_NONE, document, either, exactly
from calipso_nornir.model.finding import Equal, Find, Prefix
from calipso_nornir.model.objects import root_of
from calipso_nornir.model.refs import ObjectRef

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calipso_nornir.api.v1.answers import Answer
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.stores import Document, StoreView

router = APIRouter()

MOST: Final = 20_000
"""Maximum number of objects of a tree."""
TREES: Final = ("vega_tree", "force_tree", "children_tree")
CLIQUE: Final = "clique"
_NODE: Final = {"id": TEXT, "name": TEXT, "type": TEXT}
_NESTED: Final = document({**_NODE, "children": {"type": "array"}})
_FLAT: Final = {"type": "array", "items": exactly(_NODE, {"parent": TEXT})}
_GRAPH: Final = exactly(
    {
        "nodes": {"type": "array", "items": exactly(_NODE)},
        "links": {
            "type": "array",
            "items": exactly(
                {"source": TEXT, "target": TEXT}, {"link_type": TEXT, "name": TEXT_OR_NONE, "state": TEXT}
            ),
        },
    }
)


@operation(
    router,
    "GET /graph",
    needs=Needs(Role.VIEWER),
    answer=either(_GRAPH, _NESTED, _FLAT),
    parameters=(
        ENVIRONMENT,
        Parameter(name="type", needed=True, one_of=(*TREES, CLIQUE), text="Form of the answer."),
        Parameter(name="focal_point_id", text="Id, or _id, of the clique's object or the tree's root."),
    ),
)
def graph(asked: Asked) -> Answer:
    """Show a tree of objects, or a clique.

    ``vega_tree`` is a list of objects with their parents, as Vega's transform "stratify" reads it; ``children_tree`` is
    nested, as d3-hierarchy reads it; ``force_tree`` and ``clique`` have nodes and links, as d3-force reads them. Nodes
    are known by their ``_id``.
    """
    form, named = asked["type"], asked["focal_point_id"]
    if form == CLIQUE and named is None:
        raise wrong("focal_point_id must be specified for a clique", "focal_point_id")
    if form == "force_tree" and named is not None:
        raise wrong("a force_tree shows the whole environment: focal_point_id cannot be given", "focal_point_id")
    with asked.api.store.snapshot(asked.environment) as view:
        focal = _focal(view, named) if named is not None else root_of(view.environment)
        if form == CLIQUE:
            return _clique(asked, view, focal)
        tree = _tree(view, focal)
    return {"vega_tree": _stratified, "children_tree": _nested, "force_tree": _as_graph}[form](tree)


def _focal(view: StoreView, named: str) -> InventoryObject:
    for field in ("id", "_id"):
        found = view.find(Find(where=(Equal(field, named),), limit=2))
        if len(found) > 1:
            raise wrong(f"several objects have the id {named}: name one by its _id", "focal_point_id")
        if found:
            return found[0]
    raise missing("inventory", named, view.environment)


def _tree(view: StoreView, top: InventoryObject) -> list[Document]:
    """Return the root and everything below it, parents first; all but the root have a ``parent``."""
    below = Find(where=(Prefix("id_path", f"{top.id_path}/"),), order=("id_path",), limit=MOST + 1, fields=_FIELDS)
    found = view.find_documents(below)
    if len(found) > MOST:
        raise wrong(f"there are more than {MOST} objects below {top.name}: name a focal_point_id further down")
    root = {"id": top.ref.document_id, "name": top.name, "type": top.type}
    return [root, *(_node(view.environment, one) for one in found)]


_FIELDS: Final = ("name", "type", "parent_type", "parent_id")


def _node(environment: str, one: Document) -> Document:
    parent = ObjectRef(environment, one["parent_type"], one["parent_id"])
    return {"id": one["_id"], "name": one["name"], "type": one["type"], "parent": parent.document_id}


def _stratified(tree: Sequence[Document]) -> Answer:
    return list(tree)


def _nested(tree: Sequence[Document]) -> Answer:
    nodes: dict[str, dict[str, Any]] = {
        one["id"]: {"id": one["id"], "name": one["name"], "type": one["type"], "children": []} for one in tree
    }
    for one in tree[1:]:
        nodes[one["parent"]]["children"].append(nodes[one["id"]])
    return nodes[tree[0]["id"]]


def _as_graph(tree: Sequence[Document]) -> Answer:
    return {
        "nodes": [{name: one[name] for name in _NODE} for one in tree],
        "links": [{"source": one["parent"], "target": one["id"]} for one in tree[1:]],
    }


def _clique(asked: Asked, view: StoreView, focal: InventoryObject) -> Answer:
    around = clique_around(asked.api.store, view, focal.ref, catalog=asked.api.catalog)
    if around is None:
        raise missing("cliques", focal.id, view.environment)
    nodes, links = objects_of(view, around.clique.nodes), links_of(view, around.clique.links)
    return {
        "nodes": [{"id": ref.document_id, "name": one.name, "type": one.type} for ref, one in nodes.items()],
        "links": [
            {
                "source": one.source.document_id,
                "target": one.target.document_id,
                "link_type": one.type,
                "name": one.name,
                "state": one.state,
            }
            for one in links.values()
        ],
    }
