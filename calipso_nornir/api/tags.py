# SPDX-License-Identifier: Apache-2.0
"""Entity tags (RFC 9110, 8.8.3): a client that has an answer asks whether it is still true, and need not get it again.

The tag of a read is made from the revision that is shown, and from the request. It is a weak one: when an unchanged
object was seen last is updated without a new revision. The tag of an environment's description is a strong one: it
protects the description from being overwritten by somebody who has not seen it (``If-Match``).
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

from fastapi import Header, Request, Response

from calipso_nornir.api.dependencies import at_once
from calipso_nornir.api.problems import Problem
from calipso_nornir.store.encoding import fast_encoder

if TYPE_CHECKING:
    from collections.abc import Iterator

_FAST: Final = fast_encoder(str)
_MINE: Final = "private, no-cache"
"""Kept by whoever asked, and asked for again each time."""


class NotModified(Exception):
    """The client has what it asks for.

    Args:
        tag: of the answer.
    """

    def __init__(self, tag: str) -> None:
        super().__init__(tag)
        self.tag = tag


class Tagging:
    """Gives the answer of one request its tag."""

    def __init__(self, request: Request, response: Response) -> None:
        self._request = request
        self._response = response

    def shows(self, revision: int, *beside: object) -> None:
        """Note which revision the answer shows, and what else decides it.

        Raises NotModified if the client has just this answer.
        """
        request = self._request
        told = f"{request.app.state.settings.instance}\n{request.url.path}?{request.url.query}\n{revision}"
        tag = f'W/"{_hashed(b"".join((told.encode(), *map(_written, beside))))}"'
        if not {tag.removeprefix("W/"), "*"}.isdisjoint(_tags(request, "if-none-match", weak=True)):
            raise NotModified(tag)
        self._response.headers.update(_headers(tag))


Tagged: TypeAlias = Annotated[Tagging, at_once(Tagging)]


def tag_of(document: dict[str, Any]) -> str:
    """Return the tag of a description."""
    return f'"{_hashed(json.dumps(document, sort_keys=True, default=str).encode())}"'


class Precondition:
    """What a write expects of the stored description."""

    def __init__(
        self,
        request: Request,
        if_match: Annotated[str | None, Header(description="The ETag of what is to be replaced or removed.")] = None,
    ) -> None:
        self._request = request
        self._is_given = if_match is not None

    def check(self, document: dict[str, Any] | None) -> None:
        """Raise Problem, 412, if the stored description is another one than expected, or if there is none."""
        if not self._is_given:
            return
        wanted = set(_tags(self._request, "if-match", weak=False))  # none, if the client has sent weak ones only
        if document is not None and not wanted.isdisjoint({"*", tag_of(document)}):
            return
        raise Problem(
            HTTPStatus.PRECONDITION_FAILED,
            "it has been changed since it was read: read it again, and send the new ETag",
            field="if-match",
        )


IfMatch: TypeAlias = Annotated[Precondition, at_once(Precondition)]


def not_modified(_request: Request, error: Exception) -> Response:
    """Answer NotModified."""
    assert isinstance(error, NotModified)  # noqa: S101 - narrows the type
    return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=_headers(error.tag))


def _headers(tag: str) -> dict[str, str]:
    return {"ETag": tag, "Cache-Control": _MINE, "Vary": "Authorization, X-Auth-Token"}


def _tags(request: Request, header: str, *, weak: bool) -> Iterator[str]:
    """Yield the tags of a header; a weak one counts where weak comparison does (RFC 9110, 8.8.3.2)."""
    for value in request.headers.getlist(header):
        for one in value.split(","):
            tag = one.strip()
            if tag.startswith("W/"):
                tag = tag.removeprefix("W/") if weak else ""
            if tag:
                yield tag


def _written(value: object) -> bytes:
    """Return the JSON text of a value, on a line of its own."""
    if _FAST is not None:
        with suppress(TypeError):
            return b"\n" + _FAST(value)
    return f"\n{json.dumps(value, sort_keys=True, default=str)}".encode()


def _hashed(text: bytes) -> str:
    return hashlib.blake2b(text, digest_size=12).hexdigest()
