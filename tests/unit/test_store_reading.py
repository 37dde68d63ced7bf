# SPDX-License-Identifier: Apache-2.0
"""Stores that are only read: nothing is created, and read permission is enough."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from calipso_nornir.errors import StoreUnavailable, UnknownInventory, UnknownStore
from calipso_nornir.store import open_store
from tests.fixtures.cli import calipso

if TYPE_CHECKING:
    from collections.abc import Iterator

NOBODY = 65534


@pytest.fixture
def folder(scanned_once: Path) -> Iterator[Path]:
    """A folder that everybody may look into, with a store."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(scanned_once / "calipso.db", folder / "calipso.db")
        folder.chmod(0o755)
        (folder / "calipso.db").chmod(0o644)
        yield folder
        folder.chmod(0o755)


@contextmanager
def as_somebody_else(folder: Path, *, file: int = 0o444) -> Iterator[None]:
    """Take away the right to write: by mode, and for root, whom modes do not bind, by being another user."""
    folder.chmod(0o555)
    (folder / "calipso.db").chmod(file)
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o755)


def _types(store: Path) -> set[str]:
    with closing(open_store(store, use="read")) as opened:
        return set(opened.view("cloud").counts())


def test_a_store_in_a_folder_that_may_not_be_written_to(folder: Path) -> None:
    expected = _types(folder / "calipso.db")
    assert expected
    with as_somebody_else(folder):
        assert _types(folder / "calipso.db") == expected
        assert calipso("tree", "--depth", "0", store=folder / "calipso.db").status == 0
    assert [one.name for one in folder.iterdir()] == ["calipso.db"]


def test_it_is_read_while_its_owner_writes(folder: Path) -> None:
    with closing(open_store(folder / "calipso.db")) as owner:
        owner.collection("messages").put("m1", {"id": "m1"})
        for one in folder.iterdir():
            one.chmod(0o644)
        with as_somebody_else(folder), closing(open_store(folder / "calipso.db", use="read")) as reader:
            assert reader.collection("messages").get("m1") == {"id": "m1"}


def test_a_reader_that_began_before_the_writer_sees_what_is_written(folder: Path) -> None:
    """Where nobody wrote, the file was taken to stand still; a writer ends that."""
    root = os.geteuid() == 0
    with as_somebody_else(folder):
        reader = open_store(folder / "calipso.db", use="read")
        assert reader.collection("messages").get("m1") is None
    with closing(open_store(folder / "calipso.db")) as owner, closing(reader):
        owner.collection("messages").put("m1", {"id": "m1"})
        folder.chmod(0o755 if root else 0o555)
        assert reader.collection("messages").get("m1") == {"id": "m1"}


def test_a_file_that_may_not_be_read(folder: Path) -> None:
    with as_somebody_else(folder, file=0o000), pytest.raises(StoreUnavailable, match="Permission denied"):
        open_store(folder / "calipso.db", use="read")


def test_a_reader_changes_nothing(folder: Path) -> None:
    with closing(open_store(folder / "calipso.db", use="read")) as reader:
        with pytest.raises(StoreUnavailable, match="readonly"):
            reader.collection("messages").put("m1", {"id": "m1"})
        with pytest.raises(StoreUnavailable, match="readonly"), reader.write("cloud") as writer:
            writer.remove("inventory", ["0" * 24])
    assert [one.name for one in folder.iterdir()] == ["calipso.db"]


@pytest.mark.parametrize("use", ["read", "write"])
def test_a_slip_of_the_pen_makes_no_store_and_names_the_one_that_is_there(folder: Path, use: str) -> None:
    with pytest.raises(UnknownStore) as caught:
        open_store(folder / "calispo.db", use=use)  # type: ignore[arg-type]
    assert caught.value.near == (str(folder / "calipso.db"),)
    with pytest.raises(UnknownStore):
        open_store(folder / "no" / "such" / "folder.db", use=use)  # type: ignore[arg-type]
    with pytest.raises(UnknownStore):
        open_store(folder, use=use)  # type: ignore[arg-type]
    assert [one.name for one in folder.iterdir()] == ["calipso.db"]


def test_an_inventory_that_is_not_there_is_not_made_by_looking(folder: Path) -> None:
    with pytest.raises(UnknownInventory, match="RDO"):
        open_store(folder / "calipso.db", inventory="RDO", use="read")
    (folder / "empty.db").touch()
    with pytest.raises(UnknownInventory):
        open_store(folder / "empty.db", use="read")
    assert (folder / "empty.db").stat().st_size == 0
