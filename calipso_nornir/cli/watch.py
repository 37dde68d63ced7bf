# SPDX-License-Identifier: Apache-2.0
"""``calipso watch``: shows changes of the picture as they happen, each with its cause."""

import json
import threading
from dataclasses import asdict
from typing import Annotated

import typer

from calipso_nornir.analysis.lookup import one_environment
from calipso_nornir.cli.facts import WRONG
from calipso_nornir.cli.output import Format
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.shared_options import EnvironmentName, Inventory, NamedEnvironment, Output, named_once
from calipso_nornir.errors import InvalidRequest
from calipso_nornir.model.stores import Kind

KINDS: tuple[Kind, ...] = ("inventory", "links", "cliques", "status")
STYLES = {"new": "green", "changed": "yellow", "removed": WRONG}


def watch(  # noqa: PLR0913 - the options of the command
    run: Run,
    *,
    name: EnvironmentName = None,
    environment: NamedEnvironment = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            "--kind",
            "-k",
            metavar="KIND",
            help="inventory, links, cliques or status. Repeatable; default: the first two.",
        ),
    ] = None,
    since: Annotated[
        int | None, typer.Option("--since", min=0, metavar="REVISION", help="Start after this revision; default: now.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, metavar="N", help="Exit after this many changes.")
    ] = None,
    inventory: Inventory = None,
    output: Output = Format.TABLE,
) -> None:
    """Show changes of the picture as they happen, each with its cause, until Ctrl-C.

    With -o json, each change is one line of JSON.
    """
    from calipso_nornir.analysis.watching import told_changes  # noqa: PLC0415 - what takes long comes when needed

    wanted = [one for one in KINDS if one in (kind or KINDS[:2])]
    unknown = sorted(set(kind or ()) - set(KINDS))
    if unknown:
        raise InvalidRequest(f"--kind {unknown[0]}: expected one of {', '.join(KINDS)}")
    if output not in (Format.TABLE, Format.JSON):
        raise InvalidRequest(f"--output {output.value}: watch writes table or json")
    with run.store(inventory=inventory, use="write") as store:
        where = one_environment(store, named_once(name, environment))
        found = told_changes(store, where, kinds=wanted, since=since, stop=threading.Event())
        for number, one in enumerate(found, 1):
            if output is Format.JSON:
                run.out.say(json.dumps(asdict(one)))
            else:
                words = " ".join(str(value) for value in one.about.values() if value) or one.document_id
                run.out.say(
                    (one.at[11:19], "dim"),
                    f" {one.revision:>6} ",
                    (f"{one.op:<8}", STYLES[one.op]),
                    f"{one.kind:<10}{words}  ",
                    (one.cause, "dim"),
                )
            if number == limit:
                return
