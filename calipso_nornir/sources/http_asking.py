# SPDX-License-Identifier: Apache-2.0
"""Repeats HTTP requests if that may help, words the causes of failures, and removes secrets from JSON bodies."""

from __future__ import annotations

import json
import logging
import re
import ssl
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import IncompleteRead, RemoteDisconnected
from typing import TYPE_CHECKING, Any

import requests
from keystoneauth1 import exceptions

from calipso_nornir.errors import ApiUnreachable, ParseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

logger = logging.getLogger(__name__)

MAX_WAIT_S = 60.0
MAX_BACKOFF_S = 8.0
RETRIED = frozenset({429, 500, 502, 503, 504})
MAX_DEPTH = 60
SLOW = "no answer in time"
SECRET_FIELDS = re.compile(
    r"(^|[-_:.])(admin_?pass|adminpassword|password|passwd|passphrase|user_data|private_key|public_key|secret|"
    r"secret_key|token|psk)$",
    re.IGNORECASE,
)
"""Fields of replies that do or may contain secrets: passwords, user data (from cloud-init), key material."""


class Patience:
    """How many times, and after which pauses, a request is repeated.

    ``authority``: the environment's key that names the file of a certification authority, for errors.
    """

    def __init__(
        self, retries: int, sleep: Callable[[float], None] = time.sleep, *, authority: str = "OpenStack.cacert"
    ) -> None:
        self._retries = retries
        self._sleep = sleep
        self._authority = authority
        self._doubtful: set[str] = set()

    def ask(self, url: str, request: Callable[[], requests.Response | None]) -> requests.Response | None:
        """Make a request until it is answered, or the attempts are used up.

        An address that did not answer at all gets only one attempt the next time: otherwise a dead service would cost
        all time-outs for every query. Raises ApiUnreachable.
        """
        left = 0 if url in self._doubtful else self._retries
        backoff = 0.5
        while True:
            try:
                response = request()
            except (exceptions.ConnectionError, OSError) as error:
                cause = cause_of(error, authority=self._authority)
                if not left or not _may_pass(error):
                    self._doubtful.add(url)
                    raise ApiUnreachable(url, cause) from None
                # A service that was too slow is asked only once more: each time costs the full time-out.
                left = min(left, 1) if cause == SLOW else left
                wait = backoff
            else:
                self._doubtful.discard(url)
                if response is None or response.status_code not in RETRIED or not left:
                    return response
                cause = f"answered {response.status_code}"
                wait = retry_after(response.headers.get("Retry-After"), backoff)
            logger.info("%s: %s; trying again in %.1f s", url, cause, wait)
            self._sleep(wait)
            left, backoff = left - 1, min(backoff * 2, MAX_BACKOFF_S)


def retry_after(header: str | None, otherwise: float) -> float:
    """Read Retry-After (RFC 9110, 10.2.3: seconds, or a date) into seconds, at most a minute."""
    if not header:
        return otherwise
    header = header.strip()
    if header.isdecimal():
        return min(float(header), MAX_WAIT_S)
    try:
        until = parsedate_to_datetime(header)
    except ValueError:
        return otherwise
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max((until - datetime.now(UTC)).total_seconds(), 0.0), MAX_WAIT_S)


def body_of(response: requests.Response) -> Any:  # noqa: ANN401 - any JSON
    """Return the JSON of an answer, without fields that may contain secrets. Raises ParseError."""
    problem = ""
    try:
        return without_secrets(json.loads(response.content))
    except RecursionError:
        problem = "it is nested too deeply"
    except ValueError:
        kind = response.headers.get("Content-Type", "no content type").partition(";")[0]
        problem = f"it is not JSON ({kind}, {len(response.content)} bytes)"
    raise ParseError("json", problem)


def without_secrets(value: Any, depth: int = MAX_DEPTH) -> Any:  # noqa: ANN401 - any JSON
    """Drop the fields that ``SECRET_FIELDS`` names, at any depth."""
    if depth == 0:
        raise RecursionError
    if isinstance(value, dict):
        return {key: without_secrets(one, depth - 1) for key, one in value.items() if not SECRET_FIELDS.search(key)}
    if isinstance(value, list):
        return [without_secrets(one, depth - 1) for one in value]
    return value


def _may_pass(error: BaseException) -> bool:
    """Return whether a failure to connect may be temporary; an invalid certificate is not."""
    if isinstance(error, exceptions.RetriableConnectionFailure):
        return not any(isinstance(one, ssl.SSLCertVerificationError) for one in _chain(error))
    broken = (requests.exceptions.ChunkedEncodingError, requests.ConnectionError, requests.Timeout)
    return any(isinstance(one, broken) for one in _chain(error)) and not isinstance(error, exceptions.SSLError)


def cause_of(error: BaseException, *, authority: str) -> str:
    """Return the innermost cause of a failed request, in a few words; requests nests it four levels deep."""
    said = next(filter(None, (_in_words(one, authority) for one in _chain(error))), "")
    return said or next((str(one)[:300] for one in _chain(error) if str(one)), type(error).__name__)


def _in_words(error: BaseException, authority: str) -> str | None:
    words: str | None = None
    match error:
        case requests.ConnectTimeout():
            words = "no connection in time"
        case requests.Timeout():
            words = SLOW
        case ssl.SSLCertVerificationError():
            words = f"TLS: {error.verify_message}. Name the authority's file in {authority}"
        case ssl.SSLError():
            words = f"TLS: {error.reason or 'failed'}. Does this port speak https?"
        case RemoteDisconnected():
            words = "the connection was closed without an answer"
        case IncompleteRead():
            words = "the answer was cut short"
        case OSError():
            words = error.strerror
    return words


def _chain(error: BaseException) -> Iterator[BaseException]:
    todo: list[object] = [error]
    seen: set[int] = set()
    while todo:
        one = todo.pop(0)
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            yield one
            todo += [one.__cause__, one.__context__, getattr(one, "reason", None), getattr(one, "original", None)]
            todo += one.args
