# SPDX-License-Identifier: Apache-2.0
"""JSON schemas of the metadata files, for editors: ``python -m calipso_nornir.metadata.json_schemas DIR``.

They are generated from ``forms``, and check the same as pass one of the metadata check; ``calipso metadata check`` also
resolves the names.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic.json_schema import GenerateJsonSchema

from calipso_nornir.metadata.forms import FILES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic_core import core_schema


class _Untitled(GenerateJsonSchema):
    """Omits the titles, which only repeat the keys."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002 - pydantic's signature
        return False

    def generate(self, schema: core_schema.CoreSchema, mode: Any = "validation") -> dict[str, Any]:  # noqa: ANN401 - as above
        return {"$schema": self.schema_dialect, **super().generate(schema, mode=mode)}


def json_schemas() -> dict[str, dict[str, Any]]:
    """Return the schema of every metadata file, by the file's stem."""
    return {stem: _schema(stem) for stem in FILES}


def _schema(stem: str) -> dict[str, Any]:
    kind = FILES[stem]
    whole = kind.model_json_schema(schema_generator=_Untitled)
    rows = whole["properties"].get(stem, {})
    whole["title"] = f"{stem}.json"
    if rows.get("type") != "array":
        return whole
    either = {key: whole.pop(key) for key in ("type", "properties", "required", "additionalProperties")}
    return {**whole, "anyOf": [either, rows]}  # the bare list is read, too


def write(folder: Path) -> list[Path]:
    """Write ``<stem>.schema.json`` for every file; return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for stem, schema in json_schemas().items():
        path = folder / f"{stem}.schema.json"
        path.write_text(json.dumps(schema, indent=2) + "\n", encoding="utf-8")
        written.append(path)
    return written


def main(arguments: Sequence[str]) -> int:
    """Run as a program; return 2 for wrong arguments."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m calipso_nornir.metadata.json_schemas DIR\n")
        return 2
    write(Path(arguments[0]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
