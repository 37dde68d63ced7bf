# SPDX-License-Identifier: Apache-2.0
"""The file that says whose tokens are accepted (OpenID Connect), and which roles their claims give."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from calipso_nornir.access.settings_file import grants

if TYPE_CHECKING:
    from calipso_nornir.access.roles import Grants

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""With a public key only. An algorithm with a shared secret would let whoever knows a public key make tokens."""
Text = Annotated[str, Field(min_length=1)]


class OidcSettings(BaseModel):
    """An issuer, and what its tokens have to say."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    issuer: Text
    audience: tuple[Text, ...]
    algorithms: tuple[str, ...] = ALGORITHMS
    user_claim: Text = "sub"
    groups_claim: Text = "groups"
    groups: Mapping[str, Mapping[str, str]] = Field(default_factory=dict)
    roles: Mapping[str, str] = Field(default_factory=dict)
    cacertfile: str | None = None
    leeway_s: Annotated[float, Field(ge=0, le=300)] = 30.0
    keys_for_s: Annotated[float, Field(gt=0, le=86400)] = 300.0
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 5.0

    @field_validator("audience", mode="before")
    @classmethod
    def _one_or_more(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @field_validator("audience")
    @classmethod
    def _some(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError("expected at least one: a token for another service is none for this one")
        return value

    @field_validator("issuer")
    @classmethod
    def _secure(cls, value: str) -> str:
        check_url(value)
        return value

    @field_validator("algorithms")
    @classmethod
    def _asymmetric(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [one for one in value if one not in ALGORITHMS]
        if unknown or not value:
            raise ValueError(f"expected some of {', '.join(ALGORITHMS)}")
        return value

    @model_validator(mode="after")
    def _has_roles(self) -> OidcSettings:
        self.everyone, self.grants_by_group  # noqa: B018 - reading them checks them
        return self

    @property
    def everyone(self) -> Grants:
        """The roles of whoever has a token."""
        return grants(self.roles)

    @property
    def grants_by_group(self) -> dict[str, Grants]:
        """The roles that groups give."""
        return {group: grants(roles) for group, roles in self.groups.items()}


def check_url(url: str) -> None:
    """Raise ValueError unless an address is https, or on this machine."""
    parts = urlsplit(url)
    try:
        loopback = parts.hostname == "localhost" or ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        loopback = False
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and loopback)):
        raise ValueError("expected an address that begins with https://")
