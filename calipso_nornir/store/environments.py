# SPDX-License-Identifier: Apache-2.0
"""Environments in the store: descriptions with references to secrets, never the secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import UnknownEnvironment
from calipso_nornir.metadata.environments import environment_document, read_environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.stores import Document, Store

COLLECTION = "environments_config"


def save_environment(store: Store, environment: Environment) -> None:
    """Insert or replace an environment; what scans and listeners have recorded about it is kept."""
    environments = store.collection(COLLECTION)
    known = environments.get(environment.name) or {}
    noted: dict[str, Any] = {key: known[key] for key in ("scanned", "last_scanned", "operational") if key in known}
    environments.put(environment.name, {**environment_document(environment), **noted})


def replace_environment(store: Store, environment: Environment, *, before: Document | None) -> bool:
    """Insert an environment, or replace it, if its document still equals ``before``; return whether it did."""
    noted: dict[str, Any] = {key: before[key] for key in ("scanned", "last_scanned") if before and key in before}
    after = {**environment_document(environment), **noted}
    return store.collection(COLLECTION).change_if(environment.name, before, after)


def add_environment(store: Store, environment: Environment) -> bool:
    """Insert a new environment; return whether its name was free."""
    return store.collection(COLLECTION).insert(environment.name, environment_document(environment))


def load_environment(
    store: Store, name: str, *, constants: Mapping[str, Sequence[str]] | None = None, complete: bool = True
) -> Environment:
    """Return an environment; raises UnknownEnvironment, or EnvironmentInvalid if its document is damaged.

    Args:
        store: where it is.
        name: its name.
        constants: allowed values by name, if overlays add to the shipped ones.
        complete: false if no source will be asked: then secrets may be missing, as in a recording's environment.
    """
    document = store.collection(COLLECTION).get(name)
    if document is None:
        raise UnknownEnvironment(name, tuple(environment_names(store)))
    return read_environment(document, where=f"{store.uri}: {COLLECTION}/{name}", constants=constants, complete=complete)


def environment_names(store: Store) -> list[str]:
    """Return the names of all environments, sorted."""
    return [document["name"] for document in store.collection(COLLECTION).find()]


def stored_environment(store: Store, name: str) -> dict[str, Any] | None:
    """Return the document of an environment as it is stored; None if there is none."""
    return store.collection(COLLECTION).get(name)


def remove_environment(store: Store, name: str) -> None:
    """Remove an environment's description, but not its inventory (see ``clear``)."""
    if not store.collection(COLLECTION).delete(name):
        raise UnknownEnvironment(name, tuple(environment_names(store)))
