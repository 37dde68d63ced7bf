# SPDX-License-Identifier: Apache-2.0
"""The CLI source: answers the commands of a round, one Nornir run for all hosts, one task per host."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Self

from nornir.core import Nornir
from nornir.core.configuration import Config, LoggingConfig
from nornir.core.exceptions import PluginNotRegistered
from nornir.core.inventory import Host, Hosts, Inventory
from nornir.core.processor import Processors
from nornir.core.state import GlobalState
from nornir.core.task import Result, Task
from nornir.plugins.runners import ThreadedRunner

from calipso_nornir.errors import (
    CalipsoError,
    ConnectionLost,
    HostExcluded,
    HostNotListed,
    Retriable,
    SourceNotConfigured,
)
from calipso_nornir.model.protocols import Reply
from calipso_nornir.model.queries import Command, ReachableHosts
from calipso_nornir.sources.cli import ssh_options
from calipso_nornir.sources.cli.following import Followed, Following
from calipso_nornir.sources.cli.host_sessions import LINUX, HostSessions
from calipso_nornir.sources.cli.limits import Limits
from calipso_nornir.sources.cli.prefixes import Prefixes
from calipso_nornir.sources.cli.processors import guarded
from calipso_nornir.sources.cli.section_hosts import SectionHosts

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from nornir.core.plugins.runners import RunnerPlugin

    from calipso_nornir.model.environment import SecretRef
    from calipso_nornir.model.queries import Query
    from calipso_nornir.sources.cli.following import OutputReceiver
    from calipso_nornir.sources.cli.host_round import Outcome

logger = logging.getLogger(__name__)

MAX_WORKERS = 64
"""Hosts asked in parallel, unless the environment says otherwise."""


class CliSource:
    """Commands over SSH. Implements the Source protocol for ``Command``s.

    A host that could not be reached is tried again in every round, and never silently left out. Only a refused login,
    or an unknown or wrong host key, is not tried again for some minutes: it does not change by itself, and the account
    could be locked.

    Args:
        nornir: its inventory decides how hosts are reached; a host that it lacks is ``HostNotListed``. Its state,
            failed hosts and open connections are not changed.
        prefixes: prefixes for commands on Linux hosts.
        sudo: False: commands that need root run as the login user.
        exclude: patterns of host ids that are never logged in to (``HostExcluded``).
        workers: number of hosts asked in parallel; None: that of ``nornir``'s own runner, or min(64, hosts).
        make_host: makes a host that the inventory lacks.
        shells: platforms other than Linux that are asked through a shell, as Linux is.
        listed: ids of hosts that ``make_host`` knows.
        on_host: called when a host is done, with its id and whether there was a session; called by several threads.
    """

    def __init__(  # noqa: PLR0913 - each with a default, by name
        self,
        nornir: Nornir,
        *,
        prefixes: Prefixes | None = None,
        limits: Limits | None = None,
        sudo: bool = True,
        exclude: Sequence[str] = (),
        workers: int | None = None,
        make_host: Callable[[str], Host] | None = None,
        listed: Iterable[str] = (),
        shells: Iterable[str] = (),
        on_host: Callable[[str, bool], None] | None = None,
    ) -> None:
        self._nornir = nornir
        self._prefixes = prefixes or Prefixes()
        self._sessions = HostSessions(nornir.config, limits=limits or Limits(), shells=frozenset(shells))
        self._sudo = sudo
        self._exclude = tuple(exclude)
        self._workers = workers
        self._make_host = make_host
        self._listed = tuple(listed)
        self._on_host = on_host
        self._refused: dict[str, CalipsoError] = {}
        self._refused_at = 0.0

    @classmethod
    def for_section(  # noqa: PLR0913 - as above
        cls,
        section: Mapping[str, Any],
        *,
        secret: Callable[[SecretRef], str],
        distribution: str = "",
        distribution_version: str = "",
        prefixes: Iterable[Mapping[str, Any]] = (),
        shells: Iterable[str] = (),
        on_host: Callable[[str, bool], None] | None = None,
    ) -> Self:
        """Create the source from an environment's CLI section; raises EnvironmentInvalid.

        Args:
            section: the CLI section; its secrets are references.
            secret: fetches a secret, when it is used.
            distribution: the environment's distribution; with its version it selects command prefixes.
            distribution_version: its version, as in the names of containers.
            prefixes: rules of ``command_prefixes.json``; the section's own ``prefixes`` go first.
            shells: as in the constructor.
            on_host: as in the constructor.
        """
        read = SectionHosts.of(section, secret=secret)
        rules = Prefixes.of(
            prefixes, distribution=distribution, distribution_version=distribution_version, own=read.prefixes
        )
        # Not InitNornir: it would set up Nornir's own log file, ./nornir.log
        nornir = Nornir(Inventory(Hosts()), Config(logging=LoggingConfig(enabled=False)))
        return cls(
            nornir,
            prefixes=rules,
            limits=read.limits,
            sudo=read.section.sudo,
            exclude=read.section.exclude,
            workers=read.section.workers,
            make_host=read.nornir_host,
            listed=read.section.hosts,
            shells=shells,
            on_host=on_host,
        )

    def answer(self, queries: Sequence[Query]) -> dict[Query, Outcome]:
        """Run all commands of a round; every query is a key of the result."""
        self._sessions.begin()
        self._forget()
        asked: defaultdict[str, dict[Command, None]] = defaultdict(dict)
        for query in queries:
            if isinstance(query, Command):
                asked[query.host][query.request] = None
        answers = self._answer({host: list(commands) for host, commands in asked.items()})
        return {
            query: answers[query.request] if isinstance(query, Command) else self._answer_without_a_host(query)
            for query in queries
        }

    def _forget(self) -> None:
        """Try hosts again that were refused some minutes ago: a source may stay open for days."""
        if self._refused and time.monotonic() >= self._refused_at + ssh_options.REMEMBERED_S:
            self._refused.clear()
            self._sessions.read_again()

    def _answer_without_a_host(self, query: Query) -> Outcome:
        """Return the hosts in the inventory, for which there are logins; no host is asked."""
        if not isinstance(query, ReachableHosts):
            return SourceNotConfigured(query.source)
        names = self._nornir.inventory.hosts if self._make_host is None else self._listed
        return Reply([self._row(name) for name in sorted(names)], datetime.now(UTC))

    def _row(self, name: str) -> dict[str, Any]:
        host = self._nornir.inventory.hosts[name] if self._make_host is None else self._make_host(name)
        platform = "" if host.platform in LINUX else host.platform
        groups = [group.name for group in host.groups]
        return {"host": name, "platform": platform, "address": host.hostname or name, "groups": groups}

    def cancel(self) -> None:
        """End the current round, from another thread; without one, do nothing.

        ``answer`` then returns immediately, even if hosts do not respond: what had been answered until then is a reply,
        everything else is an error. The next round uses sessions that are still alive.
        """
        self._sessions.cancel()

    def close(self) -> None:
        """Close the connections that this source opened. Commands that are still running end as lost."""
        self._sessions.close()

    def follow(
        self,
        told: OutputReceiver,
        hosts: Callable[[], Iterable[str]],
        programs: Mapping[str, Command],
        stop: threading.Event,
    ) -> None:
        """Run programs that print continuously on hosts, over separate connections, until ``stop`` is set.

        Args:
            told: receives output and events.
            hosts: called every few seconds; returns the ids of the hosts.
            programs: name -> the command; the host in it is ignored.
            stop: ends the programs.
        """

        def way(name: str) -> Followed:
            host = self._host(name)
            if isinstance(host, CalipsoError):
                raise host
            steps = {program: self._prefixes.step(command) for program, command in programs.items()}
            if not self._sudo:
                steps = {program: replace(step, root=False) for program, step in steps.items()}
            return Followed(host, steps)

        Following(told, hosts, way).run(stop)

    def right_to(self, command: Command) -> Command | None:
        """Return a command that asks sudo whether a command, with its prefix, may run; None if it does not need sudo.

        It succeeds if the command may run, or if the login is root. The command itself does not run.
        """
        step = self._prefixes.step(command)
        if not (self._sudo and step.root):
            return None
        asks = f'[ "$(id -u)" = 0 ] || exec sudo -n -l -- {step.texts[0]}'
        return Command.of(command.host, "sh -c {}", asks)

    def _answer(self, asked: Mapping[str, list[Command]]) -> dict[Command, Outcome]:
        hosts: dict[str, Host] = {}
        answers: dict[Command, Outcome] = {}
        for name, commands in asked.items():
            host = self._host(name)
            if isinstance(host, CalipsoError):
                answers |= dict.fromkeys(commands, host)
            else:
                hosts[name] = host
        if hosts:
            answers |= self._run(hosts, asked)
        return answers

    def _host(self, name: str) -> Host | CalipsoError:
        for pattern in self._exclude:
            if fnmatchcase(name, pattern):
                return HostExcluded(name, pattern)
        hosts = self._nornir.inventory.hosts
        if name not in hosts:
            if self._make_host is None:
                return HostNotListed(name)
            hosts[name] = self._make_host(name)
        return hosts[name]

    def _run(self, hosts: Mapping[str, Host], asked: Mapping[str, list[Command]]) -> dict[Command, Outcome]:
        """Do one Nornir run with a new state: otherwise Nornir would skip hosts that failed in earlier runs."""
        answers: dict[str, dict[Command, Outcome]] = {}

        def calipso_round(task: Task) -> Result:  # commands are not passed as arguments, because Nornir logs these
            found, error = self._ask(task.host, asked[task.host.name])
            answers[task.host.name] = {command: _of_platform(one, task.host) for command, one in found.items()}
            self._tell(task.host.name, ok=error is None)
            return Result(host=task.host, result=f"{len(found)} answers", failed=error is not None, exception=error)

        inventory = self._nornir.inventory
        run = Nornir(
            inventory=Inventory(Hosts(hosts), inventory.groups, inventory.defaults),
            config=self._nornir.config,
            data=GlobalState(),
            processors=Processors([guarded(one) for one in self._nornir.processors]),
            runner=self._runner(len(hosts)),
        )
        run.run(task=calipso_round, raise_on_error=False)  # True would keep the processors from task_completed
        lost = "the Nornir runner left this host out"
        return {
            command: answers.get(name, {}).get(command) or ConnectionLost(name, command.text, lost)
            for name in hosts
            for command in asked[name]
        }

    def _ask(self, host: Host, commands: list[Command]) -> tuple[dict[Command, Outcome], CalipsoError | None]:
        """Answer for one host; never raises. The error, if any, is why there was no session at all."""
        error = self._refused.get(host.name)
        if error is None:
            try:
                steps = {command: self._prefixes.step(command) for command in commands}
                if not self._sudo:
                    steps = {command: replace(step, root=False) for command, step in steps.items()}
                return self._sessions.ask(host, steps), None
            except CalipsoError as raised:
                error = raised
                if not isinstance(error, Retriable):
                    self._refused[host.name], self._refused_at = error, time.monotonic()
            except Exception as raised:
                logger.exception("%s: a bug in calipso_nornir", host.name)
                error = ConnectionLost(host.name, commands[0].text, f"internal error: {type(raised).__name__}")
        return dict.fromkeys(commands, error), error

    def _tell(self, host: str, *, ok: bool) -> None:
        if self._on_host is not None:
            try:
                self._on_host(host, ok)
            except Exception:  # an error of the progress display must not end the scan
                logger.exception("%s: the progress callback failed", host)

    def _runner(self, hosts: int) -> RunnerPlugin:
        if self._workers is None:
            try:
                return self._nornir.runner
            except PluginNotRegistered:  # this Nornir object was made without a runner: use ours
                pass
        return ThreadedRunner(num_workers=self._workers or min(MAX_WORKERS, hosts))


def _of_platform(outcome: Outcome, host: Host) -> Outcome:
    """Add the platform to a reply, because it determines the parser."""
    if isinstance(outcome, Reply) and host.platform not in LINUX:
        return replace(outcome, platform=host.platform)
    return outcome
