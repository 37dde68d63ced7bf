# SPDX-License-Identifier: Apache-2.0
"""Writes docs/attributes.md from the object types: ``python -m calipso_nornir.metadata.attribute_tables FILE``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from calipso_nornir.metadata.loading import load_catalog

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from calipso_nornir.metadata.catalog import Attribute, ObjectType

HEAD = """\
# Attributes of objects

`make schemas` generates this page from `calipso_nornir/metadata/data/object_types.json`; do not edit it. Every object
also has an `id`, a `name`, a `type` and its place in the tree. An attribute without a known value is missing or null.
User interfaces show the **bold** ones first; those marked *i* are indexed in the store.
"""


def tables(object_types: Iterable[ObjectType]) -> str:
    """Return the text of the page."""
    return "\n".join([HEAD, *("\n".join(_table(one)) for one in object_types if one.attributes)])


def _table(one: ObjectType) -> Iterator[str]:
    yield f"## {one.name}: {one.label}\n"
    yield f"{one.description}. Below: {', '.join(one.parents)}.\n"
    yield "| Attribute | Type | Source | Meaning |"
    yield "|---|---|---|---|"
    yield from (_row(attribute) for attribute in one.attributes)
    if one.further_attributes:
        yield f"\nFurther attributes: {one.further_attributes}."
    yield ""


def _row(one: Attribute) -> str:
    name = f"**`{one.name}`**" if one.first else f"`{one.name}`"
    unit = f" ({one.unit})" if one.unit else ""
    secret = "; secret, never stored" if one.secret else ""
    return f"| {name}{' *i*' if one.indexed else ''} | {one.type}{unit} | {one.source} | {one.description}{secret} |"


def main(arguments: Sequence[str]) -> int:
    """Run as a program; return 2 for wrong arguments."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m calipso_nornir.metadata.attribute_tables FILE\n")
        return 2
    Path(arguments[0]).write_text(tables(load_catalog().object_types.values()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
