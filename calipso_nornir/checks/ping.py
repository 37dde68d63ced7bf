# SPDX-License-Identifier: Apache-2.0
"""The check of a tunnel's far end: iputils' ``ping``, with thresholds for loss and for round trips."""

import math
import re
from typing import Any, Mapping, NamedTuple, Optional, Sequence, Tuple

from .values import ERROR, OK, UNKNOWN, WARNING, Answer, Check, Judgement, Parameter, Question

_LOSS = re.compile(r"([0-9.]+)% packet loss")
_TIMES = re.compile(r"(?:rtt|round-trip) min/avg/max(?:/mdev)? = [0-9.]+/([0-9.]+)/([0-9.]+)")
_AWAY = ("unreachable", "Cannot assign requested address", "No route to host", "Unknown device", "unknown iface")
"""Messages of ping for an unreachable address, or for a source address that this host does not have."""


class Trips(NamedTuple):
    """What ping measured: loss in per cent; average and longest round trip in milliseconds, None if none came back."""

    loss: Optional[float]
    average: Optional[float]
    longest: Optional[float]


def read_trips(text: str) -> Trips:
    """Read ping's summary."""
    loss = _LOSS.search(text)
    times = _TIMES.search(text)
    return Trips(
        float(loss.group(1)) if loss else None,
        float(times.group(1)) if times else None,
        float(times.group(2)) if times else None,
    )


def _ask(values: Mapping[str, Any]) -> Sequence[Question]:
    wait = math.ceil((values["count"] - 1) * values["interval"] + values["error_maximum"] / 1000) + 1
    argv = ["ping", "-n", "-q", "-c", str(values["count"]), "-i", "{:g}".format(values["interval"])]
    argv += ["-w", str(wait), "-s", str(values["size"])]
    if values["source"]:
        argv += ["-I", values["source"]]
    return [Question((*argv, "--", values["target"]), read_trips, codes=(0, 1), limit=wait + 5)]


def judge(values: Mapping[str, Any], answers: Sequence[Answer]) -> Judgement:
    """Judge loss and round trips; an unreachable target is an error, a ping that may not run is unknown."""
    answer, target = answers[0], values["target"]
    if answer.code is not None and any(said in answer.err for said in _AWAY):
        return Judgement(ERROR, f"{target} cannot be reached: {answer.err}")
    if answer.failure:
        return Judgement(UNKNOWN, "could not look: " + answer.failure)
    trips: Trips = answer.value
    if trips.loss is None:
        return Judgement(UNKNOWN, "could not look: ping printed no summary")
    if trips.loss >= 100 or trips.average is None or trips.longest is None:  # noqa: PLR2004 - all of them
        return Judgement(ERROR, f"{target} does not answer")
    measured = (trips.loss, trips.average, trips.longest)
    status = ERROR if _over(values, "error", measured) else WARNING if _over(values, "warning", measured) else OK
    text = "{}: {:g} % lost, round trips of {:g} ms on average, {:g} ms at most"
    return Judgement(status, text.format(target, *measured))


def _over(values: Mapping[str, Any], level: str, measured: Tuple[float, float, float]) -> bool:
    loss, average, longest = measured
    return bool(
        loss > values[level + "_loss"] or average >= values[level + "_average"] or longest >= values[level + "_maximum"]
    )


def _limit(type_: str, default: float, what: str) -> Parameter:
    return Parameter(type_, required=False, default=default, description=what)


CHECKS = (
    Check(
        "ping",
        "the far end of a tunnel answers, without loss and in time",
        {
            "target": Parameter("address"),
            "source": Parameter("source", required=False, description="address or interface to send from"),
            "count": Parameter("count", required=False, default=5, description="packets"),
            "size": Parameter("bytes", required=False, default=256, description="of data in a packet"),
            "interval": Parameter("seconds", required=False, default=0.5, description="between packets"),
            "warning_loss": _limit("percent", 1, "more is a warning"),
            "warning_average": _limit("milliseconds", 300, "as much is a warning"),
            "warning_maximum": _limit("milliseconds", 600, "as much is a warning"),
            "error_loss": _limit("percent", 10, "more is an error"),
            "error_average": _limit("milliseconds", 1000, "as much is an error"),
            "error_maximum": _limit("milliseconds", 2000, "as much is an error"),
        },
        _ask,
        judge,
    ),
)
