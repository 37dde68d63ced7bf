# SPDX-License-Identifier: Apache-2.0
"""Reads server-sent events (html.spec.whatwg.org, "Server-sent events"), as far as the API sends them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from calipso_nornir.client.problem import ApiProblem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True, slots=True)
class Event:
    """The changes of one revision.

    Attributes:
        revision: its number.
        changes: each of them.
        too_many: whether there are more than are told, and ``changes`` is empty: read the picture of the revision.
    """

    revision: int
    changes: list[dict[str, Any]]
    too_many: bool = False


def events_of(lines: Iterable[bytes]) -> Iterator[Event]:
    """Yield the events of a stream. Raises ApiProblem if the stream says that it ends because of an error."""
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.decode("utf-8").partition(":")
            fields[name] = value.removeprefix(" ")
            continue
        kind, data = fields.get("event"), fields.get("data", "")
        if kind == "error":
            raise ApiProblem(503, str(json.loads(data)))
        if kind == "changes":
            yield Event(int(fields["id"]), json.loads(data))
        elif kind == "too_many":
            yield Event(int(fields["id"]), [], too_many=True)
        fields = {}
