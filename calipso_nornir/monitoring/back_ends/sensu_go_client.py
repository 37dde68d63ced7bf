# SPDX-License-Identifier: Apache-2.0
"""The REST API of Sensu Go, as a real 6.12 answers (recorded; ``tests/fixtures/sensu_go.json`` has a part of it).

Only PUT is used to write: it creates and replaces. A token is valid for 300 s, and its session little longer, so a 401
causes one new login. Errors come in three forms. Selectors of lists are ignored by the open source build, so filtering
is done here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import requests

from calipso_nornir.errors import ApiFailed, ApiUnreachable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calipso_nornir.monitoring.back_ends.sensu_go import Resource

PAGE: Final = 500
SERVICE: Final = "Sensu Go"


@dataclass(frozen=True, slots=True, kw_only=True)
class SensuGoAccess:
    """How the API is reached: with a key, or with a user and a password."""

    url: str
    namespace: str = "default"
    key: str = ""
    user: str = ""
    password: str = ""
    ca_file: str | None = None
    timeout_s: float = 30.0


class SensuGoClient:
    """Requests to one namespace."""

    def __init__(self, access: SensuGoAccess) -> None:
        self._access = access
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = access.ca_file or True
        self._token = ""

    def close(self) -> None:
        """Close connections."""
        self._session.close()

    def make_namespace(self, *, check: bool = False) -> bool:
        """Make the namespace unless it is there; return whether it was missing. ``check``: only look.

        Lists of a missing namespace are empty, and what is put there is refused with 500. A user that may not look at
        namespaces gets 403: its namespace is somebody else's to make.
        """
        namespace = f"/api/core/v2/namespaces/{_quoted(self._access.namespace)}"
        answer = self._answered("GET", namespace, None)
        if answer.status_code == HTTPStatus.FORBIDDEN:
            return False
        if answer.status_code != HTTPStatus.NOT_FOUND:
            _raise_for(answer, "GET", namespace)
            return False
        if not check:
            _raise_for(self._answered("PUT", namespace, {"name": self._access.namespace}), "PUT", namespace)
        return True

    def put(self, one: Resource) -> None:
        """Create or replace a resource."""
        self._request("PUT", f"{one.kind}/{_quoted(one.name)}", one.body)

    def delete(self, kind: str, name: str) -> None:
        """Remove a resource if it exists."""
        self._request("DELETE", f"{kind}/{_quoted(name)}", missing_is_fine=True)

    def delete_event(self, entity: str, check: str) -> None:
        """Remove the last event of an entity and check, if it is there."""
        self._request("DELETE", f"events/{_quoted(entity)}/{_quoted(check)}", missing_is_fine=True)

    def listed(self, kind: str) -> list[dict[str, Any]]:
        """Return all resources of a kind, page by page."""
        return list(self._pages(kind))

    def events(self) -> list[dict[str, Any]]:
        """Return the last event of every entity and check, because handlers give no receipt and events may be lost."""
        return self.listed("events")

    def execute(self, check: str) -> None:
        """Make all agents with its subscription run a check once."""
        self._request("POST", f"checks/{_quoted(check)}/execute", {"check": check})

    def _pages(self, kind: str) -> Iterator[dict[str, Any]]:
        token, known = "", set[str]()
        while token not in known:
            known.add(token)
            following = f"&continue={_quoted(token)}" if token else ""
            answer = self._request("GET", f"{kind}?limit={PAGE}{following}")
            yield from answer.json() or []
            token = answer.headers.get("Sensu-Continue", "")
            if not token:
                return
        # A token that it does not know gives the first page again
        raise ApiFailed(SERVICE, f"GET {kind}", answer.status_code, "with pages that do not end")

    def _request(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, missing_is_fine: bool = False
    ) -> requests.Response:
        url = f"/api/core/v2/namespaces/{_quoted(self._access.namespace)}/{path}"
        answer = self._answered(method, url, body)
        if not (answer.status_code == HTTPStatus.NOT_FOUND and missing_is_fine):
            _raise_for(answer, method, url)
        return answer

    def _answered(self, method: str, url: str, body: Mapping[str, Any] | None) -> requests.Response:
        """Send a request; log in once more if the answer is 401, whatever the reason."""
        answer = self._send(method, url, body, headers=self._authorization())
        if answer.status_code == HTTPStatus.UNAUTHORIZED and not self._access.key:
            self._token = ""
            answer = self._send(method, url, body, headers=self._authorization())
        return answer

    def _authorization(self) -> dict[str, str]:
        if self._access.key:
            return {"Authorization": f"Key {self._access.key}"}
        if not self._token:
            answer = self._send("GET", "/auth", None, auth=(self._access.user, self._access.password))
            if answer.status_code != HTTPStatus.OK:
                raise ApiFailed(SERVICE, "GET /auth", answer.status_code, told(answer))
            self._token = str(answer.json()["access_token"])
        return {"Authorization": f"Bearer {self._token}"}

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None, **more: Any) -> requests.Response:  # noqa: ANN401 - of requests
        headers = {**more.pop("headers", {})}
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"  # without it the back end parses the body as a form
            data = json.dumps(body).encode()
        try:
            return self._session.request(
                method,
                self._access.url.rstrip("/") + path,
                data=data,
                headers=headers,
                timeout=self._access.timeout_s,
                **more,
            )
        except requests.RequestException as error:
            raise ApiUnreachable(self._access.url, str(error)) from error


def told(answer: requests.Response) -> str:
    """Return the text of an error: ``message``, ``Message``, or plain text."""
    try:
        value = answer.json()
    except ValueError:
        return answer.text.strip()[:300]
    if isinstance(value, dict):
        return str(value.get("message") or value.get("Message") or value)[:300]
    return str(value)[:300]


def _raise_for(answer: requests.Response, method: str, url: str) -> None:
    if answer.status_code >= HTTPStatus.BAD_REQUEST:
        raise ApiFailed(SERVICE, f"{method} {url}", answer.status_code, told(answer))


def _quoted(text: str) -> str:
    return quote(text, safe="")
