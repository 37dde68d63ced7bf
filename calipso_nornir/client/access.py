# SPDX-License-Identifier: Apache-2.0
"""The caller, tokens, users, and the audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.client.connection import Connection, at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Access(Connection):
    """Reads and changes who may do what. The caller is the user whose token the client uses."""

    def me(self) -> dict[str, Any]:
        """Return the caller's name, and the roles in each environment."""
        return dict(self.get("/me"))

    def change_password(self, old: str, new: str) -> None:
        """Change the caller's password. This revokes all of the caller's tokens: log in again."""
        self.put("/me/password", {"old": old, "new": new})

    def tokens(self) -> list[dict[str, Any]]:
        """Return the caller's tokens, without their secrets."""
        return list(self.get("/tokens"))

    def token(self, id_: str = "current") -> dict[str, Any]:
        """Return one of the caller's tokens; by default the one in use."""
        return dict(self.get(at("tokens", id_)))

    def make_token(self, name: str, **wanted: object) -> dict[str, Any]:
        """Make another token: ``scope``, ``environments``, ``lifetime_s``. Its ``token`` is shown this once."""
        return dict(self.post("/tokens", {"name": name, **wanted}))

    def revoke_token(self, id_: str = "current") -> None:
        """Revoke one of the caller's tokens; by default the one in use."""
        self.delete(at("tokens", id_))

    def revoke_tokens(self) -> None:
        """Revoke all of the caller's tokens, also the one in use."""
        self.delete("/tokens")

    def users(self) -> list[dict[str, Any]]:
        """Return the users."""
        return list(self.get("/users"))

    def user(self, name: str) -> dict[str, Any]:
        """Return one user."""
        return dict(self.get(at("users", name)))

    def add_user(self, name: str, password: str, roles: Mapping[str, str]) -> dict[str, Any]:
        """Make a user with a one-time password. Roles: ``{"mycloud": "operator"}``; ``*``: everywhere."""
        return dict(self.post("/users", {"name": name, "password": password, "roles": dict(roles)}))

    def change_user(self, name: str, **changes: object) -> dict[str, Any]:
        """Change ``roles``, or whether the user is ``enabled``; or give another one-time ``password``."""
        return dict(self.patch(at("users", name), changes))

    def remove_user(self, name: str) -> None:
        """Remove a user with all tokens."""
        self.delete(at("users", name))

    def tokens_of(self, name: str) -> list[dict[str, Any]]:
        """Return the tokens of a user."""
        return list(self.get(at("users", name, "tokens")))

    def revoke_tokens_of(self, name: str) -> None:
        """Revoke all tokens of a user."""
        self.delete(at("users", name, "tokens"))

    def audit(self, **query: object) -> Iterator[dict[str, Any]]:
        """Yield who changed what and from where, the newest first, page by page: ``since=…``."""
        return self._listed("/audit", **query)
