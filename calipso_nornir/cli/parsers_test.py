# SPDX-License-Identifier: Apache-2.0
"""``calipso parsers test``: for those who write parsers."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from calipso_nornir.cli.facts import WRONG
from calipso_nornir.cli.output import Format, emit
from calipso_nornir.cli.running import FAILED, Run
from calipso_nornir.cli.shared_options import Metadata, Output
from calipso_nornir.errors import InvalidRequest


def parsers_test(
    run: Run,
    *,
    folders: Annotated[
        list[str], typer.Argument(metavar="DIR", help="Folders with PLATFORM/COMMAND/CASE.raw and CASE.yml.")
    ],
    metadata: Metadata = None,
    output: Output = Format.TABLE,
) -> None:
    """Test parsers with pairs of files: a command's output, and what they must return."""
    from calipso_nornir.metadata.loading import load_catalog  # noqa: PLC0415 - what takes long comes when needed

    known = load_catalog(metadata or ()).parsers
    results = [result for folder in folders for result in _results(folder, known)]
    if not results:
        raise InvalidRequest(f"no pair of PLATFORM/COMMAND/CASE.raw and CASE.yml below {', '.join(folders)}")
    failed = [result for result in results if result["differences"]]
    if output is not Format.TABLE:
        emit(results, output)
    else:
        for result in failed:
            run.out.say(("✗ ", WRONG), (result["case"], "bold"))
            for difference in result["differences"]:
                run.out.say("    ", difference)
        run.out.say(f"{len(results)} pairs, {len(failed)} differ")
    if failed:
        raise typer.Exit(FAILED)


def _results(folder: str, known: Mapping[str, Callable[[str], Any]]) -> list[dict[str, Any]]:
    from calipso_nornir.testing.parser_cases import find_cases, run_case  # noqa: PLC0415 - what takes long comes when needed

    if not Path(folder).is_dir():
        raise InvalidRequest(f"{folder} is not a folder")
    return [
        {"folder": folder, "case": case.name, "differences": run_case(case, known)} for case in find_cases(Path(folder))
    ]
