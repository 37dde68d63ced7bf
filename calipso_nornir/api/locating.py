# SPDX-License-Identifier: Apache-2.0
"""Where to find what a request has made or begun: the header ``Location`` (RFC 9110, 10.2.2)."""

from __future__ import annotations

from typing import Annotated, TypeAlias
from urllib.parse import quote

from fastapi import Request, Response

from calipso_nornir.api.dependencies import at_once


class Locating:
    """Says where it is: below the path to which the request was sent."""

    def __init__(self, request: Request, response: Response) -> None:
        self._path = request.scope["path"]
        self._response = response

    def __call__(self, id_: str) -> None:
        """Name what was made, by its id."""
        self._response.headers["Location"] = f"{quote(self._path)}/{quote(id_, safe='')}"


Located: TypeAlias = Annotated[Locating, at_once(Locating)]
