# SPDX-License-Identifier: Apache-2.0
"""Checks a MongoDB database: the server, its version, its topology, the layout, and each right.

Nothing is changed. Write permission is checked with writes that have no effect: MongoDB checks the permission first,
and then finds that the document to insert exists already, or that no document matches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pymongo.errors import DuplicateKeyError, OperationFailure, PyMongoError

from calipso_nornir.errors import CalipsoError, UnknownInventory
from calipso_nornir.model.source_kinds import Finding
from calipso_nornir.store.mongo.connection import Connection, meaning
from calipso_nornir.store.mongo.layout import NOTE, must_hold
from calipso_nornir.store.names import LAYOUT, collection_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from calipso_nornir.store.mongo.connection import PlainCollection

SECTION: Final = "store"
OLDEST: Final = (4, 4)
_NO_RIGHT: Final = 13
"""Unauthorized (mongo/base/error_codes.yml)."""
_NO_LOGIN: Final = 18
"""AuthenticationFailed."""
_NOBODY: Final = {"_id": "calipso: no document has this id"}


def try_mongo(uri: str, inventory: str) -> Iterator[Finding]:
    """Yield the findings; if a step fails, later steps could not succeed and are left out, except those on rights."""
    connection = Connection(uri)
    try:
        try:
            about = connection.database.command("buildInfo")
            hello = connection.database.command("hello")
        except PyMongoError as error:
            yield Finding(SECTION, "server", ok=False, detail=_unreachable(error, connection.uri))
            return
        yield Finding(SECTION, "server", ok=True, detail=f"{connection.uri} answers")
        yield suits(str(about.get("version", "")))
        yield standing(hello)
        yield from _rights(connection, inventory)
    finally:
        connection.close()


def _unreachable(error: PyMongoError, uri: str) -> str:
    if isinstance(error, OperationFailure) and error.code == _NO_LOGIN:
        return f"{uri}: the server refuses user or password; correct them in the URI of the store"
    todo = "is mongod running there, and can this host reach it?"
    return f"{meaning(error, uri)}; {todo}"


def suits(version: str) -> Finding:
    """Tell whether a version of MongoDB is supported."""
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers >= OLDEST:
        return Finding(SECTION, "version", ok=True, detail=f"MongoDB {version}")
    oldest = ".".join(str(one) for one in OLDEST)
    return Finding(SECTION, "version", ok=False, detail=f"MongoDB {version}: upgrade it to {oldest} or later")


def standing(hello: dict[str, Any]) -> Finding:
    """Tell whether another server can take over if this one fails, from its answer to ``hello``."""
    if hello.get("msg") == "isdbgrid":
        return Finding(SECTION, "topology", ok=True, detail="sharded cluster")
    name = hello.get("setName")
    if name is None:
        return Finding(SECTION, "topology", ok=True, detail="a single server: none takes over if it fails")
    primary = hello.get("primary")
    members = len(hello.get("hosts", ()))
    if primary is None:
        detail = f"replica set {name} has no primary, so nothing can be written: see rs.status() on a member"
        return Finding(SECTION, "topology", ok=False, detail=detail)
    return Finding(SECTION, "topology", ok=True, detail=f"replica set {name}: primary {primary}, {members} members")


def _rights(connection: Connection, inventory: str) -> Iterator[Finding]:
    notes = connection.database[collection_name(inventory, LAYOUT)]
    try:
        must_hold(connection.database, connection.uri, inventory)
    except UnknownInventory as error:
        yield Finding(SECTION, "layout", ok=False, detail=str(error), needed=False)
        yield _written(connection, notes, _touch)
        return
    except CalipsoError as error:
        yield Finding(SECTION, "layout", ok=False, detail=str(error))
        return
    except PyMongoError as error:
        yield Finding(SECTION, "read", ok=False, detail=_refused(error, connection))
        return
    yield Finding(SECTION, "read", ok=True, detail=f"the user may read {connection.database.name}")
    yield Finding(SECTION, "layout", ok=True, detail="current: no migration needed")
    yield _written(connection, notes, _insert, _touch)


def _insert(notes: PlainCollection) -> None:
    try:
        notes.insert_one({"_id": NOTE})
    except DuplicateKeyError:
        return  # as expected: the user has the right, and the document exists already


def _touch(notes: PlainCollection) -> None:
    notes.update_one(_NOBODY, {"$set": {"version": 0}})
    notes.delete_one(_NOBODY)


def _written(connection: Connection, notes: PlainCollection, *writes: Callable[[PlainCollection], None]) -> Finding:
    try:
        for write in writes:
            write(notes)
    except PyMongoError as error:
        return Finding(SECTION, "write", ok=False, detail=_refused(error, connection))
    return Finding(SECTION, "write", ok=True, detail=f"the user may write to {connection.database.name}")


def _refused(error: PyMongoError, connection: Connection) -> str:
    name = connection.database.name
    if isinstance(error, OperationFailure) and error.code == _NO_RIGHT:
        grant = f'db.grantRolesToUser(USER, [{{role: "readWrite", db: "{name}"}}])'
        return f"the user lacks the right: grant it with {grant}"
    return str(meaning(error, connection.uri))
