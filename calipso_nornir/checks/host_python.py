# SPDX-License-Identifier: Apache-2.0
"""Checks the source code of a module of checks: hosts may have Python 3.6, and have only its standard library.

The module is not run, so an import under a name that is computed is not detected.
"""

import ast
import sys
from typing import Iterator, List, Tuple

_PACKAGE = "calipso_nornir.checks"
SHARED = frozenset(_PACKAGE + "." + name for name in ("links", "openvswitch", "services", "values", "vpp"))
"""Modules of this package that others may import."""
_NEWER = frozenset(
    ("contextvars", "dataclasses", "graphlib", "importlib.metadata", "importlib.resources", "tomllib", "zoneinfo")
)
"""Modules of the standard library that Python 3.6 does not have."""


def problems(source: bytes) -> Iterator[str]:
    """Yield each reason why a module cannot run on hosts, with its line."""
    try:
        tree = ast.parse(source, feature_version=(3, 6))
    except SyntaxError as error:
        yield f"line {error.lineno}: hosts may have Python 3.6, which does not know this: {error.msg}"
        return
    for node in ast.walk(tree):
        for line, name in _imported(node):
            problem = _about(name)
            if problem:
                yield f"line {line}: {problem}"


def _imported(node: ast.AST) -> List[Tuple[int, str]]:
    """Return the modules that a statement imports, with its line; a neighbour's name begins with a dot."""
    if isinstance(node, ast.Import):
        return [(node.lineno, alias.name) for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    module = "." * node.level + (node.module or "")
    if module in (_PACKAGE, "__future__", "importlib"):  # their members are modules, or features
        return [(node.lineno, module + "." + alias.name) for alias in node.names]
    return [(node.lineno, module)]


def _about(name: str) -> str:
    """Return why a module cannot be imported on hosts, "" if it can."""
    if name in _NEWER or name == "__future__.annotations":
        return f"Python 3.6 has no {name}"
    if name in SHARED or name.partition(".")[0] in sys.stdlib_module_names:
        return ""
    allowed = ", ".join(sorted(SHARED))
    return f"imports {name}, which hosts do not have; they have the standard library and {allowed}"
