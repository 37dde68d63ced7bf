# SPDX-License-Identifier: Apache-2.0
"""Regenerates tests/bundles/expected and reports the differences: python -m tests.bundles.regenerate [ovs|lb].

Run it after a change of what a scan finds, or a new recording of the demo's bundles. No test calls it: the expected
files are the reference of the tests, so read the difference (``git diff``, one document per line) before committing.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calipso_nornir.store import open_store
from tests.bundles import whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


def found(variant: str) -> whole.Documents:
    """Scan a recording into a throw-away store and return its documents."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder) / "store.db")
        try:
            report = whole.replay(store, whole.recording(variant))
            return whole.documents(whole.exported(store, report.environment))
        finally:
            store.close()


def difference(before: whole.Documents, after: whole.Documents) -> Iterator[str]:
    """Yield what was added, removed and changed, a line each."""
    for kind in whole.KINDS:
        old, new = ({one["_id"]: one for one in rows.get(kind, [])} for rows in (before, after))
        for id_ in sorted(old.keys() | new.keys()):
            if id_ not in old:
                yield f"+ {kind}: {_named(new[id_])}"
            elif id_ not in new:
                yield f"- {kind}: {_named(old[id_])}"
            elif old[id_] != new[id_]:
                yield f"~ {kind}: {_named(new[id_])}: {', '.join(_changed(old[id_], new[id_]))}"


def _named(document: Mapping[str, Any]) -> str:
    return next(f"{document[key]} {_ends(document)}" for key in ("type", "link_type", "clique_type") if key in document)


def _ends(document: Mapping[str, Any]) -> str:
    if "source_id" in document:
        return f"{document['source_id']} > {document['target_id']}"
    return str(document.get("id") or document.get("focal_point_object_id"))


def _changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) != new.get(key):
            yield f"{key} {_short(old.get(key))} -> {_short(new.get(key))}"


def _short(value: object) -> str:
    written = json.dumps(value, ensure_ascii=False)
    return written if len(written) <= 60 else f"{written[:57]}..."


def main(variants: Sequence[str]) -> int:
    """Write the files of the variants."""
    for variant in variants or whole.VARIANTS:
        path, after = whole.EXPECTED / f"{variant}.json", found(variant)
        before = whole.expected(variant) if path.exists() else {}
        lines = list(difference(before, after))
        path.write_text(whole.text(after), encoding="utf-8")
        counts = ", ".join(f"{len(after[kind])} {kind}" for kind in whole.KINDS)
        print("\n".join([*lines, f"{variant}: {len(lines)} documents differ; now {counts}"]))  # noqa: T201 - a script
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
