# SPDX-License-Identifier: Apache-2.0
"""Collecting from hosts: CliSource compared with a bare paramiko script that runs the same batches on the same hosts.

The hosts are real sshd processes on loopback. The commands are those that a scan of the lab sent to the compute host
cmp1, in the scan's own two rounds; small programs print the answers of cmp1 (from the demo's recording), so the volume
is real, too.
"""

from __future__ import annotations

import os
import re
import shlex
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from hashlib import md5
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.bare import connect, run_script
from benchmarks.figures import Figure
from calipso_nornir.errors import CalipsoError
from calipso_nornir.model.protocols import Reply
from calipso_nornir.model.queries import Command
from calipso_nornir.resources import data
from calipso_nornir.sources import bundle
from calipso_nornir.sources.cli import CliSource
from tests.fixtures.sshd import LOOPBACK, Sshd

if TYPE_CHECKING:
    from collections.abc import Sequence

HOSTS = 32
TURNS = 5
RECORDED = "cmp1"
LATER = re.compile(r"ethtool|ip netns exec|cat /proc/net/bonding|virsh .* dumpxml|bridge ")
"""Commands that depend on the answers of the first round."""

PROGRAM = """#!/bin/sh
key=$(printf '%s\\n' "${0##*/}" "$@" | md5sum)
exec /bin/cat "$(dirname "$0")/../answers/${key%% *}"
"""


def run() -> list[Figure]:
    """Collect from all hosts in both ways, in turns, and compare the medians."""
    rounds = recorded_rounds()
    with TemporaryDirectory() as folder, ExitStack() as stack:
        programs = install(Path(folder), rounds)
        options = [f"SetEnv PATH={programs}:{os.environ['PATH']}", "MaxStartups 100"]
        servers = [stack.enter_context(Sshd(Path(folder, f"sshd{number}"), options)) for number in range(HOSTS)]
        known = Path(folder, "known_hosts")
        known.write_text("".join(server.known_hosts_line() for server in servers))
        ours, floor = [], []
        for _ in range(TURNS):
            ours.append(_ours(servers, known, rounds))
            floor.append(_floor(servers, known, rounds))
        logs = [server.log for server in servers]
    commands = sum(len(one) for one in rounds)
    detail = (
        f"{HOSTS} hosts, {commands} commands each in {len(rounds)} rounds: "
        f"{statistics.median(ours):.2f} s, bare {statistics.median(floor):.2f} s (medians of {TURNS})"
    )
    connections = max(log.count("Accepted publickey") for log in logs) / (2 * TURNS)
    channels = max(log.count("Starting session: command") for log in logs) / (2 * TURNS)
    return [
        Figure(
            "collection: wall / bare paramiko",
            statistics.median(ours) / statistics.median(floor),
            1.3,
            detail,
            goal=1.0,
        ),
        Figure("collection: SSH connections per host and scan", connections, 1.0, "counted in sshd's log"),
        Figure("collection: exec channels per host and scan / 3", channels / 3, 1.0, f"{channels:.0f} channels"),
    ]


def recorded_rounds() -> list[list[str]]:
    """Return the commands of the scan to the recorded host, round by round, without the prefix for root."""
    asked = [str(query) for query, _ in _exchanges()]
    return [[text for text in asked if not LATER.match(text)], [text for text in asked if LATER.match(text)]]


def _exchanges() -> list[tuple[Command, str]]:
    recording = bundle.Reader(data("demo") / "ovs.calipso")
    return [
        (one.query, one.answer.data)
        for _, one in recording
        if isinstance(one.query, Command) and one.query.host == RECORDED and isinstance(one.answer, Reply)
    ]


def install(folder: Path, rounds: Sequence[Sequence[str]]) -> Path:
    """Make the programs and their answers; return the folder to put on the PATH."""
    programs, answers = folder / "bin", folder / "answers"
    programs.mkdir()
    answers.mkdir()
    told = {str(query): text for query, text in _exchanges()}
    for text in [text for one in rounds for text in one]:
        words = shlex.split(text)
        program = programs / words[0]
        program.write_text(PROGRAM)
        program.chmod(0o755)
        lines = "".join(f"{word}\n" for word in words)
        (answers / md5(lines.encode(), usedforsecurity=False).hexdigest()).write_text(told[text])
    return programs


def _ours(servers: Sequence[Sshd], known: Path, rounds: Sequence[Sequence[str]]) -> float:
    hosts = {
        f"node{number}": {"host": LOOPBACK, "port": server.port, "key": str(server.key), "user": server.user}
        for number, server in enumerate(servers)
    }
    section = {"hosts": hosts, "known_hosts": str(known), "ssh_config": False, "agent": False}
    begun = time.perf_counter()
    source = CliSource.for_section(section, secret=str)
    try:
        for texts in rounds:
            answers = source.answer([Command(host, text) for host in hosts for text in texts])
            failures = [answer for answer in answers.values() if isinstance(answer, CalipsoError)]
            if failures:
                raise failures[0]
    finally:
        source.close()
    return time.perf_counter() - begun


def _floor(servers: Sequence[Sshd], known: Path, rounds: Sequence[Sequence[str]]) -> float:
    def collect(server: Sshd) -> None:
        with connect(port=server.port, user=server.user, key=server.key, known_hosts=known) as client:
            for texts in rounds:
                if not all(frame and frame.status == 0 for frame in run_script(client.get_transport(), texts)):
                    raise RuntimeError("a command failed")

    begun = time.perf_counter()
    with ThreadPoolExecutor(len(servers)) as pool:
        list(pool.map(collect, servers))
    return time.perf_counter() - begun
