# SPDX-License-Identifier: Apache-2.0
"""HTTP to the services of one cloud: retries, TLS, and the reading of bodies and failures."""

from __future__ import annotations

import json
import logging
import re
import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import IncompleteRead, RemoteDisconnected
from typing import TYPE_CHECKING, Any

import requests
import urllib3
from keystoneauth1 import exceptions
from keystoneauth1.session import Session

from calipso_nornir._version import __version__
from calipso_nornir.errors import ApiUnreachable, ParseError
from calipso_nornir.sources.bounded_http import BoundedAdapter, Bounds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from calipso_nornir.metadata.environment_openstack import OpenStackSection

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 10.0
MAX_WAIT_S = 60.0
MAX_BACKOFF_S = 8.0
RETRIED = frozenset({429, 500, 502, 503, 504})
MAX_DEPTH = 60
MAX_MESSAGE_BYTES = 1 << 20
SLOW = "no answer in time"
SECRET_FIELDS = re.compile(
    r"(^|[-_:.])(admin_?pass|adminpassword|password|passwd|passphrase|user_data|private_key|public_key|secret|"
    r"secret_key|token|psk)$",
    re.IGNORECASE,
)
"""Fields of replies that do or may contain secrets: passwords, user data (from cloud-init), key material."""


def session(*, verify: bool | str, cert: str | tuple[str, str] | None, bounds: Bounds) -> Session:
    """Return a session with the given limits and TLS; it follows no redirect, which would disclose the token."""
    plain = requests.Session()
    for scheme in ("http://", "https://"):
        plain.mount(scheme, BoundedAdapter(bounds))
    if verify is False:
        logger.warning("TLS certificates are not verified (OpenStack.verify is false)")
        # Logged once here; urllib3 would log it for every request.
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    return Session(
        session=plain, verify=verify, cert=cert, redirect=False, app_name="calipso_nornir", app_version=__version__
    )


def bounds_of(section: OpenStackSection) -> Bounds:
    """Return the limits for one answer."""
    return Bounds(
        connect_s=min(CONNECT_TIMEOUT_S, section.timeout_s),
        read_s=section.timeout_s,
        answer_s=section.answer_timeout_s,
        answer_bytes=section.max_answer_mib << 20,
        section="OpenStack",
    )


class Patience:
    """How often, and after which pause, a request is made again."""

    def __init__(self, retries: int, sleep: Callable[[float], None]) -> None:
        self._retries = retries
        self._sleep = sleep
        self._doubtful: set[str] = set()

    def ask(self, url: str, request: Callable[[], requests.Response | None]) -> requests.Response | None:
        """Make a request until it is answered, or the attempts are used up.

        An address that did not answer at all gets only one attempt the next time: a dead service must not cost all its
        time-outs for every query. Raises ApiUnreachable.
        """
        left = 0 if url in self._doubtful else self._retries
        backoff = 0.5
        while True:
            try:
                response = request()
            except (exceptions.ConnectionError, OSError) as error:
                cause = cause_of(error)
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
            logger.info("%s: %s; asked again in %.1f s", url, cause, wait)
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
        problem = "it is nested too deep"
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


def message_of(response: requests.Response) -> str:
    """Return the text of an error answer: OpenStack puts ``message`` into an object of any name, proxies send HTML."""
    try:
        body = json.loads(response.content) if len(response.content) <= MAX_MESSAGE_BYTES else None
    except (ValueError, RecursionError):
        start = response.content[:4000].decode("utf-8", "replace")
        text = re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", start, flags=re.DOTALL)
        return " ".join(text.split())[:300] or response.reason or "no text"
    said = next(_messages(body), "")
    return " ".join(said.split())[:300] or response.reason or "no text"


def _messages(body: object) -> Iterator[str]:
    if not isinstance(body, dict):
        return
    for holder in (body, *body.values()):
        for key in ("message", "detail", "title"):
            if isinstance(holder, dict) and isinstance(holder.get(key), str) and holder[key].strip():
                yield holder[key]
    errors = body.get("errors")
    if isinstance(errors, list) and errors:
        yield from _messages({"error": errors[0]})


def _may_pass(error: BaseException) -> bool:
    """Return whether a failure to connect may be temporary; a wrong certificate is not."""
    if isinstance(error, exceptions.RetriableConnectionFailure):
        return not any(isinstance(one, ssl.SSLCertVerificationError) for one in _chain(error))
    broken = (requests.exceptions.ChunkedEncodingError, requests.ConnectionError, requests.Timeout)
    return any(isinstance(one, broken) for one in _chain(error)) and not isinstance(error, exceptions.SSLError)


def cause_of(error: BaseException) -> str:
    """Return the innermost cause of a failed request, in few words; requests nests it four levels deep."""
    said = next(filter(None, map(_in_words, _chain(error))), "")
    return said or next((str(one)[:300] for one in _chain(error) if str(one)), type(error).__name__)


def _in_words(error: BaseException) -> str | None:
    words: str | None = None
    match error:
        case requests.ConnectTimeout():
            words = "no connection in time"
        case requests.Timeout():
            words = SLOW
        case ssl.SSLCertVerificationError():
            words = f"TLS: {error.verify_message}. Name the authority's file in OpenStack.cacert"
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
