# SPDX-License-Identifier: Apache-2.0
"""What is looked at, and when: no event is forgotten, none is settled before its objects were looked at."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from calipso_nornir.live.agenda import GATHER_S, LOOKS_S, MORE_S, MOST, PATIENCE_S, SOON_S, Agenda
from calipso_nornir.model.refs import ObjectRef

A, B, C = (ObjectRef("cloud", "port", name) for name in "abc")


def test_a_burst_is_one_batch() -> None:
    agenda: Agenda[str] = Agenda()
    for number in range(5):
        agenda.touch(f"event {number}", [A, B], now=number / 100)
    assert agenda.take(0.05) is None, "it waits for the others"
    batch = agenda.take(GATHER_S)
    assert batch is not None
    assert set(batch.refs) == {A, B}
    assert sorted(agenda.looked(batch, now=1, changed=False)) == [f"event {number}" for number in range(5)]
    assert agenda.waiting == 0


def test_an_object_is_looked_at_again_until_nothing_changes() -> None:
    agenda: Agenda[str] = Agenda()
    agenda.touch("event", [A], now=0)
    at = []
    for changed in (True, True, True, True, False):
        due = agenda.next_due()
        assert due is not None
        at.append(due)
        batch = agenda.take(due)
        assert batch is not None
        agenda.looked(batch, now=due, changed=changed)
    last = LOOKS_S[-1]
    assert at == [*LOOKS_S, last + MORE_S[0], last + MORE_S[0] + MORE_S[1]]
    assert agenda.next_due() is None


def test_what_may_be_deadly_is_looked_at_apart_from_others_and_more_at_once_each_time() -> None:
    agenda: Agenda[str] = Agenda()
    deadly = [ObjectRef("cloud", "port", f"deadly {number}") for number in range(10)]
    agenda.touch("good", [A, B], now=0)
    for one in deadly:
        agenda.touch(one.id, [one], now=0, alone=True)
    sizes = []
    while (batch := agenda.take(GATHER_S)) is not None:
        assert set(batch.refs) == {A, B} or {A, B}.isdisjoint(batch.refs)
        sizes.append(len(batch.refs))
        agenda.looked(batch, now=GATHER_S, changed=False)
    assert sizes == [2, 1, 2, 4, 3]


def looks(agenda: Agenda[str], *, until: float = 1e9, finished_at: float = 1e9) -> list[float]:
    """Return when there are looks at an object that is finished, and thereby changes, at a time."""
    at: list[float] = []
    while (due := agenda.next_due()) is not None and due < until:
        batch = agenda.take(due)
        assert batch is not None
        assert bool(batch.last_refs) is (len(at) >= len(LOOKS_S) - 1)
        changed = bool(at) and at[-1] < finished_at <= due
        at.append(due)
        agenda.looked(batch, now=due, changed=changed, is_unfinished=due < finished_at)
    return at


def test_what_has_changed_is_looked_at_once_more() -> None:
    agenda: Agenda[str] = Agenda()
    agenda.touch("event", [A], now=0)
    at = []
    while (due := agenda.next_due()) is not None:
        batch = agenda.take(due)
        assert batch is not None
        at.append(due)
        agenda.looked(batch, now=due, changed=len(at) == 1)
    assert at == [*LOOKS_S, LOOKS_S[-1] + MORE_S[0]]


def test_what_is_not_finished_is_looked_at_until_it_is() -> None:
    agenda: Agenda[str] = Agenda()
    agenda.touch("event", [A], now=0)
    last = LOOKS_S[-1]
    seen = last + 2 * SOON_S
    assert looks(agenda, finished_at=last + SOON_S + 1) == [*LOOKS_S, last + SOON_S, seen, seen + MORE_S[0]]


def test_what_is_never_finished_is_looked_at_less_and_less_often_and_then_no_more() -> None:
    agenda: Agenda[str] = Agenda()
    agenda.touch("event", [A], now=0)
    at = looks(agenda)
    assert PATIENCE_S < at[-1] < PATIENCE_S * 1.3
    assert len(at) < 20
    waits = [later - one for one, later in pairwise(at[2:])]
    assert waits == sorted(waits)


def test_what_comes_during_a_look_needs_another() -> None:
    agenda: Agenda[str] = Agenda()
    agenda.touch("first", [A], now=0)
    batch = agenda.take(1)
    assert batch is not None
    agenda.touch("second", [A], now=1.1)
    assert agenda.looked(batch, now=2, changed=False) == ["first"]
    batch = agenda.take(2)
    assert batch is not None
    assert agenda.looked(batch, now=3, changed=False) == ["second"]


def test_an_event_waits_for_all_its_objects() -> None:
    agenda: Agenda[str] = Agenda()
    refs = [ObjectRef("cloud", "port", str(number)) for number in range(MOST + 1)]
    agenda.touch("large", refs, now=0)
    first, second = agenda.take(1), agenda.take(1)
    assert first is not None
    assert second is not None
    assert (len(first.refs), len(second.refs)) == (MOST, 1)
    assert agenda.looked(first, now=1, changed=False) == []
    assert agenda.looked(second, now=1, changed=False) == ["large"]


def test_what_fails_is_found_by_halves() -> None:
    """One of eight objects cannot be looked at: the others are done soon, and it waits longer each time."""
    agenda: Agenda[str] = Agenda()
    refs = [ObjectRef("cloud", "port", str(number)) for number in range(8)]
    for one in refs:
        agenda.touch(one.id, [one], now=0)
    now, settled, looks = 0.0, list[str](), 0
    while len(settled) < 7:
        due = agenda.next_due()
        assert due is not None
        now = max(now, due)
        batch = agenda.take(now)
        assert batch is not None
        looks += 1
        if refs[3] in batch.refs:
            agenda.failed(batch, now=now, divide=True)
        else:
            settled += agenda.looked(batch, now=now, changed=False)
    assert looks < 20
    agenda.drop("3")
    assert agenda.waiting == 0


def test_an_outage_divides_nothing_and_never_waits_long() -> None:
    agenda: Agenda[str] = Agenda()
    agenda.touch("one", [A], now=0)
    agenda.touch("two", [B], now=0)
    now = 1.0
    for _ in range(12):
        batch = agenda.take(now)
        assert batch is not None
        assert set(batch.refs) == {A, B}
        agenda.failed(batch, now=now, longest_s=30, divide=False)
        due = agenda.next_due()
        assert due is not None
        assert due - now <= 30
        now = due


def test_an_event_that_is_given_up_takes_nothing_from_others() -> None:
    agenda: Agenda[str] = Agenda()
    agenda.touch("bad", [A, B], now=0)
    agenda.touch("good", [B, C], now=0)
    agenda.drop("bad")
    batch = agenda.take(1)
    assert batch is not None
    assert set(batch.refs) == {B, C}
    assert agenda.looked(batch, now=1, changed=False) == ["good"]


def test_an_event_that_is_let_go_leaves_its_objects_on_the_agenda() -> None:
    agenda: Agenda[str] = Agenda()
    agenda.touch("one", [A], now=0)
    agenda.let_go("one")
    assert agenda.waiting == 0
    batch = agenda.take(1)
    assert batch is not None
    agenda.failed(batch, now=1, divide=False)
    assert agenda.next_due() is not None
    assert agenda.looked(batch, now=2, changed=False) == []


EVENTS = st.lists(st.tuples(st.sets(st.sampled_from([A, B, C]), min_size=1), st.booleans(), st.booleans()), max_size=30)


@given(EVENTS)
def test_every_event_is_settled_once_after_a_look_at_each_object(
    steps: list[tuple[set[ObjectRef], bool, bool]],
) -> None:
    """Whatever comes during looks, and whichever of these fail."""
    agenda: Agenda[int] = Agenda()
    came: dict[int, tuple[float, set[ObjectRef]]] = {}
    looked: defaultdict[ObjectRef, float] = defaultdict(lambda: -1.0)
    settled: list[int] = []
    now = 0.0

    def look(*, fails: bool, outage: bool, meanwhile: set[ObjectRef] | None = None) -> None:
        nonlocal now
        batch = agenda.take(now)
        began, now = now, now + 0.3
        if meanwhile:
            number = len(came)
            came[number] = (now, meanwhile)
            agenda.touch(number, sorted(meanwhile), now=now)
        if batch is None:
            return
        if fails:
            agenda.failed(batch, now=now, divide=not outage)
            return
        looked.update(dict.fromkeys(batch.refs, began))
        for ticket in agenda.looked(batch, now=now, changed=False):
            at, refs = came[ticket]
            assert all(looked[ref] >= at for ref in refs), "a look that began before it says nothing"
            settled.append(ticket)

    for refs, fails, outage in steps:
        look(fails=fails, outage=outage, meanwhile=refs)
    for _ in range(1000):
        due = agenda.next_due()
        if due is None:
            break
        now = max(now, due)
        look(fails=False, outage=False)
    assert sorted(settled) == sorted(came)
    assert agenda.waiting == 0
    assert len(agenda) == 0
