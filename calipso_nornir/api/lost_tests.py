# SPDX-License-Identifier: Apache-2.0
"""Connection tests whose process has died: shown as lost by whoever reads them, and noted so when an API starts.

Each running test gives signs of life, as scans do (``store.liveness``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.store.liveness import LOST, status_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calipso_nornir.access.secret_files import SecretFiles
    from calipso_nornir.model.stores import Document, Store

COLLECTION: Final = "connection_tests"
RUNNING: Final = "running"
FILES: Final = "secret_files"
"""The field with the files of secrets that were given for the test alone."""
_HIDDEN: Final = frozenset({"process", "alive_timestamp", FILES})


def shown(document: Mapping[str, Any]) -> Document:
    """Return what is shown of a test; one that runs, but whose process is gone, is lost."""
    test = {name: value for name, value in document.items() if name not in _HIDDEN}
    return {**test, **_loss(document)} if status_of(document) == LOST else test


def end_lost(store: Store, secret_files: SecretFiles) -> list[str]:
    """Note lost tests as lost, and remove the files of the secrets given for them; return the tests' ids.

    A test with files in another folder is left to the API that uses that folder.
    """
    tests, ended = store.collection(COLLECTION), []
    for one in tests.find({"status": RUNNING}):
        files = one.get(FILES) or ()
        if status_of(one) != LOST or not all(secret_files.has(file) for file in files):
            continue
        seen: Document = {name: value for name, value in one.items() if name in ("status", "alive_timestamp")}
        if tests.update_if(str(one["id"]), seen, _loss(one)) is not None:
            secret_files.remove(files)
            ended.append(str(one["id"]))
    return ended


def _loss(test: Mapping[str, Any]) -> Document:
    if test.get("status") == LOST:  # as noted before
        return {}
    seen = test.get("alive_timestamp") or "unknown"
    error = (
        f"the API process that ran this test has ended (last sign of life: {seen}). "
        "What its steps say was found; the rest was not tried. Begin the test again"
    )
    return {"status": LOST, "error": error}
