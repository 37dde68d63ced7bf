# SPDX-License-Identifier: Apache-2.0
"""Compares ways to run 20 commands on 8 hosts over SSH: ``python -m benchmarks.ssh_sessions``.

The hosts are real sshd processes on loopback; they share the processors with the client, so the
client's own processor time says more about large clouds than the wall clock does. The figures of
docs/decisions/0003-own-ssh-connection-plugin.md come from here.
"""

from __future__ import annotations

import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from nornir.core import Nornir
from nornir.core.configuration import Config, LoggingConfig
from nornir.core.inventory import ConnectionOptions, Host, Hosts, Inventory
from nornir.core.plugins.connections import ConnectionPluginRegister
from nornir.plugins.runners import ThreadedRunner
from nornir_netmiko.connections import Netmiko  # type: ignore[import-untyped]

from benchmarks.bare import connect, run_script
from calipso_nornir.errors import CalipsoError
from calipso_nornir.model.queries import Command
from calipso_nornir.sources.cli import CliSource
from calipso_nornir.sources.cli.ssh import CONNECTION
from tests.fixtures.sshd import LOOPBACK, Sshd

if TYPE_CHECKING:
    from collections.abc import Callable

    import paramiko
    from nornir.core.task import Task

HOSTS = 8
ROUNDS = 5
NO_RC = "SetEnv SHLVL=2"
"""bash reads ~/.bashrc when sshd runs it, but only at the first shell level; this keeps it out of the measurement."""
FILES = ("net/dev", "net/route", "meminfo", "cpuinfo", "mounts", "stat", "uptime", "swaps")
COMMANDS = [
    *("ip -j -d address", "ip -j route", "ip -j rule", "ip -j neighbour", "ip -j -s link", "ip netns list"),
    *("uname -a", "id", "ps -eo pid,args", "ls -l /sys/class/net", "ls -l /proc/net", "ls /etc"),
    *(
        f"cat /proc/{name}"
        for name in ("net/dev", "net/route", "meminfo", "cpuinfo", "mounts", "stat", "uptime", "swaps")
    ),
]


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds of wall clock time, and of this process's CPU time."""

    connect_s: float
    batch_s: float
    connect_cpu_s: float
    batch_cpu_s: float


def inventory(servers: list[Sshd], known: Path) -> Nornir:
    """Return a Nornir with fresh hosts, reachable by both connection plug-ins, host keys checked by both."""
    hosts = Hosts()
    for number, server in enumerate(servers):
        own = {"key": str(server.key), "known_hosts": str(known), "ssh_config": False, "agent": False}
        theirs = {
            "use_keys": True,
            "key_file": str(server.key),
            "ssh_strict": True,
            "alt_host_keys": True,
            "alt_key_file": str(known),
            "ssh_config_file": None,
        }
        options = {CONNECTION: ConnectionOptions(extras=own), "netmiko": ConnectionOptions(extras=theirs)}
        name = f"node{number}"
        hosts[name] = Host(
            name,
            hostname=LOOPBACK,
            port=server.port,
            username=server.user,
            password="",
            platform="linux",
            connection_options=options,
        )
    return Nornir(
        Inventory(hosts), Config(logging=LoggingConfig(enabled=False)), runner=ThreadedRunner(num_workers=HOSTS)
    )


def measure(connect: Callable[[], object], batch: Callable[[], object]) -> Taken:
    """Time both steps."""
    times = [(time.perf_counter(), time.process_time())]
    for step in (connect, batch):
        step()
        times.append((time.perf_counter(), time.process_time()))
    (a, cpu_a), (b, cpu_b), (c, cpu_c) = times
    return Taken(b - a, c - b, cpu_b - cpu_a, cpu_c - cpu_b)


def send_command(nornir: Nornir) -> Taken:
    """Use netmiko alone: 20 times ``send_command``, over a terminal."""

    def batch(task: Task) -> None:
        session = task.host.get_connection("netmiko", task.nornir.config)
        for command in COMMANDS:
            session.send_command(command)

    return _with_netmiko(nornir, batch)


