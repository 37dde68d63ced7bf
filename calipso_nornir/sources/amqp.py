# SPDX-License-Identifier: Apache-2.0
"""Connections to a message bus (AMQP 0-9-1), as the section AMQP of an environment describes it."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any, Final

from kombu import Connection

from calipso_nornir.metadata.environment_sections import AmqpSection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calipso_nornir.model.environment import Environment
    from calipso_nornir.sources.secrets import Vault

SECTION: Final = "AMQP"
TIMEOUT_S: Final = 10.0
HEARTBEAT_S: Final = 10.0


def bus_of(environment: Environment) -> Mapping[str, Any] | None:
    """Return the section AMQP with defaults for every field that the description leaves out; None without a section."""
    section = environment.section(SECTION)
    if section is None:
        return None
    return {name: field.default for name, field in AmqpSection.model_fields.items()} | dict(section)


def connection_to(section: Mapping[str, Any], vault: Vault) -> Connection:
    """Return a connection, not open yet, to the bus of a section from ``bus_of``.

    Raises:
        SecretUnavailable: the password cannot be read.
    """
    return Connection(
        transport="pyamqp",
        hostname=section["host"],
        port=section["port"],
        userid=section["user"],
        password=vault.resolve(section["pwd"]),
        virtual_host=section["vhost"],
        connect_timeout=TIMEOUT_S,
        heartbeat=HEARTBEAT_S,
        ssl=_tls(section) if section["tls"] else False,
        transport_options={"read_timeout": TIMEOUT_S, "write_timeout": TIMEOUT_S},
    )


def errors_of(connection: Connection) -> tuple[type[BaseException], ...]:
    """Return the exceptions of a connection that is lost, refused, or cannot be opened."""
    return (*connection.connection_errors, *connection.channel_errors, OSError)


def worded(error: BaseException) -> str:
    """Return the text of an error from the bus or the network."""
    said = getattr(error, "reply_text", None) or getattr(error, "strerror", None) or str(error)
    return str(said) or type(error).__name__


def _tls(section: Mapping[str, Any]) -> dict[str, Any]:
    """Return kombu's options for a TLS context; a file that cannot be read is an error when it connects."""
    verify = {"cert_reqs": ssl.CERT_REQUIRED, "server_hostname": section["host"]}
    return {
        "ca_certs": section["cacert"],
        "certfile": section["cert"],
        "keyfile": section["client_key"],
        **(verify if section["verify"] else {"cert_reqs": ssl.CERT_NONE}),
    }
