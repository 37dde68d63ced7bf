# SPDX-License-Identifier: Apache-2.0
"""The example of docs/nornir.md, run as its readers do: it passes on a healthy cloud and fails on others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from calipso_nornir.model.protocols import Reply
from calipso_nornir.sources.bundle import Exchange
from tests.bundles import whole
from tests.bundles.editing import edited
from tests.fixtures import examples

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.chaos


def run(folder: Path, recording: Path) -> tuple[int, str]:
    """Let it look at a recording."""
    where = {"CLOUD": "demo-ovs", "CALIPSO_STORE": str(folder / "ci.db"), "CLOUD_RECORDING": str(recording)}
    return examples.run(folder, **where)


def test_it_passes_on_a_cloud_that_is_well(tmp_path: Path) -> None:
    status, said = run(tmp_path, whole.recording("ovs"))
    assert status == 0, said
    assert "17 passed, 1 skipped" in said


def _unplugged(text: str) -> str:
    return text.replace("Link detected: yes", "Link detected: no")


def _elsewhere(text: str) -> str:
    return text.replace('"t-cmp1"', '"t-cmp9"')


def _unheard(text: str) -> str:
    return re.sub(r'"name": *"eth1"|"eth1"', '"eth7"', text)


@pytest.mark.parametrize(
    ("host", "command", "change", "told"),
    [
        ("cmp1", "ethtool eth1", _unplugged, "down: instance"),
        ("cmp1", "lldpctl -f json", _elsewhere, "wrong port: instance"),
        ("cmp3", "lldpctl -f json", _unheard, "a NIC leads nowhere"),
    ],
)
def test_it_fails_on_a_cloud_that_is_not(
    tmp_path: Path, host: str, command: str, change: Callable[[str], str], told: str
) -> None:
    def spoil(one: Exchange) -> Exchange:
        if (one.query.host, str(one.query)) != (host, command):
            return one
        assert isinstance(one.answer, Reply)
        assert change(one.answer.data) != one.answer.data
        return Exchange(one.query, Reply(change(one.answer.data), one.answer.at))

    status, said = run(tmp_path, edited(whole.recording("ovs"), tmp_path / "ill.calipso", spoil))
    assert status == 1, said
    assert told in said
