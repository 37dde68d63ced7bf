# SPDX-License-Identifier: Apache-2.0
"""``calipso links``: the links of an environment, or of one object."""

from typing import TYPE_CHECKING, Annotated

import typer

from calipso_nornir.analysis.finding import find_one, one_environment
from calipso_nornir.cli.ends import Names
from calipso_nornir.cli.facts import WRONG
from calipso_nornir.cli.output import Format, emit, table
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.shared_options import Environment, Inventory, Output
from calipso_nornir.errors import InvalidRequest
from calipso_nornir.model.links import Link, LinkType
from calipso_nornir.model.protocols import StoreView
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.store.documents import link_document

if TYPE_CHECKING:
    from collections.abc import Iterable


def links(  # noqa: PLR0913 - the options of the command
    run: Run,
    *,
    what: Annotated[
        str | None,
        typer.Argument(metavar="OBJECT", help="Only links of this object: an id, name, address or TYPE:ID."),
    ] = None,
    environment: Environment = None,
    type_: Annotated[
        str | None, typer.Option("--type", "-t", metavar="TYPE", help="Only links of this type, e.g. vnic-vedge.")
    ] = None,
    implicit: Annotated[
        bool, typer.Option("--implicit", help="Show implicit (derived) links in place of found ones.")
    ] = False,
    inventory: Inventory = None,
    output: Output = Format.TABLE,
) -> None:
    """List links."""
    if type_ is not None:
        _check_type(type_)
    with run.store(inventory=inventory) as store:
        end: ObjectRef | None = None
        if what is None:
            view = store.view(one_environment(store, environment))
        else:
            view, one = find_one(store, what, environment=environment)
            end = one.ref
        found = wanted_links(view, end=end, type_=type_, implicit=implicit)
        if output is not Format.TABLE:
            emit([link_document(link) for link in found], output)
            return
        names = Names(view)
        rows = [
            (
                link.type,
                (names.of(link.source), "bold"),
                (names.of(link.target), "bold"),
                link.state if link.state == "up" else (link.state, WRONG),
                link.host,
                names.networks(link),
                (link.document_id, "dim"),
            )
            for link in found
        ]
    if rows:
        table(run.out, ("type", "source", "target", "state", "host", "network", "_id"), rows)
    else:
        run.err.say("no such link")


def wanted_links(view: StoreView, *, end: ObjectRef | None, type_: str | None, implicit: bool) -> list[Link]:
    """Return found or implicit links, at an object and of a type where these are given, ordered."""
    found: Iterable[Link]
    if implicit:
        found = [link for link in view.implicit_links() if end in (None, link.source, link.target)]
    elif end is None:
        found = view.links(type_)
    else:
        found = {link.document_id: link for link in (*view.links(source=end), *view.links(target=end))}.values()
    of_type = (link for link in found if type_ in (None, link.type))
    return sorted(of_type, key=lambda link: (link.type, link.source, link.target))


def _check_type(name: str) -> None:
    try:
        LinkType.of(name)
    except ValueError as error:
        raise InvalidRequest(str(error)) from None
