# SPDX-License-Identifier: Apache-2.0
"""Tests the section Kafka: logs in, looks for the topics of notifications, and asks for the group's offsets.

The group is not joined, and nothing is read or committed: a listener that runs notices nothing of it.
"""

from __future__ import annotations

import logging
import re
import time
from typing import TYPE_CHECKING, Final

from calipso_nornir.model.source_kinds import Finding
from calipso_nornir.preflight.listening import is_needed, no_library, no_section

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from calipso_nornir.model.environment import Environment
    from calipso_nornir.sources.secrets import Vault

SECTION: Final = "Kafka"
MOST_NAMED: Final = 5


def try_kafka(environment: Environment, vault: Vault, *, needed: bool, topics: Sequence[str]) -> Iterator[Finding]:
    """Yield what was tried. A scan needs none of it; an environment that listens, and who asks for it, needs it."""
    needed = is_needed(environment, needed=needed)
    if environment.section(SECTION) is None:
        yield no_section(SECTION)
        return
    try:
        from confluent_kafka import KafkaError, KafkaException, TopicPartition  # noqa: PLC0415 - not everybody has it

        from calipso_nornir.sources import kafka  # noqa: PLC0415 - as above
    except ModuleNotFoundError:
        yield no_library(SECTION, "confluent-kafka", "kafka", needed=needed)
        return
    section = kafka.kafka_of(environment)
    assert section is not None  # noqa: S101 - narrows the type; it is there
    group = kafka.group_of(section, environment.name)
    met: list[KafkaError] = []
    began = time.monotonic()
    what, consumer = "login", None
    try:
        given = kafka.settings(section, vault, group=group)
        consumer = kafka.consumer_of(given, met.append, logging.getLogger(__name__))
        known = kafka.reached(consumer, met)
        took = f"{1000 * (time.monotonic() - began):.0f} ms"
        yield Finding(SECTION, what, ok=True, detail=f"{', '.join(section.brokers)}, {took}", needed=needed)
        wanted = [re.compile(one) for one in kafka.patterns(topics, section.vhost)]
        found = sorted(one for one in known if any(pattern.match(one) for pattern in wanted))
        yield _topics(found)
        what = "group"
        places = [TopicPartition(one, 0) for one in found[:1] or ["notifications.info"]]
        consumer.committed(places, timeout=kafka.TIMEOUT_S)
        yield Finding(SECTION, what, ok=True, detail=f"the offsets of {group} can be read", needed=needed)
    except KafkaException as error:
        yield Finding(SECTION, what, ok=False, detail=kafka.worded(error), needed=needed)
    finally:
        if consumer is not None:
            consumer.close()


def _topics(found: Sequence[str]) -> Finding:
    if not found:
        why = "there are none of notifications yet: no service has sent one, or section vhost is another than theirs"
        return Finding(SECTION, "topics", ok=False, detail=why, needed=False)
    more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
    return Finding(SECTION, "topics", ok=True, detail=f"{', '.join(found[:MOST_NAMED])}{more}", needed=False)
