# SPDX-License-Identifier: Apache-2.0
"""The sections of an environment's ``configuration``: which keys each accepts, and which it needs.

Keys are those of the developer guide (discovery.md 1.9); the docstrings mark those that this product adds.
Every secret is a reference (``SecretRef``).
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from calipso_nornir.metadata.environment_fields import Broker, Count, Host, PathOrFalse, Port, Seconds, Secret, Text
from calipso_nornir.metadata.environment_section import Need, Section


class MysqlSection(Section):
    """The cloud's database server.

    New: ``schemas`` (logical name -> schema), ``cells`` (schemas of Nova's cells), time-outs, TLS.

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
    answer_timeout_s: Seconds = 300.0
    max_answer_mib: Count = 96
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
    """How to reach one host over SSH, if that differs from the section."""

    host: Host | None = None
    user: Text | None = None
    port: Port | None = None
    key: Text | None = None
    pwd: Secret | None = None
    passphrase: Secret | None = None
    platform: Text | None = None
    enable: Secret | None = None
    jump: Text | None = None


class PrefixRule(Section):
    """What to put before a program that lives in a container."""

    distribution: Text | None = None
    distribution_version: Text | None = None
    program: Text
    prefix: tuple[Text, ...] = Field(min_length=1)


class CliSection(HostAccess):
    """SSH to the hosts. ``host`` is a jump host for all; ``hosts`` is a table of hosts with their own settings.

    All below is new.
    """

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
    watch: bool = False
    prefixes: tuple[PrefixRule, ...] = ()

    @classmethod
    def keys(cls) -> set[str]:
        """As in the base, with those of a prefix rule."""
        return super().keys() | PrefixRule.keys()


class AmqpSection(Section):
    """The message bus; for the event listener.

    New: ``vhost``, TLS, ``queue_prefix`` (the names of the listener's own queues begin with it).
    """

    needs = ("host", "user", "pwd")
    host: Host | None = None
    port: Port = 5672
    user: Text | None = None
    pwd: Secret | None = None
    vhost: Text = "/"
    queue_prefix: Text = "calipso"
    tls: bool = False
    cacert: Text | None = None
    verify: bool = True
    cert: Text | None = None
    client_key: Text | None = None


class KafkaSection(Section):
    """Apache Kafka, if oslo.messaging sends notifications to it; for the event listener.

    New. ``brokers`` are ``host:port``. ``vhost`` is the one in the services' ``transport_url``: their topic names end
    with it. The consumer group's name begins with ``group_prefix``. ``user`` and ``pwd`` are the login for ``sasl``.
    """

    needs = ("brokers",)
    brokers: tuple[Broker, ...] = Field(default=(), min_length=1)
    vhost: Text | None = None
    group_prefix: Text = "calipso"
    sasl: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    user: Text | None = None
    pwd: Secret | None = None
    tls: bool = False
    cacert: Text | None = None
    verify: bool = True
    cert: Text | None = None
    client_key: Text | None = None

    @classmethod
    def lacks(cls, given: Mapping[str, Any]) -> Iterator[Need]:
        """Yield what is missing: a login needs user and password."""
        yield from super().lacks(given)
        if "sasl" in given:
            yield from ((key, "is missing: sasl needs it") for key in ("user", "pwd") if key not in given)


class MonitoringSection(Section):
    """The monitoring system.

    New: everything after ``install_monitoring_client``.
    """

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
    install_monitoring_server: bool = True
    interval: Count = 60
    mode: Literal["host", "objects"] = "host"
    api_url: Text | None = None
    api_token: Secret | None = None
    api_user: Text | None = None
    api_password: Secret | None = None
    namespace: Text = "default"
    ca_file: Text | None = None
    agent_url: Text | None = None
    agent_user: Text | None = None
    agent_password: Secret | None = None
    exporter_port: Port = 9100
    receiver_host: Host | None = None
    receiver_port: Port = 3334
    receiver_url: Text | None = None
    receiver_token: Secret | None = None


class NfvSection(Section):
    """An NFV provider; accepted, but not used."""

    host: Host | None = None
    port: Port | None = None
    user: Text | None = None
    pwd: Secret | None = None
    nfv_token: Secret | None = None


class PlainSection(Section):
    """VMware and Bare-metal: accepted names that have no effect yet."""

    host: Host | None = None
    port: Port | None = None
    user: Text | None = None
    pwd: Secret | None = None


OTHER_SECTIONS: dict[str, type[Section]] = {
    "AMQP": AmqpSection,
    "Kafka": KafkaSection,
    "Monitoring": MonitoringSection,
    "NFV_provider": NfvSection,
    "VMware": PlainSection,
    "Bare-metal": PlainSection,
}
"""Sections that no source reads, by name; the kinds of sources name the others."""
