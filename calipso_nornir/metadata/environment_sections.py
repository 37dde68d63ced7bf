# SPDX-License-Identifier: Apache-2.0
"""The sections of an environment's ``configuration``: which keys each takes, and what it cannot do without.

Keys are those of the developer guide (discovery.md 1.9); what this product adds is marked in the docstrings.
Every secret is a reference (``SecretRef``).
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from calipso_nornir.metadata.environment_fields import Count, Host, PathOrFalse, Port, Seconds, Secret, Text, Url

Need = tuple[str, str]
"""Key and what is wrong with it not being there, or being there."""

AUTH_METHODS = {
    "password": "password",
    "v3password": "password",
    "v3applicationcredential": "application_credential",
    "token": "token",
    "v3token": "token",
}


class Section(BaseModel):
    """Base: nothing but what is declared; values never in error messages."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
    needs: ClassVar[tuple[str, ...]] = ()
    """Keys without which the section is of no use."""

    @classmethod
    def lacks(cls, given: Mapping[str, Any]) -> Iterator[Need]:
        """Yield what keeps these keys from working together; ``given`` holds the keys that have a value."""
        for key in cls.needs:
            if key not in given:
                yield key, "is missing"

    @classmethod
    def keys(cls) -> set[str]:
        """Return every key that may stand in the section."""
        return {info.alias or key for key, info in cls.model_fields.items()}

    def given(self) -> dict[str, Any]:
        """Return the keys that were set, in plain containers; pydantic's own dump would take references apart."""
        fields = type(self).model_fields
        return {fields[key].alias or key: _plain(getattr(self, key)) for key in fields if key in self.model_fields_set}


def _plain(value: Any) -> Any:  # noqa: ANN401 - any JSON value, and references
    if isinstance(value, Section):
        return value.given()
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return tuple(_plain(one) for one in value) if isinstance(value, tuple) else value


