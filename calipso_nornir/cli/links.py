# SPDX-License-Identifier: Apache-2.0
"""``calipso links``: lists the links of an environment or of one object."""

from typing import TYPE_CHECKING, Annotated

import typer

from calipso_nornir.analysis.filtering import condition, filtered
from calipso_nornir.analysis.lookup import find_one, one_environment
from calipso_nornir.analysis.meant_types import meant_link_state, meant_link_type
from calipso_nornir.cli import completing
from calipso_nornir.cli.ends import Names
from calipso_nornir.cli.facts import UNCONFIRMED, WRONG
from calipso_nornir.cli.output import Format, emit, table
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.shared_options import At, Environment, Inventory, Output, Where
from calipso_nornir.model.links import Link
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.model.stores import StoreView
from calipso_nornir.store.documents import link_document
from calipso_nornir.store.freshness import Freshness, freshness_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


End = Annotated[
    str | None,
    typer.Argument(
        metavar="OBJECT",
        autocompletion=completing.objects,
        help="Only links of this object: an id, name, address or TYPE:ID.",
    ),
]
LinkType = Annotated[
    str | None,
    typer.Option(
        "--type",
        "-t",
        metavar="TYPE",
        autocompletion=completing.link_types,
        help="Only links of this type, e.g. vnic-vedge.",
    ),
]
State = Annotated[
    str | None,
    typer.Option(
        "--state",
        metavar="STATE",
        autocompletion=completing.link_states,
        help="Only links in this state: up or down.",
    ),
]
Implicit = Annotated[bool, typer.Option("--implicit", help="Show implicit (derived) links instead.")]


def links(  # noqa: PLR0913 - the options of the command
    run: Run,
    *,
    what: End = None,
    environment: Environment = None,
    type_: LinkType = None,
    state: State = None,
    where: Where = None,
    implicit: Implicit = False,
    at: At = None,
    inventory: Inventory = None,
    output: Output = Format.TABLE,
) -> None:
    """List links."""
    conditions = [condition(text) for text in where or ()]
    with run.store(inventory=inventory, at=at) as store:
        end: ObjectRef | None = None
        if what is None:
            view = store.view(one_environment(store, environment))
        else:
            view, one = find_one(store, what, environment=environment)
            end = one.ref
        if type_ is not None:
            type_ = meant_link_type(store, [view], type_)
        if state is not None:
            state = meant_link_state(store, state)
        found = wanted_links(view, end=end, type_=type_, implicit=implicit)
        found = [found[place] for place in filtered([link_document(link) for link in found], conditions)]
        found = [link for link in found if state in (None, link.state)]
        if output is not Format.TABLE:
            emit([link_document(link) for link in found], output)
            return
        rows = list(_rows(found, Names(view), freshness_of(store, view.environment)))
    if rows:
        table(run.out, ("type", "source", "target", "state", "host", "network", "_id"), rows)
    else:
        run.err.say(f"no matching links in {view.environment}")


def wanted_links(view: StoreView, *, end: ObjectRef | None, type_: str | None, implicit: bool) -> list[Link]:
    """Return found or implicit links, of the given object and type if any, ordered."""
    found: Iterable[Link]
    if implicit:
        found = [link for link in view.implicit_links() if end in (None, link.source, link.target)]
    elif end is None:
        found = view.links(type_)
    else:
        found = {link.document_id: link for link in (*view.links(source=end), *view.links(target=end))}.values()
    of_type = (link for link in found if type_ in (None, link.type))
    return sorted(of_type, key=lambda link: (link.type, link.source, link.target))


def _rows(links: "Iterable[Link]", names: Names, fresh: Freshness) -> "Iterator[tuple[object, ...]]":
    for link in links:
        yield (
            link.type,
            (names.of(link.source), "bold"),
            (names.of(link.target), "bold"),
            _state(link, fresh),
            link.host,
            names.networks(link),
            (link.document_id, "dim"),
        )


def _state(link: Link, fresh: Freshness) -> tuple[str, str]:
    """Describe the state of a link; what the last scan could not confirm is only marked, without the time."""
    doubted = fresh.unconfirmed_since(link) is not None
    return f"{link.state}{' ?' if doubted else ''}", (WRONG if link.state != "up" else UNCONFIRMED if doubted else "")
