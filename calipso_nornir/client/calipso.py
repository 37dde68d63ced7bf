# SPDX-License-Identifier: Apache-2.0
"""The client: one method for each thing that is done often, and ``get``, ``post`` … for all else."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Self
from urllib.parse import parse_qs, quote, urlsplit

import requests

from calipso_nornir.client.event_stream import Event, events_of
from calipso_nornir.client.problem import ApiProblem, ApiUnreachable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

PAGE: Final = 1000
SILENCE_S: Final = 60.0
"""Longest silence of a stream; the API says something every 15 s."""
ENDED: Final = frozenset({"completed", "completed_with_errors", "failed", "aborted", "timed_out", "lost"})
"""How a scan may have ended."""
TESTED: Final = frozenset({"passed", "passed_with_warnings", "failed"})
"""How a connection test may have ended."""


class Calipso:
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

    # --- any resource

    def get(self, path: str, **query: object) -> Any:  # noqa: ANN401 - JSON
        """Return what a path below ``/api/v2`` gives. Raises ApiProblem, ApiUnreachable; so do all others."""
        return self._json("GET", path, params=query)

    def post(self, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        """Send something to a path, and return the answer."""
        return self._json("POST", path, json=body)

    def put(self, path: str, body: object) -> Any:  # noqa: ANN401 - JSON
        """Put something at a path, and return the answer."""
        return self._json("PUT", path, json=body)

    def delete(self, path: str) -> None:
        """Remove what is at a path."""
        self._json("DELETE", path)

    # --- environments

    def describe(self, environment: str, description: dict[str, Any]) -> dict[str, Any]:
        """Describe an environment; secrets are given as ``{"secret": "…"}``, and come back as references."""
        return dict(self.put(_of(environment), description))

    def check(self, environment: str, *, timeout_s: float = 600.0, poll_s: float = 0.5) -> dict[str, Any]:
        """Try every section of an environment, and return the test with its steps. Raises TimeoutError."""
        path = f"{_of(environment)}/checks/{_quoted(self.post(f'{_of(environment)}/checks')['id'])}"
        what = f"the connection test of {environment}"
        return self._ended(path, what, ended=TESTED, timeout_s=timeout_s, poll_s=poll_s)

    # --- the picture

    def objects(self, environment: str, **fields: object) -> Iterator[dict[str, Any]]:
        """Yield the objects whose fields have these values, page by page: ``objects("lab", type="vnic")``."""
        return self._pages(f"{_of(environment)}/objects", fields)

    def links(self, environment: str, **fields: object) -> Iterator[dict[str, Any]]:
        """Yield the links whose fields have these values, page by page."""
        return self._pages(f"{_of(environment)}/links", fields)

    def clique(self, environment: str, type_: str, id_: str) -> dict[str, Any]:
        """Return the clique of an object."""
        return dict(self.get(f"{_of(environment)}/cliques/{_quoted(type_)}/{_quoted(id_)}"))

    def graph(self, environment: str, type_: str, id_: str, **query: object) -> dict[str, Any]:
        """Return what is around an object: ``depth``, ``direction``, ``limit``."""
        return dict(self.get(f"{_of(environment)}/graph/{_quoted(type_)}/{_quoted(id_)}", **query))

    def export(self, environment: str, file: BinaryIO, *, what: str = "export", **query: object) -> None:
        """Write an export (``format="graphml"``) to a file, piece by piece.

        ``what`` is the export of a part: ``"objects_file"``, or ``"clique_file/instance/5b7c…"``.
        """
        with self._answer("GET", f"{_of(environment)}/{what}", params=query, stream=True) as answer:
            file.writelines(answer.iter_content(1 << 16))

    def changes(self, environment: str, *, since: int | None = None) -> Iterator[Event]:
        """Yield changes as they come, for ever; a connection that breaks is made again, and nothing is left out.

        ``since`` is the revision after which to begin; by default now. Raises ApiProblem: e.g. 404 if that is too old.
        """
        headers: dict[str, str] = {}
        query = {} if since is None else {"since": since}
        while True:
            try:
                with self._answer(
                    "GET",
                    f"{_of(environment)}/changes/stream",
                    params=query,
                    headers=headers,
                    stream=True,
                    timeout=(self._timeout_s, SILENCE_S),
                ) as answer:
                    for event in events_of(answer.iter_lines(decode_unicode=False)):
                        headers["Last-Event-ID"] = str(event.revision)
                        yield event
            except (ApiUnreachable, requests.RequestException):
                if not headers and since is None:  # its beginning is unknown
                    raise
            time.sleep(1.0)

    # --- what is wrong

    def findings(self, environment: str) -> list[dict[str, Any]]:
        """Return what is wrong: each failure once, the worst first, with its ``consequences``."""
        return list(self.get(f"{_of(environment)}/findings"))

    def statuses(self, environment: str, *, at_least: int = 0, **query: object) -> Iterator[dict[str, Any]]:
        """Yield the statuses with this value or a worse one, page by page: also of a ``revision``, ``at`` a time."""
        return self._listed(f"{_of(environment)}/statuses", at_least=at_least, **query)

    def write_status(self, environment: str, document_id: str, **status: object) -> dict[str, Any]:
        """Write what a check says of the object or link with that ``_id``: ``value``, ``label``, ``text``."""
        return dict(self.put(f"{_of(environment)}/statuses/{_quoted(document_id)}", status))

    def templates(self) -> list[dict[str, Any]]:
        """Return the templates of a monitoring system's files; those without an ``id`` are shipped."""
        return list(self.get("/monitoring/templates"))

    def write_template(self, id_: str, template: dict[str, Any]) -> dict[str, Any]:
        """Write a template: ``type``, ``side``, ``order``, ``condition``, ``config``."""
        return dict(self.put(f"/monitoring/templates/{_quoted(id_)}", template))

    def preview(self, environment: str, *templates: dict[str, Any], **query: object) -> list[dict[str, Any]]:
        """Return the files of an environment's monitoring system, also with templates that are not written yet."""
        return list(self._json("POST", f"{_of(environment)}/monitoring/preview", json=list(templates), params=query))

    # --- scans

    def scan(self, environment: str, **wanted: object) -> dict[str, Any]:
        """Ask for a scan, and return its request with ``scan_id``: ``scan("lab", object_type="host", object_id=…)``."""
        return dict(self.post(f"{_of(environment)}/scans", wanted))

    def wait(self, environment: str, scan_id: str, *, timeout_s: float = 3600.0, poll_s: float = 1.0) -> dict[str, Any]:
        """Wait for the end of a scan, and return its report. Raises TimeoutError."""
        path = f"{_of(environment)}/scans/{_quoted(scan_id)}"
        return self._ended(path, f"scan {scan_id} of {environment}", ended=ENDED, timeout_s=timeout_s, poll_s=poll_s)

    def log(self, environment: str, scan_id: str) -> list[dict[str, Any]]:
        """Return the messages of a scan, the oldest first."""
        return list(self._listed(f"{_of(environment)}/scans/{_quoted(scan_id)}/log"))

    def messages(self, environment: str, **query: object) -> Iterator[dict[str, Any]]:
        """Yield the messages of an environment, the newest first, page by page: ``level="error"``, ``since=…``."""
        return self._listed(f"{_of(environment)}/messages", **query)

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


def _of(environment: str) -> str:
    return f"/environments/{_quoted(environment)}"


def _quoted(part: str) -> str:
    return quote(part, safe="")
