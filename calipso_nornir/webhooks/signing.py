# SPDX-License-Identifier: Apache-2.0
"""Signatures of messages, as in Standard Webhooks (standardwebhooks.com): HMAC-SHA256 over id, time and body."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from typing import Final

from calipso_nornir.errors import InvalidRequest

PREFIX: Final = "whsec_"
SHORTEST: Final = 24
LONGEST: Final = 64
"""Bytes of a key."""


def new_secret() -> str:
    """Return a new secret, in the form in which receivers' libraries take it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def key_of(secret: str) -> bytes:
    """Return the key that a secret holds. Raises InvalidRequest, without the secret."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(PREFIX) or not SHORTEST <= len(key) <= LONGEST:
        raise InvalidRequest(f"secret: expected {PREFIX} and base64 of {SHORTEST} to {LONGEST} bytes", "secret")
    return key


def headers_of(secret: str, *, id_: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the headers of a message."""
    signed = f"{id_}.{timestamp}.".encode() + body
    signature = base64.b64encode(hmac.digest(key_of(secret), signed, hashlib.sha256)).decode()
    return {"webhook-id": id_, "webhook-timestamp": str(timestamp), "webhook-signature": f"v1,{signature}"}
