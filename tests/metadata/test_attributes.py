# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - files hold JSON of any shape
"""Declared attributes: those in recordings of real clouds are declared, others are reported, secrets not stored."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from calipso_nornir.metadata.attribute_tables import main, tables
from calipso_nornir.metadata.catalog import Attribute, ObjectType
from calipso_nornir.metadata.loading import load_catalog
from calipso_nornir.model.objects import RESERVED
from calipso_nornir.scan.attribute_check import HIDDEN, KINDS
from calipso_nornir.store import open_store
from calipso_nornir.store.documents import OBJECT_FIELDS
from calipso_nornir.store.publishing import publish
from calipso_nornir.store.selection import OWN_INDEX
from calipso_nornir.store.sqlite.tables import indexed_attributes
from tests.bundles import whole
from tests.fixtures.scanning import Scanned

DOCUMENT = Path(__file__).parents[2] / "docs" / "attributes.md"
TYPES = load_catalog().object_types


def test_the_document_is_current(tmp_path: Path) -> None:
    """Run ``make schemas`` when this fails."""
    assert main([str(tmp_path / "attributes.md")]) == 0
    assert (tmp_path / "attributes.md").read_text(encoding="utf-8") == DOCUMENT.read_text(encoding="utf-8")


def test_how_it_is_called(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "usage" in capsys.readouterr().err


def test_a_row_of_the_document() -> None:
    attributes = (Attribute("mtu", "integer", "bytes", "ip", "Size", first=True, indexed=True, secret=True),)
    text = tables(
        [ObjectType("x", "X", ("host",), description="An x", attributes=attributes, further_attributes="any")]
    )
    assert "| **`mtu`** *i* | integer (bytes) | ip | Size; secret, never stored |" in text
    assert "Further attributes: any." in text


@pytest.mark.parametrize("variant", whole.VARIANTS)
def test_everything_that_a_recorded_cloud_has_is_declared(variant: str) -> None:
    """Of types whose sources give further ones: what all of them are made for is, at least of the declared kind."""
    for one in whole.expected(variant)["inventory"]:
        type_ = TYPES[one["type"]]
        declared = {attribute.name: KINDS[attribute.type] for attribute in type_.attributes}
        own = {name: value for name, value in one.items() if name not in OBJECT_FIELDS | RESERVED}
        if type_.is_closed:
            assert own.keys() <= declared.keys(), one["type"]
        wrong = {
            name
            for name, value in own.items()
            if value is not None and not isinstance(value, declared.get(name, object))
        }
        assert not wrong, one["type"]


def test_every_type_but_folders_declares_its_attributes() -> None:
    assert [name for name, one in TYPES.items() if not one.folder and not one.attributes] == ["environment"]
    for one in TYPES.values():
        assert all(attribute.source and attribute.description for attribute in one.attributes), one.name


# --- what fetchers return

NEW: dict[str, Any] = {"type": "new_type", "label": "New type", "parents": ["host"]}
MACHINE = {"name": "machine", "type": "text"}


def scanned(folder: Path, *attributes: Any, **more: Any) -> tuple[Scanned, list[str]]:
    """Scan with a fetcher that returns ``machine`` and ``seen``; return what is told of them."""
    mine = folder / "mine"
    mine.mkdir()
    files = {
        "object_types": [{**NEW, "attributes": list(attributes), **more}],
        "scanners": {
            "scanners_package": "tests.fixtures.guide_fetchers",
            "scanners": {"ScanHost": [{"type": "new_type", "fetcher": "CliFetchNewType"}]},
        },
    }
    for stem, data in files.items():
        (mine / f"{stem}.json").write_text(json.dumps(data), encoding="utf-8")
    one = Scanned(folder)
    report = one.scan(metadata=(mine,))
    assert report.status == "completed"
    return one, [str(notice.error).replace(f"{mine}/", "") for notice in report.notices]


STEP = "ScanHost/new_type/CliFetchNewType (scanners.json: scanners/ScanHost/0): new_type with the attribute"


def test_what_is_not_declared_is_told_once(tmp_path: Path) -> None:
    _, told = scanned(tmp_path, {"name": "machin", "type": "text"}, {"name": "seen", "type": "text"})
    assert told == [f'{STEP} "machine": it is not declared (object_types.json: object_types/0). Did you mean "machin"?']


def test_what_is_of_another_kind_is_told(tmp_path: Path) -> None:
    _, told = scanned(tmp_path, {**MACHINE, "type": "integer"}, {"name": "seen", "type": "list"})
    assert told == [f"{STEP} \"machine\": found str 'x86_64', but it is declared as integer"]


@pytest.mark.parametrize("more", [{"further_attributes": "as uname gives them"}, None])
def test_where_further_ones_may_come_nothing_is_told(tmp_path: Path, more: Any) -> None:
    """Nor of a type that declares none, as those of older plug-ins do."""
    one, told = scanned(tmp_path, MACHINE, **more) if more else scanned(tmp_path)
    assert told == []
    assert one.objects()["new_type cmp1|new"]["machine"] == "x86_64"


def test_a_secret_is_not_stored(tmp_path: Path) -> None:
    one, told = scanned(tmp_path, {**MACHINE, "secret": True}, {"name": "seen", "type": "text", "secret": True})
    assert told == []
    stored = one.objects()["new_type cmp1|new"]
    assert (stored["machine"], stored["seen"]) == (HIDDEN, None)
    assert "x86_64" not in json.dumps(stored, default=str)


def test_what_is_declared_as_indexed_is(tmp_path: Path) -> None:
    catalog = load_catalog()
    declared = {one.name for type_ in TYPES.values() for one in type_.attributes if one.indexed}
    with contextlib.closing(open_store(tmp_path / "s.db")) as store:
        publish(catalog, store)
        publish(catalog, store)
    with contextlib.closing(sqlite3.connect(tmp_path / "s.db")) as connection:
        indexed = {*OWN_INDEX, *indexed_attributes(connection, "inventory")}
    assert declared >= {"network", "project_id"}
    assert declared - indexed == set()
