# SPDX-License-Identifier: Apache-2.0
"""Golden pairs of parsers: finds them in a folder, runs them, and reports what differs.

A pair is ``<platform>/<command>/<case>.raw`` (what a tool printed, byte for byte) and ``<case>.yml`` beside it::

    provenance: Debian 12, iproute2 6.1.0, captured
    parsed:                        # parser -> the value that it must return
      linux_ip_netns:
        - {netns: qdhcp-1, id: "1"}
    fails:                         # parser -> the ParseError that it must raise
      ip_netns_json: {line_number: 1}

``parsed`` or ``fails`` may be omitted. ``provenance`` is required: the release, the version of the tool, and whether
the text was captured or made by hand. Typed rows are written as mappings, without fields that have their default.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import yaml

from calipso_nornir.errors import ParseError

if TYPE_CHECKING:
    from pathlib import Path

Parsers: TypeAlias = Mapping[str, Callable[[str], object]]
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's loader, where PyYAML was built with it, takes a tenth of the time."""


@dataclass(frozen=True, slots=True)
class ParserCase:
    """One pair: ``name`` is ``<platform>/<command>/<case>``; ``problem`` says why it cannot be run, if so."""

    name: str
    raw: str
    provenance: str = ""
    parsed: Mapping[str, Any] | None = None
    fails: Mapping[str, Mapping[str, Any]] | None = None
    problem: str = ""


def find_cases(folder: Path) -> list[ParserCase]:
    """Return the pairs below a folder, ordered by name; a file without its partner gives a case with a problem."""
    stems = {path.with_suffix("") for suffix in ("raw", "yml") for path in folder.glob(f"*/*/*.{suffix}")}
    return [_case(stem, stem.relative_to(folder).as_posix()) for stem in sorted(stems)]


def _case(stem: Path, name: str) -> ParserCase:
    raw, expected = (stem.parent / f"{stem.name}.{suffix}" for suffix in ("raw", "yml"))
    try:
        text = raw.read_bytes().decode("utf-8")
        content = yaml.load(expected.read_text(encoding="utf-8"), _LOADER)  # noqa: S506 - both are safe loaders
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        return ParserCase(name, "", problem=str(error))
    if not isinstance(content, dict) or not content.keys() <= {"provenance", "parsed", "fails"}:
        return ParserCase(name, text, problem=f"{expected.name}: provenance, parsed and fails are expected")
    if not all(isinstance(content.get(key, {}), dict) for key in ("parsed", "fails")):
        return ParserCase(name, text, problem=f"{expected.name}: parsed and fails map parsers to what is expected")
    if not content.get("provenance") or not (content.get("parsed") or content.get("fails")):
        return ParserCase(name, text, problem=f"{expected.name}: provenance, and parsed or fails, have to be filled in")
    return ParserCase(name, text, **content)


def run_case(case: ParserCase, parsers: Parsers) -> list[str]:
    """Run one pair; return one line for each difference. Without differences, the pair passes."""
    if case.problem:
        return [case.problem]
    lines: list[str] = []
    for name, expected in (case.parsed or {}).items():
        lines += [f"{name}: {line}" for line in _differences_of(name, case.raw, expected, parsers)]
    for name, refusal in (case.fails or {}).items():
        lines += [f"{name}: {line}" for line in _differences_of_refusal(name, case.raw, refusal, parsers)]
    return lines


def _differences_of(name: str, raw: str, expected: object, parsers: Parsers) -> list[str]:
    if name not in parsers:
        return ["there is no parser of that name"]
    try:
        found = parsers[name](raw)
    except ParseError as error:
        return [f"refused the text: {error}"]
    except Exception as error:  # noqa: BLE001 - a third party's parser may raise anything: that is a finding
        return [_raised(error)]
    return list(differences(expected, as_plain(found)))


def _differences_of_refusal(name: str, raw: str, refusal: Mapping[str, Any], parsers: Parsers) -> list[str]:
    if name not in parsers:
        return ["there is no parser of that name"]
    try:
        found = parsers[name](raw)
    except ParseError as error:
        known = error.data()
        problem = str(refusal.get("problem", ""))
        missing = [] if problem in error.problem else [f"problem: expected … {problem} …, found {error.problem}"]
        exact = {key: value for key, value in refusal.items() if key != "problem"}
        return missing + list(differences(exact, {key: known.get(key) for key in exact}))
    except Exception as error:  # noqa: BLE001 - as above
        return [_raised(error)]
    return [f"should have refused the text, gave {str(as_plain(found))[:200]}"]


def _raised(error: Exception) -> str:
    return f"raised {type(error).__name__}: {error}; a parser may raise nothing but ParseError"


def as_plain(value: object) -> object:
    """Return typed rows as YAML would hold them: mappings without fields that have their default, lists, scalars."""
    if is_dataclass(value) and not isinstance(value, type):
        members = ((field, getattr(value, field.name)) for field in fields(value))
        return {field.name: as_plain(member) for field, member in members if member != _default(field)}
    if isinstance(value, Mapping):
        return {key: as_plain(member) for key, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_plain(member) for member in value]
    return value


def _default(field: Field[Any]) -> object:
    return field.default if field.default_factory is MISSING else field.default_factory()


def differences(expected: object, found: object, where: str = "$") -> Iterator[str]:
    """Yield one line for each place where two plain values differ."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in sorted(expected.keys() | found.keys(), key=str):
            if key not in found:
                yield f"{where}.{key}: expected {expected[key]!r}, is missing"
            elif key not in expected:
                yield f"{where}.{key}: not expected, found {found[key]!r}"
            else:
                yield from differences(expected[key], found[key], f"{where}.{key}")
    elif isinstance(expected, list) and isinstance(found, list):
        for number, (left, right) in enumerate(zip(expected, found, strict=False)):
            yield from differences(left, right, f"{where}[{number}]")
        if len(expected) != len(found):
            yield f"{where}: expected {len(expected)} items, found {len(found)}"
    elif type(expected) is not type(found) or expected != found:
        yield f"{where}: expected {expected!r}, found {found!r}"
