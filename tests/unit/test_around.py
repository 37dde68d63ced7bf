# SPDX-License-Identifier: Apache-2.0
"""Cliques that are not stored: they equal stored ones, with a limit and a count."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.analysis.around import clique_around
from calipso_nornir.metadata.loading import load_catalog
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.store.documents import clique_document
from calipso_nornir.store.environments import save_environment
from tests.fixtures.scanning import Scanned
from tests.fixtures.tiny_cloud import CLOUD, Server, TinyCloud

if TYPE_CHECKING:
    from pathlib import Path

SWITCH = {
    "name": "switch of the tiny cloud",
    "environment": "cloud",
    "focal_point_type": "switch",
    "link_types": ["switch-switch_pnic", "switch_pnic-host_pnic", "host_pnic-otep", "otep-vedge", "vedge-vnic"],
}
TOR1 = ObjectRef("cloud", "switch", "mac|aa:00:00:00:00:01")


def scanned(folder: Path, **more: Any) -> tuple[Scanned, Path]:  # noqa: ANN401 - keys of a clique type
    """Scan with a clique type of one's own."""
    metadata = folder / "metadata"
    metadata.mkdir(parents=True)
    (metadata / "clique_types.json").write_text(json.dumps({"clique_types": [{**SWITCH, **more}]}))
    one = Scanned(folder)
    save_environment(one.store, CLOUD)
    one.scan(metadata=(metadata,))
    return one, metadata


def test_the_answer_is_the_same_whether_it_is_stored_or_not(tmp_path: Path) -> None:
    with_it, metadata = scanned(tmp_path / "with")
    without, other = scanned(tmp_path / "without", stored=False)
    (stored,) = with_it.store.view("cloud").cliques(TOR1)
    assert without.store.view("cloud").cliques(TOR1) == []
    found = [
        clique_around(one.store, one.store.view("cloud"), TOR1, catalog=load_catalog([folder]))
        for one, folder in ((with_it, metadata), (without, other))
    ]
    assert found[0] is not None
    assert found[1] is not None
    assert found[0].clique == stored
    assert clique_document(found[1].clique)["digest"] == clique_document(stored)["digest"]
    assert (found[1].whole, found[1].links, found[1].nodes) == (True, len(stored.links), len(stored.nodes))
    without.scan(object_id="cmp1", object_type="host", metadata=(other,))
    assert without.store.view("cloud").cliques(TOR1) == [], "small scans store none, either"


@pytest.mark.parametrize("is_stored", [True, False])
def test_it_is_cut_off_where_one_likes(tmp_path: Path, *, is_stored: bool) -> None:
    one, metadata = scanned(tmp_path, stored=is_stored)
    view, catalog = one.store.view("cloud"), load_catalog([metadata])
    whole = clique_around(one.store, view, TOR1, catalog=catalog)
    part = clique_around(one.store, view, TOR1, catalog=catalog, limit=2)
    assert whole is not None
    assert part is not None
    assert part.clique.links == whole.clique.links[:2]
    assert (part.whole, part.links, part.nodes) == (False, whole.links, whole.nodes)
    assert part.clique.nodes[0] == TOR1
    assert len(part.clique.nodes) == 3


def test_what_has_none_has_none(tmp_path: Path) -> None:
    one, metadata = scanned(tmp_path, stored=False)
    view, catalog = one.store.view("cloud"), load_catalog([metadata])
    for ref in (ObjectRef("cloud", "switch", "nonesuch"), ObjectRef("cloud", "project", "p1")):
        assert clique_around(one.store, view, ref, catalog=catalog) is None


def test_a_stored_one_loses_what_is_gone(tmp_path: Path) -> None:
    """Also where nobody looks for links: nothing in the store names what is not there."""
    one, metadata = scanned(tmp_path)
    cloud = TinyCloud(servers=[Server("web2", "cmp2")])
    report = one.scan(cloud.answers(), inventory_only=True, metadata=(metadata,))
    assert (report.cliques.changed, report.cliques.removed) == (1, 1)
    (left,) = one.store.view("cloud").cliques(TOR1)
    assert set(left.links) <= one.stored()["links"].keys()
