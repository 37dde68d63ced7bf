# SPDX-License-Identifier: Apache-2.0
"""The public keys of an issuer (RFC 7517), fetched when they are needed and kept for a while.

Answers are limited in size, time and number. Redirects are not followed. Unusable keys are left out.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import requests
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK, PyJWTError

from calipso_nornir.access.oidc_settings import check_url
from calipso_nornir.errors import LoginServiceUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from calipso_nornir.access.oidc_settings import OidcSettings

logger = logging.getLogger(__name__)

LARGEST: Final = 256 * 1024
"""Bytes of one answer."""
MOST_KEYS: Final = 50
RSA_BITS: Final = (2048, 8192)
"""Smaller keys can be broken; larger ones would keep us busy."""
PATIENCE_S: Final = 30.0
"""Between two attempts: tokens with invented key ids must not make us ask the issuer all the time."""
_KINDS: Final = {"RSA": ("RS", "PS"), "EC": ("ES",), "OKP": ("Ed",)}
"""The algorithms of each type of key, by how they begin. ``oct``, a shared secret, is not among them."""


@dataclass(slots=True)
class _Known:
    keys: list[dict[str, Any]] = field(default_factory=list)
    fetched: float = float("-inf")
    tried: float = float("-inf")
    problem: str = ""


class IssuerKeys:
    """The keys of one issuer; safe to use from several threads."""

    def __init__(self, settings: OidcSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._known = _Known()
        self._fetching = threading.Lock()

    def usable(self, key_id: str | None, algorithm: str) -> list[PyJWK]:
        """Return the keys that may have signed with this id and algorithm.

        An unknown id causes a search for new keys, at most every 30 seconds. If the issuer is down, known keys remain
        valid.

        Raises:
            LoginServiceUnavailable: there are no keys yet, or the id is not among them and the issuer is down.
        """
        if self._clock() - self._known.fetched > self._settings.keys_for_s:
            self._refresh()
        found = self._matching(key_id, algorithm)
        if not found and self._refresh():
            found = self._matching(key_id, algorithm)
        if not found and self._known.problem:
            raise LoginServiceUnavailable(f"issuer {self._settings.issuer}", self._known.problem)
        return found

    def fetch(self) -> list[dict[str, Any]]:
        """Ask the issuer. Raises LoginServiceUnavailable."""
        try:
            return self._fetch()
        except (OSError, ValueError, requests.RequestException) as error:
            raise LoginServiceUnavailable(f"issuer {self._settings.issuer}", _cause(error)) from None

    def _matching(self, key_id: str | None, algorithm: str) -> list[PyJWK]:
        named = [one for one in self._known.keys if key_id is None or one.get("kid") == key_id]
        return [key for one in named if (key := _key(one, algorithm)) is not None]

    def _refresh(self) -> bool:
        """Fetch the keys, unless that was tried a moment ago; return whether there are new ones."""
        before = self._known
        with self._fetching:
            if self._known is not before:
                return True  # another thread has just done it
            now = self._clock()
            if now - before.tried < PATIENCE_S:
                return False
            try:
                self._known = _Known(self.fetch(), fetched=now, tried=now)
            except LoginServiceUnavailable as error:
                logger.warning("%s", error)
                self._known = _Known(before.keys, before.fetched, tried=now, problem=error.cause)
        return True

    def _fetch(self) -> list[dict[str, Any]]:
        issuer = self._settings.issuer
        described = self._get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if described.get("issuer") != issuer:
            raise ValueError("its description names another issuer")
        where = str(described.get("jwks_uri"))
        try:
            check_url(where)
        except ValueError as error:
            raise ValueError(f"jwks_uri: {error}") from None
        keys = self._get(where).get("keys")
        if not isinstance(keys, list):
            raise ValueError("its keys are no list")  # noqa: TRY004 - of a document
        return [one for one in keys[:MOST_KEYS] if isinstance(one, dict)]

    def _get(self, url: str) -> dict[str, Any]:
        timeout = self._settings.timeout_s
        deadline = self._clock() + 2 * timeout
        verify = self._settings.cacertfile or True
        with requests.get(url, timeout=timeout, verify=verify, stream=True, allow_redirects=False) as answer:
            if answer.status_code != requests.codes.ok:
                raise ValueError(f"{url} answers {answer.status_code}")
            content = b""
            for part in answer.iter_content(16384):
                content += part
                if len(content) > LARGEST:
                    raise ValueError(f"{url} has more than {LARGEST} bytes")
                if self._clock() > deadline:
                    raise ValueError(f"{url} takes too long")
        found = json.loads(content)
        if not isinstance(found, dict):
            raise ValueError(f"{url} is no JSON object")  # noqa: TRY004 - of a document
        return found


def can_verify(described: dict[str, Any], algorithms: Iterable[str]) -> bool:
    """Tell whether a key is one for some of these algorithms, and can be used."""
    return any(_key(described, one) is not None for one in algorithms)


def _key(described: dict[str, Any], algorithm: str) -> PyJWK | None:
    """Return a key, if it is one for this algorithm and can be used."""
    beginnings = _KINDS.get(str(described.get("kty")), ())
    if not algorithm.startswith(beginnings) or not beginnings:
        return None
    if described.get("use", "sig") != "sig" or described.get("alg", algorithm) != algorithm:
        return None
    try:
        key = PyJWK(described, algorithm=algorithm)
    except (PyJWTError, ValueError, TypeError, KeyError, AttributeError) as error:
        logger.warning("a key of the issuer cannot be used: %s", type(error).__name__)
        return None
    if isinstance(key.key, RSAPublicKey) and not RSA_BITS[0] <= key.key.key_size <= RSA_BITS[1]:
        logger.warning("a key of the issuer is left out: RSA with %s bits", key.key.key_size)
        return None
    return key


def _cause(error: Exception) -> str:
    """Word an error; those of requests repeat addresses and objects."""
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not accepted"
    if isinstance(error, requests.Timeout):
        return "timed out"
    if isinstance(error, requests.ConnectionError):
        return "it does not answer"
    return str(error) or type(error).__name__
