# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: S101 - assertions are what a helper of tests is for
"""Objects, links and values for tests of stores, and helpers for such tests."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import PastUnknown
from calipso_nornir.model.evidence import Evidence
from calipso_nornir.model.links import Link
from calipso_nornir.model.objects import InventoryObject
from calipso_nornir.model.refs import ObjectRef, Witness

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from calipso_nornir.errors import CalipsoError
    from calipso_nornir.model.stores import Document, Kind, Store

ENVIRONMENT = "lab"
AT = datetime(2026, 11, 22, 19, 10, 0, 123000, tzinfo=UTC)
LATER = AT + timedelta(hours=1)
ZONE = Witness("zone.host", ObjectRef(ENVIRONMENT, "availability_zone", "R1|nova"))
"""One of the two witnesses that find every host of ``ENVIRONMENT``."""

ODD_ATTRIBUTES: dict[str, Any] = {
    "a.b": {"c.d": 1, "$ref": "x", "$id": 2},
    "[dot]": "a literal escape",
    "[open]dot]": 1,
    "[int]": {"[int]": "12"},
    "[date]": "2026-11-22T00:00:00.000+00:00",
    "$set": {"": "empty key"},
    "": None,
    "nul\0key": "nul\0value",
    "key": "k",
    "beyond 64 bit": [2**63, -(2**64), 10**400],
    "64 bit": [2**63 - 1, -(2**63)],
    "floats": [0.1, -0.0, 1e308, float("inf"), float("-inf")],
    "nested": [[[], {}], [[1, [2, [3]]]]],
    "bytes": b"\x00\xff[dot]",
    "emoji \N{PILE OF POO}": "\N{COMBINING ACUTE ACCENT}\u202e\ufeff",
    "@type": "bridge",
    "true": True,
    "one": 1,
}
"""Attributes that come back exactly as they are."""


def host(name: str, *, environment: str = ENVIRONMENT, **attributes: Any) -> InventoryObject:  # noqa: ANN401 - JSON
    """Return a host with every field of an object set."""
    zone = ObjectRef(environment, "availability_zone", "R1|nova")
    return InventoryObject(
        ref=ObjectRef(environment, "host", name),
        name=name.upper(),
        parent=zone,
        id_path=f"/{environment}/R1|nova/{name}",
        name_path=f"/{environment}/nova/{name.upper()}",
        attributes={"host": name, "services": ["nova-compute"], **attributes},
        evidence=(Evidence("api", "GET compute /os-hypervisors", None, AT), Evidence("derived", "one rule")),
        found_by=frozenset(
            {Witness("zone.host", zone), Witness("region.host", ObjectRef(environment, "region", "R1"))}
        ),
        scanned_at=AT,
        object_name=f"object {name}",
        show_in_tree=False,
        on_demand=True,
        handed_down=f"{name}.example.org",
    )


def pnic(host_name: str, name: str, *, environment: str = ENVIRONMENT, label: str = "") -> InventoryObject:
    """Return a physical interface below a host."""
    parent = ObjectRef(environment, "host", host_name)
    return InventoryObject(
        ref=ObjectRef(environment, "host_pnic", f"{host_name}|{name}"),
        name=label or name,
        parent=parent,
        id_path=f"/{environment}/{host_name}/{name}",
        name_path=f"/{environment}/{host_name}/{name}",
        attributes={"host": host_name, "mtu": 9001, "config": {"lldp": {"peer": "Tor-Switch"}}},
        scanned_at=AT,
    )


def link(source: InventoryObject, target: InventoryObject, **fields: Any) -> Link:  # noqa: ANN401 - fields of Link
    """Return a link between two objects."""
    return Link(source=source.ref, target=target.ref, **{"scanned_at": AT, **fields})


def put(store: Store, kind: Kind, documents: Iterable[Document], *, environment: str = ENVIRONMENT) -> None:
    """Write documents as a generation."""
    with store.write(environment) as writer:
        writer.put(kind, documents)


def stored(store: Store, kind: Kind = "inventory", *, environment: str = ENVIRONMENT) -> dict[str, Document]:
    """Return all documents of a kind by ``_id``."""
    return {document["_id"]: document for document in store.view(environment).documents(kind)}


def check_lives(store: Store, kind: Kind, document_id: str, *, environment: str = ENVIRONMENT) -> None:
    """Assert that the lives of a document say what snapshots show, at each revision that is known."""
    lives = store.lives(environment, kind, document_id)
    assert [one.revision for one in lives] == sorted({one.revision for one in lives}, reverse=True)
    for revision in range(store.view(environment).revision + 1):
        valid = [one for one in lives if one.revision <= revision and (one.until is None or one.until > revision)]
        try:
            with store.snapshot(environment, at=revision) as then:
                there = then.get_by_id(kind, document_id)
        except PastUnknown:
            continue
        assert [one.document["digest"] for one in valid] == ([] if there is None else [there["digest"]]), revision


@contextmanager
def expected(kind: type[CalipsoError]) -> Iterator[None]:
    """Fail when the block does not raise an error of a kind."""
    try:
        yield
    except kind:
        return
    raise AssertionError(f"{kind.__name__} was not raised")
