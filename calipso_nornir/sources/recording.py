# SPDX-License-Identifier: Apache-2.0
"""Records every exchange of a scan in one file, and answers a scan from such a file."""

from __future__ import annotations

import gzip
import hashlib
import logging
import os
import tempfile
import threading
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calipso_nornir._version import __version__
from calipso_nornir.errors import (
    BundleInvalid,
    CalipsoError,
    EnvironmentInvalid,
    NotRecorded,
    RecordingFailed,
)
from calipso_nornir.metadata.environments import read_recorded, recorded_document, secrets_in
from calipso_nornir.model.queries import Command, Lookup
from calipso_nornir.sources import bundle

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.protocols import Reply, Source
    from calipso_nornir.model.queries import Query

logger = logging.getLogger(__name__)

Scrub = Callable[[Any], Any]
"""Returns text or JSON with secrets masked: ``Vault.scrub``."""


class RecordingSource:
    """Passes queries on to another source and records its answers.

    Args:
        inner: the source that answers.
        path: path of the bundle. It appears when the source is closed after ``complete``, and replaces an existing
            file. An incomplete recording is discarded: it would look like a complete cloud.
        environment: the scanned environment; its description is recorded without how it is reached.
        scrub: applied to everything that is written.
        note: free text for readers of the bundle.

    Raises RecordingFailed if the file cannot be written. If the disk is full later, the scan continues and ``failure``
    is set.
    """

    def __init__(
        self, inner: Source, path: str | Path, *, environment: Environment, scrub: Scrub, note: str = ""
    ) -> None:
        self.failure: RecordingFailed | None = None
        self._inner = inner
        self._path = Path(path)
        self._scrub = scrub
        self._lock = threading.Lock()
        self._count = 0
        self._digest = hashlib.sha256()
        self._closed = False
        self._complete = False
        header = {
            "format": bundle.FORMAT,
            "version": bundle.VERSION,
            "product": __version__,
            "recorded_at": datetime.now(UTC).isoformat(),
            "environment": scrub(recorded_document(environment)),
            "note": scrub(note),
        }
        self._open()
        self._write(bundle.line_of(header))
        if self.failure is not None:
            raise self.failure

    def answer(self, queries: Sequence[Query]) -> Mapping[Query, Reply | CalipsoError]:
        """Return the answers of the inner source; queries to the scan's own inventory are not recorded."""
        answers = self._inner.answer(queries)
        now = datetime.now(UTC)
        with self._lock:
            for query in queries:
                if self.failure is None and not isinstance(query, Lookup) and query in answers:
                    self._add(bundle.Exchange(query, answers[query]), now)
        return answers

    def complete(self) -> None:
        """Mark the recording as complete: only then does closing it create a bundle."""
        self._complete = True

    def close(self) -> None:
        """Close the inner source; complete the bundle, or discard it if it was not completed."""
        try:
            self._inner.close()
        finally:
            with self._lock:
                if not self._closed:
                    self._closed = True
                    if self._complete:
                        self._finish()
                    elif self.failure is None:
                        self._throw_away()

    def _open(self) -> None:
        try:
            descriptor, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.", suffix=".part")
        except OSError as error:
            raise RecordingFailed(str(self._path), error.strerror or type(error).__name__) from None
        self._temporary = Path(name)
        self._raw = os.fdopen(descriptor, "wb")
        self._file = gzip.GzipFile(filename="", mode="wb", fileobj=self._raw, mtime=0, compresslevel=6)

    def _add(self, exchange: bundle.Exchange, now: datetime) -> None:
        if self._count == bundle.MAX_EXCHANGES:
            self._give_up(f"more than {bundle.MAX_EXCHANGES} queries: it could not be replayed")
            return
        self._write(bundle.exchange_line(exchange, now, scrub=self._scrub, path=str(self._path)))
        self._count += 1

    def _write(self, line: bytes) -> None:
        try:
            self._file.write(line)
        except OSError as error:
            self._give_up(error.strerror or type(error).__name__)
        self._digest.update(line)

    def _finish(self) -> None:
        if self.failure is not None:
            return
        try:
            self._file.write(bundle.line_of({"count": self._count, "sha256": self._digest.hexdigest()}))
            self._file.close()
            self._raw.flush()
            os.fsync(self._raw.fileno())
            self._raw.close()
            self._temporary.replace(self._path)
        except OSError as error:
            self._give_up(error.strerror or type(error).__name__)

    def _give_up(self, cause: str) -> None:
        self.failure = RecordingFailed(str(self._path), cause)
        logger.error("%s", self.failure)
        self._throw_away()

    def _throw_away(self) -> None:
        for close in (self._file.close, self._raw.close, self._temporary.unlink):
            try:
                close()
            except (OSError, ValueError) as again:
                logger.debug("discarding a recording: %s", again)


