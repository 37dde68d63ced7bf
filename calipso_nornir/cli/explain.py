# SPDX-License-Identifier: Apache-2.0
"""``calipso explain``: shows the evidence for an object or a link."""

import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Any

import typer

from calipso_nornir.analysis.lookup import LISTED, environments_meant, find_one, views_meant
from calipso_nornir.analysis.meant_types import link_types, object_types
from calipso_nornir.cli.ends import Names
from calipso_nornir.cli.output import Format, emit, table
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.shared_options import At, Environment, Inventory, Output
from calipso_nornir.errors import AmbiguousObject, InvalidRequest, UnknownObject
from calipso_nornir.model.evidence import Evidence
from calipso_nornir.model.links import Link
from calipso_nornir.model.objects import InventoryObject
from calipso_nornir.model.stores import Store, StoreView
from calipso_nornir.model.text import plain
from calipso_nornir.store.documents import link_document, object_document
from calipso_nornir.store.meaning import find_all
from calipso_nornir.store.type_names import unknown

_DOCUMENT_ID = re.compile(r"[0-9a-f]{24}")


def explain(  # noqa: PLR0913 - the options of the command
    run: Run,
    *,
    what: Annotated[
        str, typer.Argument(metavar="OBJECT|LINK", help="An object (id, name, address, TYPE:ID), or the _id of a link.")
    ],
    target: Annotated[
        str | None, typer.Argument(metavar="TARGET", help="Explain the link between OBJECT and this object.")
    ] = None,
    environment: Environment = None,
    type_: Annotated[
        str | None, typer.Option("--type", "-t", metavar="TYPE", help="Only an object or link of this type.")
    ] = None,
    at: At = None,
    inventory: Inventory = None,
    output: Output = Format.TABLE,
) -> None:
    """Show where each fact comes from.

    For an object: source, query, host, time, and the step that found it. For a link: its rule, and what is known about
    its ends.
    """
    with run.store(inventory=inventory, at=at) as store:
        if type_ is not None:
            _must_be_type(store, type_, environment=environment)
        found = None
        if target is not None:
            found = _link_between(store, what, target, environment=environment, type_=type_)
        elif _DOCUMENT_ID.fullmatch(what):
            found = _link_of_id(store, what, environment=environment)
        if found is not None:
            _explain_link(run, *found, output)
        else:
            _explain_object(run, find_one(store, what, environment=environment, type_=type_)[1], output)


def _must_be_type(store: Store, type_: str, *, environment: str | None) -> None:
    views = views_meant(store, environment)
    known = object_types(store, views) | link_types(store, views)
    if type_ not in known:
        raise unknown("type of object or link", type_, known)


# --- objects


def _explain_object(run: Run, one: InventoryObject, output: Format) -> None:
    if output is not Format.TABLE:
        emit(_object_explained(one), output)
        return
    run.out.say((one.name, "bold"), f"  {one.type}  ", (one.id, "dim"))
    run.out.say("")
    _print_evidence(run, one.evidence)
    run.out.say("")
    for witness in sorted(one.found_by, key=lambda witness: (witness.step, witness.parent)):
        run.out.say(("found by        ", "cyan"), f"{witness.step}  of {witness.parent}")
    _print_times(run, one)


def _object_explained(one: InventoryObject) -> dict[str, Any]:
    document = object_document(one)
    frame = {key: document[key] for key in ("_id", "environment", "type", "id", "name", "evidence", "found_by")}
    return {**frame, **_times(one)}


# --- links


def _explain_link(run: Run, view: StoreView, link: Link, output: Format) -> None:
    ends = [(what, view.get(ref)) for what, ref in (("source", link.source), ("target", link.target))]
    if output is not Format.TABLE:
        explained = {what: None if one is None else _object_explained(one) for what, one in ends}
        told = _times(link, ends=[end for _, end in ends if end is not None])
        emit({**link_document(link), **told, "ends": explained}, output)
        return
    names = Names(view)
    run.out.say((link.type, "bold"), f"  {names.of(link.source)} → {names.of(link.target)}  {link.state}")
    for one in link.evidence:
        run.out.say(("because         ", "cyan"), one.query)
    if link.implicit:
        run.out.say(("implicit        ", "cyan"), "derived from other links")
    if link.attributes.get("network"):
        run.out.say(("networks        ", "cyan"), names.networks(link))
    _print_times(run, link, ends=[end for _, end in ends if end is not None])
    for what, end in ends:
        run.out.say("")
        if end is None:
            run.out.say((what, "cyan"), "  no longer exists")
            continue
        run.out.say((f"{what}  ", "cyan"), (end.name, "bold"), f"  {end.type}  ", (end.id, "dim"))
        _print_evidence(run, end.evidence)


