# SPDX-License-Identifier: Apache-2.0
"""Listens to the notifications that OpenStack's services send to Apache Kafka (oslo.messaging's driver ``kafka``).

The consumer group is this environment's own, so other groups get every message, too. An offset is committed once the
results of all messages before it are stored; the next process receives again what was not committed. If the broker no
longer has the group's offset, messages were missed, and everything is scanned once.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from typing import TYPE_CHECKING, Final

from confluent_kafka import KafkaError, KafkaException, TopicPartition

from calipso_nornir.errors import CalipsoError, ListenerFailed
from calipso_nornir.live.listener_base import ListenerBase
from calipso_nornir.live.offsets import Offsets
from calipso_nornir.sources.kafka import TIMEOUT_S, consumer_of, group_of, kafka_of, patterns, reached, settings, worded
from calipso_nornir.sources.secrets import Vault

if TYPE_CHECKING:
    from confluent_kafka import Consumer, Message

    from calipso_nornir.live.listener_base import Post

logger = logging.getLogger(__name__)

MOST_OPEN: Final = 2000
"""Maximum number of unfinished messages; the others wait at the broker."""
COMMIT_S: Final = 0.5
DOWN_S: Final = 10.0
"""Seconds without any broker after which the listener reports it, and connects again."""
_POLL_S: Final = 0.1
_AT_ONCE: Final = 200
_LOST: Final = frozenset({KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT})  # noqa: SLF001 - so the library names its own errors
_PASSING: Final = frozenset({KafkaError._PARTITION_EOF, KafkaError.UNKNOWN_TOPIC_OR_PART})  # noqa: SLF001 - as above
Place = tuple[str, int]
"""A topic and the number of a partition."""


class KafkaListener(ListenerBase):
    """Listens to the topics that ``events.json`` names, on the brokers of the section Kafka."""

    def __init__(self, post: Post) -> None:
        super().__init__(post)
        self._settled: deque[tuple[Offsets, int]] = deque()
        self._places: dict[Place, Offsets] = {}
        self._down_since: float | None = None
        self._is_paused = False
        self._errors: list[KafkaError] = []
        """Errors that the library cannot recover from, and why no broker has answered yet."""

    def listen(self) -> None:
        """Listen until ``stopping`` is set, or the brokers are lost."""
        section = kafka_of(self.post.environment)
        assert section is not None  # noqa: S101 - narrows the type; the kind has asked
        where = ", ".join(section.brokers)
        self._places, self._down_since, self._errors = {}, None, []
        self._settled.clear()
        try:
            given = settings(section, Vault(), group=group_of(section, self.post.environment.name))
            consumer = consumer_of(given | {"on_commit": self._answered}, self._met, logger)
        except (CalipsoError, KafkaException) as error:
            said = worded(error) if isinstance(error, KafkaException) else str(error)
            raise ListenerFailed("kafka", f"{where}: {said}") from error
        topics = patterns((topic for one in self.post.catalog.queues for topic in one.topics), section.vhost)
        try:
            self._consume(consumer, topics)
        except (KafkaException, ConnectionError) as error:
            said = worded(error) if isinstance(error, KafkaException) else str(error)
            raise ListenerFailed("kafka", f"{where}: {said}") from error
        finally:
            consumer.close()

    def _consume(self, consumer: Consumer, topics: list[str]) -> None:
        reached(consumer, self._errors)
        consumer.subscribe(topics, on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._lost)
        self.connected()
        self._errors.clear()
        committed_at = time.monotonic()
        while not self.stopping.is_set():
            for message in consumer.consume(_AT_ONCE, _POLL_S):
                self._take(message)
            self._see_whether_alive(consumer)
            self._count_settled()
            if time.monotonic() - committed_at >= COMMIT_S:
                committed_at = time.monotonic()
                self._commit(consumer, waits=False)
            is_full = sum(map(len, self._places.values())) >= MOST_OPEN
            if is_full != self._is_paused:
                (consumer.pause if is_full else consumer.resume)(consumer.assignment())
                self._is_paused = is_full
        self._count_settled()
        self._commit(consumer)

    def _take(self, message: Message) -> None:
        error = message.error()
        if error is not None:
            if error.code() not in _PASSING:
                raise KafkaException(error)
            return
        topic, partition, offset = message.topic(), message.partition(), message.offset()
        place = self._places.get((str(topic), int(partition or 0)))
        if place is None or offset is None:
            return  # of a partition that was revoked in the meantime
        if place.takes(offset):
            self.missed(f"the brokers no longer have all messages of {topic}")
        self._down_since = None
        self.arrived(
            _bytes(message.value()),
            source="kafka",
            settle=lambda: self._settled.append((place, offset)),
            again=place.is_again(offset),
        )

    def _count_settled(self) -> None:
        while self._settled:
            place, offset = self._settled.popleft()
            place.done(offset)

    def _commit(self, consumer: Consumer, *, waits: bool = True) -> None:
        """Commit finished messages.

        A commit that waits for lost brokers would hold the thread for the library's time-out, one minute. So the loop
        never waits, and nothing is committed while no broker answers.
        """
        if self._down_since is not None:
            return
        offsets = [
            TopicPartition(topic, number, offset)
            for (topic, number), place in self._places.items()
            if (offset := place.to_commit()) is not None
        ]
        if offsets:
            self._committed(consumer, offsets, waits=waits)

    @staticmethod
    def _committed(consumer: Consumer, offsets: list[TopicPartition], *, waits: bool = True) -> None:
        try:
            if waits:
                consumer.commit(offsets=offsets, asynchronous=False)
            else:
                consumer.commit(offsets=offsets, asynchronous=True)
        except KafkaException as error:  # they are received again, which does no harm
            logger.info("kafka: offsets are not committed: %s", worded(error))

    # --- called by the library, in the thread that polls

    def _answered(self, error: KafkaError | None, offsets: list[TopicPartition]) -> None:
        """Receive the result of a commit; one that failed is tried again by the loop."""
        if error is None:
            return
        logger.info("kafka: offsets are not committed: %s", worded(error))
        for one in offsets:
            if place := self._places.get((one.topic, one.partition)):
                place.not_committed()

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Begin at the group's offset; without one at the end, after a scan of everything."""
        begin = []
        for known in consumer.committed(partitions, timeout=TIMEOUT_S):
            low, high = consumer.get_watermark_offsets(known, timeout=TIMEOUT_S)
            if not low <= known.offset <= high:
                self.missed(f"no offset of {known.topic} that the brokers still know")
                known.offset = high
            self._places[known.topic, known.partition] = Offsets(known.offset, seen_before=high)
            begin.append(TopicPartition(known.topic, known.partition, known.offset))
        consumer.assign(begin)
        self._is_paused = False
        if begin:  # so that a message that comes before the first commit is not missed by the next process
            self._committed(consumer, begin)

    def _revoked(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._count_settled()
        self._commit(consumer)
        self._lost(consumer, partitions)

    def _lost(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        for one in partitions:
            self._places.pop((one.topic, one.partition), None)

    def _met(self, error: KafkaError) -> None:
        """Record an error: the library retries by itself, but does not report."""
        is_lost = error.code() in _LOST
        if is_lost:
            self._down_since = self._down_since or time.monotonic()
        if error.code() not in _PASSING and not (is_lost and self.is_connected):
            self._errors.append(error)

    def _see_whether_alive(self, consumer: Consumer) -> None:
        """Raise if no broker has answered for a while: the library reports lost brokers, but not their return."""
        if self._errors:
            raise KafkaException(self._errors[0])
        if self._down_since is not None and time.monotonic() - self._down_since > DOWN_S:
            try:
                consumer.list_topics(timeout=1.0)
            except KafkaException as error:
                raise ConnectionError(f"no broker has answered for {DOWN_S:g} s") from error
            self._down_since = None


def _bytes(value: bytes | str | None) -> bytes:
    return value if isinstance(value, bytes) else (value or "").encode()
