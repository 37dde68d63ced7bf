# SPDX-License-Identifier: Apache-2.0
"""Listens to the notifications that OpenStack's services send to Apache Kafka (oslo.messaging's driver ``kafka``).

The consumer group is this environment's own, so other groups get every message, too. If the broker no longer has the
group's offset, messages were missed, and everything is scanned once. When the brokers are lost, the listener begins
again with a new consumer.
"""

from __future__ import annotations

import logging

from confluent_kafka import KafkaException

from calipso_nornir.errors import CalipsoError, ListenerFailed
from calipso_nornir.live.kafka_consuming import Consuming
from calipso_nornir.live.listener_base import ListenerBase
from calipso_nornir.sources.kafka import consumer_of, group_of, kafka_of, patterns, reached, settings, worded
from calipso_nornir.sources.secrets import Vault

logger = logging.getLogger(__name__)


class KafkaListener(ListenerBase):
    """Listens to the topics that ``events.json`` names, on the brokers of the section Kafka."""

    def listen(self) -> None:
        """Listen until ``stopping`` is set, or the brokers are lost."""
        section = kafka_of(self.post.environment)
        assert section is not None  # noqa: S101 - narrows the type; the kind has asked
        topics = patterns((topic for one in self.post.catalog.queues for topic in one.topics), section.vhost)
        try:
            given = settings(section, Vault(), group=group_of(section, self.post.environment.name))
            consuming = Consuming(self)
            consumer = consumer_of(given | {"on_commit": consuming.answered}, consuming.met, logger)
            try:
                reached(consumer, consuming.errors)
                consuming.begin(consumer, topics)
                self.connected()
                while not self.stopping.is_set():
                    consuming.go_on(consumer)
            finally:
                consuming.end(consumer)
        except (CalipsoError, KafkaException, ConnectionError) as error:
            said = worded(error) if isinstance(error, KafkaException) else str(error)
            raise ListenerFailed("kafka", f"{', '.join(section.brokers)}: {said}") from error
