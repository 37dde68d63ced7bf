# SPDX-License-Identifier: Apache-2.0
"""Examines servers without a host that Nova no longer lists: each may be gone, or in a cell that does not answer.

Nova keeps servers that were never scheduled in its database cell0. If cell0 does not answer, the list of servers lacks
them although its status is 200, and ``/os-services`` does not show the failure, because cell0 has no hosts. ``GET
/servers/{id}`` shows it: Nova knows from its API database whether the server was deleted (404); if not, the answer is
partial (2.69) or an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from calipso_nornir.errors import ApiFailed, EndpointMissing, NotRecorded, ServersUnlisted
from calipso_nornir.fetchers import questions
from calipso_nornir.model.queries import Formerly

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Sequence

    from calipso_nornir.errors import CalipsoError
    from calipso_nornir.model.answers import Answers
    from calipso_nornir.model.queries import Query

MOST: Final = 100
"""Maximum number of servers that one scan asks for one by one; further missing ones are kept for the next scan."""
NOT_FOUND: Final = 404


def keep_unlisted(
    region: str, listed: Collection[str], *, telling_of_cells: bool
) -> Generator[Sequence[Query], Answers, None]:
    """Keep those servers without a host that were known before, are not listed, and are not certainly gone."""
    known = Formerly()
    answers = yield [known]
    missing = {one.id: one["uuid"] for one in answers[known] if not one.get("nova_host") and one["uuid"] not in listed}
    if not missing:
        return
    some = sorted(missing)[:MOST]
    asked = {id_: questions.server(region, missing[id_], telling_of_cells=telling_of_cells) for id_ in some}
    answers = yield list(asked.values())
    kept = [id_ for id_, query in asked.items() if not _is_gone(answers.failed(query))]
    if kept:
        first = asked[kept[0]]
        said = str(answers.failed(first) or f"{first} shows it")
        answers.keep(kept, ServersUnlisted(region, tuple(missing[id_] for id_ in kept), said))
    if rest := sorted(missing.keys() - asked.keys()):
        said = f"one scan asks for at most {MOST} of them"
        answers.keep(rest, ServersUnlisted(region, tuple(missing[id_] for id_ in rest), said))


def _is_gone(error: CalipsoError | None) -> bool:
    """Return whether an error proves that there is no such server, or, in a replay, that none was seen."""
    if isinstance(error, ApiFailed):
        return error.status == NOT_FOUND
    return isinstance(error, NotRecorded) or (isinstance(error, EndpointMissing) and not error.required)
