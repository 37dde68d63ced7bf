# SPDX-License-Identifier: Apache-2.0
"""Writes docs/sources.md from the kinds of sources: ``python -m calipso_nornir.metadata.source_page FILE``."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from calipso_nornir.metadata.environment_http import HttpSection
from calipso_nornir.metadata.source_kinds import source_kinds
from calipso_nornir.model.environment import SecretRef

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydantic.fields import FieldInfo

    from calipso_nornir.model.source_kinds import SourceKind

HEAD = """<!-- Written by "make schemas" from the kinds of sources (calipso_nornir.sources). Do not edit. -->
# Sources

Sources answer the queries of a scan. Each is configured in its own section of an environment. Distributions
of yours can add others ([extending.md](extending.md), "A source of your own"). Secrets are references: `{env: NAME}`,
`{file: PATH}`, `{keyring: 'service:user'}`, `{command: 'pass show x'}` or `{cloud: NAME}`.
"""
_WORDS = {str: "text", int: "whole number", float: "number", bool: "true or false", SecretRef: "reference to a secret"}


def page(kinds: Sequence[SourceKind]) -> str:
    """Return the text of the page."""
    return "\n".join([HEAD, *(line for kind in kinds for line in _of_kind(kind))])


def _of_kind(kind: SourceKind) -> Iterator[str]:
    yield f"## {kind.section}\n"
    needed = "Nothing can be scanned without it." if kind.needed else f"Without it: {kind.without}."
    yield f"Source `{kind.name}`: {kind.title}, asked {_turn(kind)}. {needed}\n"
    yield "| Query | Asks for |\n|---|---|"
    for query in kind.queries:
        yield f"| `{query.__name__}` | {_first_line(query)} |"
    yield f"\n{_first_line(kind.schema)}\n"
    yield "| Key | Value | Default |\n|---|---|---|"
    yield from _keys(kind.schema, "")
    yield ""


def _turn(kind: SourceKind) -> str:
    return {"before hosts": "before the hosts", "hosts": "last, one batch per host", "after hosts": "after the hosts"}[
        kind.order
    ]


def _keys(schema: type[BaseModel], where: str) -> Iterator[str]:
    limits = HttpSection.model_fields if issubclass(schema, HttpSection) else {}
    for name, info in sorted(schema.model_fields.items(), key=lambda field: field[0] in limits):
        key = f"{where}{info.alias or name}"
        yield f"| `{key}` | {_word(info.annotation)} | {_default(info)} |"


def _word(annotation: Any) -> str:  # noqa: ANN401 - any type
    origin, inner = get_origin(annotation), get_args(annotation)
    word = _WORDS.get(annotation, "any") if origin is None else "any"
    if origin is Literal:
        word = " or ".join(f"`{one}`" for one in inner)
    elif origin in (Union, UnionType):
        word = " or ".join(dict.fromkeys(_word(one) for one in inner if one is not type(None)))
    elif origin is tuple:
        word = f"list of {_word(inner[0])}"
    elif origin is dict:
        word = f"table: {_word(inner[0])}, {_word(inner[1])}"
    elif hasattr(annotation, "__metadata__"):  # Annotated
        word = _word(inner[0])
    elif _is_section(annotation):
        word = "table of " + ", ".join(f"`{one}`" for one in annotation.model_fields)
    return word


def _is_section(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _default(info: FieldInfo) -> str:
    value = info.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "needed"
    if value in (None, (), {}, "") and not isinstance(value, bool):
        return "-"
    text = {True: "true", False: "false"}.get(value) if isinstance(value, bool) else None
    return f"`{text or (', '.join(value) if isinstance(value, tuple) else value)}`"


def _first_line(kind: type) -> str:
    return " ".join((inspect.getdoc(kind) or "").split("\n\n", 1)[0].split())


def main(arguments: Sequence[str]) -> int:
    """Run as a program; return 2 for wrong arguments."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m calipso_nornir.metadata.source_page FILE\n")
        return 2
    Path(arguments[0]).write_text(page(list(source_kinds().values())), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
