# SPDX-License-Identifier: Apache-2.0
"""Finds secrets in texts and JSON, in several notations, and masks them."""

from __future__ import annotations

import base64
import json
import re
import shlex
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK = "***"
SHORT = 8
"""Shorter secrets are masked only as separate words: as parts of words, they could occur in any text."""
# fmt: off
COMMON_WORDS = frozenset(
    {
        "admin", "administrator", "calipso", "changeme", "cinder", "default",
        "demo", "glance", "guest", "keystone", "mysql", "neutron",
        "nova", "openstack", "password", "placement", "public", "rabbitmq",
        "root", "secret", "service", "stack", "test",
    }
)
# fmt: on
"""Passwords that occur in every recording as names. Masking them would reveal them, and spoil the recording."""


class Masking:
    """All known secrets, as one pattern."""

    def __init__(self) -> None:
        self._forms: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def add(self, secret: str) -> bool:
        """Add a secret. Return False if it is a common word, which is not masked."""
        if secret.lower() in COMMON_WORDS:
            return False
        if secret:
            self._forms |= set(_forms(secret))
            ordered = sorted(self._forms, key=len, reverse=True)
            self._pattern = re.compile("|".join(_expression(form) for form in ordered))
        return True

    def scrub(self, value: Any) -> Any:  # noqa: ANN401 - text or JSON, and the same back
        """Return the text, or the JSON value, with every known secret replaced by ``***``, in keys as well."""
        return value if self._pattern is None else _scrub(value, self._pattern)


def _scrub(value: Any, pattern: re.Pattern[str]) -> Any:  # noqa: ANN401 - as above
    if isinstance(value, str):
        return pattern.sub(MASK, value)
    if isinstance(value, dict):
        return {_scrub(key, pattern): _scrub(one, pattern) for key, one in value.items()}
    if isinstance(value, tuple):
        return tuple(_scrub(one, pattern) for one in value)
    if isinstance(value, list):
        return [_scrub(one, pattern) for one in value]
    return value


def _forms(secret: str) -> Iterable[str]:
    """Yield the notations of a secret: unchanged, in URLs, in JSON, in Base64, quoted for a shell."""
    yield secret
    raw = _raw(secret)
    yield quote(raw, safe="")
    yield quote_plus(raw)
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield repr(str(secret))[1:-1]
    yield shlex.quote(secret)
    yield base64.b64encode(raw).decode()


def _raw(secret: str) -> bytes:
    """Return the bytes that a program sends: the original ones if they were not UTF-8 (PEP 383), else the text's."""
    try:
        return secret.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return secret.encode(errors="surrogatepass")  # a lone surrogate, from a JSON file


def _expression(form: str) -> str:
    escaped = re.escape(form)
    return escaped if len(form) >= SHORT else rf"(?<![\w-]){escaped}(?![\w-])"
