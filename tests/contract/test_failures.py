# SPDX-License-Identifier: Apache-2.0
"""Failures are read page by page, by an index of the store, on SQLite and on a real mongod."""

from __future__ import annotations

import json
import random
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pymongo
import pytest

from calipso_nornir.model.status import CAUSE, FINDING, FOLLOWS, SEVERITY, Status
from calipso_nornir.monitoring.failures import failures, place_of
from calipso_nornir.store.documents import object_document, status_document, status_of
from calipso_nornir.testing.store_samples import ENVIRONMENT, host, put

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calipso_nornir.model.stores import Store, StoreView
    from tests.fixtures.places import Place

pytest_plugins = ["tests.fixtures.stores"]

HOSTS = [host(f"h{number:03}") for number in range(200)]
IDS = [one.ref.document_id for one in HOSTS]


def status(of: str, value: int, **attributes: object) -> Status:
    return Status(environment=ENVIRONMENT, of=of, value=value, label=f"value {value}", attributes=attributes)


def some(chance: random.Random) -> list[Status]:
    """Failures, consequences of them, of good and of absent things, of themselves; links that follow; nonsense."""
    causes = [*IDS[:12], "0" * 24, "no id", 7]
    made = []
    for of in IDS[:150]:
        attributes: dict[str, object] = {}
        if chance.random() < 0.6:
            attributes[CAUSE] = chance.choice([{"of": chance.choice([*causes, of])}, "nothing", {}])
        if chance.random() < 0.1:
            attributes[FOLLOWS] = True
        made.append(status(of, chance.choice([0, 0, 1, 2, 3, 7]), **attributes))
    return made


def expected(view: StoreView) -> list[tuple[str, list[str]]]:
    """Return ``_id``s of failures and of their consequences, from all statuses, as the documentation says it."""
    statuses = {one["_id"]: status_of(one) for one in view.documents("status") if one["value"]}

    def cause(one: Status) -> str | None:
        told = one.attributes.get(CAUSE)
        of = told.get("of") if isinstance(told, dict) else None
        return of if of in statuses and of != one.of else None

    def rank(one: Status) -> tuple[int, str]:
        return -SEVERITY.get(one.value, SEVERITY[2]), one.of

    roots = [one for one in statuses.values() if cause(one) is None and not (one.attributes.get(FOLLOWS) and one.cause)]
    return [
        (
            one.of,
            sorted(of for of, each in statuses.items() if cause(each) == one.of and not each.attributes.get(FOLLOWS)),
        )
        for one in sorted(roots, key=rank)
    ]


def paged(view: StoreView, limit: int) -> list[tuple[str, list[str]]]:
    found, after = [], None
    while page := failures(view, after=after, limit=limit):
        assert len(page) <= limit
        found += page
        after = place_of(page[-1])
    return [(one.about.of, sorted(each.of for each in one.consequences)) for one in found]


def filled(store: Store, statuses: Iterable[Status]) -> None:
    put(store, "inventory", map(object_document, HOSTS))
    put(store, "status", map(status_document, statuses))


@pytest.mark.parametrize("seed", range(2))
def test_pages_are_the_whole_list(place: Place, seed: int) -> None:
    store = place.open()
    filled(store, some(random.Random(seed)))  # noqa: S311 - the same each time, no secret
    view = store.view(ENVIRONMENT)
    wanted = expected(view)
    assert len(wanted) > 20
    assert [len(of) for _, of in wanted].count(0) < len(wanted)
    for limit in (5, 1000):
        assert paged(view, limit) == wanted
    assert {one.about.of for one in failures(view)} == {of for of, _ in wanted}


