# SPDX-License-Identifier: Apache-2.0
"""Logs in to an APIC, refreshes the token before it expires, and logs in again if it has expired.

According to the "Cisco APIC REST API Configuration Guide", ``aaaLogin`` returns a token and the seconds for which it is
valid. ``aaaRefresh`` with this token returns the next one, until the session reaches its maximum lifetime.
"""

from __future__ import annotations

import json
import logging
import threading
from typing import TYPE_CHECKING, Any

import requests

from calipso_nornir.errors import (
    ApiFailed,
    ApiUnreachable,
    CalipsoError,
    ControllerRefused,
    ParseError,
    SourceNotConfigured,
)
from calipso_nornir.parsing.common_values import decimal_or_none
from calipso_nornir.parsing.json_shapes import Fields, objects
from calipso_nornir.sources.aci.http import SHOWN, failure_in, message_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from calipso_nornir.metadata.environment_aci import AciSection
    from calipso_nornir.model.source_kinds import Secrets
    from calipso_nornir.sources.http_asking import Patience

logger = logging.getLogger(__name__)

PARSER = "aci"
LOGIN, REFRESH, LOGOUT = "/api/aaaLogin.json", "/api/aaaRefresh.json", "/api/aaaLogout.json"
USUAL_S = 600
"""Seconds for which a token is valid if the answer does not say (the default of APICs)."""
EARLY = 0.75
"""Part of its lifetime after which a token is refreshed, so that it does not expire while requests are under way."""
ANSWERED = ("aaaLogin", "aaaRefresh")
REFUSED = frozenset({requests.codes.unauthorized, requests.codes.forbidden})


class Login:
    """The session with one of the controllers; safe for threads.

    Args:
        section: the environment's section ACI.
        secrets: provides the password, and masks tokens in errors.
        http: sends requests.
        patience: repeats requests that fail.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        section: AciSection,
        secrets: Secrets,
        http: requests.Session,
        *,
        patience: Patience,
        clock: Callable[[], float],
    ) -> None:
        self._section = section
        self._secrets = secrets
        self._http = http
        self._patience = patience
        self._clock = clock
        self._lock = threading.Lock()
        self._urls = list(section.urls)
        self._token = ""
        self._renew_at = 0.0
        self._refused: CalipsoError | None = None
        self.version = ""
        """Release of the APIC, from its answer to the login."""

    def current(self) -> tuple[str, str]:
        """Return the controller's address and a token. Raises a CalipsoError."""
        with self._lock:
            if self._token and self._clock() >= self._renew_at:
                self._refresh()
            if not self._token:
                self._log_in()
            return self._urls[0], self._token

    def expired(self, token: str) -> None:
        """Forget a token that the APIC no longer accepts, unless another thread has fetched a new one."""
        with self._lock:
            if self._token == token:
                self._token = ""

    def left(self, url: str) -> bool:
        """Switch to the next controller, because this one cannot be reached; return False if there is no other."""
        with self._lock:
            if len(self._urls) == 1:
                return False
            if self._urls[0] == url:  # else another thread has switched already
                self._urls.append(self._urls.pop(0))
                self._token = ""
            return True

    def log_out(self) -> None:
        """End the session, because an APIC limits the sessions of a user. A failure is logged only."""
        if not self._token:
            return
        body = {"aaaUser": {"attributes": {"name": self._section.login}}}
        try:
            self._http.post(f"{self._urls[0]}{LOGOUT}", json=body, headers=cookie(self._token), allow_redirects=False)
        except (OSError, CalipsoError) as error:
            logger.info("logging out of %s: %s", self._urls[0], type(error).__name__)
        self._token = ""

    def _log_in(self) -> None:
        """Log in to the first controller that can be reached. A refused login is not repeated: accounts get locked."""
        if self._refused is not None:
            raise self._refused
        if self._section.pwd is None or not self._urls:
            raise SourceNotConfigured("ACI")
        attributes = {"name": self._section.login, "pwd": str(self._secrets.resolve(self._section.pwd))}
        for number in range(len(self._urls), 0, -1):
            url = self._urls[0]
            try:
                response = self._patience.ask(
                    url,
                    lambda: self._http.post(
                        f"{self._urls[0]}{LOGIN}", json={"aaaUser": {"attributes": attributes}}, allow_redirects=False
                    ),
                )
            except ApiUnreachable as error:
                if number == 1:
                    raise
                logger.warning("%s; trying the next controller", error)
                self._urls.append(self._urls.pop(0))
            else:
                self._take(response, url, LOGIN)
                return

    def _refresh(self) -> None:
        """Fetch the next token. If that fails for any reason, forget the token: a new login follows."""
        url = self._urls[0]
        try:
            response = self._http.get(f"{url}{REFRESH}", headers=cookie(self._token), allow_redirects=False)
            self._take(response, url, REFRESH)
        except (OSError, CalipsoError) as error:
            logger.info("the token of %s was not refreshed (%s); logging in again", url, type(error).__name__)
            self._token = ""

    def _take(self, response: requests.Response | None, url: str, path: str) -> None:
        if response is None:
            raise ParseError("http", "no answer at all")
        if response.status_code != requests.codes.ok:
            said = str(self._secrets.scrub(message_of(response)))
            if path == LOGIN and response.status_code in REFUSED:
                told_by = "ACI.user, ACI.pwd and ACI.domain"
                self._refused = ControllerRefused(url, self._section.login, said, told_by)
                raise self._refused
            if requests.codes.multiple_choices <= response.status_code < requests.codes.bad_request:
                said = "a redirect, which is not followed. Configure the APIC's own address"
            raise ApiFailed(f"APIC {url}", path, response.status_code, said)
        told = _told(self._secrets.scrub(response.content.decode("utf-8", "replace")), f"{url}{path}")
        self._token = self._secrets.remember(told.text("token"), what="the token of an APIC")
        valid = decimal_or_none(told.text_or_none("refreshTimeoutSeconds") or "") or USUAL_S
        self._renew_at = self._clock() + valid * EARLY
        self.version = told.text_or_none("version") or self.version


def cookie(token: str) -> dict[str, str]:
    """Return the header that carries the token."""
    return {"Cookie": f"APIC-cookie={token}"}


def _told(content: str, asked: str) -> Fields:
    """Return the attributes of a login. Raises ParseError without the content, which may hold the token."""
    found = f"a text of {len(content)} characters that is not JSON"
    try:
        body: Any = json.loads(content)
        failure = failure_in(body)
        rows = objects(Fields.of(body, parser=PARSER, where="$").members.get("imdata"), parser=PARSER, where="imdata")
        # Some releases answer aaaRefresh with aaaLogin, others with aaaRefresh.
        found = (
            failure[1] if failure else f"{len(rows)} objects: {', '.join(one for row in rows for one in row.members)}"
        )
        told = next((row.child(one).child("attributes") for row in rows for one in ANSWERED if one in row), None)
        if told is not None and told.text("token"):
            return told
        found = f"{found} without a token"
    except ParseError:
        found = "JSON of another form"
    except (ValueError, RecursionError):
        pass
    raise ParseError(
        PARSER, f"imdata: expected aaaLogin with attributes and a token, found {found[:SHOWN]}", query=asked
    )
