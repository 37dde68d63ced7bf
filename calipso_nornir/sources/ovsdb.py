# SPDX-License-Identifier: Apache-2.0
"""OVSDB databases of the cloud, read by ``ovsdb-client query`` on a host that has them or can reach them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from calipso_nornir.errors import CalipsoError, CommandFailed, CommandTimedOut
from calipso_nornir.model.ovsdb import SETTINGS, OvsdbTables
from calipso_nornir.model.queries import Command
from calipso_nornir.sources.ovsdb_answers import outcome, says_lacks_column, transaction

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calipso_nornir.model.protocols import Reply, Source
    from calipso_nornir.model.queries import Query
    from calipso_nornir.sources.ovsdb_kind import OvsdbSection

NORTHBOUND, NB_PORT, SB_PORT = "OVN_Northbound", ":6641", ":6642"
"""Default ports of both databases (ovn-nbctl(8), ovn-sbctl(8)); in most clouds the same servers run both."""


class OvsdbSource:
    """Answers ``OvsdbTables``: each query is one command on one host, and one read-only transaction.

    If the schema lacks one of the columns, all columns are requested, and the parser uses the existing ones. If the
    section does not say how to reach a database and the host has no socket for it, the host's ``ovn-remote`` is used,
    with the default port for Northbound.
    """

    def __init__(self, section: OvsdbSection, hosts: Source) -> None:
        self._section = section
        self._hosts = hosts

    def answer(self, queries: Sequence[Query]) -> dict[Query, Reply | CalipsoError]:
        """Answer all queries of a round; errors are values."""
        asked = [query for query in queries if isinstance(query, OvsdbTables)]
        remotes = {query: self._section.remote_of(query.database) for query in asked}
        found = self._ask({query: self._command(query, remotes[query]) for query in asked})
        untold = [query for query in asked if _has_failed(found[query]) and not self._section.tells(query.database)]
        if untold and (remote := self._detected()):
            others = {query: remote_for(query.database, remote) for query in untold}
            remotes |= {query: one for query, one in others.items() if one}
            found |= self._ask({query: self._command(query, one) for query, one in others.items() if one})
        again = [query for query, one in found.items() if says_lacks_column(one)]
        if again:
            found |= self._ask({query: self._command(query, remotes[query], whole=True) for query in again})
        return {query: outcome(query, found[query]) for query in asked}

    def close(self) -> None:
        """Close the session."""
        self._hosts.close()

    def _ask(self, commands: Mapping[OvsdbTables, Command]) -> dict[OvsdbTables, Reply | CalipsoError]:
        answers = self._hosts.answer(list(commands.values()))
        return {query: answers[command] for query, command in commands.items()}

    def _command(self, query: OvsdbTables, remote: str, *, whole: bool = False) -> Command:
        assert self._section.host is not None  # noqa: S101 - without one another class answers
        options = [f"--{name}={path}" for name, path in self._section.tls().items()]
        words = [*options, "query", remote, transaction(query, whole=whole)]
        seconds = round(self._section.timeout_s)
        template = f"ovsdb-client --timeout={seconds} --no-leader-only" + " {}" * len(words)
        only_root = remote.startswith("unix:")
        return Command.of(self._section.host, template, *words, timeout_s=seconds + 5, root=only_root)

    def _detected(self) -> str:
        """Return the Southbound remote that the host's ovn-controller uses; "" if there is none."""
        assert self._section.host is not None  # noqa: S101 - as above
        question = Command(self._section.host, SETTINGS, root=True)
        answer = self._hosts.answer([question])[question]
        if isinstance(answer, CalipsoError):
            return ""
        try:
            told = json.loads(answer.data)
            return str(dict(told["data"][0][0][1]).get("ovn-remote", ""))
        except (ValueError, LookupError, TypeError):
            return ""


def remote_for(database: str, southbound: str) -> str:
    """Return the remote of a database, derived from that of Southbound; "" if its ports are not the default ones."""
    if database != NORTHBOUND:
        return southbound
    remotes = southbound.split(",")
    usual = all(one.endswith(SB_PORT) for one in remotes)
    return ",".join(one.removesuffix(SB_PORT) + NB_PORT for one in remotes) if usual else ""


def _has_failed(answer: Reply | CalipsoError) -> bool:
    """Return whether the command itself failed, for example without a socket; another remote may then work."""
    return isinstance(answer, CommandFailed) and not isinstance(answer, CommandTimedOut)
