# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - answers are of any shape
"""A cloud was scanned, then every query fails once: nothing known is lost, and the next scan is complete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.errors import (
    ApiFailed,
    CommandFailed,
    CommandMissing,
    CommandTimedOut,
    ConnectionLost,
    SudoRefused,
)
from tests.fixtures.scanning import content
from tests.fixtures.tiny_cloud import TinyCloud

if TYPE_CHECKING:
    from calipso_nornir import ScanReport
    from tests.fixtures.scanning import Scanned
QUESTIONS = [key for key in TinyCloud().answers() if key != "db"]
API = [key for key in QUESTIONS if key.startswith("GET")]
NEVER_ASKED = ("net1: virsh", "cmp1: ip netns exec", "net1: teamdctl", "cmp1: teamdctl")
COMMANDS = [
    key
    for key in QUESTIONS
    if key.startswith(("net1", "cmp1")) and not key.startswith(NEVER_ASKED) and not key.endswith(": ip netns list")
]


def command_errors(key: str) -> list[Any]:
    host, _, text = key.partition(": ")
    return [
        CommandMissing(host, text, 127, "not found"),
        CommandFailed(host, text, 1, "failed"),
        CommandTimedOut(host, text, 124),
        SudoRefused(host, text, 1, "a password is required"),
        ConnectionLost(host, text, "reset"),
    ]


def nothing_is_lost(scanned: Scanned, *answers: Any, optional: int = 0) -> list[ScanReport]:
    """Scan with each set of bad answers, then with good ones; the first ``optional`` of them are no failure.

    Returns the reports of the scans with bad answers.
    """
    before, reports = content(scanned.stored()), []
    for number, bad in enumerate(answers):
        reports.append(report := scanned.scan(bad))
        assert report.status == ("completed" if number < optional else "completed_with_errors"), number
        assert report.troubles
        assert report.removed == []
        assert _without_finders(content(scanned.stored())) == _without_finders(before), number
        assert (report.objects.removed, report.links.removed, report.cliques.removed) == (0, 0, 0)
    report = scanned.scan()
    assert (report.status, report.objects.kept, report.troubles) == ("completed", 0, [])
    assert content(scanned.stored()) == before
    return reports


def _without_finders(found: Any) -> Any:
    """Leave out by which question an object was found: another one may have answered for it."""
    return {
        kind: {
            id_: {key: value for key, value in document.items() if key not in ("digest", "found_by")}
            for id_, document in documents.items()
        }
        for kind, documents in found.items()
    }


@pytest.mark.parametrize("key", API)
def test_an_api_question_fails(scanned: Scanned, key: str) -> None:
    nothing_is_lost(scanned, {**scanned.cloud.answers(), key: ApiFailed("any", key, 500, "oops")})


def in_text(key: str) -> str:
    """Return the question that old hosts are asked instead."""
    if "ovs-vsctl" in key:
        return f"{key.partition(': ')[0]}: ovs-vsctl show"
    return key.replace(" -j", "")


@pytest.mark.chaos
@pytest.mark.parametrize("key", COMMANDS)
def test_a_command_fails(scanned: Scanned, key: str) -> None:
    """It is missing, fails, times out, is refused by sudo, loses its connection: one scan each."""
    good = scanned.cloud.answers()
    bad = [{**good, key: error, in_text(key): error} for error in command_errors(key)]
    # A tool for extras may be missing, or have nothing to say
    nothing_is_lost(scanned, *bad, optional=2 if "ethtool" in key or "lldpctl" in key else 0)
