# SPDX-License-Identifier: Apache-2.0
"""The page of all operations of the REST API, made from its OpenAPI document."""

from __future__ import annotations

import json
from collections import defaultdict
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.access.secret_files import SecretFiles
from calipso_nornir.api import ApiSettings, create_app
from calipso_nornir.store import open_store
from calipso_nornir.store.written import Catalogs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PAGE: Final = "docs/operations-of-the-api.md"
DOCUMENT: Final = "docs/openapi.json"
METHODS: Final = ("get", "put", "post", "patch", "delete")
OLDER: Final = "The original's paths"
SERVICE: Final = "The service itself"


AT_THE_ROOT: Final = frozenset({"/healthz", "/readyz", "/metrics"})


def document() -> dict[str, Any]:
    """Return the document of this release, as GET /api/v2/openapi.json answers it."""
    with TemporaryDirectory() as folder, closing(open_store(Path(folder) / "s.db")) as store:
        settings = ApiSettings(
            store=store, catalogs=Catalogs(store), secret_files=SecretFiles(Path(folder) / "secrets")
        )
        made: dict[str, Any] = create_app(settings).state.description()
    return made


def write(pages: Path) -> None:
    """Write the page, and the document beside it."""
    made = document()
    (pages / DOCUMENT).write_text(json.dumps(made, indent=1, sort_keys=True), encoding="utf-8")
    (pages / PAGE).write_text(page(made), encoding="utf-8")


def page(made: dict[str, Any]) -> str:
    """Return the page, in Markdown."""
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for path, operations in made["paths"].items():
        for method in METHODS:
            if method in operations:
                groups[_group(path)].append(_operation(method.upper(), path, operations[method], made))
    begin = (
        f"Made from [the OpenAPI document](openapi.json) of this release, {made['info']['version']}. "
        "What all operations have in common is in [the API](api.md).\n"
    )
    parts = [f"## {name}\n\n" + "\n".join(texts) for name, texts in sorted(groups.items(), key=_order)]
    return "\n".join(("# Operations of the REST API\n", begin, *parts))


def _group(path: str) -> str:
    """Return the heading of an operation: the collection that its path leads to."""
    if not path.startswith("/api/v2/"):
        return SERVICE if path in AT_THE_ROOT else OLDER
    parts = [part for part in path.removeprefix("/api/v2/").split("/") if not part.startswith("{")]
    return parts[1] if parts[0] == "environments" and len(parts) > 1 else parts[0]


def _order(group: tuple[str, list[str]]) -> tuple[bool, bool, str]:
    return group[0] == OLDER, group[0] == SERVICE, group[0]


def _operation(method: str, path: str, one: dict[str, Any], made: dict[str, Any]) -> str:
    says = one.get("description") or one.get("summary", "")
    parts = [f"### {method} {path}\n", says + "\n" if says else ""]
    if given := [_followed(each, made) for each in one.get("parameters", ())]:
        rows = [(f"`{each['name']}`", _where(each), _type(each.get("schema", {})), _line(each)) for each in given]
        parts.append(_table(("Parameter", "In", "Type", "Meaning"), rows))
    if "requestBody" in one:
        parts.append(f"Body: {_contents(one['requestBody'])}.\n")
    answers = [
        (code, _contents(each) or "-", _line(each)) for code, each in sorted(_answers(one, made)) if code < "400"
    ]
    refused = [code for code, _ in sorted(_answers(one, made)) if code >= "400"]
    parts.append(_table(("Answer", "Body", "Meaning"), answers))
    if refused:
        parts.append(f"Refusals: {', '.join(refused)}.\n")
    return "\n".join(part for part in parts if part)


def _answers(one: dict[str, Any], made: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for code, answer in one["responses"].items():
        yield code, _followed(answer, made)


def _followed(one: dict[str, Any], made: dict[str, Any]) -> dict[str, Any]:
    found: Any = one
    while "$ref" in found:
        way, found = found["$ref"].removeprefix("#/").split("/"), made
        for part in way:
            found = found[part]
    return dict(found)


def _where(parameter: dict[str, Any]) -> str:
    return str(parameter["in"]) + (", required" if parameter.get("required") else "")


def _contents(one: dict[str, Any]) -> str:
    kinds = one.get("content", {})
    return ", ".join(f"{_type(each.get('schema', {}))} ({kind})" for kind, each in kinds.items())


def _type(schema: dict[str, Any]) -> str:
    """Return a schema in a few words."""
    if "$ref" in schema:
        return f"`{schema['$ref'].rpartition('/')[2]}`"
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " or ".join(dict.fromkeys(_type(each) for each in schema[key]))
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"])
    kind = schema.get("type", "any")
    kind = " or ".join(kind) if isinstance(kind, list) else kind
    return f"list of {_type(schema.get('items', {}))}" if kind == "array" else str(kind)


def _line(one: dict[str, Any]) -> str:
    return " ".join(str(one.get("description") or "").split())


def _table(titles: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [titles, tuple("---" for _ in titles), *rows]
    return "".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |\n" for line in lines)
