# SPDX-License-Identifier: Apache-2.0
"""Faults of routers that run on several hosts: the next scan reports the active host."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lab import faults_ha as faults
from tests.lab.faults import wait_until

if TYPE_CHECKING:
    from tests.lab.oracle import Truth
    from tests.lab.watching import Watch

pytestmark = [pytest.mark.lab, pytest.mark.faults]


def routers(truth: Truth) -> list[str]:
    """Return the ids of the routers that run on several hosts."""
    return sorted({one.end.name.partition("-")[2] for one in truth.of_type("vservice") if one.facts["ha"]})


def at_work(truth: Truth, router: str) -> list[str]:
    """Return the hosts on which a router is active."""
    own = (one for one in truth.of_type("vservice") if one.end.name.endswith(router))
    return [one.end.host for one in own if one.facts["ha"] == "active"]


@pytest.mark.parametrize("distributed", [False, True], ids=["central", "distributed"])
def test_another_host_takes_over(watch: Watch, distributed: bool) -> None:  # noqa: FBT001 - a parameter
    spread = {
        one.end.name.partition("-")[2] for one in watch.truth.of_type("vservice") if one.facts["floating"] is not None
    }
    router = next(one for one in routers(watch.truth) if (one in spread) is distributed)
    [first] = at_work(watch.truth, router)
    other = next(host for host in faults.states(router) if host != first)
    with faults.keepalived_stopped(first, router):
        wait_until(f"{other} is active", lambda: faults.states(router)[other])
        watch.comes_to(lambda truth: at_work(truth, router) == [other])
    watch.tells_the_truth()
