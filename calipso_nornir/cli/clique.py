# SPDX-License-Identifier: Apache-2.0
"""``calipso clique``: draws what an object is connected to."""

from typing import Any

from calipso_nornir.analysis.around import clique_around
from calipso_nornir.analysis.clique_routes import Routes, routes_of
from calipso_nornir.analysis.lookup import find_one
from calipso_nornir.cli.drawing import drawing
from calipso_nornir.cli.output import Format, Terminal, emit
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.shared_options import At, Environment, Inventory, ObjectArgument, Output, Type
from calipso_nornir.cli.status_lines import print_clique_status
from calipso_nornir.errors import InvalidRequest, UnknownObject
from calipso_nornir.model.objects import InventoryObject
from calipso_nornir.model.stores import Store, StoreView
from calipso_nornir.monitoring.clique_status import clique_status
from calipso_nornir.store.documents import clique_document, link_document, object_document
from calipso_nornir.store.freshness import Freshness, freshness_of


def clique(  # noqa: PLR0913 - the options of the command
    run: Run,
    *,
    what: ObjectArgument,
    environment: Environment = None,
    type_: Type = None,
    at: At = None,
    inventory: Inventory = None,
    output: Output = Format.TABLE,
) -> None:
    """Draw what an object is connected to.

    For an instance or a vService, it shows the path from each of its NICs (from a trunk, one for each network) to the
    switch port and the network.
    """
    with run.store(inventory=inventory, at=at) as store:
        view, one = _focal_point(store, what, environment=environment, type_=type_)
        around = clique_around(store, view, one.ref)
        assert around is not None  # noqa: S101 - narrows the type; _focal_point has looked
        routes = routes_of(store, view, around.clique)
        if output is Format.TABLE:
            print_clique(run.out, routes, fresh=freshness_of(store, view.environment))
            print_clique_status(run.out, clique_status(routes.objects.values(), routes.links))
        else:
            emit(document(routes), output)
        if not around.whole:
            run.err.say(f"truncated: {len(around.clique.links)} of {around.links} links, {around.nodes} objects in all")


def print_clique(out: Terminal, routes: Routes, *, fresh: Freshness) -> None:
    """Draw a clique."""
    for parts in drawing(routes, fresh):
        out.say(*parts)


def document(routes: Routes) -> dict[str, Any]:
    """Return a clique's document with its links and nodes written out."""
    found = clique_status(routes.objects.values(), routes.links)
    nodes = [routes.objects[ref] for ref in routes.clique.nodes if ref in routes.objects]
    return {
        **clique_document(routes.clique),
        "check_status": None if found is None else found.document(),
        "links_detailed": [link_document(link) for link in routes.links],
        "nodes_detailed": [object_document(one) for one in nodes],
    }


def _focal_point(
    store: Store, what: str, *, environment: str | None, type_: str | None
) -> tuple[StoreView, InventoryObject]:
    def has_clique(view: StoreView, one: InventoryObject) -> bool:
        return clique_around(store, view, one.ref) is not None

    try:
        return find_one(store, what, environment=environment, type_=type_, fits=has_clique)
    except UnknownObject:
        view, one = find_one(store, what, environment=environment, type_=type_)
    known = store.collection("clique_types").find()
    types = sorted({str(row.get("focal_point_type")) for row in known})
    raise InvalidRequest(
        f"{one.type} {one.name} of {view.environment} has no clique: no link that it may begin with is there"
        if one.type in types
        else f"a {one.type} has no clique; only these types do: {', '.join(types) or 'nothing yet: scan first'}"
    )
