# SPDX-License-Identifier: Apache-2.0
"""Parts of checks: questions for the host's tools, their answers, and judgements."""

from typing import Any, Callable, Mapping, NamedTuple, Optional, Sequence, Tuple

OK, WARNING, ERROR, UNKNOWN = range(4)
"""Statuses; also the exit codes of a check, as Nagios and Sensu read them."""
LABELS = ("OK", "Warning", "Error", "Unknown")


class Judgement(NamedTuple):
    """A status, and its reason in one short sentence."""

    status: int
    text: str


class Question(NamedTuple):
    """One command for a tool of the host.

    Attributes:
        argv: the command; no shell ever sees it.
        read: parses its output, once for all objects; raises ValueError or similar if the form is unknown.
        root: it needs root; another user asks ``sudo`` for it.
        codes: exit codes that are answers, not failures.
        stage: commands of stage 1 run after all of stage 0.
        limit: seconds, 0 for that of the probe.
    """

    argv: Tuple[str, ...]
    read: Callable[[str], Any]
    root: bool = False
    codes: Tuple[int, ...] = (0,)
    stage: int = 1
    limit: float = 0

    @property
    def tool(self) -> str:
        """The program's name."""
        return self.argv[0]


class Answer(NamedTuple):
    """The answer of a tool.

    Attributes:
        value: the result of the question's ``read``; None after a failure.
        failure: why there is no value, as the end of a sentence: "ip is not installed".
        code: exit code; negative for a signal; None if it did not start or was killed.
        err: its standard error, in one line.
    """

    value: Any = None
    failure: str = ""
    code: Optional[int] = None
    err: str = ""


class Parameter(NamedTuple):
    """A parameter of a check; ``default`` counts only if it is not ``required``."""

    type: str
    required: bool = True
    default: Any = None
    description: str = ""


class Check(NamedTuple):
    """A check: its questions to the host, and how it judges the answers.

    Attributes:
        questions: parameters -> the commands that it needs.
        judge: parameters and answers, in the order of the questions -> a judgement; without side effects.
    """

    name: str
    description: str
    parameters: Mapping[str, Parameter]
    questions: Callable[[Mapping[str, Any]], Sequence[Question]]
    judge: Callable[[Mapping[str, Any], Sequence[Answer]], Judgement]


def unanswered(answers: Sequence[Answer]) -> Optional[Judgement]:
    """Return "unknown" with the reason if a question has no answer."""
    for answer in answers:
        if answer.failure:
            return Judgement(UNKNOWN, "could not look: " + answer.failure)
    return None


def worst(judgements: Sequence[Judgement]) -> Judgement:
    """Return the most important judgement: an error, then a warning, then unknown, then OK."""
    order = {ERROR: 0, WARNING: 1, UNKNOWN: 2, OK: 3}
    return min(judgements, key=lambda one: order[one.status])
