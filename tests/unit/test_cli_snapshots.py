# SPDX-License-Identifier: Apache-2.0
"""One command shows one revision, whatever is written while it runs."""

from __future__ import annotations

import shutil
from contextlib import closing
from typing import TYPE_CHECKING

from calipso_nornir.cli.running import Run
from calipso_nornir.store import open_store

if TYPE_CHECKING:
    from pathlib import Path


def test_a_command_sees_one_revision(scanned_once: Path, tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    shutil.copy(scanned_once / "calipso.db", path)
    with Run(str(path)).store() as store:
        before = store.view("cloud").counts()
        links = store.view("cloud").links()
        with closing(open_store(path)) as other, other.write("cloud") as writer:
            gone = [one.ref.document_id for one in other.view("cloud").of_type("instance")]
            writer.remove("inventory", gone)
            writer.remove("links", [link.document_id for link in links])
        assert gone
        assert store.view("cloud").counts() == before
        assert store.view("cloud").links() == links
        assert store.view("other").counts() == {}
    with Run(str(path)).store() as store:
        assert "instance" not in store.view("cloud").counts()
        assert store.view("cloud").links() == []
