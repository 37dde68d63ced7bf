# SPDX-License-Identifier: Apache-2.0
"""Listens to the notifications of OpenStack's services on RabbitMQ.

The queues are this environment's own, so no other consumer loses a message. They are durable: the broker keeps messages
while nobody listens. Exchanges belong to the services and are never declared here: if their flags differed, the
services could not publish. A missing exchange is looked for every few seconds.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from amqp.exceptions import NotFound
from kombu import Consumer, Queue

from calipso_nornir.errors import CalipsoError, ListenerFailed
from calipso_nornir.live.listener_base import ListenerBase
from calipso_nornir.sources.amqp import bus_of, connection_to, errors_of, worded
from calipso_nornir.sources.secrets import Vault

if TYPE_CHECKING:
    from calipso_nornir.live.listener_base import Post

PREFETCH: Final = 2000
"""Maximum number of unsettled messages; the others wait at the broker."""
BIND_S: Final = 5.0
_POLL_S: Final = 0.1
_LONGEST_NAME: Final = 200
"""Bytes; AMQP allows 255."""


class AmqpListener(ListenerBase):
    """Listens to the exchanges that ``events.json`` names, on the bus of the section AMQP."""

    def __init__(self, post: Post) -> None:
        super().__init__(post)
        self._settled: deque[tuple[int, int]] = deque()
        self._lives = 0
        """Counts connections: a delivery can only be settled on the connection it came from."""

    def listen(self) -> None:
        """Listen until ``stopping`` is set, or the connection is lost."""
        section = bus_of(self.post.environment)
        assert section is not None  # noqa: S101 - narrows the type; the kind has asked
        where = f"{section['host']}:{section['port']}"
        try:
            connection = connection_to(section, Vault())
        except CalipsoError as error:
            raise ListenerFailed("amqp", f"{where}: {error}") from error
        try:
            with connection:
                connection.connect()
                self._consume(connection)
        except errors_of(connection) as error:
            raise ListenerFailed("amqp", f"{where}: {worded(error)}") from error

    def _consume(self, connection: Any) -> None:  # noqa: ANN401 - kombu has no types
        self._lives += 1
        life = self._lives
        bindings = _Bindings(connection, self.post)
        bindings.declare()
        self.missed("connected: what was sent before may not have reached the queue")
        with connection.channel() as channel:
            channel.basic_qos(0, PREFETCH, a_global=False)
            queues = [Queue(name, no_declare=True) for name in bindings.names.values()]
            with Consumer(channel, queues, on_message=lambda message: self._take(message, life), auto_declare=False):
                self.connected()
                beat = time.monotonic()
                while not self.stopping.is_set():
                    with suppress(TimeoutError):
                        connection.drain_events(timeout=_POLL_S)
                    self._acknowledge(channel, life)
                    if time.monotonic() - beat >= 1:
                        connection.heartbeat_check()
                        beat = time.monotonic()
                    for exchange in bindings.look_again():
                        self.missed(f"exchange {exchange} now exists")
            self._acknowledge(channel, life)

    def _take(self, message: Any, life: int) -> None:  # noqa: ANN401 - as above
        tag, info = message.delivery_tag, message.delivery_info
        body = message.body
        self.arrived(
            body if isinstance(body, bytes) else str(body).encode(errors="surrogateescape"),
            source=str(info.get("exchange") or ""),
            settle=lambda: self._settled.append((life, tag)),
            again=bool(info.get("redelivered")),
        )

    def _acknowledge(self, channel: Any, life: int) -> None:  # noqa: ANN401 - as above
        while self._settled:
            its_life, tag = self._settled.popleft()
            if its_life == life:
                channel.basic_ack(tag)


class _Bindings:
    """Binds an environment's queues to the exchanges of services, once these exist."""

    def __init__(self, connection: Any, post: Post) -> None:  # noqa: ANN401 - as above
        prefix = str((bus_of(post.environment) or {})["queue_prefix"])
        self._connection = connection
        self.names = {one: queue_name(prefix, post.environment.name, one.name) for one in post.catalog.queues}
        self._unbound = list(self.names)
        self._at = time.monotonic()

    def declare(self) -> None:
        """Declare the queues, and bind those whose exchange exists."""
        for name in self.names.values():
            with self._connection.channel() as channel:
                channel.queue_declare(name, durable=True, auto_delete=False)
        self._bind()

    def look_again(self) -> list[str]:
        """Look for missing exchanges, every few seconds; return those that have been bound."""
        if not self._unbound or time.monotonic() - self._at < BIND_S:
            return []
        self._at = time.monotonic()
        return self._bind()

    def _bind(self) -> list[str]:
        missing, bound = [], []
        for one in self._unbound:
            try:
                with self._connection.channel() as channel:  # a refusal closes its channel
                    for topic in one.topics:
                        channel.queue_bind(self.names[one], one.exchange, topic)
            except NotFound:
                missing.append(one)
            else:
                bound.append(one.exchange)
        self._unbound = missing
        return bound


def queue_name(prefix: str, environment: str, queue: str) -> str:
    """Return the name of an environment's own queue; a long one is shortened to a digest."""
    name = f"{prefix}.{environment}.{queue}"
    if len(name.encode(errors="surrogateescape")) <= _LONGEST_NAME:
        return name
    return f"{prefix[:100]}.{hashlib.sha256(name.encode(errors='surrogateescape')).hexdigest()[:40]}.{queue[:50]}"
