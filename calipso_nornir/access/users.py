# SPDX-License-Identifier: Apache-2.0
"""Users: documents of the collection ``users``. Passwords of local ones are argon2id hashes (RFC 9106).

A user whom a directory or an issuer knows has a document, too, from the first login on: for tokens, and so that an
admin can lock the user out. Roles come from there at each login. A name belongs to who had it first.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from calipso_nornir.access.roles import EVERYWHERE, Grants, Role
from calipso_nornir.errors import Conflict, InvalidRequest
from calipso_nornir.model.text import plain

if TYPE_CHECKING:
    from calipso_nornir.model.stores import Document, Store

COLLECTION: Final = "users"
SHORTEST: Final = 12
LONGEST: Final = 1024
"""Characters of a password."""
FIRST_ADMIN: Final = "admin"
LOCAL: Final = "local"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,127}")
_HASHER: Final = PasswordHasher()


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """A user as identified by a directory or an issuer, with the resulting roles."""

    name: str
    grants: Grants


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A user.

    Attributes:
        source: who knows the password and the roles: this store, or a directory or issuer.
        one_time: the password is good for nothing but choosing another one.
        enabled: whether the user may log in, and the user's tokens are accepted.
    """

    name: str
    grants: Grants
    one_time: bool = False
    enabled: bool = True
    source: str = LOCAL


class Users:
    """The users of one store."""

    def __init__(self, store: Store) -> None:
        self._users = store.collection(COLLECTION)

    @staticmethod
    def prepare() -> None:
        """Do once what the first login of an unknown user would otherwise do, and so take longer than later ones."""
        _hash_of_nobody(_HASHER)

    def first_admin(self) -> str | None:
        """Make the first user, where there is none, and return the one-time password; None where there are users."""
        password = secrets.token_urlsafe(12)
        if self._users.find(limit=1):
            return None
        admin = User(name=FIRST_ADMIN, grants=Grants({EVERYWHERE: Role.ADMIN}), one_time=True)
        return password if self._users.insert(admin.name, _document(admin, password)) else None

    def add(self, user: User, password: str) -> None:
        """Make a user. Raises Conflict for a name that is taken, InvalidRequest for a password that is too short."""
        if not _NAME.fullmatch(user.name):
            raise InvalidRequest(f"user name {plain(repr(user.name))}: expected 1 to 128 letters, digits, . _ @ or -")
        if not self._users.insert(user.name, _document(user, good(password))):
            raise Conflict(f"user {user.name} exists already")

    def all(self) -> list[User]:
        """Return all users, ordered by name."""
        return [user_of(one) for one in self._users.find(order=("name",))]

    def get(self, name: str) -> User | None:
        """Return a user."""
        document = self._users.get(name)
        return user_of(document) if document is not None else None

    def verified(self, name: str, password: str) -> User | None:
        """Return the user with this password; None for a wrong password, a disabled user or an unknown one."""
        document = self._users.get(name)
        known = document is not None and bool(document.get("enabled", True)) and "password_hash" in document
        stored = str(document["password_hash"]) if known and document else _hash_of_nobody(_HASHER)
        if not _verify(stored, password) or not known:
            return None
        assert document is not None  # noqa: S101 - narrows the type
        if _HASHER.check_needs_rehash(document["password_hash"]):
            new = {"password_hash": _HASHER.hash(password)}
            self._users.update_if(name, {"password_hash": document["password_hash"]}, new)
        return user_of(document)

    def arrived(self, who: Identified, *, source: str) -> User | None:
        """Return the user whom a directory or issuer has identified; None if the name is not theirs, or is locked out.

        The roles are stored when they have changed.
        """
        if not _NAME.fullmatch(who.name):
            return None
        user = User(name=who.name, grants=who.grants, source=source)
        there = self.get(user.name)
        if there is None and self._users.insert(user.name, _document(user, None)):
            return user
        there = there or self.get(user.name)
        if there is None or there.source != source or not there.enabled:
            return None
        if there.grants != user.grants:
            self._users.update_if(user.name, {"source": source}, {"roles": user.grants.words()})
        return user

    def set_password(self, name: str, password: str, *, one_time: bool = False) -> None:
        """Give a local user another password."""
        self._check_local(name, "the password")
        self._change(name, {"password_hash": _HASHER.hash(good(password)), "one_time": one_time})

    def change(self, name: str, *, grants: Grants | None = None, enabled: bool | None = None) -> None:
        """Store a user's roles, or whether the user is enabled; None: it stays. The last admin of all stays one.

        Only what is given is written: somebody else may change the other at the same moment.
        """
        there = self.get(name)
        if there is None:
            raise _unknown(name)
        if grants is not None and there.grants != grants:
            self._check_local(name, "the roles")
        after = replace(
            there,
            grants=there.grants if grants is None else grants,
            enabled=there.enabled if enabled is None else enabled,
        )
        if _is_admin(there) and not _is_admin(after):
            self._others_are_admins(name)
        given = {"roles": None if grants is None else grants.words(), "enabled": enabled}
        self._change(name, {field: value for field, value in given.items() if value is not None})

    def remove(self, name: str) -> None:
        """Remove a user. The last admin of all stays."""
        there = self.get(name)
        if there is not None and _is_admin(there):
            self._others_are_admins(name)
        if not self._users.delete(name):
            raise _unknown(name)

    def _check_local(self, name: str, what: str) -> None:
        there = self.get(name)
        if there is not None and there.source != LOCAL:
            raise Conflict(f"{plain(name)} is a user of {there.source}: {what} cannot be changed here")

    def _others_are_admins(self, name: str) -> None:
        if not any(_is_admin(one) for one in self.all() if one.name != name):
            raise Conflict(f"user {plain(name)} is the only admin of everything: make another one first")

    def _change(self, name: str, changes: Document) -> None:
        if self._users.update_if(name, {}, changes) is None:
            raise _unknown(name)


def good(password: str) -> str:
    """Return a password that is long enough. Raises InvalidRequest, which does not repeat it."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidRequest(f"a password has {SHORTEST} to {LONGEST} characters; this one has {len(password)}")
    return password


@lru_cache(maxsize=1)
def _hash_of_nobody(hasher: PasswordHasher) -> str:
    """Return what is checked where there is no such user: the answer takes as long as for a wrong password."""
    return hasher.hash(secrets.token_urlsafe())


def _verify(password_hash: str, password: str) -> bool:
    if len(password) > LONGEST:
        return False
    try:
        return _HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def _is_admin(user: User) -> bool:
    """Return whether there is a local user who can do everything, because a directory may be down."""
    return user.enabled and user.source == LOCAL and user.grants.allow(Role.ADMIN, None)


def _document(user: User, password: str | None) -> Document:
    document = {
        "name": user.name,
        "roles": user.grants.words(),
        "enabled": user.enabled,
        "one_time": user.one_time,
        "source": user.source,
        "created": datetime.now(UTC).isoformat(),
    }
    return document if password is None else {**document, "password_hash": _HASHER.hash(password)}


def user_of(document: Document) -> User:
    """Return the user of a document."""
    return User(
        name=document["name"],
        grants=Grants.read(document.get("roles") or {}),
        one_time=bool(document.get("one_time")),
        enabled=bool(document.get("enabled", True)),
        source=document.get("source", LOCAL),
    )


def _unknown(name: str) -> InvalidRequest:
    return InvalidRequest(f"there is no user {plain(name)}")
