# SPDX-License-Identifier: Apache-2.0
"""``calipso doctor``: whether this machine has what the product needs."""

from dataclasses import asdict

import typer

from calipso_nornir.cli.facts import WRONG
from calipso_nornir.cli.options import Output
from calipso_nornir.cli.output import Format, emit, table
from calipso_nornir.cli.running import FAILED, Run

_STYLE = {"ok": "green", "note": "yellow", "problem": WRONG}


def doctor(run: Run, *, output: Output = Format.TABLE) -> None:
    """Look whether this machine has what is needed."""
    from calipso_nornir.cli.health import examine  # noqa: PLC0415 - what takes long comes when needed

    found = list(examine(run.store_uri))
    if output is Format.TABLE:
        rows = [(one.what, (one.state, _STYLE[one.state]), one.detail) for one in found]
        table(run.out, ("what", "state", "detail"), rows)
    else:
        emit([asdict(one) for one in found], output)
    if any(one.state == "problem" for one in found):
        raise typer.Exit(FAILED)
