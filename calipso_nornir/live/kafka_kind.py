# SPDX-License-Identifier: Apache-2.0
"""Describes the listener to Kafka; its library is imported when one is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from calipso_nornir.live.listener_base import ListenerBase, ListenerKind, Post

if TYPE_CHECKING:
    from calipso_nornir.model.environment import Environment

SECTION: Final = "Kafka"


def _wanted(environment: Environment) -> bool:
    return environment.section(SECTION) is not None


def _make(post: Post) -> ListenerBase:
    from calipso_nornir.live.kafka import KafkaListener  # noqa: PLC0415 - not everybody has the library

    return KafkaListener(post)


KAFKA: Final = ListenerKind(name="kafka", wanted=_wanted, make=_make)
