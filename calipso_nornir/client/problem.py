# SPDX-License-Identifier: Apache-2.0
"""What can go wrong: the API answers with a problem (RFC 9457), or does not answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import requests


class ApiUnreachable(Exception):
    """The API did not answer: no connection, a timeout, a certificate of an unknown authority."""


class ApiProblem(Exception):
    """The API refused a request.

    Attributes:
        status: of the answer.
        detail: what is wrong, and what is expected.
        errors: places in the request: ``field`` and ``detail`` of each.
    """

    def __init__(self, status: int, detail: str, errors: list[dict[str, str]] | None = None) -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status
        self.detail = detail
        self.errors = errors or []

    @classmethod
    def of(cls, answer: requests.Response) -> ApiProblem:
        """Read an answer; one that is none of the API's (a proxy's page) counts as its text."""
        try:
            body: Any = answer.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            return cls(answer.status_code, answer.text[:500])
        return cls(answer.status_code, str(body.get("detail", "")), body.get("errors"))
