# SPDX-License-Identifier: Apache-2.0
"""Descriptions of environments, and connection tests."""

from __future__ import annotations

from typing import Any, Final

from calipso_nornir.client.connection import Connection, at, of

TESTED: Final = frozenset({"passed", "passed_with_warnings", "failed", "lost"})
"""How a connection test may have ended."""


class Environments(Connection):
    """Describes environments, and tests whether they can be reached."""

    def environments(self) -> list[dict[str, Any]]:
        """Return the environments that the caller may see."""
        return list(self.get("/environments"))

    def environment(self, environment: str, **when: object) -> dict[str, Any]:
        """Return the description of an environment, and the number of objects by type; also of a ``revision``."""
        return dict(self.get(of(environment), **when))

    def tag_of(self, environment: str) -> str:
        """Return the ETag of a description, for ``if_match``."""
        return self.tag(of(environment))

    def describe(self, environment: str, description: dict[str, Any], *, if_match: str | None = None) -> dict[str, Any]:
        """Describe an environment; secrets are given as ``{"secret": "…"}``, and come back as references.

        With ``if_match``, only the description with this ETag is replaced.
        """
        return dict(self.put(of(environment), description, if_match=if_match))

    def remove_environment(
        self, environment: str, *, with_inventory: bool = False, if_match: str | None = None
    ) -> None:
        """Remove a description; ``with_inventory``: also what was found there."""
        self.delete(of(environment), if_match=if_match, with_inventory=str(with_inventory).lower())

    def check(self, environment: str, *, timeout_s: float = 600.0, poll_s: float = 0.5) -> dict[str, Any]:
        """Try every section of an environment, and return the test with its steps. Raises TimeoutError."""
        path = of(environment, "checks", str(self.post(of(environment, "checks"))["id"]))
        what = f"the connection test of {environment}"
        return self._ended(path, what, ended=TESTED, timeout_s=timeout_s, poll_s=poll_s)

    def check_back_ends(self, *, timeout_s: float = 600.0, poll_s: float = 0.5) -> dict[str, Any]:
        """Try the store, the directory and the issuer, and return the test with its steps. Raises TimeoutError."""
        path = at("checks", str(self.post("/checks")["id"]))
        return self._ended(path, "the test of the back ends", ended=TESTED, timeout_s=timeout_s, poll_s=poll_s)
