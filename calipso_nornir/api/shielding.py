# SPDX-License-Identifier: Apache-2.0
"""What surrounds every request: a limit for bodies, headers for browsers, the audit trail of writes, measuring."""

from __future__ import annotations

import logging
import time
import uuid
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from anyio import to_thread
from starlette.exceptions import HTTPException

from calipso_nornir.errors import StoreError
from calipso_nornir.store.record_retention import RecordSweeper

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from calipso_nornir.access.principals import Principal
    from calipso_nornir.api.metering import Meter
    from calipso_nornir.model.stores import Store

logger = logging.getLogger(__name__)

LARGEST: Final = 1 << 20
"""Bytes of a request's body."""
AUDIT: Final = "audit"
_REFUSED: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS})
_WRITES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_HEADERS: Final = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)
_ONLY_TLS: Final = (b"strict-transport-security", b"max-age=31536000")
"""RFC 6797: clients shall use nothing but https here; sent over https only."""


class Shield:
    """The outermost part of the application."""

    def __init__(self, app: ASGIApp, *, store: Store, meter: Meter, templates: Mapping[object, str]) -> None:
        self._app = app
        self._store = store
        self._sweeper = RecordSweeper(store)
        self._meter = meter
        self._templates = templates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})
        status = [0]
        began = time.perf_counter()

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                status[0] = message["status"]
                await self._noted(scope, status[0])  # before the answer: whoever has it finds it in the audit trail
                given = {name for name, _ in message["headers"]}
                own = _HEADERS if scope["scheme"] == "http" else (*_HEADERS, _ONLY_TLS)
                message["headers"] = [*message["headers"], *(pair for pair in own if pair[0] not in given)]
            await send(message)

        try:
            await self._app(scope, _limited(receive), sent)
        finally:
            self._meter.served(
                route=self._templates.get(scope.get("endpoint")),
                method=scope["method"],
                status=status[0],
                seconds=time.perf_counter() - began,
            )
            if not status[0]:
                await self._noted(scope, status[0])

    async def _noted(self, scope: Scope, status: int) -> None:
        principal = scope["state"].get("principal")
        if scope["method"] in _WRITES and principal is not None:
            await to_thread.run_sync(self._note, scope, principal, status)
        elif status in _REFUSED:  # a stranger must not be able to fill the store
            logger.warning("%s %s from %s: refused (%s)", scope["method"], scope["path"], _client(scope), status)

    def _note(self, scope: Scope, principal: Principal, status: int) -> None:
        key = uuid.uuid4().hex
        try:
            self._store.collection(AUDIT).put(
                key,
                {
                    "id": key,
                    "at": datetime.now(UTC).isoformat(),
                    "who": principal.name,
                    "token": principal.token_id,
                    "from": _client(scope),
                    "method": scope["method"],
                    "path": scope["path"],
                    "environment": scope.get("path_params", {}).get("environment", scope["state"].get("environment")),
                    "status": status,
                },
            )
            self._sweeper.sweep()
        except StoreError as error:
            logger.error("%s %s is not in the audit trail: %s", scope["method"], scope["path"], error)  # noqa: TRY400 - as it says


def _client(scope: Scope) -> str | None:
    return scope["client"][0] if scope.get("client") else None


def _limited(receive: Receive) -> Receive:
    received = 0

    async def limited() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > LARGEST:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body has more than {LARGEST} bytes")
        return message

    return limited
