# SPDX-License-Identifier: Apache-2.0
"""Bearer tokens of an OpenID Connect issuer: JWTs (RFC 7519) that identify a user, signed with its key."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import jwt

from calipso_nornir.access.issuer_keys import IssuerKeys, can_verify
from calipso_nornir.access.users import Identified
from calipso_nornir.errors import LoginServiceUnavailable
from calipso_nornir.model.source_kinds import Finding
from calipso_nornir.model.text import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calipso_nornir.access.oidc_settings import OidcSettings

logger = logging.getLogger(__name__)

SECTION: Final = "OpenID Connect"
LONGEST: Final = 16 * 1024
"""Characters of a token."""
_REQUIRED: Final = ["exp", "iss", "aud"]


@dataclass(frozen=True, slots=True)
class Claimed:
    """The content of a token with a valid signature: the user, and the token's id."""

    who: Identified
    token_id: str | None
    expires_at: datetime


class Issuer:
    """One issuer whose tokens are accepted."""

    source: Final = "oidc"

    def __init__(self, settings: OidcSettings, keys: IssuerKeys | None = None) -> None:
        self._settings = settings
        self._keys = keys or IssuerKeys(settings)

    def claimed(self, token: str) -> Claimed | None:
        """Return what a token says; None for one that is not right. Raises LoginServiceUnavailable."""
        if len(token) > LONGEST or token.count(".") != 2:  # noqa: PLR2004 - header, claims and signature (RFC 7515, 7.1)
            return None
        try:
            return self._identified(self._verified(token))
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, OSError, RecursionError) as error:
            logger.info("a token of the issuer is refused: %s", plain(str(error)))
            return None

    def check(self) -> list[Finding]:
        """Fetch the keys, and return whether one of them can verify tokens."""
        issuer, algorithms = self._settings.issuer, self._settings.algorithms
        try:
            keys = self._keys.fetch()
        except LoginServiceUnavailable as error:
            todo = "correct issuer or cacertfile in the file of --oidc_config, or see to the issuer"
            return [Finding(SECTION, issuer, ok=False, detail=f"{error.cause}; {todo}")]
        usable = sum(can_verify(one, algorithms) for one in keys)
        if not usable:
            detail = f"none of its {len(keys)} keys is one for {', '.join(algorithms)}: correct algorithms, or its keys"
            return [Finding(SECTION, issuer, ok=False, detail=detail)]
        return [Finding(SECTION, issuer, ok=True, detail=f"{usable} of its {len(keys)} keys can be used")]

    def _verified(self, token: str) -> Mapping[str, Any]:
        """Return the claims. A token cannot choose its key: ``jku``, ``jwk`` and ``x5u`` are ignored."""
        header = jwt.get_unverified_header(token)
        algorithm = header.get("alg")
        if algorithm not in self._settings.algorithms:
            raise jwt.InvalidAlgorithmError("its algorithm is not accepted")
        if "crit" in header:  # extensions that must be understood (RFC 7515, 4.1.11); none is
            raise jwt.InvalidTokenError("it has critical extensions")
        wrong: jwt.PyJWTError = jwt.InvalidKeyError("its key is not known")
        for key in self._keys.usable(header.get("kid"), str(algorithm)):
            try:
                return self._decoded(token, key, str(algorithm))
            except jwt.InvalidSignatureError as error:
                wrong = error
        raise wrong

    def _decoded(self, token: str, key: jwt.PyJWK, algorithm: str) -> Mapping[str, Any]:
        settings = self._settings
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=list(settings.audience),
            issuer=settings.issuer,
            leeway=settings.leeway_s,
            options={"require": _REQUIRED},
        )
        return claims

    def _identified(self, claims: Mapping[str, Any]) -> Claimed:
        settings = self._settings
        name = _claim(claims, settings.user_claim)
        if not isinstance(name, str) or not name:
            raise ValueError(f"it has no claim {settings.user_claim}")
        grants = settings.everyone
        by_group = settings.grants_by_group
        for group in _words(_claim(claims, settings.groups_claim)):
            if group in by_group:
                grants = grants.with_those_of(by_group[group])
        token_id = claims.get("jti")
        expires = datetime.fromtimestamp(float(claims["exp"]), UTC)
        return Claimed(Identified(name=name, grants=grants), str(token_id)[:200] if token_id else None, expires)


def _claim(claims: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - JSON
    """Return a claim by its name, or by its path: ``realm_access.roles``."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _words(value: object) -> list[str]:
    """Return a claim with several values: a list, or words of one text, as in ``scope``."""
    if isinstance(value, str):
        return value.split()
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
