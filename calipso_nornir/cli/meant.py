# SPDX-License-Identifier: Apache-2.0
"""The environment that a scan is of: from the store, a YAML file, or the recording that is replayed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.analysis.finding import one_environment
from calipso_nornir.errors import InvalidRequest
from calipso_nornir.metadata.environments import environment_document, read_environment, read_environment_file
from calipso_nornir.metadata.loading import load_catalog
from calipso_nornir.store.environments import save_environment, stored_environment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calipso_nornir.cli.running import Run
    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.protocols import Store

FILES = (".yaml", ".yml", ".json")


def is_file(text: str) -> bool:
    """Tell whether a text names a file rather than an environment: environments have no slash, files an ending."""
    return text.endswith(FILES) or "/" in text


def environment_file(path: str, metadata: Sequence[str] = ()) -> Environment:
    """Return the environment that a file describes; what further metadata declares may stand in it."""
    return read_environment_file(path, constants=load_catalog(metadata).constants)


def environment_meant(
    store: Store,
    given: str | None,
    *,
    metadata: Sequence[str] = (),
    recorded: Environment | None = None,
    asks: bool = True,
) -> Environment:
    """Return the environment of a scan.

    Args:
        store: where environments are kept.
        given: a name, or a file; None: the recording's, or the only one that the store has.
        metadata: folders with further metadata; what they declare may stand in a description.
        recorded: the environment of the recording that is replayed.
        asks: whether sources will be asked, for which the description has to be complete.
    """
    if given is not None and is_file(given):
        return environment_file(given, metadata)
    if recorded is not None and given in (None, recorded.name):
        return recorded
    name = one_environment(store, given)
    document = stored_environment(store, name)
    if document is None:
        raise InvalidRequest(f"{store.uri} has no description of {name} any more: give its file, or calipso env add it")
    where = f"{store.uri}: environments_config/{name}"
    constants = load_catalog(metadata).constants
    return read_environment(document, where=where, constants=constants, complete=asks and recorded is None)


def keep(run: Run, store: Store, environment: Environment, *, recorded: bool) -> None:
    """Save an environment that the store does not have; where it has another of that name, say so.

    A recording's description lacks all secrets: that it is another goes without saying.
    """
    known = stored_environment(store, environment.name)
    if known is None:
        save_environment(store, environment)
    if known is None or recorded:
        return
    wanted = environment_document(environment)
    if any(known.get(key) != value for key, value in wanted.items()):
        run.err.say(
            ("note: ", "yellow"),
            f"the store describes {environment.name} otherwise, and goes on so (calipso env add --replace changes it)",
        )


def keep_description(run: Run, store: Store, environment: Environment, *, replace: bool) -> None:
    """Save an environment that somebody described; only with ``replace`` in place of another of its name."""
    known = stored_environment(store, environment.name)
    wanted = environment_document(environment)
    if known is not None and all(known.get(key) == value for key, value in wanted.items()):
        run.err.say(f"{environment.name} is described so already")
        return
    if known is not None and not replace:
        raise InvalidRequest(f"{store.uri} describes another {environment.name}; --replace puts this one in its place")
    save_environment(store, environment)
    done = "added" if known is None else "replaced"
    run.err.say(f"{environment.name} is {done}; next: calipso env check {environment.name}")
