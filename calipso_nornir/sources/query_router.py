# SPDX-License-Identifier: Apache-2.0
"""One source in front of several: sends each query to the source of its kind, to all kinds at once."""

from __future__ import annotations

import logging
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from calipso_nornir.errors import CalipsoError, FetcherRaised, NoSuchSource, SourceNotConfigured
from calipso_nornir.metadata.source_kinds import source_kinds
from calipso_nornir.model.protocols import Cancellable, Reply

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calipso_nornir.model.protocols import Source
    from calipso_nornir.model.queries import Query

logger = logging.getLogger(__name__)


class QueryRouter:
    """Splits a round by kind of source.

    A kind without a source is answered with SourceNotConfigured, one that is not installed with NoSuchSource. A source
    that raises, which it must not, fails its own queries only.
    """

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self._sources = dict(sources)

    def answer(self, queries: Sequence[Query]) -> Mapping[Query, Reply | CalipsoError]:
        """Answer all queries; every one is a key of the result."""
        kinds: dict[str, list[Query]] = {}
        for query in queries:
            kinds.setdefault(query.source, []).append(query)
        answers: dict[Query, Reply | CalipsoError] = {}
        if len(kinds) == 1:
            ((kind, asked),) = kinds.items()
            return self._answer(kind, asked)
        with ThreadPoolExecutor(max(len(kinds), 1), thread_name_prefix="source") as pool:
            for part in pool.map(self._answer, kinds.keys(), kinds.values()):
                answers |= part
        return {query: answers[query] for query in queries}

    def cancel(self) -> None:
        """End the current round, as far as the sources can."""
        for source in self._sources.values():
            if isinstance(source, Cancellable):
                source.cancel()

    def close(self) -> None:
        """Close every source, even if others fail."""
        for kind, source in self._sources.items():
            try:
                source.close()
            except Exception as error:  # noqa: BLE001 - the other sources must be closed, too
                logger.warning("closing source %s: %s", kind, type(error).__name__)

    def _answer(self, kind: str, queries: Sequence[Query]) -> dict[Query, Reply | CalipsoError]:
        source = self._sources.get(kind)
        if source is None:
            return dict.fromkeys(queries, _nobody(kind))
        try:
            answers = dict(source.answer(queries))
        except CalipsoError as error:
            return dict.fromkeys(queries, error)
        except Exception as error:  # noqa: BLE001 - a defect of one source must not end the scan
            # Log the place, not the message: the message of an unknown exception may contain secrets.
            places = "".join(traceback.format_tb(error.__traceback__))
            problem = "source %s raised %s instead of answering:\n%s"
            logger.error(problem, kind, type(error).__name__, places)  # noqa: TRY400 - exception() writes the text
            return dict.fromkeys(queries, FetcherRaised(f"source {kind}", type(error).__name__))
        return {query: _proper(kind, answers.get(query)) for query in queries}


class Broken:
    """A source that could not be opened: it answers every query with the reason."""

    def __init__(self, reason: CalipsoError) -> None:
        self._reason = reason

    def answer(self, queries: Sequence[Query]) -> Mapping[Query, Reply | CalipsoError]:
        """Answer each query with the reason."""
        return dict.fromkeys(queries, self._reason)

    def close(self) -> None:
        """Do nothing: nothing is open."""


def _proper(kind: str, answer: object) -> Reply | CalipsoError:
    if isinstance(answer, (Reply, CalipsoError)):
        return answer
    if answer is None:
        return FetcherRaised(f"source {kind}", "nothing: it left this query without an answer")
    return FetcherRaised(f"source {kind}", f"nothing: it answered with a {type(answer).__name__}, not a Reply")


def _nobody(kind: str) -> CalipsoError:
    known = source_kinds()
    return SourceNotConfigured(known[kind].section) if kind in known else NoSuchSource(kind, tuple(known))
