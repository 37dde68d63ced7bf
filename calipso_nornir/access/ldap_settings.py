# SPDX-License-Identifier: Apache-2.0
"""The file that says how users are found in an LDAP directory: the original Calipso's keys, and ours."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Final, Literal, cast
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from calipso_nornir.access.distinguished_names import normal
from calipso_nornir.access.settings_file import grants
from calipso_nornir.metadata.environment_fields import SECRET_KINDS
from calipso_nornir.model.addresses import host_port
from calipso_nornir.model.environment import SecretRef
from calipso_nornir.sources.secrets import resolve

if TYPE_CHECKING:
    from calipso_nornir.access.roles import Grants
    from calipso_nornir.model.environment import SecretKind

PORTS: Final = {"ldap": 389, "ldaps": 636}
_ATTRIBUTE: Final = r"^[A-Za-z][A-Za-z0-9;-]*$"
Attribute = Annotated[str, Field(pattern=_ATTRIBUTE)]
Text = Annotated[str, Field(min_length=1)]


class LdapServer(BaseModel):
    """One server of the directory."""

    model_config = ConfigDict(frozen=True)

    host: str
    port: int
    tls: bool

    @property
    def is_loopback(self) -> bool:
        """Whether nothing that is sent leaves this machine."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def __str__(self) -> str:
        return f"{'ldaps' if self.tls else 'ldap'}://{host_port(self.host, self.port)}"


class LdapSettings(BaseModel):
    """How users are found, and which roles their groups give.

    With ``user`` and ``password``, that account looks for the user's entry. Without them, the user's DN is
    ``user_id_attribute=NAME,user_tree_dn``, as in the original. A password is always tried by a bind as the user.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: tuple[str, ...]
    user_tree_dn: Text
    user_id_attribute: Attribute
    user: str | None = None
    password: str | Mapping[str, str] | None = Field(default=None, repr=False)
    user_objectclass: Attribute | None = None
    user_pass_attribute: str | None = Field(default=None, description="Of the original; passwords are never read.")
    query_scope: Literal["one", "sub"] = "one"
    tls_req_cert: Literal["demand", "default"] = "demand"
    tls_cacertfile: str | None = None
    start_tls: bool | None = None
    clear_text: bool = False
    group_tree_dn: str | None = None
    group_member_attribute: Attribute = "member"
    groups: Mapping[str, Mapping[str, str]] = Field(default_factory=dict)
    roles: Mapping[str, str] = Field(default_factory=dict)
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 5.0

    @field_validator("url", mode="before")
    @classmethod
    def _several(cls, value: object) -> object:
        return value.replace(",", " ").split() if isinstance(value, str) else value

    @field_validator("tls_req_cert", mode="before")
    @classmethod
    def _verified(cls, value: object) -> object:
        if value in ("allow", "never"):
            raise ValueError("certificates are always verified: say demand, and name the authority in tls_cacertfile")
        return value

    @model_validator(mode="after")
    def _makes_sense(self) -> LdapSettings:
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password belong together")
        if not self.url:
            raise ValueError("url names no server")
        for server in self.servers:
            if not (server.tls or server.is_loopback or self.starts_tls(server) or self.clear_text):
                raise ValueError(
                    f"{server}: passwords would cross the network in clear text. Say ldaps://, or start_tls: true "
                    "(or clear_text: true, if that is meant)"
                )
        self.everyone, self.grants_by_group  # noqa: B018 - reading them checks them
        return self

    @property
    def servers(self) -> tuple[LdapServer, ...]:
        """The servers, in the order in which they are asked. Raises ValueError."""
        return tuple(_server(one) for one in self.url)

    def starts_tls(self, server: LdapServer) -> bool:
        """Tell whether a connection in clear text turns to TLS before anything else is sent."""
        if server.tls:
            return False
        return self.start_tls if self.start_tls is not None else not (server.is_loopback or self.clear_text)

    @property
    def everyone(self) -> Grants:
        """The roles of whoever can log in."""
        return grants(self.roles)

    @property
    def grants_by_group(self) -> dict[str, Grants]:
        """The roles that groups give, by DN in its normal form."""
        return {normal(group): grants(roles) for group, roles in self.groups.items()}

    def secret(self) -> str:
        """Return the password of the account that looks for users. Raises SecretUnavailable."""
        if not isinstance(self.password, Mapping):
            return self.password or ""
        ((kind, locator),) = self.password.items()
        return resolve(SecretRef(cast("SecretKind", kind), locator))

    @field_validator("password")
    @classmethod
    def _reference(cls, value: object) -> object:
        if isinstance(value, Mapping) and (len(value) != 1 or next(iter(value)) not in SECRET_KINDS):
            raise ValueError(f"expected a text, or a reference: one of {', '.join(SECRET_KINDS)}")
        return value


def _server(url: str) -> LdapServer:
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname or parts.path.strip("/") or parts.query or parts.username:
        raise ValueError(f"url {url}: expected ldaps://HOST[:PORT] or ldap://HOST[:PORT]")
    return LdapServer(host=parts.hostname, port=parts.port or PORTS[parts.scheme], tls=parts.scheme == "ldaps")
