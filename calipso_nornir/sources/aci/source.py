# SPDX-License-Identifier: Apache-2.0
"""The APIC of a fabric as a source: answers ``AciGet``, all pages joined, errors as values."""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import requests

from calipso_nornir.errors import (
    ApiFailed,
    ApiUnreachable,
    CalipsoError,
    NotAuthorized,
    ParseError,
    SourceNotConfigured,
)
from calipso_nornir.metadata.environment_aci import AciSection
from calipso_nornir.model.aci import AciGet
from calipso_nornir.model.protocols import Reply
from calipso_nornir.sources.aci.http import failure_in, message_of, session
from calipso_nornir.sources.aci.login import Login, cookie
from calipso_nornir.sources.aci.pages import ListChanged, Pages
from calipso_nornir.sources.bounds import Budget
from calipso_nornir.sources.http_asking import Patience, body_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from calipso_nornir.model.queries import Query
    from calipso_nornir.model.source_kinds import Secrets

logger = logging.getLogger(__name__)

THREADS = 4
MAX_RESTARTS = 3
"""A list that changes while it is read is read again this often."""
SMALLER = 4
"""The size of pages is divided by this if an APIC does not finish a page in time (503)."""
SMALLEST = 50
_INVALID = ("token was invalid", "need a valid webtoken")
"""What an APIC says, with 403, of a token that has expired or is unknown. Its other texts with 403 are about rights."""


class AciSource:
    """The controllers of one fabric.

    Args:
        section: the environment's section ACI.
        secrets: provides the password when it is needed, and masks it in errors.
        sleep: waits between two attempts.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        section: Mapping[str, Any],
        secrets: Secrets,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._section = AciSection.model_validate(dict(section))
        self._secrets = secrets
        self._patience = Patience(self._section.retries, sleep, authority="ACI.cacert")
        self._clock = clock
        self._lock = threading.Lock()
        self._opened: tuple[requests.Session, Login] | None = None

    def answer(self, queries: Sequence[Query]) -> Mapping[Query, Reply | CalipsoError]:
        """Answer all queries, four at a time. If the login fails, its error is the answer to each of them."""
        if not queries:
            return {}
        try:
            self.open().current()
        except CalipsoError as error:
            return dict.fromkeys(queries, error)
        with ThreadPoolExecutor(THREADS, thread_name_prefix="aci") as pool:
            return dict(zip(queries, pool.map(self._answer, queries), strict=True))

    def close(self) -> None:
        """Log out, and close the connections."""
        if self._opened is not None:
            http, login = self._opened
            login.log_out()
            http.close()

    def open(self) -> Login:
        """Return the login. The first call reads the files that the section names; it may raise EnvironmentInvalid."""
        with self._lock:
            if self._opened is None:
                http = session(self._section)
                login = Login(self._section, self._secrets, http, patience=self._patience, clock=self._clock)
                self._opened = http, login
            return self._opened[1]

    def get(self, query: AciGet, parameters: Mapping[str, str]) -> tuple[Any, bytes]:
        """Return the body of one answer as JSON values and as bytes. Raises CalipsoError."""
        login = self.open()
        url, token = login.current()
        response = self._ask(url, token, query, parameters)
        if response.status_code == requests.codes.forbidden and _is_invalid(message_of(response)):
            login.expired(token)
            url, token = login.current()
            response = self._ask(url, token, query, parameters)
        if response.status_code != requests.codes.ok:
            raise self._failure(url, query, response.status_code, message_of(response))
        body = body_of(response)
        failure = failure_in(body)
        if failure is not None:
            raise self._failure(url, query, *failure)
        return body, response.content

    def _answer(self, query: Query) -> Reply | CalipsoError:
        if not isinstance(query, AciGet):
            return SourceNotConfigured(query.source)
        login = self.open()
        try:
            while True:
                url, _ = login.current()
                try:
                    return Reply(self._list(query), datetime.now(UTC))
                except ApiUnreachable:
                    if not login.left(url):
                        raise
        except ParseError as error:
            return error.asked_by(str(query), None)
        except CalipsoError as error:
            return error

    def _list(self, query: AciGet) -> list[Any]:
        section = self._section
        budget = Budget(
            str(query), seconds=section.list_timeout_s, max_bytes=section.max_answer_mib << 20, section="ACI"
        )
        size, restarts = section.page_size, 0
        while True:
            pages = Pages(query, size)
            try:
                while pages.next is not None:
                    budget.check_time()
                    body, text = self.get(query, pages.next)
                    budget.spend(text)
                    pages.add(body)
            except ListChanged:
                restarts += 1
                if restarts > MAX_RESTARTS:
                    problem = f"the list changed {restarts} times while it was read"
                    raise ApiFailed(self._service(), query.address, requests.codes.ok, problem) from None
                logger.info("%s: the list changed and is read again", query)
            except ApiFailed as error:
                if error.status != requests.codes.unavailable or size <= SMALLEST or query.class_name is None:
                    raise
                size = max(size // SMALLER, SMALLEST)
                logger.info("%s: %s; asking for %d objects at a time", query, error, size)
            else:
                return pages.items

    def _ask(self, url: str, token: str, query: AciGet, parameters: Mapping[str, str]) -> requests.Response:
        assert self._opened is not None  # noqa: S101 - narrows the type; ``open`` was called
        http, _ = self._opened
        response = self._patience.ask(
            url,
            lambda: http.get(
                f"{url}{query.address}", params=dict(parameters), headers=cookie(token), allow_redirects=False
            ),
        )
        if response is None:
            raise ParseError("http", "no answer at all")
        return response

    def _failure(self, url: str, query: AciGet, status: int, said: str) -> CalipsoError:
        said = str(self._secrets.scrub(said))
        if status == requests.codes.forbidden:
            return NotAuthorized(self._service(url), query.address, said)
        if requests.codes.multiple_choices <= status < requests.codes.bad_request:
            said = "a redirect, which is not followed. Configure the APIC's own address"
        return ApiFailed(self._service(url), query.address, status, said)

    def _service(self, url: str | None = None) -> str:
        return f"APIC {url or self._section.urls[0]}"


def _is_invalid(said: str) -> bool:
    return any(one in said.lower() for one in _INVALID)
