# SPDX-License-Identifier: Apache-2.0
"""Link finders read only what they declare, so small scans run only those that read what has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.metadata.loading import load_catalog
from calipso_nornir.store import open_store
from tests.bundles.whole import VARIANTS, recording, replay

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import LinkFinder
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.stores import StoreView

FINDERS = dict(load_catalog().link_finders)


class Watched:
    """A view that notes which types it is asked for."""

    def __init__(self, inner: StoreView) -> None:
        self._inner = inner
        self.read: set[str] = set()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the view has
        return getattr(self._inner, name)

    def get(self, ref: ObjectRef) -> InventoryObject | None:
        self.read.add(ref.type)
        return self._inner.get(ref)

    def of_type(self, type_: str) -> Sequence[InventoryObject]:
        self.read.add(type_)
        return self._inner.of_type(type_)

    def links(self, type_: str | None = None, **ends: Any) -> Sequence[Link]:  # noqa: ANN401 - ends of a link
        self.read.add(str(type_))
        return self._inner.links(type_, **ends)


@pytest.fixture(scope="module", params=(*VARIANTS, "ovn"))
def stored(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:  # noqa: ANN401 - a store's view
    folder: Path = tmp_path_factory.mktemp(request.param)
    store = open_store(folder / "s.db")
    report = replay(store, recording(request.param))
    with store.snapshot(report.environment) as view:
        yield view
    store.close()


@pytest.mark.parametrize("name", FINDERS)
def test_a_finder_reads_what_it_says(stored: StoreView, name: str) -> None:
    finder: LinkFinder = FINDERS[name]
    watched: Any = Watched(stored)
    links = list(finder.find(watched))
    assert watched.read <= set(finder.reads), "declare it in reads"  # type: ignore[attr-defined]
    if getattr(finder, "scope", "") == "host":
        for link in links:
            assert link.host, f"{link.type} names no host"
            ends = [stored.get(link.source), stored.get(link.target)]
            assert {one.get("host") for one in ends if one is not None} <= {link.host, None}
