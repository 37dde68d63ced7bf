# SPDX-License-Identifier: Apache-2.0
"""Results in Prometheus' text format, for node exporter's textfile collector.

What a check says is a label of a series of its own, so a text that changed at each run would make a new series at each
run. So there is one only as long as a check is not OK, and it keeps the text with which the status began.
"""

from typing import Dict, List, Sequence, Tuple

from .evaluating import Result
from .objects import Objects
from .values import OK

STATUS = "calipso_check_status"
LAST_RUN = "calipso_probe_last_run_timestamp_seconds"
CHECKS = "calipso_probe_checks"
TEXT = "calipso_check_text"
LONGEST = 200
"""Characters of a text."""


class Texts:
    """What the checks that are not OK said when their status began."""

    def __init__(self) -> None:
        self._kept: Dict[Tuple[str, str], Tuple[int, str]] = {}

    def of(self, results: Sequence[Result]) -> List[Tuple[Result, str]]:
        """Return the results that are not OK, each with its text."""
        found: Dict[Tuple[str, str], Tuple[int, str]] = {}
        rows = []
        for one in results:
            if one.status == OK:
                continue
            key = (one.item.of, one.item.name)
            known = self._kept.get(key)
            found[key] = known if known is not None and known[0] == one.status else (one.status, one.text[:LONGEST])
            rows.append((one, found[key][1]))
        self._kept = found
        return rows


def exposition(objects: Objects, results: Sequence[Result], ended_at: float, texts: Texts) -> str:
    """Return the text; timestamps of samples are left out, as the textfile collector refuses them."""
    place = {"environment": objects.environment, "host": objects.host}
    lines = [
        f"# HELP {STATUS} Status of an object or link: 0 OK, 1 warning, 2 error, 3 unknown.",
        f"# TYPE {STATUS} gauge",
    ]
    lines += [f"{STATUS}{_labels(_identity(one))} {one.status}" for one in results]
    lines += [
        f"# HELP {TEXT} What a check that is not OK said when its status began; the value is the status.",
        f"# TYPE {TEXT} gauge",
    ]
    for one, text in texts.of(results):
        lines.append(f"{TEXT}{_labels({**_identity(one), 'text': text})} {one.status}")
    lines += _gauge(LAST_RUN, "When the probe last ended a run, in seconds since 1970.", place, repr(ended_at))
    lines += _gauge(CHECKS, "How many checks the probe has.", place, str(len(results)))
    return "\n".join(lines) + "\n"


def _identity(one: Result) -> Dict[str, str]:
    document = one.document()
    return {name: document[name] for name in ("environment", "host", "of", "kind", "type", "name", "check")}


def _gauge(name: str, help_: str, labels: Dict[str, str], value: str) -> List[str]:
    return [f"# HELP {name} {help_}", f"# TYPE {name} gauge", name + _labels(labels) + " " + value]


def _labels(labels: Dict[str, str]) -> str:
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
