# SPDX-License-Identifier: Apache-2.0
"""Records every exchange of a scan into one file, and answers a scan from such a file."""

from __future__ import annotations

import gzip
import hashlib
import logging
import os
import tempfile
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
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
from calipso_nornir.metadata.environments import read_environment, recorded_document
from calipso_nornir.model.queries import Lookup
from calipso_nornir.sources import bundle

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.protocols import Reply, Source
    from calipso_nornir.model.queries import Query

logger = logging.getLogger(__name__)

Scrub = Callable[[Any], Any]
"""Gives text or JSON back with secrets blotted out: ``Vault.scrub``."""


class RecordingSource:
    """Passes questions on to another source and writes down what it answers.

    Args:
        inner: the source that answers.
        path: of the bundle; it appears there, complete, when the source is closed.
        environment: what is scanned; its description goes along, without references to secrets.
        scrub: applied to all that is written.
        note: free text for whoever reads the bundle.

    Raises RecordingFailed when nothing can be written there. Should the disk fill up later, the scan goes on
    and ``failure`` tells.
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
        """Answer as the inner source does; questions to the scan's own inventory are not written down."""
        answers = self._inner.answer(queries)
        now = datetime.now(UTC)
        with self._lock:
            for query in queries:
                if self.failure is None and not isinstance(query, Lookup) and query in answers:
                    exchange = bundle.Exchange(query, answers[query])
                    self._write(bundle.line_of(bundle.exchange_to_json(exchange, now, scrub=self._scrub)))
                    self._count += 1
        return answers

    def close(self) -> None:
        """Close the inner source and make the bundle final."""
        try:
            self._inner.close()
        finally:
            with self._lock:
                if not self._closed:
                    self._closed = True
                    self._finish()

    def _open(self) -> None:
        try:
            descriptor, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.", suffix=".part")
        except OSError as error:
            raise RecordingFailed(str(self._path), error.strerror or type(error).__name__) from None
        self._temporary = Path(name)
        self._raw = os.fdopen(descriptor, "wb")
        self._file = gzip.GzipFile(filename="", mode="wb", fileobj=self._raw, mtime=0, compresslevel=6)

    def _write(self, line: bytes) -> None:
        try:
            self._file.write(line)
        except OSError as error:
            self._give_up(error)
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
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        self.failure = RecordingFailed(str(self._path), error.strerror or type(error).__name__)
        logger.error("%s", self.failure)
        for close in (self._file.close, self._raw.close, self._temporary.unlink):
            try:
                close()
            except (OSError, ValueError) as again:
                logger.debug("after a failed recording: %s", again)


class ReplaySource:
    """Answers from a bundle what was answered when it was recorded.

    The same question, asked again, gets the answers in the order in which they came, then the last one.
    Raises BundleInvalid for a file that is not whole.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        content = bundle.read(self._path)
        self.environment: Environment = _environment(self._path, content.header)
        self._lock = threading.Lock()
        self._answers: defaultdict[Query, deque[Reply | CalipsoError]] = defaultdict(deque)
        for exchange in content.exchanges:
            self._answers[exchange.query].append(exchange.answer)

    def answer(self, queries: Sequence[Query]) -> Mapping[Query, Reply | CalipsoError]:
        """Answer all queries; NotRecorded for those that nobody asked then."""
        with self._lock:
            return {query: self._answer(query) for query in queries}

    def close(self) -> None:
        """Nothing is open."""

    def _answer(self, query: Query) -> Reply | CalipsoError:
        answers = self._answers.get(query.request)
        if not answers:
            return NotRecorded(str(query), str(self._path))
        return answers.popleft() if len(answers) > 1 else answers[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleInfo:
    """What a bundle says of itself.

    Attributes:
        product: version of calipso_nornir that recorded it.
        recorded_at: ISO 8601.
        exchanges: number by kind of source ("api", "db", "cli").
        errors: how many of them ended in an error.
        hosts: those that were logged in to, or were to be.
    """

    path: str
    version: int
    product: str
    recorded_at: str
    environment: str
    note: str
    exchanges: Mapping[str, int]
    errors: int
    hosts: tuple[str, ...]
    sha256: str


def bundle_info(path: str | Path) -> BundleInfo:
    """Read a bundle, check it, and say what is in it. Raises BundleInvalid."""
    content = bundle.read(Path(path))
    queries = [exchange.query for exchange in content.exchanges]
    return BundleInfo(
        path=str(path),
        version=bundle.VERSION,
        product=str(content.header.get("product", "")),
        recorded_at=str(content.header.get("recorded_at", "")),
        environment=_environment(Path(path), content.header).name,
        note=str(content.header.get("note", "")),
        exchanges=dict(sorted(Counter(query.source for query in queries).items())),
        errors=sum(isinstance(exchange.answer, CalipsoError) for exchange in content.exchanges),
        hosts=tuple(sorted({query.host for query in queries if query.host})),
        sha256=content.sha256,
    )


def _environment(path: Path, header: Mapping[str, Any]) -> Environment:
    """Read the environment of a header. Its constants are not checked: overlays that know more may be missing here."""
    problem = ""
    try:
        return read_environment(header.get("environment"), where="environment", constants={}, complete=False)
    except EnvironmentInvalid as error:
        problem = "; ".join(str(fault) for fault in error.faults)
    raise BundleInvalid(str(path), problem)
