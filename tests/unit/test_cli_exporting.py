# SPDX-License-Identifier: Apache-2.0
"""export: one complete JSON document, the same every time, without holding it in memory."""

from __future__ import annotations

import contextlib
import json
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from calipso_nornir.analysis.around import clique_around
from calipso_nornir.cli.export import export_text
from calipso_nornir.model.objects import InventoryObject
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.store import open_store
from calipso_nornir.store.documents import object_document
from tests.fixtures.cli import calipso
from tests.fixtures.recorded import AT, bundle, filled

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exporting")
    return filled(folder / "s.db", bundle(folder / "ovs.calipso", names={"web-1": "\x1b[31m\u202e🧨"}))


def test_everything_is_in_it(store: Path) -> None:
    document = calipso("export", "-e", "lab", store=store).json
    assert list(document) == [
        "environment",
        "exported_at",
        "product",
        "inventory",
        "links",
        "implicit_links",
        "cliques",
    ]
    assert document["environment"] == "lab"
    for kind in ("inventory", "links", "cliques"):
        ids = [one["_id"] for one in document[kind]]
        assert ids == sorted(ids)
        assert len(ids[0]) == 24
    by_id = {one["_id"]: one for one in (*document["inventory"], *document["links"])}
    focal_points = {one["focal_point"] for one in document["cliques"]}
    assert {one["_id"] for one in document["inventory"] if one.get("clique")} == focal_points
    for clique in document["cliques"]:
        assert clique["links_detailed"] == [by_id[id_] for id_ in clique["links"]]
    types = {one["focal_point_type"] for one in document["cliques"]}
    assert {"instance", "network"} <= types, "cliques that are not stored are there, too"
    with contextlib.closing(open_store(store)) as opened:
        view = opened.view("lab")
        assert {one.focal_point.type for one in view.cliques()} <= types - {"network"}
        for clique in document["cliques"]:
            around = clique_around(
                opened, view, ObjectRef("lab", clique["focal_point_type"], clique["focal_point_object_id"])
            )
            assert around is not None
            assert clique["links"] == list(around.clique.links)
    instance = next(one for one in document["inventory"] if one["type"] == "instance")
    assert instance["evidence"][0]["at"] == "2026-01-02T03:04:05+00:00"
    assert instance["last_scanned"].endswith("+00:00")
    assert {"id_path", "name_path", "parent_id", "parent_type", "show_in_tree"} <= instance.keys()


def test_strangers_names_are_exact_and_harmless(store: Path) -> None:
    said = calipso("export", store=store)
    assert "\x1b" not in said.out
    assert "\u202e" not in said.out
    assert "\x1b[31m\u202e🧨" in {one["name"] for one in said.json["inventory"]}


@pytest.mark.parametrize("form", ["csv", "graphml", "dot", "mermaid"])
def test_other_formats_are_harmless_too(store: Path, form: str) -> None:
    said = calipso("export", "--format", form, store=store)
    assert said.status == 0
    assert "\x1b" not in said.out
    assert len(said.out) > 1000
    links = calipso("export", "--format", form, "--table", "links", store=store)
    assert (links.out == said.out) is (form != "csv")


def test_it_is_the_same_every_time(store: Path) -> None:
    opened = open_store(store)
    try:
        first, again = ("".join(export_text(opened.view("lab"), at=AT)) for _ in range(2))
    finally:
        opened.close()
    assert first == again


def test_into_a_file_whole_or_not_at_all(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "lab.json"
    said = calipso("export", "-e", "lab", "--file", target, store=store)
    assert (said.status, said.out) == (0, "")
    assert json.loads(target.read_text("utf-8"))["environment"] == "lab"
    assert list(tmp_path.iterdir()) == [target]
    before = target.read_bytes()
    monkeypatch.setattr("calipso_nornir.cli.export._text", _full_disk)
    failed = calipso("export", "-e", "lab", "--file", target, store=store)
    assert failed.status == 1
    assert "No space left on device" in failed.err
    assert target.read_bytes() == before
    assert list(tmp_path.iterdir()) == [target]


def _full_disk(_document: object) -> str:
    raise OSError(28, "No space left on device")


def test_a_place_that_cannot_be_written(store: Path, tmp_path: Path) -> None:
    said = calipso("export", "--file", tmp_path / "none" / "x.json", store=store)
    assert (said.status, said.err) == (1, f"calipso: {tmp_path}/none/x.json: No such file or directory\n")
    said = calipso("export", "--file", tmp_path, store=store)
    assert (said.status, said.err) == (1, f"calipso: {tmp_path}: Is a directory\n")


@pytest.mark.long
def test_it_does_not_hold_the_cloud_in_memory(tmp_path: Path) -> None:
    opened = open_store(tmp_path / "s.db")
    many, size = 5_000, 8_000
    with opened.write("big") as writer:
        writer.put("inventory", (object_document(_one(number, size)) for number in range(many)))
    try:
        tracemalloc.start()
        written = sum(len(text) for text in export_text(opened.view("big")))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        opened.close()
    assert written > many * size
    assert peak < many * size / 10


def _one(number: int, size: int) -> InventoryObject:
    return InventoryObject(
        ref=ObjectRef("big", "port", str(number)),
        name=str(number),
        parent=None,
        id_path=f"/big/{number}",
        name_path=f"/big/{number}",
        attributes={"text": "x" * size},
        scanned_at=AT,
    )
