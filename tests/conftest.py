# SPDX-License-Identifier: Apache-2.0
"""Settings of all tests: no network beyond this machine and the lab, no time limit for single hypothesis examples."""

from __future__ import annotations

import gc
import logging
import socket
import sys
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest_plugins = ["tests.fixtures.ssh"]

LAB = ip_network("10.77.0.0/24")
settings.register_profile("calipso", deadline=None)  # the first example pays for imports, others for a busy machine
settings.load_profile("calipso")

collect_ignore = ["fixtures/guide_plugin", "fixtures/third_party"]
"""Other people's tests: tests/packaging runs them where they belong."""

_led_away: list[str] = []


def _allowed(host: str) -> bool:
    if host in ("", "localhost"):
        return True
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified or address in LAB


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    """Audit hook (PEP 578): it sees every socket of Python, whichever library opened it."""
    if event not in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        return
    sock, address = arguments[0], arguments[1]
    if sock.family in (socket.AF_INET, socket.AF_INET6) and address and not _allowed(str(address[0])):
        _led_away.append(f"{event} {address}")
        raise OSError(f"tests may reach loopback and the lab ({LAB}) only, not {address}")


sys.addaudithook(_watch)


@pytest.fixture(autouse=True)
def _no_foreign_sockets() -> Iterator[None]:
    """Fail a test that tried to reach the world, even where its code swallowed the refusal."""
    _led_away.clear()
    yield
    if _led_away:
        pytest.fail(f"the test tried to leave this machine: {', '.join(_led_away)}")


@pytest.fixture(autouse=True)
def _log_level() -> Iterator[None]:
    """Take back the level that a command of calipso sets (``-v``), or later tests would miss what is logged."""
    yield
    logging.getLogger("calipso_nornir").setLevel(logging.NOTSET)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what has a target of make of its own, unless ``-m`` asks for it; begin with what takes long."""
    unwanted = [name for name in ("lab", "law", "live", "chaos", "deployment") if name not in config.option.markexpr]
    out = {item for item in items if any(item.get_closest_marker(name) for name in unwanted)}
    if out:
        config.hook.pytest_deselected(items=list(out))
        items[:] = [item for item in items if item not in out]
    workers: int = getattr(config, "workerinput", {}).get("workercount", 0)
    if workers:
        items[:] = _long_ones_first(items, workers)


def pytest_collection_finish() -> None:
    """Take nine thousand tests out of what the garbage collector walks each time."""
    gc.collect()
    gc.freeze()


def _long_ones_first(items: list[pytest.Item], workers: int) -> list[pytest.Item]:
    """Deal the tests marked as long to all workers, each of which runs them before the others.

    pytest-xdist gives each worker one contiguous part of the list (``--dist worksteal``), and what is left of a part is
    taken over from its end. Were a long test last, one worker would run it while the others have nothing to do.
    """
    long = [item for item in items if item.get_closest_marker("long")]
    others = [item for item in items if not item.get_closest_marker("long")]
    parts = [others[len(others) * n // workers : len(others) * (n + 1) // workers] for n in range(workers)]
    return [item for n, part in enumerate(parts) for item in (*long[n::workers], *part)]
