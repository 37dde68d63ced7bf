# SPDX-License-Identifier: Apache-2.0
"""Evaluates the checks of a host; each command runs once, even if several checks need it."""

import time
from typing import Any, Dict, List, NamedTuple, Sequence

from .objects import Item, Objects
from .running import Limits, run_all
from .values import UNKNOWN, Judgement, Question


class Result(NamedTuple):
    """The result of a check of one object or link.

    Attributes:
        status: 0 OK, 1 warning, 2 error, 3 unknown.
        checked_at: seconds since 1970, when the commands were started.
    """

    environment: str
    host: str
    item: Item
    status: int
    text: str
    checked_at: float

    def document(self) -> Dict[str, Any]:
        """Return a JSON object."""
        return {
            "environment": self.environment,
            "host": self.host,
            "of": self.item.of,
            "kind": self.item.kind,
            "type": self.item.type,
            "name": self.item.name,
            "check": self.item.check,
            "status": self.status,
            "text": self.text,
            "checked_at": self.checked_at,
        }


def questions_of(items: Sequence[Item]) -> List[Question]:
    """Return the commands that some checks need, each once."""
    found: Dict[Question, None] = {}
    for item in items:
        if item.known:
            found.update(dict.fromkeys(item.known.questions(item.parameters)))
    return list(found)


def evaluate(objects: Objects, items: Sequence[Item], limits: Limits) -> List[Result]:
    """Run what the checks need, and return a result for each."""
    began = round(time.time(), 3)
    answers = run_all(questions_of(items), limits)
    results = []
    for item in items:
        judgement = Judgement(UNKNOWN, item.fault)
        if item.known:
            questions = item.known.questions(item.parameters)
            judgement = item.known.judge(item.parameters, [answers[one] for one in questions])
        results.append(Result(objects.environment, objects.host, item, judgement.status, judgement.text, began))
    return results
