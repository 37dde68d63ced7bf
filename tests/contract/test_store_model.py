# SPDX-License-Identifier: Apache-2.0
"""Both stores against a simple model of revisions: any commits, in any order, from any base."""

from __future__ import annotations

import contextlib
import itertools
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calipso_nornir.errors import Overtaken
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.model.status import Status
from calipso_nornir.store.documents import link_document, object_document, status_document
from calipso_nornir.store.mongo import small_commit
from calipso_nornir.store.names import KINDS
from calipso_nornir.testing.revisions import Revisions
from calipso_nornir.testing.store_samples import AT, host, link

if TYPE_CHECKING:
    from calipso_nornir.model.stores import Document, Kind, Store, StoreView
    from calipso_nornir.testing.revisions import Name, Picture
    from tests.fixtures.places import Place

pytest_plugins = ["tests.fixtures.stores"]

NAMES = ("h1", "h2", "h3")
_environments = itertools.count(1)


@pytest.fixture
def store(place: Place, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr(small_commit, "MOST_COMMITS", 3)  # of MongoDB: some are applied, and some stand in the marker
    return place.open()


def document(what: tuple[str, str, int], environment: str) -> tuple[Kind, Document]:
    """Return a document of a kind, a name and a version."""
    kind, name, version = what
    one = host(name, environment=environment, n=version)
    if kind == "links":
        return "links", link_document(link(one, host("h0", environment=environment), weight=version))
    if kind == "status":
        of = ObjectRef(environment, "host", name).document_id
        return "status", status_document(
            Status(environment=environment, of=of, value=version, label=str(version), checked_at=AT)
        )
    return "inventory", object_document(one)


PUTS = st.lists(
    st.tuples(st.sampled_from(["inventory", "links", "status"]), st.sampled_from(NAMES), st.integers(0, 2)), max_size=4
)
GONE = st.lists(st.tuples(st.sampled_from(["inventory", "links", "status"]), st.sampled_from(NAMES)), max_size=3)
COMMITS = st.lists(st.tuples(PUTS, GONE, st.none() | st.integers(0, 4)), max_size=7)


@pytest.mark.long
@given(commits=COMMITS, readers=st.lists(st.integers(0, 6), max_size=2))
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_a_store_is_what_the_model_is(store: Store, commits: list[Any], readers: list[int]) -> None:
    environment = f"lab{next(_environments)}"
    model = Revisions()
    with contextlib.ExitStack() as stack:
        snapshots: list[tuple[int, StoreView]] = []
        for number, (puts, gone, back) in enumerate(commits):
            if number in readers:
                snapshots.append((model.newest, stack.enter_context(store.snapshot(environment))))
            base = None if back is None else max(0, model.newest - back)
            _commit(store, model, environment, changes=(puts, gone), base=base)
            assert picture(store.view(environment)) == model.pictures[-1]
        for revision, snapshot in snapshots:
            assert snapshot.revision == revision
            assert picture(snapshot) == model.pictures[revision]
    assert store.view(environment).revision == model.newest
    for revision, before in enumerate(model.pictures):
        assert model.after(before, store.changes(environment, since=revision)) == model.pictures[-1]
    assert [one.revision for one in store.commits(environment)] == list(range(model.newest, 0, -1))


def _commit(store: Store, model: Revisions, environment: str, *, changes: Any, base: int | None) -> None:  # noqa: ANN401 - as drawn
    """Commit to the store and to the model: removals first, then puts, the last of each document."""
    puts, gone = changes
    documents = {(kind, one["_id"]): (kind, one) for kind, one in (document(what, environment) for what in puts)}
    names: list[Name] = [(kind, one["_id"]) for kind, one in (document((*what, 0), environment) for what in gone)]
    names = [name for name in names if name not in documents]
    there = model.pictures[-1]
    with_status = [("status", one) for kind, one in names if kind in ("inventory", "links") and (kind, one) in there]
    late = set() if base is None else model.overtaken(base, documents.values(), names)
    refused: tuple[str, ...] = ()
    try:
        with store.write(environment, base=base) as writer:
            for kind, one in names:
                writer.remove(kind, [one])
            for kind, each in documents.values():
                writer.put(kind, [each])
    except Overtaken as error:
        refused = error.documents
    assert set(refused) == {f"{kind}/{one}" for kind, one in late}
    if refused:
        return
    model.commit(documents.values(), [*names, *with_status])  # type: ignore[list-item] # the status goes along


def picture(view: StoreView) -> Picture:
    """Return everything that a view shows."""
    return {(kind, one["_id"]): one for kind in KINDS for one in view.documents(kind)}
