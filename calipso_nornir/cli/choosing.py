# SPDX-License-Identifier: Apache-2.0
"""Which environment is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.errors import InvalidRequest, UnknownEnvironment

if TYPE_CHECKING:
    from calipso_nornir.model.protocols import Store


def known_environments(store: Store) -> list[str]:
    """Return the names of all environments, described or scanned, ordered."""
    from calipso_nornir.store.environments import COLLECTION  # noqa: PLC0415 - it brings pydantic's models along

    described = {str(document.get("name")) for document in store.collection(COLLECTION).find()}
    return sorted(described | set(store.environments()))


def one_environment(store: Store, name: str | None) -> str:
    """Return the environment of that name, or the only one that there is. Raises UsageError."""
    known = known_environments(store)
    if name is not None:
        if name not in known:
            raise UnknownEnvironment(name, tuple(known))
        return name
    if len(known) == 1:
        return known[0]
    if not known:
        raise InvalidRequest(f"{store.uri} holds no environment yet: calipso scan FILE.yaml, or calipso env add")
    raise InvalidRequest(f"which environment? The store holds {', '.join(known)}")


def environments_meant(store: Store, name: str | None) -> list[str]:
    """Return the one that is named, or all of them."""
    return [one_environment(store, name)] if name is not None else known_environments(store)
