# SPDX-License-Identifier: Apache-2.0
"""Who is asking: a user, by password or token, with the roles that count for this request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Protocol

from calipso_nornir.access.roles import Role
from calipso_nornir.access.tokens import COLLECTION as TOKENS
from calipso_nornir.access.tokens import PREFIX, Tokens, key_of
from calipso_nornir.access.users import COLLECTION as USERS
from calipso_nornir.access.users import Identified, Users, user_of
from calipso_nornir.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from calipso_nornir.access.issuer import Claimed
    from calipso_nornir.access.roles import Grants
    from calipso_nornir.access.tokens import Token
    from calipso_nornir.access.users import User
    from calipso_nornir.model.source_kinds import Finding
    from calipso_nornir.model.stores import Document, Store


_MOST_KNOWN: Final = 10_000
"""Tokens of which it is remembered whose they are."""
_OWN_ONLY: Final = "environments: expected some of those of the token with which you ask"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who is asking.

    Attributes:
        token_id: of the token that was shown; None for a password.
        token: what is known of it, if it is one of ours.
        expires_at: when what was shown ends to count; None for a password.
        only_password: nothing is allowed but choosing another password.
    """

    name: str
    grants: Grants
    token_id: str | None = None
    token: Token | None = None
    expires_at: datetime | None = None
    only_password: bool = False

    def may(self, needed: Role, environment: str | None) -> bool:
        """Tell whether a role is held in an environment; None is what belongs to none."""
        return not self.only_password and self.grants.allow(needed, environment)


class PasswordService(Protocol):
    """Knows users, and whether a password is theirs: a directory."""

    @property
    def source(self) -> str:
        """Its name in documents of users."""

    def identified(self, name: str, password: str) -> Identified | None:
        """Return the user with this name and password; None if there is none. Raises LoginServiceUnavailable."""

    def check(self) -> Iterable[Finding]:
        """Try whether it answers, without a user."""


class TokenService(Protocol):
    """Knows users by tokens that it has made: an issuer."""

    @property
    def source(self) -> str:
        """Its name in documents of users."""

    def claimed(self, token: str) -> Claimed | None:
        """Return what a token says; None for one that is not right. Raises LoginServiceUnavailable."""

    def check(self) -> Iterable[Finding]:
        """Try whether its keys can be had."""


class Principals:
    """Authenticates users.

    Args:
        store: holds the local users and tokens.
        directory: authenticates all other names; local users do not depend on it.
        issuer: issues tokens that are not ours.
    """

    def __init__(
        self, store: Store, *, directory: PasswordService | None = None, issuer: TokenService | None = None
    ) -> None:
        self._store = store
        self.users = Users(store)
        self.tokens = Tokens(store)
        self._known: dict[str, str] = {}
        """Key of a token → whose it is, which never changes."""
        self._directory = directory
        self._issuer = issuer

    def by_password(self, name: str, password: str) -> Principal | None:
        """Return who has this name and password. Raises LoginServiceUnavailable."""
        there = self.users.get(name)
        if self._directory is None or (there is not None and there.source != self._directory.source):
            user = self.users.verified(name, password)
        else:
            who = self._directory.identified(name, password) if there is None or there.enabled else None
            user = self.users.arrived(who, source=self._directory.source) if who is not None else None
        if user is None:
            return None
        return Principal(name=user.name, grants=user.grants, only_password=user.one_time)

    def by_token(self, secret: str) -> Principal | None:
        """Return whose token this is; the roles are those that the user has now, up to the token's scope.

        Raises LoginServiceUnavailable.
        """
        return self.asking(secret)[0]

    def asking(self, secret: str, *beside: tuple[str, str]) -> tuple[Principal | None, Sequence[Document | None]]:
        """Return whose token this is, as ``by_token``, and plain documents, read in the same round trip."""
        if self._issuer is not None and not secret.startswith(PREFIX):
            return self._by_issuer(self._issuer, secret), self._store.plain_documents(beside)
        key = key_of(secret)
        name = self._known.get(key, "")
        wanted = ((TOKENS, key), (USERS, name), *beside)
        of_token, of_user, *documents = self._store.plain_documents(wanted)
        token = self.tokens.accepted(key, of_token)
        if token is None:
            return None, documents
        if token.user == name:
            user = user_of(of_user) if of_user is not None else None
        else:
            user = self.users.get(token.user)
            self._remember(key, token.user)
        return (_principal(token, user) if user is not None and user.enabled else None), documents

    def _remember(self, key: str, name: str) -> None:
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[key] = name

    def issue(
        self,
        who: Principal,
        *,
        lifetime: timedelta,
        name: str = "",
        scope: Role = Role.ADMIN,
        environments: frozenset[str] | None = None,
    ) -> tuple[str, Token]:
        """Issue a token for the user; return it, for the only time, and its data.

        A token obtained with a token has at most the same rights, and ends with it.

        Raises:
            InvalidRequest: the lifetime is too long, or the environments are not among those of the token.
        """
        if who.token is not None:
            scope = min(scope, who.token.scope)
            if who.token.environments is not None:
                environments = who.token.environments if environments is None else environments
                if not environments <= who.token.environments:
                    raise InvalidRequest(_OWN_ONLY, "environments")
        if who.expires_at is not None:
            left = who.expires_at - datetime.now(UTC)
            lifetime = min(lifetime, max(left, timedelta(seconds=1)))
        return self.tokens.issue(
            who.name,
            name=name,
            lifetime=lifetime,
            scope=scope,
            environments=environments,
            only_password=who.only_password,
        )

    def _by_issuer(self, issuer: TokenService, token: str) -> Principal | None:
        claimed = issuer.claimed(token)
        user = self.users.arrived(claimed.who, source=issuer.source) if claimed is not None else None
        if claimed is None or user is None:
            return None
        return Principal(name=user.name, grants=user.grants, token_id=claimed.token_id, expires_at=claimed.expires_at)


def _principal(token: Token, user: User) -> Principal:
    return Principal(
        name=user.name,
        grants=_scoped(user.grants, token),
        token_id=token.id,
        token=token,
        expires_at=token.expires_at,
        only_password=token.only_password or user.one_time,
    )


def _scoped(grants: Grants, token: Token) -> Grants:
    capped = grants.capped(token.scope)
    return capped if token.environments is None else capped.within(token.environments)
