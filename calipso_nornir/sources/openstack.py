# SPDX-License-Identifier: Apache-2.0
"""The OpenStack API as a source: answers ``ApiGet``, all pages joined, errors as values."""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import requests

from calipso_nornir.errors import (
    AnswerTooSlow,
    ApiFailed,
    CalipsoError,
    EndpointMissing,
    InvalidRequest,
    NotAuthorized,
    ParseError,
    SourceNotConfigured,
    ViewRestricted,
)
from calipso_nornir.metadata.environment_openstack import OpenStackSection
from calipso_nornir.model.protocols import Reply
from calipso_nornir.model.queries import ApiGet
from calipso_nornir.model.source_kinds import Finding
from calipso_nornir.sources.bounded_http import Bounds
from calipso_nornir.sources.bounds import Budget
from calipso_nornir.sources.http_asking import Patience, body_of, without_secrets
from calipso_nornir.sources.openstack_catalog import MICROVERSIONS, choose, home_region, listed, matches, versioned
from calipso_nornir.sources.openstack_http import message_of, session
from calipso_nornir.sources.openstack_joining import joined
from calipso_nornir.sources.openstack_login import KeystoneToken, Login
from calipso_nornir.sources.openstack_paging import Pages
from calipso_nornir.sources.openstack_settings import Settings, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from keystoneauth1.session import Session

    from calipso_nornir.model.queries import Query
    from calipso_nornir.model.source_kinds import Secrets
    from calipso_nornir.sources.openstack_joining import Joined
    from calipso_nornir.sources.openstack_paging import Parameters

logger = logging.getLogger(__name__)

SECTION = "OpenStack"
THREADS = 4
MAX_SLOW = 2
"""Number of slow answers after which a service is not asked again in this scan: each costs ``answer_timeout_s``."""
CATALOG_PATH = "/auth/catalog"
_PROBES = (
    ApiGet("compute", "/servers", "servers", (("limit", "1"),), cloud_wide=False),
    ApiGet("network", "/networks", "networks", (("fields", "id"), ("limit", "1")), cloud_wide=False),
    ApiGet("identity", "/auth/projects", "projects", cloud_wide=False),
)
"""One cheap request to each service that a scan needs."""


