# SPDX-License-Identifier: Apache-2.0
"""Nova's services, including disabled ones, and what Nova reports about cells that do not answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import ApiFailed, CellsUntold, CellUnreachable, NotRecorded
from calipso_nornir.fetchers import questions

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from calipso_nornir.model.answers import Answers
    from calipso_nornir.model.queries import Query

    Rows = Sequence[Mapping[str, Any]]

SILENT = "UNKNOWN"
"""Status of a service whose cell does not answer (Nova's api-guide, "Handling Down Cells")."""
NOT_ACCEPTABLE = 406
"""HTTP status with which Nova rejects a microversion that it does not support."""


@dataclass(frozen=True, slots=True)
class NovaServices:
    """The services of a region.

    Attributes:
        query: the query that was answered.
        rows: as Nova returns them; for a cell that does not answer, only host and binary of each nova-compute.
        silent: the error that names the hosts in cells that do not answer, if there are any.
        complete: whether the list is complete, as far as known.
    """

    query: Query
    rows: Rows
    silent: CellUnreachable | None = None
    complete: bool = True


def nova_services(region: str) -> Generator[Sequence[Query], Answers, NovaServices]:
    """Ask for the services and record a gap if there is no answer; the caller handles silent cells.

    Every other list of Nova silently omits what is in a cell that does not answer.
    """
    query = questions.services(region)
    answers = yield [query]
    error = answers.failed(query)
    if isinstance(error, NotRecorded):  # the release that recorded it did not send this query
        return NovaServices(query, ())
    if isinstance(error, ApiFailed) and error.status == NOT_ACCEPTABLE:
        query = questions.services(region, telling_of_cells=False)
        answers = yield [query]
        answers.tell(CellsUntold(region))
    rows: Rows = answers.or_gap(query, ())
    if not answers.whole(query):
        return NovaServices(query, rows, complete=False)
    hosts = sorted({row["host"] for row in answers.grouped(query, "status").get(SILENT, ())})
    return NovaServices(query, rows, CellUnreachable(region, tuple(hosts)) if hosts else None, complete=not hosts)
