# SPDX-License-Identifier: Apache-2.0
"""The life of one consumer of Apache Kafka, from its subscription until the brokers are lost or it is closed.

An offset is committed once the results of all messages before it are stored; the next consumer receives again what was
not committed. Nothing here waits for a commit: librdkafka holds a thread that waits, or that closes a consumer, until
the brokers have answered a commit, even if they are gone (https://github.com/confluentinc/librdkafka/issues/3740).
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Final

from confluent_kafka import KafkaError, KafkaException, TopicPartition

from calipso_nornir.live.offsets import Offsets
from calipso_nornir.sources.kafka import TIMEOUT_S, worded

if TYPE_CHECKING:
    from confluent_kafka import Consumer, Message

    from calipso_nornir.live.listener_base import ListenerBase

logger = logging.getLogger(__name__)

MOST_OPEN: Final = 2000
"""Maximum number of unfinished messages; the others wait at the broker."""
COMMIT_S: Final = 0.5
DOWN_S: Final = 10.0
"""Seconds without any broker after which they are lost."""
CLOSE_S: Final = 5.0
"""Seconds that a consumer may take to commit and to leave its group; then it goes on alone."""
_POLL_S: Final = 0.1
_AT_ONCE: Final = 200
_LOST: Final = frozenset({KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT})  # noqa: SLF001 - so the library names its own errors
_PASSING: Final = frozenset({KafkaError._PARTITION_EOF, KafkaError.UNKNOWN_TOPIC_OR_PART})  # noqa: SLF001 - as above
Place = tuple[str, int]
"""A topic and the number of a partition."""


class Consuming:
    """Receives the messages of one consumer, and commits those that are finished.

    Attributes:
        errors: why no broker has answered yet, and errors that the library cannot recover from.
    """

    def __init__(self, listener: ListenerBase) -> None:
        self.errors: list[KafkaError] = []
        self._listener = listener
        self._settled: deque[tuple[Offsets, int]] = deque()
        self._places: dict[Place, Offsets] = {}
        self._down_since: float | None = None
        self._has_begun = False
        self._is_paused = False
        self._committed_at = time.monotonic()

    def begin(self, consumer: Consumer, topics: list[str]) -> None:
        """Subscribe to topics."""
        consumer.subscribe(topics, on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._lost)
        self._has_begun = True
        self.errors.clear()

    def go_on(self, consumer: Consumer) -> None:
        """Hand over what has arrived; commit what is finished, at most once in ``COMMIT_S``.

        Raises:
            KafkaException: an error from which the library does not recover.
            ConnectionError: no broker has answered for ``DOWN_S``.
        """
        for message in consumer.consume(_AT_ONCE, _POLL_S):
            self._take(message)
        self._see_whether_alive(consumer)
        if time.monotonic() - self._committed_at >= COMMIT_S:
            self._committed_at = time.monotonic()
            self._commit(consumer)
        is_full = sum(map(len, self._places.values())) >= MOST_OPEN
        if is_full != self._is_paused:
            (consumer.pause if is_full else consumer.resume)(consumer.assignment())
            self._is_paused = is_full

    def end(self, consumer: Consumer) -> None:
        """Commit what is finished, and close the consumer.

        A consumer that has not closed within ``CLOSE_S`` does so once its brokers answer, in a thread of its own.
        """
        self._commit(consumer)
        closing = threading.Thread(target=consumer.close, name="kafka: closing", daemon=True)
        closing.start()
        closing.join(CLOSE_S)
        if closing.is_alive():
            logger.info("kafka: the brokers do not answer; the consumer closes when they do")

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
            self._listener.missed(f"the brokers no longer have all messages of {topic}")
        self._down_since = None
        self._listener.arrived(
            _bytes(message.value()),
            source="kafka",
            settle=lambda: self._settled.append((place, offset)),
            again=place.is_again(offset),
        )

    def _commit(self, consumer: Consumer) -> None:
        """Begin to commit what is finished; nothing while no broker answers."""
        while self._settled:
            place, offset = self._settled.popleft()
            place.done(offset)
        if self._down_since is not None:
            return
        offsets = [
            TopicPartition(topic, number, first_open)
            for (topic, number), place in self._places.items()
            if (first_open := place.to_commit()) is not None
        ]
        if offsets:
            self._send(consumer, offsets)

    @staticmethod
    def _send(consumer: Consumer, offsets: list[TopicPartition]) -> None:
        try:
            consumer.commit(offsets=offsets, asynchronous=True)
        except KafkaException as error:  # they are received again, which does no harm
            logger.info("kafka: offsets are not committed: %s", worded(error))

    # --- called by the library, in the thread that polls or closes the consumer

    def answered(self, error: KafkaError | None, offsets: list[TopicPartition]) -> None:
        """Receive the result of a commit; one that failed is tried again."""
        if error is None:
            return
        logger.info("kafka: offsets are not committed: %s", worded(error))
        for one in offsets:
            if place := self._places.get((one.topic, one.partition)):
                place.not_committed()

    def met(self, error: KafkaError) -> None:
        """Record an error: the library retries by itself, but does not report."""
        is_lost = error.code() in _LOST
        if is_lost:
            self._down_since = self._down_since or time.monotonic()
        if error.code() not in _PASSING and not (is_lost and self._has_begun):
            self.errors.append(error)

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Begin at the group's offset; without one at the end, after a scan of everything."""
        begin = []
        for known in consumer.committed(partitions, timeout=TIMEOUT_S):
            low, high = consumer.get_watermark_offsets(known, timeout=TIMEOUT_S)
            if not low <= known.offset <= high:
                self._listener.missed(f"no offset of {known.topic} that the brokers still know")
                known.offset = high
            self._places[known.topic, known.partition] = Offsets(known.offset, seen_before=high)
            begin.append(TopicPartition(known.topic, known.partition, known.offset))
        consumer.assign(begin)
        self._is_paused = False
        if begin:  # so that a message that comes before the first commit is not missed by the next consumer
            self._send(consumer, begin)

    def _revoked(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._commit(consumer)
        self._lost(consumer, partitions)

    def _lost(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        for one in partitions:
            self._places.pop((one.topic, one.partition), None)

    def _see_whether_alive(self, consumer: Consumer) -> None:
        """Raise if no broker has answered for a while: the library reports lost brokers, but not their return."""
        if self.errors:
            raise KafkaException(self.errors[0])
        if self._down_since is not None and time.monotonic() - self._down_since > DOWN_S:
            try:
                consumer.list_topics(timeout=1.0)
            except KafkaException as error:
                raise ConnectionError(f"no broker has answered for {DOWN_S:g} s") from error
            self._down_since = None


def _bytes(value: bytes | str | None) -> bytes:
    return value if isinstance(value, bytes) else (value or "").encode()
