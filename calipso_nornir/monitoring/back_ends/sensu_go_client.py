# SPDX-License-Identifier: Apache-2.0
"""The REST API of Sensu Go, as a real 6.12 answers (recorded; ``tests/fixtures/sensu_go.json`` has a part of it).

Only PUT is used to write: it creates and replaces. A token is valid for 300 s, and its session little longer, so a 401
causes one new login. Errors come in three forms. Selectors of lists are ignored by the open source build, so filtering
is done here.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import requests

from calipso_nornir.errors import ApiFailed, ApiUnreachable
from calipso_nornir.monitoring.back_ends.sensu_go import ENVIRONMENT, KINDS, MANAGED, Resource

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

PARALLEL: Final = 8
"""Number of connections of ``apply``; with more, a real back end is slower."""
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


@dataclass(frozen=True, slots=True)
class Applied:
    """What ``apply`` has done."""

    put: int
    unchanged: int
    removed: int


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

    def apply(self, wanted: Iterable[Resource], *, environment: str) -> Applied:
        """Create and change resources as wanted; remove those of this environment that are no longer wanted.

        Entities are put before checks: the first events of a new entity are lost if they arrive at nearly the same
        time. The events of removed checks are removed, too: an event with a time to live would keep raising alarms.
        """
        by_kind: dict[str, list[Resource]] = {kind: [] for kind in KINDS}
        for one in wanted:
            by_kind[one.kind].append(one)
        put = unchanged = 0
        gone: dict[str, list[str]] = {}
        for kind, listed in by_kind.items():
            there = {_name(one): one for one in self.listed(kind)}
            changed = [one for one in listed if not _covers(there.get(one.name), one.body)]
            with ThreadPoolExecutor(PARALLEL) as pool:
                put += len(list(pool.map(self.put, changed)))
            unchanged += len(listed) - len(changed)
            names = {one.name for one in listed}
            gone[kind] = [name for name, one in there.items() if name not in names and _is_of(one, environment)]
        self._remove(gone)
        return Applied(put, unchanged, sum(map(len, gone.values())))

    def _remove(self, gone: Mapping[str, Iterable[str]]) -> None:
        """Remove resources; those that name others come first."""
        checks = {*gone["checks"]}
        for name in checks:
            self.delete("checks", name)
        for event in self.events() if checks else []:
            check, entity = _name(event.get("check") or {}), _name(event.get("entity") or {})
            if check in checks:
                self._request("DELETE", f"events/{_quoted(entity)}/{_quoted(check)}", missing_is_fine=True)
        for kind in reversed([one for one in KINDS if one != "checks"]):
            for name in gone[kind]:
                self.delete(kind, name)

    def put(self, one: Resource) -> None:
        """Create or replace a resource."""
        self._request("PUT", f"{one.kind}/{_quoted(one.name)}", one.body)

    def delete(self, kind: str, name: str) -> None:
        """Remove a resource if it exists."""
        self._request("DELETE", f"{kind}/{_quoted(name)}", missing_is_fine=True)

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
        token = ""
        while True:
            following = f"&continue={quote(token)}" if token else ""
            answer = self._request("GET", f"{kind}?limit={PAGE}{following}")
            yield from answer.json() or []
            token = answer.headers.get("Sensu-Continue", "")
            if not token:
                return

    def _request(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, missing_is_fine: bool = False
    ) -> requests.Response:
        url = f"/api/core/v2/namespaces/{_quoted(self._access.namespace)}/{path}"
        answer = self._send(method, url, body, headers=self._authorization())
        if answer.status_code == HTTPStatus.UNAUTHORIZED and not self._access.key:
            self._token = ""
            answer = self._send(method, url, body, headers=self._authorization())
        if answer.status_code == HTTPStatus.NOT_FOUND and missing_is_fine:
            return answer
        if answer.status_code >= HTTPStatus.BAD_REQUEST:
            raise ApiFailed(SERVICE, f"{method} {url}", answer.status_code, told(answer))
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


def _is_of(one: Mapping[str, Any], environment: str) -> bool:
    labels = (one.get("metadata") or {}).get("labels") or {}
    ours = {**MANAGED, ENVIRONMENT: environment}
    return ours.items() <= labels.items() and one.get("entity_class", "proxy") == "proxy"


def _covers(known: Any, wanted: Any) -> bool:  # noqa: ANN401 - JSON
    """Return whether a resource has everything that is wanted; the back end adds fields of its own."""
    if isinstance(wanted, dict):
        return isinstance(known, dict) and all(_covers(known.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, list):
        return isinstance(known, list) and len(known) == len(wanted) and all(map(_covers, known, wanted))
    return bool(known == wanted)


def _name(one: Mapping[str, Any]) -> str:
    return str((one.get("metadata") or {}).get("name", ""))


def _quoted(text: str) -> str:
    return quote(text, safe="")
