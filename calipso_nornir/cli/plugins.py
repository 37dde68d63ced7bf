# SPDX-License-Identifier: Apache-2.0
"""``calipso metadata check`` and ``calipso parsers test``: for those who write metadata and parsers."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from calipso_nornir.cli.facts import WRONG
from calipso_nornir.cli.options import Output
from calipso_nornir.cli.output import Format, emit
from calipso_nornir.cli.running import FAILED, Run, command
from calipso_nornir.errors import InvalidRequest, MetadataError

metadata = typer.Typer(no_args_is_help=True, help="Metadata: object types, scanners, link and clique types.")
parsers = typer.Typer(no_args_is_help=True, help="Parsers of what tools print.")


@command(metadata, "check")
def check_metadata(
    run: Run,
    *,
    folders: Annotated[
        list[str] | None, typer.Argument(metavar="DIR", help="Folders laid over what is installed.")
    ] = None,
    output: Output = Format.TABLE,
) -> None:
    """Resolve every name in the metadata; all faults at once."""
    from calipso_nornir.metadata.loading import load_catalog  # noqa: PLC0415 - what takes long comes when needed

    try:
        catalog = load_catalog(folders or ())
    except MetadataError as error:
        if output is Format.TABLE:
            raise
        emit({"ok": False, "faults": error.data()["faults"]}, output)
        raise typer.Exit(FAILED) from None
    counts = {
        "object types": len(catalog.object_types),
        "link types": len(catalog.link_types),
        "scanner steps": sum(len(steps) for steps in catalog.scanners.values()),
        "link finders": len(catalog.link_finders),
        "clique types": len(catalog.clique_types),
        "parsers": len(catalog.parsers),
    }
    if output is Format.TABLE:
        run.out.say("metadata is well: ", ", ".join(f"{count} {what}" for what, count in counts.items()))
    else:
        emit({"ok": True, "faults": [], **{what.replace(" ", "_"): count for what, count in counts.items()}}, output)


@command(parsers, "test")
def check_parsers(
    run: Run,
    *,
    folders: Annotated[
        list[str], typer.Argument(metavar="DIR", help="Folders with PLATFORM/COMMAND/CASE.raw and CASE.yml.")
    ],
    output: Output = Format.TABLE,
) -> None:
    """Run golden pairs: what a tool printed, and what a parser has to make of it."""
    from calipso_nornir.parsing.registry import load_parsers  # noqa: PLC0415 - as above

    known = load_parsers()
    results = [result for folder in folders for result in _results(folder, known)]
    if not results:
        raise InvalidRequest(f"no pair PLATFORM/COMMAND/CASE.raw with CASE.yml is below {', '.join(folders)}")
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
    from calipso_nornir.testing.parser_cases import find_cases, run_case  # noqa: PLC0415 - as above

    if not Path(folder).is_dir():
        raise InvalidRequest(f"{folder} is no folder")
    return [
        {"folder": folder, "case": case.name, "differences": run_case(case, known)} for case in find_cases(Path(folder))
    ]
