# SPDX-License-Identifier: Apache-2.0
"""Which offset of a partition may be committed; which topics are subscribed to."""

from __future__ import annotations

import random
import re

import pytest

from calipso_nornir.live.offsets import Offsets
from calipso_nornir.sources.kafka import patterns


def test_an_offset_is_committed_only_when_all_before_it_are_done() -> None:
    place = Offsets(10, seen_before=12)
    assert [place.takes(one) for one in (10, 11, 12)] == [False, False, False]
    assert [place.is_again(one) for one in (10, 11, 12)] == [True, True, False]
    place.done(12)
    place.done(11)
    assert place.to_commit() is None
    place.done(10)
    assert place.to_commit() == 13
    assert place.to_commit() is None
    assert len(place) == 0


def test_an_offset_whose_commit_failed_is_committed_again() -> None:
    place = Offsets(10, seen_before=10)
    place.takes(10)
    place.done(10)
    assert place.to_commit() == 11
    place.not_committed()
    assert place.to_commit() == 11
    assert place.to_commit() is None


@pytest.mark.parametrize("seed", range(20))
def test_whatever_the_order_nothing_undone_is_committed(seed: int) -> None:
    chance, place = random.Random(seed), Offsets(0, seen_before=0)  # noqa: S311 - no secret
    undone: list[int] = []
    last = 0
    for offset in range(100):
        place.takes(offset)
        undone.append(offset)
        if chance.random() < 0.7:
            place.done(undone.pop(chance.randrange(len(undone))))
        now = place.to_commit()
        last = last if now is None else now
        assert last == min(undone, default=offset + 1)


def test_messages_that_the_broker_no_longer_has_are_noticed() -> None:
    place = Offsets(3, seen_before=3)
    assert not place.takes(3)
    assert place.takes(7)
    assert not place.takes(8)


@pytest.mark.parametrize(
    ("topic", "vhost", "name", "is_wanted"),
    [
        ("notifications.*", None, "notifications.info", True),
        ("notifications.*", None, "versioned_notifications.info", False),
        ("notifications.*", None, "notifications.info.cloud", False),
        ("notifications.*", "cloud", "notifications.info.cloud", True),
        ("notifications.*", "cloud", "notifications.info", False),
        ("notifications.info", None, "notificationsXinfo", False),
        ("#", None, "anything.at.all", True),
    ],
)
def test_topics(topic: str, vhost: str | None, name: str, *, is_wanted: bool) -> None:
    (pattern,) = patterns([topic, topic], vhost)
    assert pattern.startswith("^")
    assert bool(re.search(pattern, name)) is is_wanted
