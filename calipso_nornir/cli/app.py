# SPDX-License-Identifier: Apache-2.0
"""The commands of ``calipso``, put together."""

from typing import Annotated

import typer

from calipso_nornir._version import __version__
from calipso_nornir.cli import (
    cliques,
    demo,
    doctor,
    environments,
    explaining,
    exporting,
    linking,
    plugins,
    scan,
    scans,
    showing,
    tree,
)
from calipso_nornir.cli.running import Run, command

app = typer.Typer(
    name="calipso",
    help="Discovers what a cloud's virtual network really is, and keeps that picture true.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    if wanted:
        typer.echo(f"calipso {__version__}")
        raise typer.Exit


@app.callback()
def root(
    ctx: typer.Context,
    *,
    store: Annotated[
        str | None,
        typer.Option("--store", metavar="URI|PATH", help="Where environments are kept; default: $CALIPSO_STORE."),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more, and show tracebacks.")] = False,
    _show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the release's number and end.")
    ] = False,
) -> None:
    """Take the options that stand before a command's name."""
    ctx.obj = Run(store, verbose)


for function in (
    scan.scan,
    tree.tree,
    showing.show,
    showing.search,
    linking.links,
    cliques.clique,
    explaining.explain,
    scans.scans,
    exporting.export,
    scan.record,
    scan.replay,
    scan.bundle,
    demo.demo,
    doctor.doctor,
):
    command(app)(function)
app.add_typer(environments.app, name="env")
app.add_typer(plugins.metadata, name="metadata")
app.add_typer(plugins.parsers, name="parsers")
