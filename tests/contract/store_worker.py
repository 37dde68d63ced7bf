# SPDX-License-Identifier: Apache-2.0
"""A process that writes or reads numbered generations, and what such a generation looks like.

``python -m tests.contract.store_worker write KIND URI SIZE FIRST`` writes generation after generation until it is
killed; ``… mix KIND URI SIZE FIRST`` does so with small commits between them; ``… read KIND URI`` reads until its
standard input is closed.
"""

from __future__ import annotations

import json
import sys
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from calipso_nornir.errors import Overtaken
from calipso_nornir.model.links import Link
from calipso_nornir.model.objects import InventoryObject
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.store.documents import link_document, object_document
from tests.fixtures.places import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.stores import Document, Kind, Store, Writer

ENVIRONMENT = "lab"
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
SMALL = "small"
MANY = 15
"""Small commits between two generations."""
QUIET = 5
"""Objects that never change: each generation just marks them as seen."""


def scanned_at(generation: int) -> datetime:
    """Return the time of a generation."""
    return BEGINNING + timedelta(seconds=generation)


def ref(name: str) -> ObjectRef:
    """Return the identity of an object."""
    return ObjectRef(ENVIRONMENT, "host", name)


def objects(generation: int, size: int) -> Iterator[InventoryObject]:
    """Yield objects: most carry the number, one exists in this generation only, some never change."""
    names = [*(f"host-{number}" for number in range(size)), f"only-{generation}"]
    changing = [(name, {"generation": generation, "filler": "x" * 300}) for name in names]
    for name, attributes in [*changing, *((f"quiet-{number}", {}) for number in range(QUIET))]:
        yield InventoryObject(
            ref=ref(name),
            name=name,
            parent=None,
            id_path=f"/{ENVIRONMENT}/{name}",
            name_path=f"/{ENVIRONMENT}/{name}",
            attributes=attributes,
            scanned_at=scanned_at(generation),
        )


def links(generation: int, size: int) -> Iterator[Link]:
    """Yield links of a generation."""
    for number in range(0, size, 3):
        yield Link(
            source=ref(f"host-{number}"),
            target=ref(f"only-{generation}"),
            attributes={"generation": generation},
            scanned_at=scanned_at(generation),
        )


def write(store: Store, generation: int, size: int) -> None:
    """Write one generation the way a scan does: what changed, what was seen, what is gone; again when overtaken."""
    while True:
        base = store.view(ENVIRONMENT).revision
        try:
            with store.write(ENVIRONMENT, base=base, cause=f"generation {generation}") as writer:
                _write_kind(writer, "inventory", map(object_document, objects(generation, size)), generation)
                _write_kind(writer, "links", map(link_document, links(generation, size)), generation)
        except Overtaken:
            continue
        return


def write_small(store: Store, number: int) -> None:
    """Make a small commit: two objects with the same number, and one that is there with every other number only."""
    with store.write(SMALL, cause=str(number)) as writer:
        writer.put("inventory", (object_document(_numbered(name, number)) for name in ("one", "other")))
        odd = _numbered("odd", number)
        if number % 2:
            writer.put("inventory", [object_document(odd)])
        else:
            writer.remove("inventory", [odd.ref.document_id])


def check_small(store: Store) -> int:
    """Return the number of the last small commit, all of which is there."""
    found = {one.name: one["number"] for one in store.view(SMALL).of_type("host")}
    assert len(set(found.values())) <= 1, f"half of a small commit: {found}"
    number = int(found.get("one", 0))
    assert ("odd" in found) == bool(number % 2), f"half of a small commit: {found}"
    return number


def _numbered(name: str, number: int) -> InventoryObject:
    own = ObjectRef(SMALL, "host", name)
    path = f"/{SMALL}/{name}"
    attributes = {"number": number}
    return InventoryObject(ref=own, name=name, parent=None, id_path=path, name_path=path, attributes=attributes)


def _write_kind(writer: Writer, kind: Kind, documents: Iterator[Document], generation: int) -> None:
    gone = dict(writer.digests(kind))
    same: list[str] = []

    def changed() -> Iterator[Document]:
        for document in documents:
            if gone.pop(document["_id"], None) == document["digest"]:
                same.append(document["_id"])
            else:
                yield document

    writer.put(kind, changed())
    writer.seen(kind, same, scanned_at(generation))
    writer.remove(kind, list(gone))


def generation_of(documents: list[Document], kind: str, *, seen: int = 0) -> int:
    """Return the one generation that a reading shows; an AssertionError tells what is mixed or missing.

    When a document was seen is no part of a revision: quiet objects may show the time of the one that is being
    written. ``seen``: a generation that was written before, although its number is higher.
    """
    changing = [document for document in documents if "generation" in document]
    numbers = {document["generation"] for document in changing}
    if kind == "links":
        changing = documents
        numbers = {document["attributes"]["generation"] for document in documents}
    assert len(numbers) == 1, f"{kind}: generations {sorted(numbers)} at once"
    [number] = numbers
    times = {document["last_scanned"] for document in changing}
    assert times == {scanned_at(number)}, f"{kind}: generation {number}, but seen at {sorted(map(str, times))}"
    quiet = [one["last_scanned"] for one in documents if kind == "inventory" and "generation" not in one]
    latest = scanned_at(max(number + 1, seen))
    assert all(scanned_at(number) <= at <= latest for at in quiet), f"{kind}: generation {number}, quiet: {quiet}"
    return int(number)


def check(store: Store, size: int, *, seen: int = 0) -> int:
    """Return the number of the generation that the store holds, wholly; ``seen`` as in ``generation_of``."""
    view = store.view(ENVIRONMENT)
    documents = list(view.documents("inventory"))
    number = generation_of(documents, "inventory", seen=seen)
    assert {document["_id"]: document["digest"] for document in documents} == {
        document["_id"]: document["digest"] for document in map(object_document, objects(number, size))
    }
    assert view.counts() == {"host": len(documents)}
    assert {document["_id"]: document["digest"] for document in view.documents("links")} == {
        document["_id"]: document["digest"] for document in map(link_document, links(number, size))
    }
    return number


def read(store: Store) -> Iterator[dict[str, int]]:
    """Read in every way there is and yield what was seen."""
    view = store.view(ENVIRONMENT)
    of_type = [object_document(one) for one in view.of_type("host")]
    yield {"of_type": generation_of(of_type, "inventory"), "count": len(of_type)}
    yield {"documents": generation_of(list(view.documents("inventory")), "inventory")}
    yield {"links": generation_of([link_document(one) for one in view.links("host-host")], "links")}
    yield {"found": generation_of([object_document(one) for one in view.search("only-", limit=10**6)], "inventory")}
    yield {"count": view.counts()["host"]}


def main(action: str, kind: str, uri: str, *numbers: str) -> None:
    """Do what the first argument says."""
    store = Place(kind, uri).open_impatient()
    if action in ("write", "mix"):
        size, generation = map(int, numbers)
        small = check_small(store)
        while True:
            for number in range(small + 1, small + 1 + MANY * (action == "mix")):
                write_small(store, number)
                _say({"small": number})
                small = number
            _say({"begun": generation})
            write(store, generation, size)
            _say({"done": generation})
            generation += 1
    elif action == "read":
        ended = threading.Event()
        threading.Thread(target=_wait_for_end, args=(ended,), daemon=True).start()
        while not ended.is_set():
            for seen in read(store):
                _say(seen)


def _wait_for_end(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()


def _say(what: dict[str, int]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
