# SPDX-License-Identifier: Apache-2.0
"""``calipso list`` and ``calipso get``: lists the objects of a type, filtered, sorted, in columns."""

import shlex
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from calipso_nornir.analysis.filtering import condition, filtered, must_be_known, rank, told
from calipso_nornir.analysis.lookup import near, views_meant
from calipso_nornir.analysis.meant_types import meant_type
from calipso_nornir.cli import completing
from calipso_nornir.cli.facts import declared_facts, doubts, facts
from calipso_nornir.cli.output import Format, emit, table
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.shared_options import At, Environment, Inventory, Where
from calipso_nornir.errors import InvalidRequest, UnknownObject
from calipso_nornir.model.objects import InventoryObject
from calipso_nornir.model.stores import Store, StoreView
from calipso_nornir.model.text import pasteable, plain
from calipso_nornir.store.documents import object_document
from calipso_nornir.store.freshness import Freshness, freshness_of
from calipso_nornir.store.meaning import find_all

if TYPE_CHECKING:
    from calipso_nornir.model.refs import ObjectRef


class ListFormat(StrEnum):
    """How a list is shown."""

    TABLE = "table"
    WIDE = "wide"
    NAME = "name"
    JSON = "json"
    YAML = "yaml"


Listed = tuple[InventoryObject, dict[str, Any]]
"""An object and its document."""


def list_objects(  # noqa: PLR0913 - the options of the command
    run: Run,
    *,
    type_: Annotated[
        str | None,
        typer.Argument(
            metavar="TYPE",
            autocompletion=completing.object_types,
            help="Object type, e.g. instance; default: list the types.",
        ),
    ] = None,
    which: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="OBJECT", autocompletion=completing.objects, help="Only these objects: ids, names or addresses."
        ),
    ] = None,
    where: Where = None,
    sort: Annotated[
        list[str] | None, typer.Option("--sort", "-s", metavar="KEY", help="Attribute to sort by. Repeatable.")
    ] = None,
    reverse: Annotated[bool, typer.Option("--reverse", "-r", help="Reverse the order.")] = False,
    columns: Annotated[
        str | None, typer.Option("--columns", "-c", metavar="KEY,…", help="Attributes to show, e.g. name,host,mtu.")
    ] = None,
    environment: Environment = None,
    at: At = None,
    inventory: Inventory = None,
    output: Annotated[
        ListFormat, typer.Option("--output", "-o", help="Output format; name prints TYPE:ID.", show_default=False)
    ] = ListFormat.TABLE,
) -> None:
    """List the objects of a type (also: get)."""
    conditions = [condition(text) for text in where or ()]
    with run.store(inventory=inventory, at=at) as store:
        views = views_meant(store, environment)
        if type_ is None:
            _list_types(run, views, output)
            return
        type_ = meant_type(store, views, type_)
        found = [(one, object_document(one)) for one in _chosen(views, type_, which)]
        shown = _sorted(
            [found[place] for place in filtered([row for _, row in found], conditions)], sort, reverse=reverse
        )
        _show(run, store, shown, columns=columns, output=output, several=len(views) > 1)
        if not shown:
            fitting = " matches" if conditions else ""
            run.err.say(f"no {type_}{fitting} in {' or '.join(view.environment for view in views)}")


def _chosen(views: Sequence[StoreView], type_: str, which: Sequence[str] | None) -> Iterable[InventoryObject]:
    if not which:
        return [one for view in views for one in view.of_type(type_)]
    chosen: dict[ObjectRef, InventoryObject] = {}
    for text in which:
        meant = {one.ref: one for view in views for one in find_all(view, text, type_=type_)}
        if not meant:
            meant_else = (f"--where {shlex.quote(plain(text))}",) if "=" in text else near(views, text, type_)
            raise UnknownObject(" or ".join(view.environment for view in views), plain(f"{type_} {text}"), meant_else)
        chosen |= meant
    return chosen.values()


def _sorted(rows: Sequence[Listed], sort: Sequence[str] | None, *, reverse: bool) -> list[Listed]:
    keys = sort or ["name", "id"]
    must_be_known([document for _, document in rows], keys)
    ordered = sorted(rows, key=lambda row: [rank(row[1], key) for key in keys])
    return ordered[::-1] if reverse else ordered


def _show(  # noqa: PLR0913 - what, and how
    run: Run, store: Store, rows: Sequence[Listed], *, columns: str | None, output: ListFormat, several: bool
) -> None:
    if output is ListFormat.NAME:
        for one, _ in rows:
            run.out.say(pasteable(one.type, one.id))
    elif output in (ListFormat.JSON, ListFormat.YAML):
        emit([document for _, document in rows], Format(output))
    elif rows and columns is not None:
        keys = [key.strip() for key in columns.split(",") if key.strip()]
        if not keys:
            raise InvalidRequest("--columns names no attribute: expected e.g. --columns name,host,mtu")
        must_be_known([document for _, document in rows], keys)
        table(run.out, keys, [[told(document, key) for key in keys] for _, document in rows])
    elif rows:
        _show_table(run, store, rows, wide=output is ListFormat.WIDE, several=several)


def _show_table(run: Run, store: Store, rows: Sequence[Listed], *, wide: bool, several: bool) -> None:
    fresh: dict[str, Freshness] = {}
    first = _shown_first(store, rows[0][0].type)
    lines: list[dict[str, object]] = []
    for one, document in rows:
        known = fresh.setdefault(one.ref.environment, freshness_of(store, one.ref.environment))
        every = (*facts(one), *declared_facts(one, first), *doubts(one, known))
        told_of_it = [fact if isinstance(fact, tuple) else (fact, "") for fact in every]
        line: dict[str, object] = {"environment": one.ref.environment} if several else {}
        line |= {"name": (one.object_name or one.name, "bold"), "host": told(document, "host")}
        line["details"] = (
            ", ".join(words for words, _ in told_of_it),
            next((look for _, look in told_of_it if look), ""),
        )
        if wide:
            line |= {"id": (one.id, "dim"), "last confirmed": told(document, "last_scanned"), "where": one.name_path}
        lines.append(line)
    if not any(line["host"] for line in lines):
        for line in lines:
            del line["host"]
    table(run.out, list(lines[0]), [list(line.values()) for line in lines])


def _shown_first(store: Store, type_: str) -> Sequence[str]:
    """Return the attributes that the type declares as those to show first, as the last scan has published them."""
    known = store.collection("attributes_for_hover_on_data").find()
    return next((one["attributes"] for one in known if one["type"] == type_), ())


def _list_types(run: Run, views: Sequence[StoreView], output: ListFormat) -> None:
    counts = [
        {"environment": view.environment, "type": type_, "count": count}
        for view in views
        for type_, count in view.counts().items()
        if not type_.endswith("_folder")
    ]
    if output in (ListFormat.JSON, ListFormat.YAML):
        emit(counts, Format(output))
    elif output is ListFormat.NAME:
        for type_ in sorted({str(row["type"]) for row in counts}):
            run.out.say(type_)
    elif counts:
        keys = ["environment", "type", "count"] if len(views) > 1 else ["type", "count"]
        table(run.out, keys, [[row[key] for key in keys] for row in counts])
    else:
        run.err.say(f"{' and '.join(view.environment for view in views)}: nothing found yet")
