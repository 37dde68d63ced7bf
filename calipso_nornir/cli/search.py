# SPDX-License-Identifier: Apache-2.0
"""``calipso search``: objects by a text."""

from typing import TYPE_CHECKING, Annotated

import typer

from calipso_nornir.analysis.finding import MANY, environments_meant, one_environment
from calipso_nornir.cli.output import Format, emit, table
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.shared_options import Environment, Inventory, Output, Type
from calipso_nornir.store.documents import object_document

if TYPE_CHECKING:
    from calipso_nornir.model.objects import InventoryObject


def search(  # noqa: PLR0913 - the options of the command
    run: Run,
    *,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="Looked for in names, ids and attributes.")],
    environment: Environment = None,
    type_: Type = None,
    limit: Annotated[int, typer.Option("--limit", min=1, metavar="N", help="At most so many.")] = 100,
    inventory: Inventory = None,
    output: Output = Format.TABLE,
) -> None:
    """Find objects by a text.

    It is looked for in names, ids and attributes, ignoring case; those that are called so come first.
    """
    with run.store(inventory=inventory) as store:
        names = environments_meant(store, environment)
        found: list[InventoryObject] = []
        for name in names or [one_environment(store, environment)]:
            hits = store.view(name).search(text, limit=MANY if type_ else limit)
            found += [one for one in hits if type_ in (None, one.type)]
    found, more = found[:limit], len(found) > limit
    if output is not Format.TABLE:
        emit([object_document(one) for one in found], output)
        return
    if found:
        rows = [(one.type, (one.name, "bold"), one.id, (one.name_path, "dim")) for one in found]
        table(run.out, ("type", "name", "id", "where"), rows)
    else:
        run.err.say(f'nothing has "{text}" in it')
    if more or len(found) == limit:
        run.err.say((f"the first {limit}; --limit shows more", "dim"))
