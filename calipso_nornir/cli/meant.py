# SPDX-License-Identifier: Apache-2.0
"""The environment to scan: from the store, a YAML file, or the replayed recording."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from calipso_nornir.analysis.lookup import one_environment
from calipso_nornir.errors import InvalidRequest
from calipso_nornir.metadata.environment_check import RECORDED
from calipso_nornir.metadata.environments import environment_document, read_environment, read_environment_file
from calipso_nornir.metadata.loading import load_catalog
from calipso_nornir.store.environments import save_environment, stored_environment
from calipso_nornir.store.written import catalog_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calipso_nornir.cli.running import Run
    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.stores import Store

FILES = (".yaml", ".yml", ".json")


def is_file(text: str) -> bool:
    """Return whether a text names a file: names of environments have no slash, and files have an extension."""
    return text.endswith(FILES) or "/" in text


def environment_file(path: str, metadata: Sequence[str] = (), *, complete: bool = True) -> Environment:
    """Return the environment that a file describes; it may use what further metadata declares."""
    return read_environment_file(path, constants=load_catalog(metadata).constants, complete=complete)


def environment_meant(  # noqa: PLR0913 - all have defaults, except the store and the name
    store: Store,
    given: str | None,
    *,
    metadata: Sequence[str] = (),
    recorded: Environment | None = None,
    asks: bool = True,
    complete: bool = True,
) -> Environment:
    """Return the environment of a scan.

    Args:
        store: where environments are kept.
        given: a name, or a file; None: the recording's, or the only one that the store has.
        metadata: folders with further metadata; the description may use what they declare.
        recorded: the environment of the recording that is replayed.
        asks: whether sources will be asked; the description must then be complete.
        complete: False if hosts' files are scanned: the description need not say how anything is reached.
    """
    if given is not None and is_file(given):
        return environment_file(given, metadata, complete=complete)
    if recorded is not None and given in (None, recorded.name):
        return recorded
    name = one_environment(store, given)
    document = stored_environment(store, name)
    if document is None:
        raise InvalidRequest(
            f"{store.uri} has no description of {name}: scan its file, or add it with calipso env add FILE"
        )
    where = f"{store.uri}: environments_config/{name}"
    constants = catalog_of(store, metadata).constants
    return read_environment(document, where=where, constants=constants, complete=complete and asks and recorded is None)


def keep(run: Run, store: Store, environment: Environment) -> None:
    """Save an environment that the store does not have; if it has a different one of that name, print a warning.

    A recording's own environment replaces any other: the user has agreed before (``agree_to_replace``).
    """
    known = stored_environment(store, environment.name)
    if known is None or RECORDED in environment.extra:
        save_environment(store, environment)
        return
    wanted = environment_document(environment)
    if any(known.get(key) != value for key, value in wanted.items()):
        run.err.say(
            ("note: ", "yellow"),
            f"the store keeps its different description of {environment.name} (calipso env add --replace)",
        )


def agree_to_replace(run: Run, store: Store, environment: Environment, *, replace: bool) -> None:
    """Ask before a recording replaces what the store knows about an environment.

    A recording may come from a stranger, and have any name. If it was replayed before, nothing changes, so there is no
    question.
    """
    name = environment.name
    known = stored_environment(store, name)
    if replace or (known is None and name not in store.environments()):
        return
    digest = environment.extra.get(RECORDED)
    if digest is not None and known is not None and known.get(RECORDED) == digest:
        return
    if not sys.stdin.isatty():
        raise InvalidRequest(
            f"{store.uri} already holds an environment {name}; the recording would replace it. Confirm with --replace, "
            "or use another store (--store)"
        )
    run.err.print(f"Replace what is stored about {name} by the recording? [y/N] ", end="")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise InvalidRequest("nothing replaced")


def keep_description(run: Run, store: Store, environment: Environment, *, replace: bool) -> None:
    """Save a described environment; one of the same name is replaced only with ``replace``."""
    known = stored_environment(store, environment.name)
    wanted = environment_document(environment)
    if known is not None and all(known.get(key) == value for key, value in wanted.items()):
        run.err.say(f"{environment.name}: unchanged")
        return
    if known is not None and not replace:
        raise InvalidRequest(
            f"{store.uri} already describes {environment.name} differently; --replace replaces that description"
        )
    save_environment(store, environment)
    done = "added" if known is None else "replaced"
    run.err.say(f"{environment.name}: {done}; next: {run.typed('env', 'check', environment.name)}")
