# SPDX-License-Identifier: Apache-2.0
"""Describes the listener to Kafka; its library is imported when one is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from calipso_nornir.live.listener_base import ListenerKind, described_by

if TYPE_CHECKING:
    from calipso_nornir.live.listener_base import ListenerBase, Post


def _make(post: Post) -> ListenerBase:
    from calipso_nornir.live.kafka import KafkaListener  # noqa: PLC0415 - not everybody has the library

    return KafkaListener(post)


KAFKA: Final = ListenerKind(name="kafka", wanted=described_by("Kafka"), make=_make)
