# SPDX-License-Identifier: Apache-2.0
"""The Kubernetes API as a source: answers ``KubernetesList``, all pages joined, errors as values."""

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
    CalipsoError,
    CredentialsRefused,
    NotAuthorized,
    ParseError,
    SourceNotConfigured,
)
from calipso_nornir.metadata.environment_kubernetes import KubernetesSection
from calipso_nornir.model.kubernetes import KubernetesList
from calipso_nornir.model.protocols import Reply
from calipso_nornir.sources.bounds import Budget
from calipso_nornir.sources.http_asking import Patience, body_of
from calipso_nornir.sources.kubernetes.cluster_access import Access, access_of
from calipso_nornir.sources.kubernetes.http import message_of, session
from calipso_nornir.sources.kubernetes.pages import ListExpired, Pages

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from calipso_nornir.model.queries import Query
    from calipso_nornir.model.source_kinds import Secrets

logger = logging.getLogger(__name__)

SERVICE = "kubernetes"
THREADS = 4
MAX_RESTARTS = 3
"""Attempts with pages before the whole list is requested at once, as client-go's pager does (FullListIfExpired)."""


class KubernetesSource:
    """The API server of one cluster.

    Args:
        section: the environment's section Kubernetes.
        secrets: provides the token when it is needed, and masks it in errors.
        sleep: waits between two attempts.
    """

    def __init__(
        self, section: Mapping[str, Any], secrets: Secrets, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._section = KubernetesSection.model_validate(dict(section))
        self._secrets = secrets
        self._sleep = sleep
        self._lock = threading.Lock()
        self._opened: tuple[Access, requests.Session, Patience] | None = None
        self._token: str | None = None
        self._accepted = False

    def answer(self, queries: Sequence[Query]) -> Mapping[Query, Reply | CalipsoError]:
        """Answer all queries, four at a time; if the section is unusable, each of them gets that error."""
        if not queries:
            return {}
        try:
            self.open()
        except CalipsoError as error:
            return dict.fromkeys(queries, error)
        with ThreadPoolExecutor(THREADS, thread_name_prefix="kubernetes") as pool:
            return dict(zip(queries, pool.map(self._answer, queries), strict=True))

    def close(self) -> None:
        """Close the connections."""
        if self._opened is not None:
            self._opened[1].close()

    def open(self) -> Access:
        """Read the files that the section names, at the first use. Raises EnvironmentInvalid, SecretUnavailable."""
        with self._lock:
            if self._opened is None:
                access = access_of(self._section, self._secrets)
                patience = Patience(self._section.retries, self._sleep, authority=access.authority)
                self._token = access.token() if access.token else None
                self._opened = access, session(access, self._section), patience
            return self._opened[0]

    def get(self, path: str, parameters: Mapping[str, str]) -> tuple[Any, bytes]:
        """Return the body of one answer, parsed and unparsed. Raises a CalipsoError."""
        access = self.open()
        response = self._ask(access, path, parameters)
        if response.status_code == requests.codes.unauthorized and self._renewed(access):
            response = self._ask(access, path, parameters)
        if response.status_code != requests.codes.ok:
            raise self._failure(access, path, response.status_code, message_of(response.content, response.reason))
        self._accepted = True
        body = body_of(response)
        if isinstance(body, dict) and body.get("kind") == "Status":
            # A proxy may forward an error of the server with status 200.
            code = body.get("code")
            said = message_of(response.content, "no text")
            raise self._failure(access, path, code if isinstance(code, int) else 0, said)
        return body, response.content

    def _answer(self, query: Query) -> Reply | CalipsoError:
        if not isinstance(query, KubernetesList):
            return SourceNotConfigured(query.source)
        try:
            return Reply(self._list(query), datetime.now(UTC))
        except ParseError as error:
            return error.asked_by(str(query), None)
        except CalipsoError as error:
            return error

    def _list(self, query: KubernetesList) -> list[Any]:
        section = self._section
        budget = Budget(
            str(query), seconds=section.list_timeout_s, max_bytes=section.max_answer_mib << 20, section="Kubernetes"
        )
        for number in range(MAX_RESTARTS + 1):
            pages = Pages(query, section.page_size if number < MAX_RESTARTS else None)
            try:
                while pages.next is not None:
                    budget.check_time()
                    body, text = self.get(query.path, pages.next)
                    budget.spend(text)
                    pages.add(body)
            except (ApiFailed, ListExpired) as error:
                if isinstance(error, ApiFailed) and error.status != requests.codes.gone:
                    raise
                logger.info("%s: the list has expired and is read again", query)
            else:
                return pages.items
        raise ApiFailed(SERVICE, query.path, 410, f"the list expired {MAX_RESTARTS + 1} times while it was read")

    def _ask(self, access: Access, path: str, parameters: Mapping[str, str]) -> requests.Response:
        assert self._opened is not None  # noqa: S101 - narrows the type; ``open`` was called
        _, http, patience = self._opened
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        url = f"{access.url}{path}"
        response = patience.ask(
            access.url, lambda: http.get(url, params=dict(parameters), headers=headers, allow_redirects=False)
        )
        if response is None:
            raise ParseError("http", "no answer at all")
        return response

    def _renewed(self, access: Access) -> bool:
        """Fetch the token again, because those of service accounts expire; return whether it is another one."""
        with self._lock:
            before, self._token = self._token, access.token() if access.token else None
            return before != self._token

    def _failure(self, access: Access, path: str, status: int, said: str) -> CalipsoError:
        said = str(self._secrets.scrub(said))
        if status == requests.codes.unauthorized and not self._accepted:
            return CredentialsRefused(access.url, access.user, said, access.told_by)
        if status == requests.codes.forbidden:
            return NotAuthorized(SERVICE, path, said)
        if requests.codes.multiple_choices <= status < requests.codes.bad_request:
            said = "a redirect, which is not followed. Configure the server's own address"
        return ApiFailed(SERVICE, path, status, said)