def test_a_failure_whose_object_is_gone_ends_no_page(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store removes a status with its object; a reader may still see one without the other in a damaged store."""
    store = place.open()
    filled(store, [status(of, 2) for of in IDS[:20]])
    real = failures.__globals__["names_of"]
    monkeypatch.setitem(
        failures.__globals__,
        "names_of",
        lambda view, statuses: {
            of: one for of, one in real(view, statuses).items() if of not in set(sorted(IDS[:20])[:7])
        },
    )
    assert [of for of, _ in paged(store.view(ENVIRONMENT), 3)] == sorted(IDS[:20])[7:]


def test_the_past_has_its_failures(place: Place) -> None:
    store = place.open()
    filled(store, [status(of, 2) for of in IDS[:5]])
    then = store.view(ENVIRONMENT).revision
    put(store, "status", map(status_document, [status(IDS[0], 0), status(IDS[1], 1)]))
    with store.snapshot(ENVIRONMENT, at=then) as view:
        assert paged(view, 2) == [(of, []) for of in sorted(IDS[:5])]
    assert paged(store.view(ENVIRONMENT), 2) == [(of, []) for of in (*sorted(IDS[2:5]), IDS[1])]


def test_a_page_reads_itself_and_no_other(mongo_place: Place) -> None:
    store = mongo_place.open()
    many = [host(f"m{number:04}") for number in range(3000)]
    ids = sorted(one.ref.document_id for one in many)
    put(store, "inventory", map(object_document, many))
    bad = [status(of, 2) for of in ids[:700]] + [status(of, 3, cause={"of": ids[0]}) for of in ids[700:1500]]
    put(store, "status", map(status_document, [*bad, *(status(of, 0) for of in ids[1500:])]))
    view = store.view(ENVIRONMENT)
    with pymongo.MongoClient[dict[str, Any]](mongo_place.uri) as client:
        database = client.get_default_database()
        database.command("profile", 2)
        page = failures(view, after=("1", ids[99]), limit=10)
        database.command("profile", 0)
        reads = list(database["system.profile"].find({"planSummary": {"$exists": True}}))
    assert [one.about.of for one in page] == ids[100:110]
    assert not [one for one in reads if "COLLSCAN" in one["planSummary"] or one.get("hasSortStage")]
    of_statuses = [one for one in reads if one["ns"].endswith(".status")]
    assert 10 <= sum(one["docsExamined"] for one in of_statuses) < 350, "no more than the server's first batches"


def test_sqlite_finds_a_page_by_its_index(sqlite_place: Place) -> None:
    filled(sqlite_place.open(), [status(of, 2) for of in IDS])
    page = " AND _finding >= '1' AND _finding < '4' AND (_finding, _id) > ('1', 'a') ORDER BY _finding, _id LIMIT 3"
    consequences = " AND _finding IN (SELECT value FROM json_each('[]'))"
    statements = [f"SELECT * FROM status WHERE environment = 'x'{one}" for one in (page, consequences)]  # noqa: S608 - constants
    with closing(sqlite3.connect(sqlite_place.uri)) as connection:
        for statement in statements:
            plan = [row[-1] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
            assert any(f"calipso_status_by_{FINDING}__id" in step for step in plan), plan
            assert not [step for step in plan if "TEMP B-TREE" in step], plan


def test_a_store_from_before_gets_the_field(place: Place) -> None:
    store = place.open()
    filled(store, some(random.Random(9)))  # noqa: S311 - the same each time, no secret
    then = store.view(ENVIRONMENT).revision
    wanted = expected(store.view(ENVIRONMENT))
    put(store, "status", map(status_document, [status(IDS[0], 0), status(IDS[160], 2)]))
    store.close()
    _forget(place)
    again = place.open()
    assert paged(again.view(ENVIRONMENT), 20) == expected(again.view(ENVIRONMENT)) != wanted
    with again.snapshot(ENVIRONMENT, at=then) as view:
        assert paged(view, 20) == wanted
    put(again, "status", map(status_document, [status(IDS[1], 2, text="later")]))
    put(again, "status", map(status_document, [status(IDS[1], 0)]))
    assert paged(again.view(ENVIRONMENT), 20) == expected(again.view(ENVIRONMENT))


def _forget(place: Place) -> None:
    """Make of the store what it was before statuses had the field."""
    if place.kind == "mongo":
        with pymongo.MongoClient[dict[str, Any]](place.uri) as client:
            for name in ("status", "status_past"):
                statuses = client.get_default_database()[name]
                statuses.drop_indexes()
                statuses.update_many({}, {"$unset": {FINDING: ""}})
        return
    with closing(sqlite3.connect(place.uri)) as connection, connection:
        connection.execute(f'DROP INDEX "calipso_status_by_{FINDING}__id"')
        for name, texts in (("status", "calipso_text_status"), ("status_past", "status_past")):
            connection.execute(f"ALTER TABLE {name} DROP COLUMN {FINDING}")
            for number, text in connection.execute(f"SELECT number, document FROM {texts}").fetchall():  # noqa: S608
                left = {key: value for key, value in json.loads(text).items() if key != FINDING}
                connection.execute(f"UPDATE {texts} SET document = ? WHERE number = ?", (json.dumps(left), number))  # noqa: S608
