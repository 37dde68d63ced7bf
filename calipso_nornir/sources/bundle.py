# SPDX-License-Identifier: Apache-2.0
"""The format of a recording: one gzip file of JSON lines: a header, one line per exchange, a trailer.

::

    {"format": "calipso-bundle", "version": 1, "product": …, "recorded_at": …, "environment": {…}, "note": …}
    {"query": {"source": "cli", …}, "reply": {"data": …, "gap": …}, "at": …}
    {"query": {"source": "api", …}, "error": {…}, "at": …}
    {"count": 2, "sha256": "… of all bytes before this line"}

Equal content gives equal bytes. The digest detects damage; it is not a signature. Bundles may come from strangers:
everything is checked before it is used, and only one exchange at a time is in memory.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import logging
import zlib
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import (
    BundleInvalid,
    CalipsoError,
    ConfigurationError,
    FetchError,
    NotRecorded,
    ParseError,
    SourceError,
)
from calipso_nornir.metadata.source_kinds import source_kinds
from calipso_nornir.model.protocols import Reply
from calipso_nornir.sources.bounds import MAX_VALUES, values_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from calipso_nornir.model.queries import Query

logger = logging.getLogger(__name__)

FORMAT = "calipso-bundle"
VERSION = 1
MAX_HEADER_BYTES = 1 << 20
MAX_LINE_BYTES = 128 << 20
MAX_QUERY_CHARS = 1 << 20
MAX_EXCHANGES = 500_000
MAX_BYTES = 2 << 30
"""Limits of the content: a few kilobytes of gzip can contain gigabytes."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One query with its answer."""

    query: Query
    answer: Reply | CalipsoError


def line_of(value: dict[str, Any]) -> bytes:
    """Return one line. ASCII only, so that even a lone surrogate is restored exactly."""
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def query_to_json(query: Query) -> dict[str, Any]:
    """Describe a query as its ``request``, without the fields that only its reader needs.

    ``class`` is present only if the source has several classes of queries, and not for the first of them.
    """
    request = query.request
    kind = source_kinds().get(request.source)
    first = kind is None or type(request) is kind.queries[0]
    named = {} if first else {"class": type(request).__name__}
    values = {one.name: getattr(request, one.name) for one in fields(request) if one.compare}  # type: ignore[arg-type]  # a dataclass
    return {"source": request.source, **named, **values}


def exchange_to_json(exchange: Exchange, at: datetime, *, scrub: Callable[[Any], Any]) -> dict[str, Any]:
    """Describe one exchange; ``at`` is the time of an error, while a reply has its own.

    ``scrub`` is applied to values, not to the keywords of this format: a weak secret may equal one of them.
    """
    query, answer = _scrubbed(query_to_json(exchange.query), scrub, keep=("source", "class")), exchange.answer
    if isinstance(answer, CalipsoError):
        return {"query": query, "error": _scrubbed(answer.data(), scrub, keep=("error",)), "at": at.isoformat()}
    reply = {"data": scrub(answer.data)}
    if answer.platform:
        reply["platform"] = answer.platform
    if answer.gap is not None:
        reply["gap"] = _scrubbed(answer.gap.data(), scrub, keep=("error",))
    return {"query": query, "reply": reply, "at": answer.at.isoformat()}


def _scrubbed(value: dict[str, Any], scrub: Callable[[Any], Any], *, keep: tuple[str, ...]) -> dict[str, Any]:
    return {key: one if key in keep else scrub(one) for key, one in value.items()}


def exchange_line(exchange: Exchange, at: datetime, *, scrub: Callable[[Any], Any], path: str) -> bytes:
    """Return the line of one exchange; an answer that no reader would accept is replaced by NotRecorded."""
    try:
        line = line_of(exchange_to_json(exchange, at, scrub=scrub))
    except (TypeError, ValueError, RecursionError):
        problem = "is not JSON"  # of a third party's source
    else:
        if len(line) <= MAX_LINE_BYTES and values_in(line) <= MAX_VALUES:
            return line
        problem = "is too large for a recording"
    logger.warning("%s: the answer %s; it is left out of %s", exchange.query, problem, path)
    left_out = Exchange(exchange.query, NotRecorded(str(exchange.query), path))
    return line_of(exchange_to_json(left_out, at, scrub=scrub))


