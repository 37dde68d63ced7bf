# SPDX-License-Identifier: Apache-2.0
"""Faults of routers that run on several hosts; keepalived decides which host is active."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.fixtures import lab
from tests.lab.faults import agents_of, kill, start, wait_until
from tests.lab.oracle.place import inside

if TYPE_CHECKING:
    from collections.abc import Iterator

AGENT = "neutron-l3-agent"
FOLDER = "/var/lib/neutron/ha_confs"
ADDRESSES = """
for space in qrouter-{0} snat-{0}; do
  ip -n $space -o -4 address show 2>/dev/null | grep ' ha-' || true
done
"""


def states(router: str) -> dict[str, bool]:
    """Return the hosts on which keepalived runs for a router, and whether each is the master."""
    told = {host: inside(host, ADDRESSES.format(router)) for host in lab.here().hosts}
    return {host: " 169.254.0." in text for host, text in told.items() if text}


@contextmanager
def keepalived_stopped(host: str, router: str) -> Iterator[None]:
    """Stop the keepalived of a router on a host, and the agent, because it would restart keepalived."""
    kill(host, AGENT)
    inside(host, f"kill $(cat {FOLDER}/{router}.pid.keepalived)")
    try:
        wait_until(f"{host} is not the master of {router}", lambda: not states(router)[host])
        yield
    finally:
        start(host, AGENT)
        alive = f"the L3 agent of {host} is back, and keepalived"
        wait_until(alive, lambda: _alive(host) and inside(host, f"pgrep -f '[k]eepalived.*{router}' || true"))


def _alive(host: str) -> bool:
    return any(row["alive"] and row["binary"] == AGENT for row in agents_of(host))
