# SPDX-License-Identifier: Apache-2.0
"""``calipso env add``: checks a description and stores it."""

from typing import Annotated

import typer

from calipso_nornir.cli.running import Run
from calipso_nornir.cli.shared_options import Metadata


def env_add(
    run: Run,
    *,
    file: Annotated[str, typer.Argument(metavar="FILE", help="YAML or JSON file that describes an environment.")],
    replace: Annotated[bool, typer.Option("--replace", help="Replace an existing description of that name.")] = False,
    metadata: Metadata = None,
) -> None:
    """Check a description and store it."""
    from calipso_nornir.cli.meant import environment_file, keep_description  # noqa: PLC0415 - what takes long comes when needed

    environment = environment_file(file, metadata or ())
    with run.store(use="make") as store:
        keep_description(run, store, environment, replace=replace)
