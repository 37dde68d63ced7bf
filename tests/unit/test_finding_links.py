# SPDX-License-Identifier: Apache-2.0
"""Running the link finders: what several of them report about one link is joined."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.model.links import Link
from calipso_nornir.scan.links import find_links
from calipso_nornir.scan.working import ObjectState, Working
from calipso_nornir.testing import AT, thing
from tests.fixtures.canned import Does

if TYPE_CHECKING:
    from collections.abc import Sequence

ONE, OTHER = thing("a", id="a1"), thing("b", id="b1")
BETWEEN = Link(source=ONE.ref, target=OTHER.ref)


def found(*tellers: Sequence[Link]) -> list[Link]:
    """Return what link finders give of which each tells some links."""
    working = Working("cloud")
    for one in (ONE, OTHER):
        working.put(one, ObjectState.FOUND)
    finders = [(str(number), Does(lambda _view, told=told: told, "a-b")) for number, told in enumerate(tellers)]
    return find_links(finders, working, before=lambda _type: (), at=AT, on_trouble=_raise)


def _raise(error: Exception, _affected: str) -> None:
    raise error


@pytest.mark.parametrize(("states", "joined"), [("up down", "up"), ("down up", "up"), ("down down", "down")])
@pytest.mark.parametrize("by_one", [True, False])
def test_two_relations_between_the_same_objects_are_up_when_one_is(states: str, joined: str, *, by_one: bool) -> None:
    told = [replace(BETWEEN, state=state) for state in states.split()]  # type: ignore[arg-type]
    (one,) = found(told) if by_one else found(*([link] for link in told))
    assert one.state == joined


@pytest.mark.parametrize(
    ("first", "second", "networks"),
    [
        ({"network": "n2"}, {"network": ["n1"]}, {"network": ["n1", "n2"]}),
        ({"network": "n1"}, {}, {}),
        ({}, {"network": "n1"}, {}),
    ],
)
def test_it_serves_the_networks_of_both(first: Any, second: Any, networks: Any) -> None:  # noqa: ANN401 - attributes
    (one,) = found([replace(BETWEEN, attributes={**first, "x": 1}), replace(BETWEEN, attributes={**second, "y": 2})])
    assert one.attributes == {**networks, "x": 1, "y": 2}
