# SPDX-License-Identifier: Apache-2.0
"""Compares the product's report with the truth; lists what is missing, wrong and extra separately."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.lab.oracle.model import End, Link, Truth

SHOWN = 15
"""Maximum number of differences of one kind in a list."""


@dataclass(frozen=True, slots=True)
class Differences:
    """The outcome of one comparison; each entry is a sentence. All three lists are empty if the report is true."""

    of: str
    missing: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.missing or self.wrong or self.extra)

    def __str__(self) -> str:
        parts = [f"{self.of}: {len(self.missing)} missing, {len(self.wrong)} wrong, {len(self.extra)} extra"]
        for kind, told in (("missing", self.missing), ("wrong", self.wrong), ("extra", self.extra)):
            parts += [f"  {kind}: {one}" for one in told[:SHOWN]]
            parts += [f"  {kind}: ... and {len(told) - SHOWN} more"] if len(told) > SHOWN else []
        return "\n".join(parts)


def compare(told: Truth, truth: Truth) -> list[Differences]:
    """Return the outcome of every comparison, including those without differences."""
    return [comparison(told, truth) for comparison in (objects, facts, links, states, chains, counts)]


def objects(told: Truth, truth: Truth) -> Differences:
    """Compare the existing objects; one with the same name on another host counts as wrong."""
    missing, extra = truth.things.keys() - told.things.keys(), told.things.keys() - truth.things.keys()
    moved = [(one, other) for one in missing for other in extra if (one.type, one.name) == (other.type, other.name)]
    moved = [(one, other) for one, other in moved if one.type not in ("host_pnic", "network_agent", "otep", "vedge")]
    return Differences(
        "objects",
        _texts(missing - {one for one, _ in moved}),
        _texts(f"{one}: reported on {other.host}" for one, other in moved),
        _texts([*(extra - {other for _, other in moved}), *told.contradictions]),
    )


def facts(told: Truth, truth: Truth) -> Differences:
    """Compare the facts of the objects that are in both."""
    wrong = []
    for end in truth.things.keys() & told.things.keys():
        here, there = told.things[end].facts, truth.things[end].facts
        wrong += [
            f"{end}: {name} is {there.get(name)!r}, reported {here.get(name)!r}"
            for name in sorted(here.keys() | there.keys())
            if here.get(name) != there.get(name)
        ]
    return Differences("facts", wrong=_texts(wrong))


def links(told: Truth, truth: Truth) -> Differences:
    """Compare all links; one from the same end, of the same type, to another target is wrong."""
    return _links("links", told.links, truth.links)


def states(told: Truth, truth: Truth) -> Differences:
    """Compare the states of the links that are in both."""
    both = told.links & truth.links
    return Differences(
        "states", wrong=_texts(f"{link} is {_state(link, truth)}, reported {_state(link, told)}" for link in both
                               if (link in truth.down) != (link in told.down))
    )  # fmt: skip


def _state(link: Link, known: Truth) -> str:
    return "down" if link in known.down else "up"


def chains(told: Truth, truth: Truth) -> Differences:
    """Compare the links in the chains of every server, router and DHCP server with those of its clique."""
    here, there = told.ways(), truth.ways()
    found = [_links(f"clique of {owner}", here.get(owner, ()), way) for owner, way in there.items()]
    return Differences(
        "chains",
        _texts(f"{one.of}: {text}" for one in found for text in one.missing),
        _texts(f"{one.of}: {text}" for one in found for text in one.wrong),
        _texts(
            [
                *(f"{one.of}: {text}" for one in found for text in one.extra),
                *(f"clique of {owner}" for owner in here.keys() - there.keys()),
            ]
        ),
    )


def counts(told: Truth, truth: Truth) -> Differences:
    """Compare the numbers of objects and links by type."""
    wrong = []
    for what, here, there in (
        ("objects", (end.type for end in told.things), (end.type for end in truth.things)),
        ("links", (link.type for link in told.links), (link.type for link in truth.links)),
    ):
        mine, real = Counter(here), Counter(there)
        wrong += [
            f"{what} {type_}: {real[type_]}, not {mine[type_]}" for type_ in mine | real if mine[type_] != real[type_]
        ]
    return Differences("counts", wrong=_texts(wrong))


def _links(of: str, told: Iterable[Link], truth: Iterable[Link]) -> Differences:
    missing, extra = set(truth) - set(told), set(told) - set(truth)
    wrong = []
    for link in sorted(missing):
        others = [other for other in extra if (other.source, other.type) == (link.source, link.type)]
        if others:
            other = min(others)
            missing.discard(link)
            extra.discard(other)
            wrong.append(f"{link}, reported {_end(other.target)}")
    return Differences(of, _texts(missing), _texts(wrong), _texts(extra))


def _end(end: End) -> str:
    return f"-> {end}"


def _texts(ones: Iterable[object]) -> tuple[str, ...]:
    return tuple(sorted(str(one) for one in ones))


def explain(told: Truth, truth: Truth) -> str:
    """Return all differences as text; "" if there are none."""
    return "\n".join(str(one) for one in compare(told, truth) if one)
