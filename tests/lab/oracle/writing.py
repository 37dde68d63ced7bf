# SPDX-License-Identifier: Apache-2.0
"""A truth as JSON, to be stored with the recording of a scan."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.lab.oracle.model import Chain, End, Link, Thing, Truth

if TYPE_CHECKING:
    from collections.abc import Iterable


def written(truth: Truth) -> str:
    """Return a truth as JSON, one object, link or chain per line, in a fixed order."""
    rows: dict[str, list[Any]] = {
        "things": [[*_end(end), dict(sorted(truth.things[end].facts.items()))] for end in sorted(truth.things)],
        "links": [_link(link) for link in sorted(truth.links)],
        "down": [_link(link) for link in sorted(truth.down)],
        "chains": [
            [_end(one.owner), _end(one.interface), [_link(link) for link in one.links], one.stops]
            for one in truth.chains
        ],
        "contradictions": list(truth.contradictions),
    }
    parts = (f'"{name}": [\n{",".join(_lines(values))}\n]' for name, values in rows.items())
    return "{" + ",\n".join(parts) + "}\n"


def read_written(text: str) -> Truth:
    """Read the JSON that ``written`` returns."""
    told = json.loads(text)
    ends = [(End(*row[:3]), row[3]) for row in told["things"]]
    return Truth(
        things={end: Thing(end, {name: _value(value) for name, value in facts.items()}) for end, facts in ends},
        links=frozenset(map(_link_of, told["links"])),
        chains=tuple(
            Chain(End(*owner), End(*interface), tuple(map(_link_of, links)), stops)
            for owner, interface, links, stops in told["chains"]
        ),
        down=frozenset(map(_link_of, told["down"])),
        contradictions=tuple(told["contradictions"]),
    )


def _lines(values: Iterable[Any]) -> list[str]:
    return ["\n" * bool(number) + json.dumps(one, ensure_ascii=False) for number, one in enumerate(values)]


def _end(end: End) -> list[str]:
    return [end.type, end.host, end.name]


def _link(link: Link) -> list[list[str]]:
    return [_end(link.source), _end(link.target)]


def _link_of(row: list[list[str]]) -> Link:
    source, target = row
    return Link(End(*source), End(*target))


def _value(value: Any) -> Any:  # noqa: ANN401 - JSON
    return tuple(map(_value, value)) if isinstance(value, list) else value
