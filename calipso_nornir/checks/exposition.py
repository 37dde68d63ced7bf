# SPDX-License-Identifier: Apache-2.0
"""Results in Prometheus' text format, for node exporter's textfile collector."""

from typing import Dict, List, Sequence

from .evaluating import Result
from .objects import Objects

STATUS = "calipso_check_status"
LAST_RUN = "calipso_probe_last_run_timestamp_seconds"
CHECKS = "calipso_probe_checks"


def exposition(objects: Objects, results: Sequence[Result], ended_at: float) -> str:
    """Return the text; timestamps of samples are left out, as the textfile collector refuses them."""
    place = {"environment": objects.environment, "host": objects.host}
    lines = [
        f"# HELP {STATUS} Status of an object or link: 0 OK, 1 warning, 2 error, 3 unknown.",
        f"# TYPE {STATUS} gauge",
    ]
    for one in results:
        document = one.document()
        labels = {name: document[name] for name in ("environment", "host", "of", "kind", "type", "name", "check")}
        lines.append(f"{STATUS}{_labels(labels)} {one.status}")
    lines += _gauge(LAST_RUN, "When the probe last ended a run, in seconds since 1970.", place, repr(ended_at))
    lines += _gauge(CHECKS, "How many checks the probe has.", place, str(len(results)))
    return "\n".join(lines) + "\n"


def _gauge(name: str, help_: str, labels: Dict[str, str], value: str) -> List[str]:
    return [f"# HELP {name} {help_}", f"# TYPE {name} gauge", name + _labels(labels) + " " + value]


def _labels(labels: Dict[str, str]) -> str:
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
