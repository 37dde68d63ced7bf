# SPDX-License-Identifier: Apache-2.0
"""Dataclasses with the fast ``__init__`` behave like others."""

from __future__ import annotations

import copy
import inspect
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace
from typing import Any

import pytest

from calipso_nornir.model.cliques import Clique
from calipso_nornir.model.evidence import Evidence
from calipso_nornir.model.links import Link
from calipso_nornir.model.objects import InventoryObject
from calipso_nornir.model.quickly_made import maker, quickly_made
from calipso_nornir.model.refs import ObjectRef, Witness


@dataclass(frozen=True, slots=True)
class Slow:
    """As Python makes it."""

    one: int
    two: str = "two"
    several: list[int] = field(default_factory=list)
    hidden: str = field(default="hidden", init=False)
    named: bool = field(default=True, kw_only=True)


@quickly_made
@dataclass(frozen=True, slots=True)
class Quick:
    """The same."""

    one: int
    two: str = "two"
    several: list[int] = field(default_factory=list)
    hidden: str = field(default="hidden", init=False)
    named: bool = field(default=True, kw_only=True)


CALLS: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((1,), {}),
    ((1, "x"), {"named": False}),
    ((), {"one": 1, "several": [2]}),
    ((1, "x", None), {}),
]
WRONG: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((), {}),
    ((1, "x", [], "hidden"), {}),
    ((1,), {"hidden": "x"}),
    ((1,), {"three": 3}),
]


@pytest.mark.parametrize(("arguments", "named"), CALLS)
def test_it_holds_what_it_was_given(arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
    slow, quick = Slow(*arguments, **named), Quick(*arguments, **named)
    assert [getattr(quick, one.name) for one in fields(quick)] == [getattr(slow, one.name) for one in fields(slow)]
    assert pickle.loads(pickle.dumps(quick)) == copy.copy(quick) == replace(quick) == quick  # noqa: S301 - our own


@pytest.mark.parametrize(("arguments", "named"), CALLS)
def test_a_maker_makes_the_same(arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
    made = maker(Quick)(*arguments, **named)
    assert type(made) is Quick
    assert repr(made) == repr(Quick(*arguments, **named))
    assert made == Quick(*arguments, **named)
    with pytest.raises(FrozenInstanceError):
        made.one = 2  # type: ignore[misc]  # that is the question


@pytest.mark.parametrize(("arguments", "named"), WRONG)
def test_a_maker_refuses_what_the_class_refuses(arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        maker(Quick)(*arguments, **named)


@pytest.mark.parametrize(("arguments", "named"), WRONG)
def test_it_refuses_what_others_refuse(arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
    with pytest.raises(TypeError) as slow:
        Slow(*arguments, **named)
    with pytest.raises(TypeError) as quick:
        Quick(*arguments, **named)
    assert str(quick.value) == str(slow.value).replace("Slow", "Quick")


def test_each_has_a_list_of_its_own() -> None:
    assert Quick(1).several is not Quick(1).several
    assert maker(Quick)(1).several is not maker(Quick)(1).several


@pytest.mark.parametrize("kind", [Quick, Clique, Evidence, InventoryObject, Link, ObjectRef, Witness])
def test_it_cannot_be_changed(kind: type[Any]) -> None:
    needed = {
        one.name: one.name
        for one in inspect.signature(kind).parameters.values()
        if one.default is inspect.Parameter.empty
    }
    made = kind(**needed)
    for one in fields(made):
        with pytest.raises(FrozenInstanceError):
            setattr(made, one.name, None)
