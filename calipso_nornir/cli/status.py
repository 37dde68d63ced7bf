# SPDX-License-Identifier: Apache-2.0
"""``calipso status``: shows failures with their consequences, and the status of single objects."""

from typing import Annotated, Any

import typer

from calipso_nornir.analysis.history import versions
from calipso_nornir.analysis.lookup import find_one, views_meant
from calipso_nornir.cli import completing
from calipso_nornir.cli.output import Format, emit, table
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.shared_options import At, Environment, Inventory, Output
from calipso_nornir.cli.status_lines import status_lines, styled
from calipso_nornir.model.finding import Find
from calipso_nornir.model.objects import InventoryObject
from calipso_nornir.model.status import SEVERITY
from calipso_nornir.model.stores import Store, StoreView
from calipso_nornir.monitoring.failures import Failure, Named, failures, largest_first, names_of, shown_failure
from calipso_nornir.store.documents import status_document, status_of

SHOWN = 10
"""Maximum number of consequences listed by name."""
COMMITS = 200
"""Maximum number of commits read for the history of a status."""


def status(  # noqa: PLR0913 - the options of the command
    run: Run,
    *,
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="TYPE|OBJECT", autocompletion=completing.objects, help="A type of objects or links, or an object."
        ),
    ] = None,
    environment: Environment = None,
    at: At = None,
    inventory: Inventory = None,
    output: Output = Format.TABLE,
) -> None:
    """Show each failure once, with its consequences.

    With a type: the status of everything of this type that is watched. With an object: its status, the result of
    each of its checks, and its history.
    """
    with run.store(inventory=inventory, at=at) as store:
        views = views_meant(store, environment)
        if what is None:
            _print_failures(
                run,
                [(view.environment, one) for view in views for one in sorted(failures(view), key=largest_first)],
                output,
            )
        elif any(_is_type(what, view) for view in views):
            _print_type(run, views, what, output)
        else:
            view, one = find_one(store, what, environment=environment)
            _print_one(run, store, view, one, output)


def _is_type(text: str, view: StoreView) -> bool:
    """Return whether a text is a type of objects, or of links between types, of an environment."""
    types = view.counts()
    source, dash, target = text.partition("-")
    return text in types or (bool(dash) and source in types and target in types)


def _print_failures(run: Run, found: list[tuple[str, Failure]], output: Format) -> None:
    if output is not Format.TABLE:
        emit([{"environment": name, **shown_failure(one)} for name, one in found], output)
        return
    if not found:
        run.out.say(("everything that is watched is OK", "green"))
    for name, one in found:
        about = one.about
        since = f"  since {about.since.isoformat(timespec='seconds')}" if about.since else ""
        where = f"  {about.host}" if about.host else ""
        run.out.say(
            styled(about.value, about.label), f"  {about.type} ", (about.name, "bold"), f"{where}  {name}{since}"
        )
        run.out.say(f"  {about.text}")
        for each in one.consequences[:SHOWN]:
            run.out.say("  └ ", styled(each.value, each.label), f"  {each.type} {each.name}")
        if len(one.consequences) > SHOWN:
            run.out.say((f"  └ and {len(one.consequences) - SHOWN} more", "dim"))


def _print_type(run: Run, views: list[StoreView], type_: str, output: Format) -> None:
    rows: list[tuple[str, Named]] = []
    for view in views:
        statuses = [status_of(one) for one in view.find_documents(Find(kind="status"))]
        rows += [(view.environment, one) for one in names_of(view, statuses).values() if one.type == type_]
    rows.sort(key=lambda row: (-SEVERITY.get(row[1].value, 0), row[1].name))
    if output is not Format.TABLE:
        emit([{"environment": name, **shown_failure(Failure(one))} for name, one in rows], output)
    elif rows:
        columns = ("status", "name", "host", "environment", "text")
        table(
            run.out, columns, [(styled(one.value, one.label), one.name, one.host, name, one.text) for name, one in rows]
        )
    else:
        run.err.say(f"no {type_} has a status yet")


def _print_one(run: Run, store: Store, view: StoreView, thing: InventoryObject, output: Format) -> None:
    of, name = thing.ref.document_id, f"{thing.type} {thing.name}"
    found = view.status(of)
    past = list(versions(store, view.environment, "status", of, commits=COMMITS))
    if output is not Format.TABLE:
        history = [{"at": one.commit.at, "document": one.document} for one in past]
        emit({"status": None if found is None else status_document(found), "history": history}, output)
        return
    if found is None:
        run.err.say(f"{name} has no status: no check watches it, or no result has arrived yet")
        return
    run.out.say((name, "bold"))
    for parts in status_lines(found):
        run.out.say(*parts)
    for one in past:
        if one.document is not None:
            row: dict[str, Any] = one.document
            when = one.commit.at.isoformat(timespec="seconds")
            run.out.say((f"{when}  ", "dim"), styled(row["value"], row["label"]), f"  {row['text']}")
