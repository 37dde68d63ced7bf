# SPDX-License-Identifier: Apache-2.0
"""``calipso store migrate``: converts a store from the layout of another release, or back to it."""

from typing import Annotated

import typer

from calipso_nornir.cli.output import Format, emit, table
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.shared_options import Output


def store_migrate(
    run: Run,
    *,
    to: Annotated[
        int | None,
        typer.Option("--to", min=1, metavar="LAYOUT", help="Layout to convert the store to; 1 reverts the migration."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Try the conversion without changing anything.")] = False,
    output: Output = Format.TABLE,
) -> None:
    """Convert the store to the layout of this release. Nobody else may write to it meanwhile.

    Reverting (--to 1) keeps the present state; history, statuses and the log of commits are lost.
    """
    from calipso_nornir.store import default_uri  # noqa: PLC0415 - what takes long comes when needed
    from calipso_nornir.store.migrations import LAYOUT, migrate  # noqa: PLC0415 - as above

    done = migrate(run.store_uri or default_uri(), to=to or LAYOUT, dry_run=dry_run)
    if output is not Format.TABLE:
        emit(done.document(), output)
        return
    if not done.documents:
        run.out.say(f"{done.uri}: layout {done.to}, nothing to do")
        return
    verb = "would go" if dry_run else "went"
    run.out.say(f"{done.uri} {verb} from layout {done.found} to layout {done.to}:")
    table(run.out, ("what", "documents"), [[name, count] for name, count in done.documents.items()])
