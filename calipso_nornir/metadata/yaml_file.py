# SPDX-License-Identifier: Apache-2.0
"""Reads one YAML document strictly: without duplicate keys or implicit dates; messages never quote the file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from calipso_nornir.errors import EnvironmentInvalid, Fault

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

MAX_BYTES = 1 << 20
MAX_PAIRS = 20_000
"""Maximum number of keys in all mappings of a document; merged ones (``<<``) count in each mapping that merges them."""
_TIMESTAMP = "tag:yaml.org,2002:timestamp"
_MERGE = "tag:yaml.org,2002:merge"


class _Loader(yaml.SafeLoader):
    """SafeLoader that rejects duplicate keys and leaves dates as text."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own way to say it
        first: [(tag, regexp) for tag, regexp in resolvers if tag != _TIMESTAMP]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - signature of PyYAML
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE:
                if key.value in seen:
                    problem = f'key "{key.value}" appears twice in one mapping'
                    raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_yaml_file(path: str | Path) -> object:
    """Return the single document of a file. Raises EnvironmentInvalid with file and line, never with its text."""
    value, fault = _read(Path(path))
    if fault is not None:
        # Raised outside of any handler: YAML's own errors quote the file, and a traceback would show them as the cause.
        raise EnvironmentInvalid((fault,))
    return value


def _read(path: Path) -> tuple[object, Fault | None]:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        return None, Fault(str(path), f"cannot be read: {error.strerror}")
    if len(raw) > MAX_BYTES:
        return None, Fault(str(path), f"is larger than {MAX_BYTES} bytes, the maximum for an environment")
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
            node = loader.get_single_node()
            if node is not None and not _few_enough(node):
                return None, Fault(str(path), f"has more than {MAX_PAIRS} keys after its merges (<<) are expanded")
            value = None if node is None else loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        return None, Fault(f"{path}: line {line}", "contains a control character")
    except yaml.MarkedYAMLError as error:
        return None, _fault(path, text, error)
    except (ValueError, RecursionError, yaml.YAMLError):
        return None, Fault(str(path), "cannot be read as YAML: a number is too long, or it is nested too deeply")
    if value is None:
        return None, Fault(str(path), "is empty")
    return value, None


def _few_enough(root: yaml.Node) -> bool:
    """Return whether the mappings stay small when PyYAML merges them: merges of merges double with every line.

    Before merging there are few nodes, because an alias is the same node as its anchor. A mapping that merges itself is
    infinite.
    """
    mappings = {id(one): one for one in _nodes(root) if isinstance(one, yaml.MappingNode)}
    sizes: dict[int, int] = {}
    open_: set[int] = set()

    def size(node: yaml.MappingNode) -> int:
        if id(node) in open_:
            return MAX_PAIRS + 1
        if id(node) not in sizes:
            open_.add(id(node))
            merged = [one for key, value in node.value if key.tag == _MERGE for one in _merged(value)]
            sizes[id(node)] = len(node.value) + sum(size(one) for one in merged)
            open_.discard(id(node))
        return sizes[id(node)]

    return sum(size(one) for one in mappings.values()) <= MAX_PAIRS


def _merged(value: yaml.Node) -> list[yaml.MappingNode]:
    """Return the mappings that ``<<: value`` merges: one, or a list of them."""
    candidates = value.value if isinstance(value, yaml.SequenceNode) else [value]
    return [one for one in candidates if isinstance(one, yaml.MappingNode)]


def _nodes(root: yaml.Node) -> Iterator[yaml.Node]:
    seen: set[int] = set()
    todo = [root]
    while todo:
        node = todo.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if isinstance(node, yaml.SequenceNode):
            todo += node.value
        elif isinstance(node, yaml.MappingNode):
            todo += [one for pair in node.value for one in pair]


def _fault(path: Path, text: str, error: yaml.MarkedYAMLError) -> Fault:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    where = f"{path}: line {line}"
    if "expected a single document" in (error.context or ""):
        return Fault(where, "a second document begins; a file may describe only one environment")
    lines = [*text.split("\n"), ""]
    if "\t" in lines[line - 1] and ("cannot start any token" in (error.problem or "")):
        return Fault(where, "is indented with a tab; YAML requires spaces")
    if (error.problem or "").startswith("key "):
        return Fault(where, error.problem or "")
    # The text that YAML quotes in its message may be part of a secret.
    said = re.sub(r"'[^']*'?", "…", error.problem or "not understood")
    return Fault(where, f"is not valid YAML: {said}")