def netmiko_session(nornir: Nornir) -> Taken:
    """Open the session with netmiko, and run the framed script in an exec channel of its transport."""

    def batch(task: Task) -> None:
        session = task.host.get_connection("netmiko", task.nornir.config)
        _run_script(session.remote_conn_pre.get_transport())

    return _with_netmiko(nornir, batch)


def bare_paramiko(nornir: Nornir) -> Taken:
    """Use nothing but paramiko's client and threads: the baseline."""
    clients: dict[str, paramiko.SSHClient] = {}

    def log_in(host: Host) -> None:
        known = host.connection_options["netmiko"].extras or {}
        clients[host.name] = connect(
            port=host.port or 0,
            user=host.username or "",
            key=known["key_file"],
            known_hosts=known["alt_key_file"],
        )

    def batch(host: Host) -> None:
        _run_script(clients[host.name].get_transport())

    hosts = list(nornir.inventory.hosts.values())
    with ThreadPoolExecutor(HOSTS) as pool:
        taken = measure(lambda: list(pool.map(log_in, hosts)), lambda: list(pool.map(batch, hosts)))
    for client in clients.values():
        client.close()
    return taken


def _run_script(transport: paramiko.Transport | None) -> None:
    if not all(frame and frame.status == 0 for frame in run_script(transport, COMMANDS)):
        raise RuntimeError("a command failed")


def own_plugin(nornir: Nornir) -> Taken:
    """Use calipso_ssh, and CliSource for the batch, as a scan does."""
    source = CliSource(nornir)

    def connect(task: Task) -> None:
        task.host.get_connection(CONNECTION, task.nornir.config)

    def batch() -> None:
        answers = source.answer([Command(host, text) for host in nornir.inventory.hosts for text in COMMANDS])
        failures = [answer for answer in answers.values() if isinstance(answer, CalipsoError)]
        if failures:
            raise failures[0]

    try:
        return measure(lambda: nornir.run(task=connect, raise_on_error=True), batch)
    finally:
        nornir.close_connections()
        source.close()


def _with_netmiko(nornir: Nornir, batch: Callable[[Task], None]) -> Taken:
    ConnectionPluginRegister.register("netmiko", Netmiko)

    def connect(task: Task) -> None:
        task.host.get_connection("netmiko", task.nornir.config)

    try:
        return measure(
            lambda: nornir.run(task=connect, raise_on_error=True), lambda: nornir.run(task=batch, raise_on_error=True)
        )
    finally:
        nornir.close_connections()


def main() -> None:
    """Measure the ways several times in turn, and print the medians."""
    ways = {
        "netmiko send_command": send_command,
        "netmiko session + script": netmiko_session,
        "bare paramiko + script": bare_paramiko,
        CONNECTION: own_plugin,
    }
    taken: dict[str, list[Taken]] = {name: [] for name in ways}
    with TemporaryDirectory() as folder, ExitStack() as stack:
        servers = [stack.enter_context(Sshd(Path(folder, str(n)), [NO_RC])) for n in range(HOSTS)]
        known = Path(folder, "known")
        known.write_text("".join(server.known_hosts_line() for server in servers))
        for turn in range(ROUNDS + 1):
            for name, way in ways.items():
                result = way(inventory(servers, known))
                if turn:  # the first is for imports and caches
                    taken[name].append(result)
    sys.stdout.write(f"{HOSTS} hosts, {len(COMMANDS)} commands each, median of {ROUNDS}; milliseconds\n")
    sys.stdout.write(f"{'':26}{'connect':>9}{'batch':>9}{'CPU connect':>13}{'CPU batch':>11}\n")
    for name, results in taken.items():
        columns = [[r.connect_s for r in results], [r.batch_s for r in results]]
        columns += [[r.connect_cpu_s for r in results], [r.batch_cpu_s for r in results]]
        a, b, c, d = (1000 * statistics.median(column) for column in columns)
        sys.stdout.write(f"{name:26}{a:9.0f}{b:9.0f}{c:13.0f}{d:11.0f}\n")


if __name__ == "__main__":
    main()
