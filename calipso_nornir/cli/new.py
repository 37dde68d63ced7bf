# SPDX-License-Identifier: Apache-2.0
"""``calipso new``: writes a working plug-in as a starting point."""

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from calipso_nornir.cli.running import Run
from calipso_nornir.cli.shared_options import Metadata
from calipso_nornir.cli.summary import print_next

if TYPE_CHECKING:
    from calipso_nornir.skeletons.writing import Kind

Folder: TypeAlias = Annotated[
    str | None, typer.Option("--dir", metavar="DIR", help="Where to write it; default: a new folder of its name.")
]


def new_object_type(
    run: Run,
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The new type, such as bgp_session.")],
    folder: Folder = None,
    metadata: Metadata = None,
) -> None:
    """Write a new object type: its declaration, a fetcher that runs on each host, a test."""
    _write(run, "object-type", name, folder, metadata)


def new_link_type(
    run: Run,
    *,
    name: Annotated[str, typer.Argument(metavar="SOURCE-TARGET", help="Its two object types: bgp_session-host_pnic.")],
    folder: Folder = None,
    metadata: Metadata = None,
) -> None:
    """Write a new link type: its declaration, a link finder, a test."""
    _write(run, "link-type", name, folder, metadata)


def new_source(
    run: Run,
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The new source, such as route_collector.")],
    folder: Folder = None,
) -> None:
    """Write a new kind of source: a distribution with its query, section, source, an object type, tests."""
    _write_distribution(run, "source", name, folder)


def new_event_handler(
    run: Run,
    *,
    name: Annotated[str, typer.Argument(metavar="TYPE", help="The event type, such as my_service.thing.created.")],
    folder: Folder = None,
    metadata: Metadata = None,
) -> None:
    """Write a handler of an event type: its declaration, the handler, a test."""
    _write(run, "event-handler", name, folder, metadata)


def new_check(
    run: Run,
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The new check, such as card_errors.")],
    folder: Folder = None,
) -> None:
    """Write a check of hosts: a distribution with its code, what it watches, tests."""
    _write_distribution(run, "check", name, folder)


def _write_distribution(run: Run, kind: "Kind", name: str, folder: str | None) -> None:
    made = _written(run, kind, name, folder or f"calipso_{name}")
    shown = shlex.quote(str(made))
    print_next(run.out, [f"pip install -e {shown}", run.typed("metadata", "check"), f"pytest {shown}"])


def _write(run: Run, kind: "Kind", name: str, folder: str | None, metadata: list[str] | None) -> None:
    made = _written(run, kind, name, folder, metadata or ())
    folders = [*(metadata or ()), str(made)]
    of_demo = replace(run, store_uri=None)  # the demo has a store of its own
    found = [] if kind == "event-handler" else [of_demo.typed("demo", *_each("--metadata", folders))]
    print_next(run.out, [run.typed("metadata", "check", *folders), f"pytest {shlex.quote(str(made))}", *found])


def _each(option: str, values: Sequence[str]) -> list[str]:
    return [word for value in values for word in (option, value)]


def _written(run: Run, kind: "Kind", name: str, folder: str | None, metadata: Sequence[str] = ()) -> Path:
    from calipso_nornir.metadata.loading import load_catalog  # noqa: PLC0415 - what takes long comes when needed
    from calipso_nornir.skeletons.writing import WORDS, write  # noqa: PLC0415 - as above

    words = WORDS[kind](name, load_catalog(metadata))
    made = Path(folder or words.get("module") or name)
    for path in write(kind, words, made):
        run.out.say(str(path))
    return made
