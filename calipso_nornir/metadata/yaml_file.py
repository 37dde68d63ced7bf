# SPDX-License-Identifier: Apache-2.0
"""Reads one YAML document strictly: no duplicate keys, no dates by accident, no text of the file in messages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from calipso_nornir.errors import EnvironmentInvalid, Fault

if TYPE_CHECKING:
    from collections.abc import Hashable

MAX_BYTES = 1 << 20
_TIMESTAMP = "tag:yaml.org,2002:timestamp"


class _Loader(yaml.SafeLoader):
    """SafeLoader that refuses a key given twice and leaves dates as text."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own way to say it
        first: [(tag, regexp) for tag, regexp in resolvers if tag != _TIMESTAMP]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - signature of PyYAML
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in seen:
                    problem = f'key "{key.value}" stands twice in one mapping'
                    raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_yaml_file(path: str | Path) -> object:
    """Return the one document of a file. Raises EnvironmentInvalid with file and line, never with its text."""
    value, fault = _read(Path(path))
    if fault is not None:
        # Raised here, outside of any handler: YAML's own errors quote the file, and tracebacks show causes.
        raise EnvironmentInvalid((fault,))
    return value


def _read(path: Path) -> tuple[object, Fault | None]:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        return None, Fault(str(path), f"cannot be read: {error.strerror}")
    if len(raw) > MAX_BYTES:
        return None, Fault(str(path), f"is larger than {MAX_BYTES} bytes: no description of an environment")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return None, Fault(str(path), "is UTF-16; save it as UTF-8")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return None, Fault(f"{path}: line {line}", f"is not UTF-8 (byte 0x{raw[error.start]:02x})")
    return _parse(path, text)


def _parse(path: Path, text: str) -> tuple[object, Fault | None]:
    try:
        loader = _Loader(text)
        try:
            value = loader.get_single_data()
        finally:
            loader.dispose()
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        return None, Fault(f"{path}: line {line}", "holds a control character")
    except yaml.MarkedYAMLError as error:
        return None, _fault(path, text, error)
    except (ValueError, RecursionError, yaml.YAMLError):
        return None, Fault(str(path), "is no YAML that can be read: a number too long, or nested too deep")
    if value is None:
        return None, Fault(str(path), "is empty")
    return value, None


def _fault(path: Path, text: str, error: yaml.MarkedYAMLError) -> Fault:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    where = f"{path}: line {line}"
    if "expected a single document" in (error.context or ""):
        return Fault(where, "a second document begins; one environment a file")
    lines = [*text.split("\n"), ""]
    if "\t" in lines[line - 1] and ("cannot start any token" in (error.problem or "")):
        return Fault(where, "is indented with a tab; YAML wants spaces")
    if (error.problem or "").startswith("key "):
        return Fault(where, error.problem or "")
    # What YAML quotes in its message may be part of a secret.
    said = re.sub(r"'[^']*'?", "…", error.problem or "not understood")
    return Fault(where, f"is no valid YAML: {said}")