def _link_of_id(store: Store, id_: str, *, environment: str | None) -> tuple[StoreView, Link] | None:
    for name in environments_meant(store, environment):
        view = store.view(name)
        found = next((link for link in (*view.links(), *view.implicit_links()) if link.document_id == id_), None)
        if found is not None:
            return view, found
    return None


def _link_between(
    store: Store, source: str, target: str, *, environment: str | None, type_: str | None
) -> tuple[StoreView, Link]:
    """Return the link between two objects, in either direction; if names are ambiguous, all matches are tried."""
    found = [
        (view, link)
        for view in (store.view(name) for name in environments_meant(store, environment))
        for link in _links_between(view, source, target)
        if type_ in (None, link.type)
    ]
    if len(found) > 1:
        names = [Names(view) for view, _ in found]
        lines = (
            f"{link.document_id}  {link.type}  {plain(known.of(link.source))} → {plain(known.of(link.target))}"
            for known, (_, link) in zip(names, found[:LISTED], strict=False)
        )
        raise AmbiguousObject(f"{plain(source)} {plain(target)}", tuple(lines), "Give the _id, or --type:")
    if not found:
        for what in (source, target):
            _must_be_known(store, what, environment=environment)
        of_type = f" of type {plain(type_)}" if type_ else ""
        raise InvalidRequest(
            f"no link{of_type} joins {plain(source)} and {plain(target)}: calipso links OBJECT lists its links"
        )
    return found[0]


def _links_between(view: StoreView, source: str, target: str) -> Iterator[Link]:
    sources, targets = find_all(view, source), {one.ref for one in find_all(view, target)}
    seen: set[str] = set()
    for one in sources:
        for link in (*view.links(source=one.ref), *view.links(target=one.ref)):
            other = link.target if link.source == one.ref else link.source
            if other in targets and link.document_id not in seen:
                seen.add(link.document_id)
                yield link


def _must_be_known(store: Store, what: str, *, environment: str | None) -> None:
    views = views_meant(store, environment)
    if not any(find_all(view, what) for view in views):
        raise UnknownObject(" or ".join(view.environment for view in views), plain(what))


# --- what both have


def _print_evidence(run: Run, evidence: Iterable[Evidence]) -> None:
    rows = [
        (one.source, one.host, one.at.isoformat(timespec="seconds") if one.at else None, one.query) for one in evidence
    ]
    if rows:
        table(run.out, ("source", "host", "known since", "query"), rows)
    else:
        run.out.say("no evidence recorded")


def _print_times(run: Run, one: InventoryObject | Link, *, ends: Iterable[InventoryObject] = ()) -> None:
    times = _times(one, ends=ends)
    run.out.say(("known since     ", "cyan"), times["known_since"] or "not recorded")
    confirmed = f"by the scan that began {times['last_confirmed']}" if times["last_confirmed"] else "not recorded"
    run.out.say(("last confirmed  ", "cyan"), confirmed)


def _times(one: InventoryObject | Link, *, ends: Iterable[InventoryObject] = ()) -> dict[str, str | None]:
    """Return the time since which the present state is known, and that of the last scan that confirmed it.

    It is known since its newest evidence; for a link without evidence of its own, since that of its ends.
    """
    own = [evidence.at for evidence in one.evidence if evidence.at is not None]
    seen = own or [evidence.at for end in ends for evidence in end.evidence if evidence.at is not None]
    return {
        "known_since": max(seen).isoformat() if seen else None,
        "last_confirmed": one.scanned_at.isoformat() if one.scanned_at else None,
    }
