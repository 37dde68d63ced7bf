# SPDX-License-Identifier: Apache-2.0
"""The connection to MongoDB, and the meaning of its errors."""

from __future__ import annotations

import logging
import random
import re
import time
import warnings
from contextlib import contextmanager
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from bson.codec_options import CodecOptions, TypeDecoder, TypeRegistry
from bson.errors import BSONError
from bson.int64 import Int64
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient, ReadPreference, WriteConcern
from pymongo.errors import BulkWriteError, ConnectionFailure, DocumentTooLarge, OperationFailure, PyMongoError
from pymongo.read_concern import ReadConcern

from calipso_nornir.errors import DocumentRefused, StoreError, StoreFull, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pymongo.collection import Collection
    from pymongo.database import Database

T = TypeVar("T")

_log = logging.getLogger(__name__)

DEFAULT_DATABASE: Final = "calipso"
FAIL_OVER_S: Final = 60.0
"""An election takes 10 s or more (``electionTimeoutMillis``)."""
_LABELS: Final = ("RetryableWriteError", "TransientTransactionError")
_FAIL_OVER: Final = frozenset({6, 7, 64, 89, 91, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436})
"""HostUnreachable, HostNotFound, WriteConcernFailed, NetworkTimeout, ShutdownInProgress, PrimarySteppedDown,
ExceededTimeLimit, SocketException, NotWritablePrimary, InterruptedAtShutdown, InterruptedDueToReplStateChange,
NotPrimaryNoSecondaryOk, NotPrimaryOrSecondary (mongo/base/error_codes.yml)."""
_ANSWER_MS: Final = 10_000
_CREDENTIALS: Final = re.compile(r"//(?P<user>[^:@/?]*)(?::.*)?@", re.DOTALL)
_OUT_OF_ROOM: Final = frozenset({14031, 12501})
"""OutOfDiskSpace, and exceeded quota (mongo/base/error_codes.yml)."""
_TOO_LARGE: Final = frozenset({10334, 17419, 17420})
"""BSONObjectTooLarge, and an update that would make a document so."""

PlainDatabase: TypeAlias = "Database[dict[str, Any]]"
RawCollection: TypeAlias = "Collection[RawBSONDocument]"
PlainCollection: TypeAlias = "Collection[dict[str, Any]]"


class _PlainInt(TypeDecoder):
    """Decodes 64-bit integers as ``int``, because YAML writers reject pymongo's ``Int64``."""

    bson_type = Int64

    def transform_bson(self, value: Int64) -> int:
        return int(value)


OPTIONS: Final[CodecOptions[dict[str, Any]]] = CodecOptions(
    document_class=dict, tz_aware=True, tzinfo=UTC, type_registry=TypeRegistry([_PlainInt()])
)
RAW_OPTIONS: Final[CodecOptions[RawBSONDocument]] = CodecOptions(document_class=RawBSONDocument, tz_aware=True)


def shown(uri: str) -> str:
    """Return a URI without its password and options, which may also contain secrets."""
    head, _, _ = uri.partition("?") if "@" not in uri else _after_credentials(uri)
    return _CREDENTIALS.sub(lambda found: f"//{found['user']}@", head)


def _after_credentials(uri: str) -> tuple[str, str, str]:
    """Split off the options: the ``?`` after the last ``@``, because a password may contain an unescaped ``?``."""
    before, at, after = uri.rpartition("@")
    head, mark, options = after.partition("?")
    return f"{before}{at}{head}", mark, options


