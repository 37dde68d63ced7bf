# SPDX-License-Identifier: Apache-2.0
"""Subscriptions: receiver, filter, progress and last problem of each. One document each, written by atomic updates."""

from __future__ import annotations

import os
import uuid
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from calipso_nornir.webhooks.sending import checked_url
from calipso_nornir.webhooks.signing import key_of, new_secret

if TYPE_CHECKING:
    from pathlib import Path

    from calipso_nornir.model.stores import Document, Store

COLLECTION: Final = "webhooks"
State: TypeAlias = Literal["active", "failing", "paused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionFilter:
    """The filter of a subscription; an empty list means everything.

    Attributes:
        environment: whose changes.
        url: where messages go.
        kinds: of documents: inventory, links, cliques, status.
        types: of objects and links.
        events: put, remove.
    """

    environment: str
    url: str
    kinds: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    events: tuple[str, ...] = ()


class Subscriptions:
    """The subscriptions of a store; their secrets are in files of mode 0600 in a folder."""

    def __init__(self, store: Store, secrets: Path) -> None:
        self._kept = store.collection(COLLECTION)
        self._secrets = secrets

    def add(
        self, wanted: SubscriptionFilter, *, since: int, by: str, secret: str | None = None
    ) -> tuple[Document, str]:
        """Make a subscription for what changes after a revision; return it and its secret. Raises InvalidRequest."""
        checked_url(wanted.url)
        secret = secret or new_secret()
        key_of(secret)
        id_ = uuid.uuid4().hex
        self._write_secret(id_, secret)
        document: dict[str, Any] = {
            "id": id_,
            **{name: list(value) if isinstance(value, tuple) else value for name, value in asdict(wanted).items()},
            "by": by,
            "at": datetime.now(UTC).isoformat(),
            "cursor": since,
            "state": "active",
            "failures": 0,
            "error": None,
            "next_at": None,
            "delivered": 0,
            "delivered_at": None,
            "owner": "",
            "lease_until": "",
        }
        self._kept.put(id_, document)
        return document, secret

    def all(self, environment: str | None = None) -> list[Document]:
        """Return the subscriptions, of one environment or of all, the oldest first."""
        found = self._kept.find({} if environment is None else {"environment": environment})
        return sorted(found, key=lambda one: str(one["at"]))

    def get(self, environment: str, id_: str) -> Document | None:
        """Return a subscription of an environment."""
        found = self._kept.get(id_)
        return found if found is not None and found.get("environment") == environment else None

    def remove(self, id_: str) -> None:
        """Remove a subscription and its secret."""
        self._kept.delete(id_)
        (self._secrets / f"webhook-{id_}").unlink(missing_ok=True)

    def resume(self, id_: str, *, since: int | None = None) -> Document | None:
        """Resume sending at once, from where it stopped or after a revision, regardless of earlier problems."""
        again: dict[str, Any] = {"state": "active", "failures": 0, "error": None, "next_at": None}
        return self._kept.update_if(id_, {}, again if since is None else {**again, "cursor": since})

    def secret(self, id_: str) -> str:
        """Return the secret of a subscription. Raises OSError."""
        return (self._secrets / f"webhook-{id_}").read_text(encoding="ascii")

    # --- for the process that delivers

    def claim(self, one: Document, owner: str, *, until: str, now: str) -> bool:
        """Claim a subscription for a while; return False if another process has it."""
        if one["owner"] not in ("", owner) and one["lease_until"] > now:
            return False
        seen = {"owner": one["owner"], "lease_until": one["lease_until"]}
        return self._kept.update_if(one["id"], seen, {"owner": owner, "lease_until": until}) is not None

    def note(self, one: Document, owner: str, changes: dict[str, Any]) -> Document | None:
        """Change a subscription, if it still belongs to this owner and its cursor has not been moved."""
        return self._kept.update_if(one["id"], {"owner": owner, "cursor": one["cursor"]}, changes)

    def _write_secret(self, id_: str, secret: str) -> None:
        self._secrets.mkdir(parents=True, exist_ok=True, mode=0o700)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(self._secrets / f"webhook-{id_}", flags, 0o600), "w", encoding="ascii") as file:
            file.write(secret)
