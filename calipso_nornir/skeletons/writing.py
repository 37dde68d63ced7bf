# SPDX-License-Identifier: Apache-2.0
"""Writes a skeleton: the files of its kind, with the names of the new thing in the place of ``@words@``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from calipso_nornir.errors import InvalidRequest
from calipso_nornir.metadata.nearest import nearest
from calipso_nornir.metadata.source_kinds import source_kinds

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from calipso_nornir.metadata.catalog import Catalog

Kind: TypeAlias = Literal["object-type", "link-type", "source", "event-handler", "check"]

DATA: Final = Path(__file__).parent / "data"
_SUFFIX: Final = ".in"
_WORD: Final = re.compile(r"@(\w+)@")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


def object_type(name: str, catalog: Catalog) -> dict[str, str]:
    """Return the words of a new object type; raises InvalidRequest if it cannot have this name."""
    _expect(name, _NAME, "an object type", "lower-case letters, digits and _, for example bgp_session")
    if name in catalog.object_types:
        raise InvalidRequest(f'"{name}" is an object type already ({catalog.object_types[name].origin})')
    return {"name": name, "Class": f"{_camel(name)}s", "Label": name.replace("_", " ").capitalize()}


def link_type(name: str, catalog: Catalog) -> dict[str, str]:
    """Return the words of a new link type; raises InvalidRequest if it cannot have this name."""
    source, dash, target = name.partition("-")
    if not dash or "-" in target:
        raise InvalidRequest(f'"{name}" is not a link type: expected <source type>-<target type>, such as vnic-vedge')
    for type_ in (source, target):
        if type_ not in catalog.object_types:
            near = nearest(type_, catalog.object_types)
            problem = f'"{type_}" is not an object type{near}'
            raise InvalidRequest(f"{problem}. If it is declared in a folder of yours, name it with --metadata")
    for known in (name, f"{target}-{source}"):
        if known in catalog.link_types:
            raise InvalidRequest(f'"{known}" is a link type already')
    return {
        "name": name,
        "Class": f"{_camel(source)}{_camel(target)}Links",
        "source": source,
        "target": target,
        "key": "host" if target == "host" else f"{target}_id",
        "module": f"{source}_{target}",
    }


def event_handler(name: str, catalog: Catalog) -> dict[str, str]:
    """Return the words of a handler of an event type; raises InvalidRequest if it cannot have this name."""
    _expect(name, re.compile(r"[a-z][\w-]*(\.[\w-]+)+"), "an event type", "words with dots: my_service.thing.created")
    if name in catalog.event_handlers:
        raise InvalidRequest(f'"{name}" has a handler already: {type(catalog.event_handlers[name]).__name__}')
    plain = re.sub(r"\W+", "_", name)
    return {"name": name, "Class": f"{_camel(plain)}Event", "exchange": name.partition(".")[0], "module": plain}


def source(name: str, catalog: Catalog) -> dict[str, str]:
    """Return the words of a new source; raises InvalidRequest if it cannot have this name."""
    _expect(name, _NAME, "a source", "lower-case letters, digits and _, for example route_collector")
    if name in source_kinds():
        raise InvalidRequest(f'"{name}" is a source already: {source_kinds()[name].title}')
    if f"{name}_item" in catalog.object_types:
        raise InvalidRequest(f'"{name}_item" is an object type already, and would be that of the source "{name}"')
    package = f"calipso_{name}"
    label = name.replace("_", " ").capitalize()
    distribution = package.replace("_", "-")
    return {"name": name, "Class": _camel(name), "Label": label, "package": package, "distribution": distribution}


def check(name: str, catalog: Catalog) -> dict[str, str]:
    """Return the words of a new check; raises InvalidRequest if it cannot have this name."""
    _expect(name, _NAME, "a check", "lower-case letters, digits and _, for example card_errors")
    if name in catalog.monitoring.checks:
        raise InvalidRequest(f'"{name}" is a check already')
    package = f"calipso_{name}"
    return {"name": name, "package": package, "distribution": package.replace("_", "-")}


WORDS: Final = {
    "object-type": object_type,
    "link-type": link_type,
    "source": source,
    "event-handler": event_handler,
    "check": check,
}
"""Kind -> the words of a new thing of that kind."""


def write(kind: Kind, words: Mapping[str, str], folder: Path) -> list[Path]:
    """Write the files and return them; raises InvalidRequest, and writes nothing, if one of them is there already."""
    root = DATA / kind
    made = {
        folder / _filled(path.relative_to(root).as_posix().removesuffix(_SUFFIX), words): _filled(
            path.read_text(encoding="utf-8"), words
        )
        for path in sorted(root.rglob(f"*{_SUFFIX}"))
    }
    there = [path for path in made if path.exists()]
    if there:
        raise InvalidRequest(f"{there[0]} is there already; nothing was written. Give another folder with --dir")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in made.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidRequest(f"{folder} cannot be written: {error}") from error
    return list(made)


def _filled(text: str, words: Mapping[str, str]) -> str:
    return _WORD.sub(lambda found: words[found[1]], text)


def _expect(name: str, form: re.Pattern[str], what: str, expected: str) -> None:
    if not form.fullmatch(name):
        raise InvalidRequest(f'"{name}" cannot be {what}: expected {expected}')


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def kinds() -> Collection[str]:
    """Return the kinds of skeletons, as they are on disk."""
    return sorted(path.name for path in DATA.iterdir() if path.is_dir())