class Connection:
    """One client and the database that its URI names. Reads go to the primary, so they see their own writes."""

    def __init__(self, uri: str) -> None:
        self.uri = shown(uri)
        waits: dict[str, Any] = {"serverSelectionTimeoutMS": _ANSWER_MS}
        if "serverselectiontimeoutms" in uri.lower():
            waits = {}
        try:
            with warnings.catch_warnings():  # about options that pymongo does not know and would ignore
                warnings.simplefilter("error", UserWarning)
                self._client: MongoClient[dict[str, Any]] = MongoClient(uri, appname="calipso", **waits)
            name = self._client.get_default_database(DEFAULT_DATABASE).name
        except (PyMongoError, ValueError, TypeError, UserWarning) as error:
            # pymongo's message may quote the URI: only the type of the error is given, without a traceback.
            hint = "percent-encode user and password, and use only options that pymongo knows"
            cause = f"the URI is not valid ({type(error).__name__}): {hint}"
            raise StoreUnavailable(self.uri, cause) from None
        self.database: PlainDatabase = self._client.get_database(
            name,
            codec_options=OPTIONS,
            read_preference=ReadPreference.PRIMARY,
            write_concern=WriteConcern(w="majority", j=True),
            read_concern=ReadConcern("local"),
        )

    def close(self) -> None:
        """Close the client."""
        self._client.close()

    @property
    def is_replica_set(self) -> bool:
        """Whether another server may take over if this one fails."""
        known = self._client.topology_description
        somebody = any(one.is_server_type_known for one in known.server_descriptions().values())
        return somebody and known.topology_type_name.startswith("ReplicaSet")


class Riding:
    """Repeats calls that fail while a replica set has no primary, until it has one again.

    Use it only for calls that may be repeated. With a single server nothing is repeated: no other will take over.
    """

    def __init__(self, connection: Connection, *, seconds: float = FAIL_OVER_S) -> None:
        self._connection = connection
        self._seconds = seconds

    def __call__(self, attempt: Callable[[], T]) -> T:
        """Call ``attempt`` and return its result; pymongo's errors become the store's."""
        deadline = time.monotonic() + self._seconds
        with translated(self._connection.uri):
            while True:
                try:
                    return attempt()
                except PyMongoError as error:
                    if not self.may_pass(error) or time.monotonic() >= deadline:
                        raise
                    _log.info("%s: trying again: %s", self._connection.uri, _first_line(error))
                time.sleep(random.uniform(0.05, 0.3))  # noqa: S311 - to get out of step, not for secrecy

    def may_pass(self, error: PyMongoError) -> bool:
        """Return whether an error means that a replica set has no primary for a while."""
        if not self._connection.is_replica_set:
            return False
        if isinstance(error, ConnectionFailure):  # AutoReconnect, NotPrimaryError, ServerSelectionTimeoutError
            return True
        codes = _codes(error)
        return bool(codes & _FAIL_OVER) or any(error.has_error_label(label) for label in _LABELS)


@contextmanager
def translated(uri: str) -> Iterator[None]:
    """Turn errors of pymongo into errors of the store."""
    try:
        yield
    except (PyMongoError, BSONError) as error:
        raise meaning(error, uri) from error


def meaning(error: PyMongoError | BSONError, uri: str) -> StoreError:
    """Return the store's error for one of pymongo's."""
    codes = _codes(error)
    if codes & _OUT_OF_ROOM:
        return StoreFull(uri, _first_line(error))
    if isinstance(error, DocumentTooLarge) or codes & _TOO_LARGE:
        return DocumentRefused(uri, "a", "", f"is larger than MongoDB allows ({_first_line(error)})")
    if isinstance(error, BSONError):
        return StoreUnavailable(uri, f"it contains invalid BSON: {_first_line(error)}")
    return StoreUnavailable(uri, f"{_first_line(error)} ({type(error).__name__})")


def _codes(error: Exception) -> set[int]:
    if isinstance(error, BulkWriteError):
        faults = [*error.details.get("writeErrors", ()), *error.details.get("writeConcernErrors", ())]
        return {fault.get("code", 0) for fault in faults}
    if isinstance(error, OperationFailure):
        concern = (error.details or {}).get("writeConcernError", {})
        return {error.code or 0, concern.get("code", 0)}
    return set()


def _first_line(error: Exception) -> str:
    """Return the beginning of an error's text: pymongo appends the whole topology, or the server's whole answer."""
    if isinstance(error, BulkWriteError) and error.details.get("writeErrors"):
        return str(error.details["writeErrors"][0].get("errmsg", ""))[:300]
    return str(error).split(", Topology Description", 1)[0].split(", full error:", 1)[0][:300]
