# SPDX-License-Identifier: Apache-2.0
"""The lock file of SQLite's writers: who holds it, and the moment in which it is removed."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.errors import StoreBusy
from calipso_nornir.store.sqlite.lock import lock_path, writer_lock

if TYPE_CHECKING:
    from pathlib import Path


def locked(path: Path, *, wait_s: float = 0.0) -> Any:  # noqa: ANN401 - a context manager
    return writer_lock(path, uri="sqlite:///x.db", environment="lab", wait_s=wait_s)


def test_one_holds_it_and_the_file_goes_with_it(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    for _ in range(2):
        with locked(path):
            with pytest.raises(StoreBusy, match=f"process {os.getpid()} on"), locked(path, wait_s=0.1):
                pass
            assert path.exists()
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("made_again", [False, True])
def test_a_file_that_was_removed_meanwhile_locks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, made_again: bool
) -> None:
    path = tmp_path / "x.lock"
    real = fcntl.flock
    inodes: list[int] = []

    def flock(file: int, operation: int) -> None:
        inodes.append(os.fstat(file).st_ino)
        if len(inodes) == 1:  # whoever held it lets go right now, and perhaps another has begun
            path.unlink()
            if made_again:
                path.touch()
        real(file, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    with locked(path, wait_s=5):
        assert len(inodes) == 2
        assert path.stat().st_ino == inodes[-1]


def test_each_environment_of_each_inventory_has_its_own(tmp_path: Path) -> None:
    store = tmp_path / "calipso.db"
    paths = {
        lock_path(store, inventory, name) for inventory in ("inventory", "RDO") for name in ("a", "b", "a/b", "../x")
    }
    assert len(paths) == 8
    assert {path.parent for path in paths} == {tmp_path}
    with locked(lock_path(store, "inventory", "a")), locked(lock_path(store, "inventory", "b")):
        assert len(list(tmp_path.iterdir())) == 2