class OpenStackSection(Section):
    """The API. New beside host, port, user, pwd, admin_token (unused) and admin_project: all from ``auth_url`` on.

    ``host`` and ``port`` stand for ``http://host:port/v3``. ``os_cloud`` names an entry of clouds.yaml,
    which then says how to log in. ``project_domain`` and ``user_domain`` are names; without one the id
    ``default`` is meant.
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
    timeout_s: Seconds = 60.0
    retries: int = Field(default=3, ge=0, le=20)

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
        """How to log in: "password", "application_credential" or "token"."""
        return auth_method({key: getattr(self, key) for key in self.model_fields_set})

    @property
    def keystone_url(self) -> str:
        """The URL of Keystone with ``/v3`` at its end; "" when ``os_cloud`` says it."""
        if self.auth_url is not None:
            base = self.auth_url.rstrip("/")
            return base if base.endswith("/v3") else f"{base}/v3"
        if self.host is None:
            return ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/v3"

    @classmethod
    def lacks(cls, given: Mapping[str, Any]) -> Iterator[Need]:
        """As in the base; what is needed depends on the way of logging in."""
        if given.get("client_key") and "cert" not in given:
            yield "cert", "is missing: client_key is the key of a certificate"
        if "os_cloud" in given:
            yield from (
                (key, "goes not with os_cloud, which says it already") for key in cls.LOGIN_KEYS if key in given
            )
            return
        yield from _lacks_place(given)
        yield from _lacks_login(given)


def auth_method(given: Mapping[str, Any]) -> str:
    """Tell the way of logging in; without ``auth_type`` it follows from what is given."""
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
        yield "auth_url", "says host and port already; remove those"
    if isinstance(url, str) and url.rstrip("/").endswith("/v2.0"):
        yield "auth_url", "is of Identity v2.0, which no supported release has; end it with /v3"
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


class MysqlSection(Section):
    """The database. New: ``schemas`` (logical name -> schema), ``cells`` (schemas of Nova's cells), time-outs, TLS.

    ``schema`` is Nova's. ``connect_timeout`` is the older name of ``connect_timeout_s``.
    """

    needs = ("host", "user")
    host: Host | None = None
    port: Port = 3306
    user: Text | None = None
    pwd: Secret | None = None
    schema_: Text | None = Field(default=None, alias="schema")
    connect_timeout: Seconds | None = None
    connect_timeout_s: Seconds = 10.0
    timeout_s: Seconds = 60.0
    schemas: dict[Text, Text] = Field(default_factory=dict)
    cells: tuple[Text, ...] = ()
    cacert: Text | None = None
    verify: bool = True
    cert: Text | None = None
    client_key: Text | None = None

    def schemas_of(self, database: str) -> tuple[str, ...]:
        """Return the schemas that hold a logical database: several only for Nova's cells."""
        if database == "nova" and self.cells:
            return self.cells
        own = self.schema_ if database == "nova" else None
        return (self.schemas.get(database, own or database),)


class HostAccess(Section):
    """How to reach one host over SSH, where that differs from the section."""

    host: Host | None = None
    user: Text | None = None
    port: Port | None = None
    key: Text | None = None
    pwd: Secret | None = None
    passphrase: Secret | None = None
    platform: Text | None = None
    jump: Text | None = None


class PrefixRule(Section):
    """What to put before a program that lives in a container."""

    distribution: Text | None = None
    distribution_version: Text | None = None
    program: Text
    prefix: tuple[Text, ...] = Field(min_length=1)


class CliSection(HostAccess):
    """SSH. ``host`` is a gateway, ``hosts`` a table of hosts; all below is new."""

    hosts: dict[Text, HostAccess] = Field(default_factory=dict)
    host_keys: Literal["strict", "accept-new", "insecure"] = "strict"
    known_hosts: Text | None = None
    ssh_config: PathOrFalse | None = None
    agent: bool = True
    sudo: bool = True
    exclude: tuple[Text, ...] = ()
    connect_timeout_s: Seconds | None = None
    host_timeout_s: Seconds | None = None
    max_output_mib: Count | None = None
    workers: Count | None = None
    prefixes: tuple[PrefixRule, ...] = ()

    @classmethod
    def keys(cls) -> set[str]:
        """As in the base, with those of a prefix rule."""
        return super().keys() | PrefixRule.keys()


class AmqpSection(Section):
    """The message bus; for the event listener."""

    needs = ("host", "user", "pwd")
    host: Host | None = None
    port: Port = 5672
    user: Text | None = None
    pwd: Secret | None = None


class MonitoringSection(Section):
    """The monitoring server."""

    needs = ("server_ip",)
    type: Text = "Sensu"
    config_folder: Text | None = None
    provision: Text = "None"
    env_type: Text = "production"
    api_port: Port | None = None
    rabbitmq_user: Text | None = None
    rabbitmq_pass: Secret | None = None
    rabbitmq_port: Port | None = None
    server_ip: Host | None = None
    server_name: Text | None = None
    ssh_port: Port | None = None
    ssh_user: Text | None = None
    ssh_password: Secret | None = None
    install_monitoring_client: bool = False


class NfvSection(Section):
    """An NFV provider; accepted, not used."""

    host: Host | None = None
    port: Port | None = None
    user: Text | None = None
    pwd: Secret | None = None
    nfv_token: Secret | None = None


class AciSection(Section):
    """The APIC of a Cisco ACI fabric."""

    needs = ("host", "user", "pwd")
    host: Host | None = None
    user: Text | None = None
    pwd: Secret | None = None


class KubernetesSection(Section):
    """The API server of a Kubernetes cluster."""

    needs = ("host", "token")
    host: Host | None = None
    port: Port = 6443
    user: Text | None = None
    token: Secret | None = None


class PlainSection(Section):
    """VMware and Bare-metal: names that are known, for which nothing is done yet."""

    host: Host | None = None
    port: Port | None = None
    user: Text | None = None
    pwd: Secret | None = None


SECTIONS: dict[str, type[Section]] = {
    "OpenStack": OpenStackSection,
    "mysql": MysqlSection,
    "CLI": CliSection,
    "AMQP": AmqpSection,
    "Monitoring": MonitoringSection,
    "NFV_provider": NfvSection,
    "ACI": AciSection,
    "Kubernetes": KubernetesSection,
    "VMware": PlainSection,
    "Bare-metal": PlainSection,
}
"""Every section by its name."""
