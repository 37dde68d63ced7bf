# SPDX-License-Identifier: Apache-2.0
"""Describes the listener to RabbitMQ; kombu is imported when one is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from calipso_nornir.live.listener_base import ListenerKind, described_by

if TYPE_CHECKING:
    from calipso_nornir.live.listener_base import ListenerBase, Post


def _make(post: Post) -> ListenerBase:
    from calipso_nornir.live.amqp import AmqpListener  # noqa: PLC0415 - not everybody has kombu

    return AmqpListener(post)


AMQP: Final = ListenerKind(name="amqp", wanted=described_by("AMQP"), make=_make)
