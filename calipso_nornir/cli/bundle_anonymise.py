# SPDX-License-Identifier: Apache-2.0
"""``calipso bundle anonymise``: makes a copy of a recording that can be shared."""

from pathlib import Path
from typing import Annotated

import typer

from calipso_nornir.cli.running import Run
from calipso_nornir.cli.shared_options import BundleArgument
from calipso_nornir.errors import InvalidRequest


def bundle_anonymise(
    run: Run,
    *,
    path: BundleArgument,
    target: Annotated[str, typer.Argument(metavar="NEW", help="The anonymised copy to write.")],
) -> None:
    """Replace names, addresses and ids in a recording, consistently: what is connected stays connected."""
    from calipso_nornir.sources.anonymising.anonymise import anonymise  # noqa: PLC0415 - what takes long comes when needed

    if Path(target).exists():
        raise InvalidRequest(f"{target} exists already; give another name for the copy")
    done = anonymise(Path(path), Path(target))
    run.out.say(f"{done.path}: {done.names} names, {done.tokens} ids and addresses replaced")
    if done.kept:
        run.out.say("kept, as words of the formats: ", ", ".join(done.kept))
