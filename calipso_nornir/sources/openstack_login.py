# SPDX-License-Identifier: Apache-2.0
"""One login at Keystone for one scan: shared by all threads, renewed when it expires, not retried once refused.

Keystone locks accounts after some failed logins (``[security_compliance] lockout_failure_attempts``): so a wrong
password must be sent only once, not once per query.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests
from keystoneauth1 import exceptions

from calipso_nornir.errors import (
    AnswerTooLarge,
    AnswerTooSlow,
    ApiFailed,
    ApiUnreachable,
    CalipsoError,
    NotAuthenticated,
    ParseError,
)
from calipso_nornir.sources.openstack_catalog import Endpoint, endpoints
from calipso_nornir.sources.openstack_http import message_of

if TYPE_CHECKING:
    from keystoneauth1.access import AccessInfo
    from keystoneauth1.identity.base import BaseIdentityPlugin
    from keystoneauth1.session import Session

    from calipso_nornir.model.source_kinds import Secrets
    from calipso_nornir.sources.http_asking import Patience
    from calipso_nornir.sources.openstack_settings import Settings

logger = logging.getLogger(__name__)

PATH = "/auth/tokens"


@dataclass(frozen=True, slots=True)
class KeystoneToken:
    """Keystone's answer: the token itself, its user, and the catalogue."""

    value: str = field(repr=False)
    user: str
    project: str
    roles: tuple[str, ...]
    endpoints: tuple[Endpoint, ...] = field(repr=False)
    catalog: list[Any] = field(repr=False)

    def may_see_all(self, admin_roles: tuple[str, ...]) -> bool:
        """Return whether one of the roles may see every project. Keystone's names ignore case."""
        return bool({role.lower() for role in self.roles} & {role.lower() for role in admin_roles})


class Login:
    """Provides the current token."""

    def __init__(self, settings: Settings, session: Session, *, patience: Patience, vault: Secrets) -> None:
        self._settings = settings
        self._session = session
        self._patience = patience
        self._vault = vault
        self._lock = threading.Lock()
        self._token: KeystoneToken | None = None
        self._refused: str | None = None
        self._hopeless: AnswerTooSlow | AnswerTooLarge | None = None

    def token(self) -> KeystoneToken:
        """Return a token that is not about to expire.

        Raises NotAuthenticated, AnswerTooSlow, AnswerTooLarge (each again at every later call, without another
        attempt), ApiUnreachable, ApiFailed or ParseError.
        """
        with self._lock:
            return self._current()

    def renew(self, refused: KeystoneToken) -> KeystoneToken:
        """Log in again because a service refused a token; of several threads, one logs in and the others share it."""
        with self._lock:
            if self._token is not None and self._token.value == refused.value:
                logger.info("a token was refused before its time; logging in again as %s", refused.user)
                self._settings.plugin.invalidate()
            return self._current()

    def _current(self) -> KeystoneToken:
        if self._refused is not None:
            raise NotAuthenticated(self._settings.url, self._settings.user, self._refused)
        if self._hopeless is not None:
            raise self._hopeless
        try:
            access = self._ask()
            if self._token is None or self._token.value != access.auth_token:
                self._token = self._read(access)
        except NotAuthenticated as error:
            self._refused = error.cause
            raise
        except (AnswerTooSlow, AnswerTooLarge) as error:
            self._hopeless = error
            raise
        return self._token

    def _ask(self) -> AccessInfo:
        """Let keystoneauth log in if necessary."""
        url = self._settings.url
        plugin: BaseIdentityPlugin = self._settings.plugin  # type: ignore[assignment]  # all of ours are
        got: list[AccessInfo] = []

        def request() -> requests.Response | None:
            try:
                got.append(plugin.get_access(self._session))
            except exceptions.HttpError as error:
                if error.response is None:
                    raise
                return error.response
            return None

        problem = ""
        try:
            response = self._patience.ask(url, request)
        except exceptions.MissingAuthMethods:
            raise NotAuthenticated(url, self._settings.user, "it requires a second factor") from None
        except exceptions.DiscoveryFailure:
            raise ApiUnreachable(url, "there is no Identity API at this address") from None
        except (exceptions.ClientException, KeyError, TypeError, ValueError, AttributeError) as error:
            problem = f"the answer does not have the form of Identity v3 ({type(error).__name__})"
        if problem:
            raise ParseError("keystone token", problem, query=f"POST identity {PATH}")
        if response is not None:
            raise self._failure(response)
        return got[-1]

    def _failure(self, response: requests.Response) -> CalipsoError:
        said = str(self._vault.scrub(message_of(response))).rstrip(".")
        status = response.status_code
        if status in (requests.codes.unauthorized, requests.codes.forbidden):
            return NotAuthenticated(self._settings.url, self._settings.user, said)
        if status == requests.codes.not_found:
            said = f"{said}. Is auth_url that of Keystone?"
        return ApiFailed("identity", PATH, status, said)

    def _read(self, access: AccessInfo) -> KeystoneToken:
        problem = ""
        try:
            value = str(access.auth_token)
            catalog = list(access.service_catalog.catalog) if access.has_service_catalog() else []
            token = KeystoneToken(
                value=self._vault.remember(value, what="the token"),
                user=str(access.username),
                project=str(access.project_name or ("all of the system" if access.system_scoped else "none")),
                roles=tuple(str(role) for role in access.role_names or ()),
                endpoints=endpoints(catalog),
                catalog=catalog,
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            problem = f"the answer does not have the form of Identity v3 ({type(error).__name__})"
        if problem:
            raise ParseError("keystone token", problem, query=f"POST identity {PATH}")
        logger.debug("logged in at %s as %s with %s", self._settings.url, token.user, ", ".join(token.roles))
        return token