class ReplaySource:
    """Answers queries from a bundle with the recorded answers.

    A repeated query gets the recorded answers in their order; the last one is repeated. Raises BundleInvalid for an
    incomplete file.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        reader = bundle.Reader(self._path)
        self._lock = threading.Lock()
        self._answers: dict[Query, _Answers] = {}
        for line, exchange in reader:
            self._answers.setdefault(exchange.query, _Answers()).packed.append(zlib.compress(line, 1))
        self.environment: Environment = _environment(self._path, reader.header.get("environment"), reader.sha256)

    def answer(self, queries: Sequence[Query]) -> Mapping[Query, Reply | CalipsoError]:
        """Answer all queries; NotRecorded for those that were not recorded."""
        with self._lock:
            return {query: self._answer(query) for query in queries}

    def close(self) -> None:
        """Do nothing: nothing is open."""

    def _answer(self, query: Query) -> Reply | CalipsoError:
        answers = self._answers.get(query.request)
        if answers is None and isinstance(query, Command) and query.former is not None:
            answers = self._answers.get(query.former)
        if answers is None:
            return NotRecorded(str(query), str(self._path))
        return bundle.exchange_of(self._path, zlib.decompress(answers.next())).answer


@dataclass(slots=True)
class _Answers:
    """The answers to one query, in order, each as its compressed line, decompressed only when needed."""

    packed: list[bytes] = field(default_factory=list)
    given: int = 0

    def next(self) -> bytes:
        chosen = self.packed[min(self.given, len(self.packed) - 1)]
        self.given += 1
        return chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleInfo:
    """The description of a bundle.

    Attributes:
        product: version of calipso_nornir that recorded it.
        recorded_at: ISO 8601.
        exchanges: number by kind of source ("api", "db", "cli").
        errors: number of exchanges that ended in an error.
        hosts: hosts to which there was a login, or an attempt.
        description: recorded description of the environment; its ``configuration`` is not used.
        secrets: places in it with secrets or references to them. A bundle that has any is not replayed.
    """

    path: str
    version: int
    product: str
    recorded_at: str
    environment: str
    description: Mapping[str, Any]
    secrets: tuple[str, ...]
    note: str
    exchanges: Mapping[str, int]
    errors: int
    hosts: tuple[str, ...]
    sha256: str


def bundle_info(path: str | Path) -> BundleInfo:
    """Read and check a bundle, and return its description. Raises BundleInvalid."""
    reader = bundle.Reader(Path(path))
    document = reader.header.get("environment")
    described = document if isinstance(document, dict) else {}
    kinds: Counter[str] = Counter()
    hosts: set[str] = set()
    errors = 0
    for _, exchange in reader:
        kinds[exchange.query.source] += 1
        errors += isinstance(exchange.answer, CalipsoError)
        if exchange.query.host:
            hosts.add(exchange.query.host)
    named = secrets_in(document)
    if not named:
        _environment(Path(path), document, reader.sha256)
    return BundleInfo(
        path=str(path),
        version=bundle.VERSION,
        product=str(reader.header.get("product", "")),
        recorded_at=str(reader.header.get("recorded_at", "")),
        environment=str(described.get("name", "")),
        description=described,
        secrets=tuple(named),
        note=str(reader.header.get("note", "")),
        exchanges=dict(sorted(kinds.items())),
        errors=errors,
        hosts=tuple(sorted(hosts)),
        sha256=reader.sha256,
    )


def _environment(path: Path, document: object, digest: str) -> Environment:
    problem = ""
    try:
        return read_recorded(document, digest=digest)
    except EnvironmentInvalid as error:
        problem = "; ".join(str(fault) for fault in error.faults)
    raise BundleInvalid(str(path), problem)
