# SPDX-License-Identifier: Apache-2.0
"""Consumers of Apache Kafka, as the section Kafka of an environment describes it."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException

from calipso_nornir.metadata.environment_sections import KafkaSection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from calipso_nornir.model.environment import Environment
    from calipso_nornir.sources.secrets import Vault

SECTION: Final = "Kafka"
TIMEOUT_S: Final = 10.0
REFRESH_S: Final = 5.0
"""Seconds between two checks for new topics and partitions."""
_OPTIONS: Final = {"cacert": "ssl.ca.location", "cert": "ssl.certificate.location", "client_key": "ssl.key.location"}


def kafka_of(environment: Environment) -> KafkaSection | None:
    """Return the section Kafka; None if there is none."""
    section = environment.section(SECTION)
    return None if section is None else KafkaSection.model_validate(dict(section))


def group_of(section: KafkaSection, environment: str) -> str:
    """Return the id of an environment's own consumer group."""
    return f"{section.group_prefix}.{environment}"


def settings(section: KafkaSection, vault: Vault, *, group: str) -> dict[str, Any]:
    """Return the settings for librdkafka; only the caller commits offsets.

    Raises:
        SecretUnavailable: the password cannot be read.
    """
    found: dict[str, Any] = {
        "bootstrap.servers": ",".join(section.brokers),
        "group.id": group,
        "client.id": "calipso",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "latest",
        "topic.metadata.refresh.interval.ms": int(REFRESH_S * 1000),
        "session.timeout.ms": 10_000,
        "socket.connection.setup.timeout.ms": int(TIMEOUT_S * 1000),
        "security.protocol": f"{'sasl_' if section.sasl else ''}{'ssl' if section.tls else 'plaintext'}",
    }
    if section.sasl:
        found |= {"sasl.mechanism": section.sasl, "sasl.username": section.user}
        found["sasl.password"] = vault.resolve(section.pwd) if section.pwd is not None else ""
    if section.tls:
        found |= {option: getattr(section, key) for key, option in _OPTIONS.items() if getattr(section, key)}
        found["enable.ssl.certificate.verification"] = section.verify
        found["ssl.endpoint.identification.algorithm"] = "https" if section.verify else "none"
    return found


def consumer_of(found: Mapping[str, Any], errors: Callable[[KafkaError], None], logger: Any) -> Consumer:  # noqa: ANN401 - a logging.Logger
    """Return a consumer; while it is polled, it calls ``errors`` with each error.

    Raises:
        KafkaException: a file cannot be read, or an option is wrong.
    """
    return Consumer({**found, "error_cb": errors, "logger": logger})


def reached(consumer: Consumer, met: Sequence[KafkaError]) -> Any:  # noqa: ANN401 - topics by name; the library has no type for it
    """Wait until a broker answers; return the topics. ``met`` collects the errors of the consumer's callback.

    Raises:
        KafkaException: no broker answers; it has the first error in ``met``, which says more than a time-out.
    """
    deadline = time.monotonic() + TIMEOUT_S
    while True:
        try:
            return consumer.list_topics(timeout=1.0).topics
        except KafkaException as error:
            consumer.poll(0)  # calls the error callback
            if met or time.monotonic() > deadline:
                causes = [one for one in met if one.code() != KafkaError._ALL_BROKERS_DOWN]  # noqa: SLF001 - so the library names it
                raise (KafkaException(causes[0]) if causes else error) from None


def worded(error: KafkaException | KafkaError) -> str:
    """Return the text of an error from a broker or the library."""
    inner = error.args[0] if isinstance(error, KafkaException) else error
    return inner.str() if isinstance(inner, KafkaError) else str(inner)


def patterns(topics: Iterable[str], vhost: str | None) -> list[str]:
    """Return the topics to subscribe to, in librdkafka's form: a text that begins with ^ is a regular expression.

    oslo.messaging's topics have names such as ``notifications.info``, followed by the virtual host of its
    ``transport_url``, if that has one. ``*`` and ``#`` are wildcards, as in routing keys of AMQP.
    """
    tail = rf"\.{re.escape(vhost)}" if vhost else ""
    return [f"^{_expression(one)}{tail}$" for one in dict.fromkeys(topics)]


def _expression(topic: str) -> str:
    wild = {"*": "[^.]+", "#": ".*"}
    return r"\.".join(wild.get(word) or re.escape(word) for word in topic.split("."))
