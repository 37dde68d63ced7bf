# SPDX-License-Identifier: Apache-2.0
"""The cloud's databases as a kind of source."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from calipso_nornir.metadata.environment_sections import MysqlSection
from calipso_nornir.model.queries import Select
from calipso_nornir.model.source_kinds import Finding, Opening, SourceKind, Trial
from calipso_nornir.sources.shapes import check_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.errors import CalipsoError
    from calipso_nornir.model.queries import Query
    from calipso_nornir.sources.mysql import MysqlSource


def _open(opening: Opening) -> MysqlSource | None:
    from calipso_nornir.sources.mysql import MysqlSource  # noqa: PLC0415 - the driver comes when it is needed

    return None if opening.section is None else MysqlSource(opening.section, opening.secrets)


def _check(trial: Trial) -> Iterator[Finding]:
    """Try the login, and whether each schema can be used."""
    source = _open(trial.opening)
    if source is None:
        return
    with closing(source):
        yield from source.check()


def _usable(_query: Query, data: Any) -> tuple[Any, CalipsoError | None]:  # noqa: ANN401 - any JSON
    check_rows(data)
    return data, None


DATABASE = SourceKind(
    name="db",
    title="the database",
    queries=(Select,),
    section="mysql",
    schema=MysqlSection,
    without="attributes that only the database knows are missing",
    open=_open,
    check=_check,
    usable=_usable,
    missed_by=lambda environment: environment.environment_type == "OpenStack",
)
