# SPDX-License-Identifier: Apache-2.0
"""The source: commands are answered from files, other queries from a recording, or not at all.

Without a recording, nothing is known about the cloud except its hosts. They are then shown in a region and a zone named
"unknown". Every other query is answered with an error that says this; nothing is guessed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.errors import ApiUnknown, OutputMissing
from calipso_nornir.model.protocols import Reply
from calipso_nornir.model.queries import ApiGet, Command, ReachableHosts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calipso_nornir.errors import CalipsoError
    from calipso_nornir.model.protocols import Source
    from calipso_nornir.model.queries import Query
    from calipso_nornir.sources.evidence.host_files import HostFiles

UNKNOWN: Final = "unknown"
FILES: Final = "(files)"
"""The only "service" of such a host: its files were collected."""


class FilesSource:
    """Answers from files, and from a recording behind them."""

    def __init__(self, hosts: Mapping[str, HostFiles], *, recording: Source | None = None) -> None:
        self._hosts = dict(hosts)
        self._recording = recording

    def answer(self, queries: Sequence[Query]) -> Mapping[Query, Reply | CalipsoError]:
        """Answer all queries of a round."""
        own = {query: self._own(query) for query in queries if self._is_own(query)}
        rest = [query for query in queries if query not in own]
        behind: Mapping[Query, Reply | CalipsoError] = {}
        if rest:
            behind = self._recording.answer(rest) if self._recording is not None else dict(map(self._unknown, rest))
        return {**own, **behind}

    def close(self) -> None:
        """Close the recording."""
        if self._recording is not None:
            self._recording.close()

    def _is_own(self, query: Query) -> bool:
        if isinstance(query, Command):
            return query.host in self._hosts or self._recording is None
        return isinstance(query, ReachableHosts)

    def _own(self, query: Query) -> Reply | CalipsoError:
        at = max(one.at for one in self._hosts.values())
        if not isinstance(query, Command):
            rows = [{"host": host, "platform": "", "address": "", "groups": []} for host in sorted(self._hosts)]
            return Reply(rows, at)
        files = self._hosts.get(query.host)
        if files is None:
            return OutputMissing(query.host, query.text, looked_for=(f"a folder or sosreport of {query.host}",))
        found = files.output(query.text)
        if isinstance(found, OutputMissing) and query.formerly is not None:
            found = files.output(query.formerly)
        return found if isinstance(found, OutputMissing) else Reply(found, files.at)

    def _unknown(self, query: Query) -> tuple[Query, Reply | CalipsoError]:
        data = self._census(query)
        at = max(one.at for one in self._hosts.values())
        return query, ApiUnknown(str(query)) if data is None else Reply(data, at)

    def _census(self, query: Query) -> Any:  # noqa: ANN401 - JSON, or None
        """Return the answers from which the hosts are found; None for any other query."""
        if not isinstance(query, ApiGet):
            return None
        if query.path == "/auth/catalog":
            return [{"type": "compute", "name": "nova", "endpoints": [{"region_id": UNKNOWN}]}]
        if query.path == "/os-availability-zone/detail":
            running = {FILES: {"active": True, "available": True}}
            return [{"zoneName": UNKNOWN, "zoneState": {}, "hosts": dict.fromkeys(sorted(self._hosts), running)}]
        return None
