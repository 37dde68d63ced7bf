# SPDX-License-Identifier: Apache-2.0
"""Tokens: what a client shows in place of a password. The store holds their hashes only (collection ``api_tokens``).

A token is 256 random bits, so a plain SHA-256 of it cannot be turned back; its document is found by that hash.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from calipso_nornir.access.roles import Role, role
from calipso_nornir.errors import InvalidRequest

if TYPE_CHECKING:
    from calipso_nornir.model.stores import Document, Store

COLLECTION: Final = "api_tokens"
LIFETIME: Final = timedelta(days=1)
LONGEST: Final = timedelta(days=366)
PREFIX: Final = "calipso_"
"""How tokens begin: scanners for leaked secrets know them by it."""
_USED_EVERY: Final = timedelta(minutes=5)
"""How exactly the last use is noted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """The data of a token; never the token itself.

    Attributes:
        id: names it in lists and for its removal.
        scope: the highest role that it grants, even if the user has higher ones.
        environments: it is valid only in these; None for all in which the user has roles.
        only_password: it only allows choosing another password.
    """

    id: str
    user: str
    name: str
    issued_at: datetime
    expires_at: datetime
    scope: Role = Role.ADMIN
    environments: frozenset[str] | None = None
    only_password: bool = False
    last_used: datetime | None = None


class Tokens:
    """The tokens of one store."""

    def __init__(self, store: Store) -> None:
        self._tokens = store.collection(COLLECTION)

    def issue(  # noqa: PLR0913 - what a token is
        self,
        user: str,
        *,
        name: str = "",
        lifetime: timedelta = LIFETIME,
        scope: Role = Role.ADMIN,
        environments: frozenset[str] | None = None,
        only_password: bool = False,
    ) -> tuple[str, Token]:
        """Make a token; return it, for the only time, and what is known of it.

        Raises:
            InvalidRequest: the lifetime is not between a second and a year.
        """
        if not timedelta(seconds=1) <= lifetime <= LONGEST:
            raise InvalidRequest(f"lifetime {lifetime.total_seconds():g} s: expected 1 s to {LONGEST.days} days")
        secret = PREFIX + secrets.token_urlsafe(32)
        issued = datetime.now(UTC)
        token = Token(
            id=secrets.token_hex(8),
            user=user,
            name=name,
            issued_at=issued,
            expires_at=issued + lifetime,
            scope=scope,
            environments=environments,
            only_password=only_password,
        )
        self._remove_expired(issued)
        key = key_of(secret)
        self._tokens.put(key, {"key": key, **_document(token)})
        return secret, token

    def found(self, secret: str) -> Token | None:
        """Return what is known of a token that a client shows; None for one that is unknown or has expired."""
        key = key_of(secret)
        return self.accepted(key, self._tokens.get(key))

    def accepted(self, key: str, document: Document | None) -> Token | None:
        """Return what the document with a key says of a token, as ``found``; note that the token is used."""
        now = datetime.now(UTC)
        token = _token(document) if document is not None else None
        if token is None or token.expires_at <= now:
            return None
        if token.last_used is None or now - token.last_used >= _USED_EVERY:
            self._tokens.update_if(key, {}, {"last_used": now.isoformat()})
        return token

    def of(self, user: str) -> list[Token]:
        """Return the tokens of a user that have not expired, the newest first."""
        now = datetime.now(UTC)
        found = [_token(one) for one in self._tokens.find({"user": user})]
        return sorted((one for one in found if one.expires_at > now), key=lambda one: one.issued_at, reverse=True)

    def revoke(self, user: str, id_: str | None = None) -> int:
        """Remove one token of a user, or all; return how many there were."""
        return sum(
            self._tokens.delete(one["key"])
            for one in self._tokens.find({"user": user})
            if id_ is None or one["id"] == id_
        )

    def _remove_expired(self, now: datetime) -> None:
        for one in self._tokens.find():
            if _token(one).expires_at <= now:
                self._tokens.delete(one["key"])


def key_of(secret: str) -> str:
    """Return the key of a token's document."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _document(token: Token) -> Document:
    return {
        "id": token.id,
        "user": token.user,
        "name": token.name,
        "issued_at": token.issued_at.isoformat(),
        "expires_at": token.expires_at.isoformat(),
        "scope": token.scope.word,
        "environments": sorted(token.environments) if token.environments is not None else None,
        "only_password": token.only_password,
        "last_used": None,
    }


def _token(document: Document) -> Token:
    used = document.get("last_used")
    return Token(
        id=document["id"],
        user=document["user"],
        name=document["name"],
        issued_at=datetime.fromisoformat(document["issued_at"]),
        expires_at=datetime.fromisoformat(document["expires_at"]),
        scope=role(document["scope"]),
        environments=frozenset(document["environments"]) if document.get("environments") is not None else None,
        only_password=bool(document.get("only_password")),
        last_used=datetime.fromisoformat(used) if used else None,
    )
