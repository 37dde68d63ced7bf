# SPDX-License-Identifier: Apache-2.0
"""Logins that cannot be verified, because the service that knows the users does not answer."""

from __future__ import annotations

from dataclasses import dataclass

from calipso_nornir.errors.base import CalipsoError, Retriable


@dataclass(eq=False)
class LoginServiceUnavailable(CalipsoError, Retriable):
    """A directory or issuer does not answer, or not as it should, so that the login cannot be verified."""

    service: str
    cause: str

    def __str__(self) -> str:
        return f"{self.service} cannot verify this login: {self.cause}"
