# SPDX-License-Identifier: Apache-2.0
"""Prints statuses on a terminal."""

from collections.abc import Iterator
from typing import Final

from calipso_nornir.cli.facts import WRONG
from calipso_nornir.cli.output import Part, Terminal
from calipso_nornir.model.status import CAUSE, ERROR, OK, UNKNOWN, WARNING, Status
from calipso_nornir.monitoring.clique_status import CliqueStatus
from calipso_nornir.monitoring.judging import checks_of
from calipso_nornir.monitoring.results import LABELS

STYLES: Final = {OK: "green", WARNING: "yellow", ERROR: WRONG, UNKNOWN: "magenta"}


def styled(value: int, label: str) -> Part:
    """Return a label in the color of its value."""
    return label, STYLES.get(value, WRONG)


def status_lines(status: Status | None) -> Iterator[list[Part]]:
    """Yield the lines of a status: itself, its cause, and its checks if there are several."""
    if status is None:
        return
    since = f"  since {status.since.isoformat(timespec='seconds')}" if status.since else ""
    yield [("status  ", "cyan"), styled(status.value, status.label), since, f"  {status.text}" if status.text else ""]
    cause = status.attributes.get(CAUSE)
    if isinstance(cause, dict):
        yield [("cause   ", "cyan"), f"{cause['type']} {cause['name']}"]
    checks = checks_of(status)
    if len(checks) > 1:
        for one in checks:
            yield ["        ", styled(one["status"], LABELS[one["status"]]), f"  {one['check']}  {one['text']}"]


def print_clique_status(out: Terminal, found: CliqueStatus | None) -> None:
    """Print the status of a clique; nothing if no member is watched."""
    if found is None:
        return
    member = f"{found.member['type']} {found.member['name']}"
    cause = f", because of {found.cause['type']} {found.cause['name']}" if found.cause else ""
    told = "every member that is watched is" if found.value == OK else f"{member} is"
    out.say("")
    out.say(
        ("status  ", "cyan"),
        f"{told} ",
        styled(found.value, found.label),
        f"{cause}: {found.text}" if found.value else "",
    )