class OpenStackSource:
    """One cloud's API.

    Args:
        section: the environment's section OpenStack.
        vault: provides the secrets when they are needed, and masks them in errors.
        environ: variables that say where clouds.yaml is; by default the process's own.
        sleep: waits between two attempts.
    """

    def __init__(
        self,
        section: Mapping[str, Any],
        vault: Secrets,
        *,
        environ: Mapping[str, str] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._section = OpenStackSection.model_validate(dict(section))
        self._vault = vault
        self._environ = environ
        self._patience = Patience(self._section.retries, sleep)
        self._lock = threading.Lock()
        self._opened: tuple[Settings, Session, Login] | None = None
        self._stubborn: set[str] = set()
        self._slow: dict[str, list[AnswerTooSlow]] = {}

    def answer(self, queries: Sequence[Query]) -> Mapping[Query, Reply | CalipsoError]:
        """Answer all queries, four requests at a time; if the login fails, each of them gets that error."""
        if not queries:
            return {}
        try:
            token = self._open()[2].token()
        except CalipsoError as error:
            return dict.fromkeys(queries, error)
        together, single = joined(queries)
        with ThreadPoolExecutor(THREADS, thread_name_prefix="openstack") as pool:
            parts = pool.map(lambda one: self._answer_joined(one, token), together)
            answers = dict(zip(single, pool.map(lambda query: self._answer(query, token), single), strict=True))
            for part in parts:
                answers |= part
        return {query: answers[query] for query in queries}

    def check(self) -> list[Finding]:
        """Check the login, the role, and one cheap request to each service that a scan needs."""
        try:
            token = self._open()[2].token()
        except CalipsoError as error:
            return [Finding(SECTION, "login", ok=False, detail=str(error))]
        where = f"{token.user} in project {token.project} at {self._open()[0].url}"
        restricted = self._restricted(token)
        role = str(restricted) if restricted else f"{', '.join(token.roles)}: sees all projects"
        found = [
            Finding(SECTION, "login", ok=True, detail=where),
            Finding(SECTION, "role", ok=restricted is None, detail=role),
        ]
        for probe, reply in self.answer(_PROBES).items():
            ok = isinstance(reply, Reply)
            detail = self._base(probe, token) if ok and isinstance(probe, ApiGet) else str(reply)
            found.append(Finding(SECTION, f"endpoint {getattr(probe, 'service', '')}", ok=ok, detail=detail))
        return found

    def close(self) -> None:
        """Close the connections. The token is left to expire, as every client does."""
        if self._opened is not None:
            self._opened[1].session.close()

    def _open(self) -> tuple[Settings, Session, Login]:
        """Resolve references and set up the session, at the first use."""
        with self._lock:
            if self._opened is None:
                made = settings(self._section, self._vault, environ=self._environ)
                http = session(verify=made.verify, cert=made.cert, bounds=Bounds.of(self._section, SECTION))
                self._opened = made, http, Login(made, http, patience=self._patience, vault=self._vault)
            return self._opened

    def _answer_joined(self, one: Joined, token: KeystoneToken) -> dict[Query, Reply | CalipsoError]:
        """Answer queries with one request, or each with its own if the service refuses that: one may be invalid."""
        answer = self._answer(one.query, token)
        if isinstance(answer, ApiFailed):
            return {part: self._answer(part, token) for part in one.parts.values()}
        if isinstance(answer, CalipsoError):
            return dict.fromkeys(one.parts.values(), answer)
        rows = [row for row in answer.data if isinstance(row, dict)]
        return {part: replace(answer, data=found) for part, found in one.split(rows).items()}

    def _answer(self, query: Query, token: KeystoneToken) -> Reply | CalipsoError:
        if not isinstance(query, ApiGet):
            return SourceNotConfigured(query.source)
        try:
            data = self._get(query, token)
        except ParseError as error:
            return error.asked_by(str(query), None)
        except CalipsoError as error:
            return error
        return Reply(data, datetime.now(UTC), self._restricted(token) if query.cloud_wide else None)

    def _restricted(self, token: KeystoneToken) -> ViewRestricted | None:
        """Return why lists are incomplete, if so: Neutron answers a user without the role 200, ``{"agents": []}``."""
        wanted = self._section.admin_roles
        if token.may_see_all(wanted):
            return None
        return ViewRestricted(token.user, token.project, token.roles, wanted)

    def _get(self, query: ApiGet, token: KeystoneToken) -> Any:  # noqa: ANN401 - list or document
        if query.service == "identity" and query.path == CATALOG_PATH:
            return without_secrets(token.catalog)
        base = self._base(query, token)
        pages = Pages(query)
        section = self._section
        budget = Budget(
            str(query), seconds=section.list_timeout_s, max_bytes=section.max_answer_mib << 20, section=SECTION
        )
        while pages.next is not None:
            budget.check_time()
            response = self._page(query, base, pages.next)
            budget.spend(response.content)
            pages.add(body_of(response))
        return pages.data

    def _base(self, query: ApiGet, token: KeystoneToken) -> str:
        """Return the URL of a service with its version. Raises EndpointMissing."""
        made = self._open()[0]
        home = made.region or home_region(token.endpoints, interface=made.interface)
        region = query.region or home
        own = next((url for service, url in made.overrides.items() if matches(query.service, service)), None)
        if own is not None and region == home:
            return versioned(query.service, own)
        found = choose(token.endpoints, query.service, interface=made.interface, region=region)
        if found is None and query.service == "identity":
            # One Keystone may serve many regions, and the catalogue may list it in one region or in none.
            found = choose(token.endpoints, query.service, interface=made.interface, region=None)
            return versioned(query.service, found.url if found else made.url)
        if found is None:
            # A region may have no compute service. But if it is missing in the home region, or has only other
            # interfaces, the cloud is not configured as this scan needs it.
            known = any(one.region == region and matches(query.service, one.service) for one in token.endpoints)
            raise EndpointMissing(
                query.service,
                made.interface,
                region or "any",
                listed(token.endpoints),
                required=known or region == home,
            )
        return versioned(query.service, found.url)

    def _page(self, query: ApiGet, base: str, parameters: Parameters) -> requests.Response:
        login = self._open()[2]
        url = f"{base}/{_quoted(query.path)}"
        if parameters:
            url += f"?{urlencode(parameters)}"
        token = login.token()
        response = self._ask(query, base, url, token)
        if response.status_code == requests.codes.unauthorized and base not in self._stubborn:
            response = self._ask(query, base, url, login.renew(token))
            if response.status_code == requests.codes.unauthorized:
                # The service refuses a fresh token, too: another one from Keystone would not help.
                self._stubborn.add(base)
        if response.status_code != requests.codes.ok:
            raise self._failure(query, response)
        return response

    def _ask(self, query: ApiGet, base: str, url: str, token: KeystoneToken) -> requests.Response:
        headers = {"Accept": "application/json", "X-Auth-Token": str(token.value)}
        microversion = query.microversion or MICROVERSIONS.get(query.service)
        if microversion is not None:
            headers["OpenStack-API-Version"] = f"{query.service} {microversion}"
        http = self._open()[1]
        slow = self._slow.get(base, [])
        if len(slow) >= MAX_SLOW:
            given_up = f"{base}, which was too slow {MAX_SLOW} times and is not asked any more"
            raise AnswerTooSlow(given_up, slow[-1].limit_s, slow[-1].setting)
        started = time.monotonic()
        try:
            response = self._patience.ask(
                base, lambda: http.get(url, headers=headers, authenticated=False, raise_exc=False, log=False)
            )
        except AnswerTooSlow as error:
            self._slow.setdefault(base, []).append(error)
            raise
        if response is None:
            raise ParseError("http", "no answer at all")
        logger.debug("%s: %d, %.3f s", query, response.status_code, time.monotonic() - started)
        return response

    def _failure(self, query: ApiGet, response: requests.Response) -> CalipsoError:
        said = str(self._vault.scrub(message_of(response)))
        status = response.status_code
        if status == requests.codes.forbidden:
            return NotAuthorized(query.service, query.path, said)
        if response.is_redirect or response.is_permanent_redirect:
            to = self._vault.scrub(response.headers.get("Location", "another address"))
            said = f"a redirect to {to}, which is not followed. Set the right URL in OpenStack.endpoint_overrides"
        return ApiFailed(query.service, query.path, status, said)


def _quoted(path: str) -> str:
    """Quote a path, which may contain ids from answers, so that it stays below the service: no query, no ".."."""
    segments = path.lstrip("/").split("/")
    if {".", ".."} & set(segments):
        raise InvalidRequest(f"the path {path!r} leads out of the service; an id in it is not valid")
    return "/".join(quote(segment, safe=":@!$&()*+,;=~") for segment in segments)
