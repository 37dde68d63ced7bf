# SPDX-License-Identifier: Apache-2.0
"""``calipso metadata check``: for those who write metadata."""

from typing import Annotated

import typer

from calipso_nornir.cli.output import Format, emit
from calipso_nornir.cli.running import FAILED, Run
from calipso_nornir.cli.shared_options import Output
from calipso_nornir.errors import MetadataError


def metadata_check(
    run: Run,
    *,
    folders: Annotated[list[str] | None, typer.Argument(metavar="DIR", help="Folders with further metadata.")] = None,
    output: Output = Format.TABLE,
) -> None:
    """Check the metadata, and list all errors at once."""
    from calipso_nornir.metadata.loading import load_catalog  # noqa: PLC0415 - what takes long comes when needed
    from calipso_nornir.metadata.source_kinds import source_kinds  # noqa: PLC0415 - as above

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
        "sources": len(source_kinds()),
    }
    if output is Format.TABLE:
        run.out.say("metadata is valid: ", ", ".join(f"{count} {what}" for what, count in counts.items()))
    else:
        emit({"ok": True, "faults": [], **{what.replace(" ", "_"): count for what, count in counts.items()}}, output)