class Reader:
    """One pass over a bundle: first its header, then one exchange after the other.

    Raises BundleInvalid as soon as anything is wrong. Only after the last exchange is the whole bundle known to be
    intact, and is ``sha256``, its digest, set.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines = _lines(path)
        self._digest = hashlib.sha256()
        first = next(self._lines, None)
        if first is None:
            raise BundleInvalid(str(path), _CUT)
        self.header = _header(path, _json(path, *first))
        self.sha256 = ""
        self._digest.update(first[1])

    def __iter__(self) -> Iterator[tuple[bytes, Exchange]]:
        """Yield the line of each exchange, from which ``exchange_of`` reads it again, and the exchange."""
        count = 0
        for number, line in self._lines:
            value = _json(self._path, number, line)
            if "sha256" in value:
                self._check_trailer(value, count)
                self._check_end()
                self.sha256 = self._digest.hexdigest()
                return
            count += 1  # noqa: SIM113 - of the exchanges; the trailer is a line of the loop, too
            if count > MAX_EXCHANGES:
                raise BundleInvalid(str(self._path), f"has more than {MAX_EXCHANGES} exchanges, the maximum")
            self._digest.update(line)
            yield line, _exchange(self._path, number, value)
        raise BundleInvalid(str(self._path), _CUT)

    def _check_trailer(self, trailer: dict[str, Any], count: int) -> None:
        if trailer.get("count") != count:
            raise BundleInvalid(
                str(self._path), f"has {count} exchanges, but its trailer says {str(trailer.get('count'))[:20]}"
            )
        if trailer["sha256"] != self._digest.hexdigest():
            raise BundleInvalid(str(self._path), "was changed after it was recorded: its digest does not match")

    def _check_end(self) -> None:
        after = next(self._lines, None)
        if after is not None:
            raise BundleInvalid(str(self._path), f"line {after[0]} comes after the trailer: two files in one?")


def exchange_of(path: Path, line: bytes) -> Exchange:
    """Read an exchange again, from a line that a Reader yielded."""
    return _exchange(path, 0, _json(path, 0, line))


_CUT = "is cut short: its last line is missing. Was the scan stopped while recording?"


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    total = number = 0
    try:
        with gzip.open(path, "rb") as file:
            limit = MAX_HEADER_BYTES
            while line := file.readline(limit + 1):
                total, number = total + len(line), number + 1
                if len(line) > limit or total > MAX_BYTES or values_in(line) > MAX_VALUES:
                    raise BundleInvalid(str(path), f"with line {number}, it exceeds the maximum size of a recording")
                if not line.endswith(b"\n"):
                    raise BundleInvalid(str(path), f"is cut short in line {number}")
                yield number, line
                limit = MAX_LINE_BYTES
    except gzip.BadGzipFile:
        problem = "is damaged" if number else "is not a recording: it is not a gzip file"
        raise BundleInvalid(str(path), problem) from None
    except EOFError:
        raise BundleInvalid(str(path), "is cut short") from None
    except zlib.error:
        raise BundleInvalid(str(path), "is damaged") from None
    except OSError as error:
        raise BundleInvalid(str(path), f"cannot be read: {error.strerror}") from None


def _json(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        problem = "is not a recording" if number == 1 else "is damaged"
        raise BundleInvalid(str(path), f"{problem}: line {number} is not a JSON object")
    return value


def _header(path: Path, value: dict[str, Any]) -> dict[str, Any]:
    if value.get("format") != FORMAT:
        raise BundleInvalid(str(path), f'is not a recording: its first line does not name the format "{FORMAT}"')
    if value.get("version") != VERSION:
        found = str(value.get("version"))[:20]
        raise BundleInvalid(str(path), f"is of format version {found}, this release reads version {VERSION}")
    return value


def _exchange(path: Path, number: int, value: dict[str, Any]) -> Exchange:
    try:
        query = _query(value["query"])
        if "error" in value:
            return Exchange(query, _error(value["error"]))
        reply = value["reply"]
        gap = _error(reply["gap"]) if "gap" in reply else None
        # astimezone: a time without a zone is not from us, but must not become a naive time here.
        at = datetime.fromisoformat(value["at"]).astimezone(UTC)
        return Exchange(query, Reply(reply["data"], at, gap, reply.get("platform")))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        problem = (
            f"line {number} is not an exchange that this release knows ({type(error).__name__}: {str(error)[:100]})"
        )
    raise BundleInvalid(str(path), problem)


def _query(value: dict[str, Any]) -> Query:
    kind = source_kinds().get(value["source"])
    if kind is None:
        raise ValueError(f"the source {str(value['source'])[:50]!r} is not installed here")
    name = value.get("class", kind.queries[0].__name__)
    made = next((one for one in kind.queries if one.__name__ == name), None)
    if made is None:
        raise ValueError(f"the source {kind.name} has no queries {str(name)[:50]!r}")
    query: Query = made(**{key: _tuples(one) for key, one in value.items() if key not in ("source", "class")})
    hash(query)
    if len(str(query)) > MAX_QUERY_CHARS:
        raise ValueError(f"a query of more than {MAX_QUERY_CHARS} characters")
    return query


def _error(value: dict[str, Any]) -> CalipsoError:
    error = CalipsoError.from_data(value)
    if not isinstance(error, (SourceError, ParseError, FetchError, ConfigurationError)):
        raise TypeError(f"{type(error).__name__} is not an answer")
    # An error without a message would break the report.
    str(error)
    return error


def _tuples(value: Any) -> Any:  # noqa: ANN401 - any JSON
    return tuple(_tuples(one) for one in value) if isinstance(value, list) else value
