# SPDX-License-Identifier: Apache-2.0
"""The connection of a client: logins, requests, pages; ``get``, ``post`` … for any resource."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import parse_qs, quote, urlsplit

import requests

from calipso_nornir.client.problem import ApiProblem, ApiUnreachable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

PAGE: Final = 1000


class Connection:
    """One user of one API.

    Args:
        url: where it is, e.g. ``https://calipso.example.com``.
        token: of the user; without one, ``log_in`` makes one.
        verify: whether https has to have a trusted certificate; or a file with those to trust.
        timeout_s: for each answer to begin.
    """

    def __init__(
        self, url: str, *, token: str | None = None, verify: bool | str = True, timeout_s: float = 30.0
    ) -> None:
        self._base = f"{url.rstrip('/')}/api/v2"
        self._timeout_s = timeout_s
        self._session = requests.Session()
        self._session.verify = verify
        self._session.trust_env = False  # a .netrc would replace the token
        if token is not None:
            self._session.headers["Authorization"] = f"Bearer {token}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def log_in(self, user: str, password: str, **wanted: object) -> str:
        """Make a token with a name and a password, use it from now on, and return it."""
        self._session.headers.pop("Authorization", None)
        made: dict[str, Any] = self._json("POST", "/tokens", auth=(user, password), json=wanted)
        self._session.headers["Authorization"] = f"Bearer {made['token']}"
        return str(made["token"])

    def get(self, path: str, **query: object) -> Any:  # noqa: ANN401 - JSON
        """Return what a path below ``/api/v2`` gives. Raises ApiProblem, ApiUnreachable; so do all others."""
        return self._json("GET", path, params=query)

    def post(self, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        """Send something to a path, and return the answer."""
        return self._json("POST", path, json=body)

    def put(self, path: str, body: object, *, if_match: str | None = None) -> Any:  # noqa: ANN401 - JSON
        """Put something at a path, and return the answer. With ``if_match``, only if what is there has this ETag."""
        return self._json("PUT", path, json=body, headers=_if(if_match))

    def patch(self, path: str, body: object) -> Any:  # noqa: ANN401 - JSON
        """Change some fields of what is at a path, and return the answer."""
        return self._json("PATCH", path, json=body)

    def delete(self, path: str, *, if_match: str | None = None, **query: object) -> None:
        """Remove what is at a path. With ``if_match``, only if it has this ETag."""
        self._json("DELETE", path, params=query, headers=_if(if_match))

    def tag(self, path: str) -> str:
        """Return the ETag of what a path gives; empty if it has none."""
        with self._answer("GET", path) as answer:
            return answer.headers.get("ETag", "")

    # --- how

    def _ended(self, path: str, what: str, *, ended: frozenset[str], timeout_s: float, poll_s: float) -> dict[str, Any]:
        deadline = time.monotonic() + timeout_s
        while True:
            found: dict[str, Any] = self.get(path)
            if found["status"] in ended:
                return found
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what} has not ended in {timeout_s:g} s")
            time.sleep(poll_s)

    def _pages(self, path: str, fields: dict[str, object]) -> Iterator[dict[str, Any]]:
        query: dict[str, object] = {"limit": PAGE, **fields}
        while True:
            page: dict[str, Any] = self.get(path, **query)
            yield from page["items"]
            if page["next"] is None:
                return
            query["after"] = page["next"]

    def _listed(self, path: str, **query: object) -> Iterator[dict[str, Any]]:
        """Yield the records of a list; the header ``Link`` of each page has the next one."""
        query = {"limit": PAGE, **query}
        while True:
            with self._answer("GET", path, params=query) as answer:
                yield from answer.json()
                following = answer.links.get("next")
            if following is None:
                return
            query |= {"after": parse_qs(urlsplit(following["url"]).query)["after"][0]}

    def _json(self, method: str, path: str, **more: Any) -> Any:  # noqa: ANN401 - those of requests; JSON
        with self._answer(method, path, **more) as answer:
            return answer.json() if answer.content else None

    @contextmanager
    def _answer(self, method: str, path: str, **more: Any) -> Iterator[requests.Response]:  # noqa: ANN401 - as above
        arguments: dict[str, Any] = {"timeout": self._timeout_s, "allow_redirects": False, **more}
        try:
            answer = self._session.request(method, self._base + path, **arguments)
        except requests.RequestException as error:
            raise ApiUnreachable(f"{self._base}: {error}") from error
        with answer:
            if not answer.ok or answer.is_redirect:
                raise ApiProblem.of(answer)
            yield answer


def at(*parts: str) -> str:
    """Return the path with these parts; none of them can add another part."""
    return "".join(f"/{quote(part, safe='')}" for part in parts)


def of(environment: str, *parts: str) -> str:
    """Return a path of an environment."""
    return at("environments", environment, *parts)


def _if(tag: str | None) -> dict[str, str]:
    return {} if tag is None else {"If-Match": tag}
