# SPDX-License-Identifier: Apache-2.0
"""The section OpenStack: the address of Keystone, and the login method."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from calipso_nornir.metadata.environment_fields import Host, Port, Secret, Text, Url
from calipso_nornir.metadata.environment_http import HttpSection
from calipso_nornir.metadata.environment_section import Need
from calipso_nornir.model.addresses import host_port

AUTH_METHODS = {
    "password": "password",
    "v3password": "password",
    "v3applicationcredential": "application_credential",
    "token": "token",
    "v3token": "token",
}


class OpenStackSection(HttpSection):
    """The API: the address of Keystone, and how to log in.

    New in addition to host, port, user, pwd, admin_token (unused) and admin_project: all keys from ``auth_url`` on.

    ``host`` and ``port`` stand for ``http://host:port/v3``. ``os_cloud`` names an entry of clouds.yaml, which then
    defines the login. ``project_domain`` and ``user_domain`` are names; the default is the domain with id ``default``.
    """

    host: Host | None = None
    port: Port = 5000
    user: Text | None = None
    pwd: Secret | None = None
    admin_token: Secret | None = None
    admin_project: Text = "admin"
    auth_url: Url | None = None
    auth_type: Text | None = None
    project_id: Text | None = None
    user_domain: Text | None = None
    user_domain_id: Text = "default"
    project_domain: Text | None = None
    project_domain_id: Text = "default"
    application_credential_id: Text | None = None
    application_credential_name: Text | None = None
    application_credential_secret: Secret | None = None
    token: Secret | None = None
    os_cloud: Text | None = None
    region: Text | None = None
    interface: Literal["public", "internal", "admin"] = "public"
    cacert: Text | None = None
    verify: bool = True
    cert: Text | None = None
    client_key: Text | None = None
    endpoint_overrides: dict[Text, Url] = Field(default_factory=dict)
    admin_roles: tuple[Text, ...] = ("admin",)

    LOGIN_KEYS: ClassVar[tuple[str, ...]] = (
        "host",
        "port",
        "auth_url",
        "auth_type",
        "user",
        "pwd",
        "admin_project",
        "project_id",
        "user_domain",
        "user_domain_id",
        "project_domain",
        "project_domain_id",
        "application_credential_id",
        "application_credential_name",
        "application_credential_secret",
        "token",
    )

    @property
    def method(self) -> str:
        """The login method: "password", "application_credential" or "token"."""
        return auth_method({key: getattr(self, key) for key in self.model_fields_set})

    @property
    def keystone_url(self) -> str:
        """The URL of Keystone with ``/v3`` at its end; "" if ``os_cloud`` gives it."""
        if self.auth_url is not None:
            base = self.auth_url.rstrip("/")
            return base if base.endswith("/v3") else f"{base}/v3"
        if self.host is None:
            return ""
        return f"http://{host_port(self.host, self.port)}/v3"

    @classmethod
    def lacks(cls, given: Mapping[str, Any]) -> Iterator[Need]:
        """As in the base; which keys are required depends on the login method."""
        if given.get("client_key") and "cert" not in given:
            yield "cert", "is missing: client_key is the key of a certificate"
        if "os_cloud" in given:
            yield from (
                (key, "cannot be combined with os_cloud, which already gives it")
                for key in cls.LOGIN_KEYS
                if key in given
            )
            return
        yield from _lacks_place(given)
        yield from _lacks_login(given)


def auth_method(given: Mapping[str, Any]) -> str:
    """Return the login method; without ``auth_type`` it follows from the given keys."""
    auth_type = given.get("auth_type")
    if auth_type is not None:
        return AUTH_METHODS.get(str(auth_type), "")
    if any(given.get(f"application_credential_{part}") for part in ("id", "name", "secret")):
        return "application_credential"
    return "token" if given.get("token") and not given.get("pwd") else "password"


def _lacks_place(given: Mapping[str, Any]) -> Iterator[Need]:
    url = given.get("auth_url")
    if url is None and "host" not in given:
        yield "auth_url", "is missing; give auth_url, or host and port, or os_cloud"
    if url is not None and ("host" in given or "port" in given):
        yield "auth_url", "already gives host and port; remove those"
    if isinstance(url, str) and url.rstrip("/").endswith("/v2.0"):
        yield "auth_url", "is a URL of Identity v2.0, which no supported release has; end it with /v3"
    if url is None and ("cacert" in given or "cert" in given):
        yield "auth_url", "is missing: host and port mean plain http, a certificate needs auth_url: https://…"


def _lacks_login(given: Mapping[str, Any]) -> Iterator[Need]:
    match auth_method(given):
        case "password":
            wanted = ["user", "pwd"]
        case "application_credential":
            wanted = ["application_credential_secret"]
            if "application_credential_id" not in given:
                wanted += ["application_credential_name", "user"]
        case "token":
            wanted = ["token"]
        case _:
            known = ", ".join(AUTH_METHODS)
            yield "auth_type", f"must be one of {known}; others work through os_cloud and clouds.yaml"
            return
    for key in wanted:
        if key not in given:
            yield key, "is missing"
