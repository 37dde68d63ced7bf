# SPDX-License-Identifier: Apache-2.0
"""``calipso search``: searches objects for a text."""

from typing import TYPE_CHECKING, Annotated

import typer

from calipso_nornir.analysis.filtering import condition, filtered
from calipso_nornir.analysis.lookup import views_meant
from calipso_nornir.analysis.meant_types import meant_type
from calipso_nornir.cli.output import Format, emit, table
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.shared_options import At, Environment, Inventory, Output, Type, Where
from calipso_nornir.store.documents import object_document
from calipso_nornir.store.meaning import MANY

if TYPE_CHECKING:
    from calipso_nornir.model.objects import InventoryObject


def search(  # noqa: PLR0913 - the options of the command
    run: Run,
    *,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to look for in names, ids and attributes.")],
    environment: Environment = None,
    type_: Type = None,
    where: Where = None,
    limit: Annotated[int, typer.Option("--limit", min=1, metavar="N", help="Maximum number shown.")] = 100,
    at: At = None,
    inventory: Inventory = None,
    output: Output = Format.TABLE,
) -> None:
    """Search for a text in names, ids and attributes.

    Case does not matter; matching names come first.
    """
    conditions = [condition(one) for one in where or ()]
    with run.store(inventory=inventory, at=at) as store:
        views = views_meant(store, environment)
        type_ = meant_type(store, views, type_) if type_ is not None else None
        found: list[InventoryObject] = []
        for view in views:
            hits = view.search(text, limit=MANY if type_ or conditions else limit)
            found += [one for one in hits if type_ in (None, one.type)]
        if conditions:
            found = [found[place] for place in filtered([object_document(one) for one in found], conditions)]
    found, more = found[:limit], len(found) > limit
    if output is not Format.TABLE:
        emit([object_document(one) for one in found], output)
        return
    if found:
        rows = [(one.type, (one.name, "bold"), one.id, (one.name_path, "dim")) for one in found]
        table(run.out, ("type", "name", "id", "where"), rows)
    else:
        run.err.say(f'nothing{" that matches" if conditions else ""} contains "{text}"')
    if more or len(found) == limit:
        run.err.say((f"first {limit} shown; --limit N shows more", "dim"))
