# SPDX-License-Identifier: Apache-2.0
"""Imports the Python files beside the JSON files of a folder: plug-ins without packaging.

Each folder becomes a package of its own, so its files may import each other (``from .common import x``), and two
folders may both have a ``fetchers.py``.
"""

from __future__ import annotations

import hashlib
import sys
from importlib import import_module
from pathlib import PurePath
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


_PREFIX = "calipso_folder_"


def module_in(folder: Path, file: str) -> ModuleType:
    """Import ``file`` (``fetchers.py``, ``more/fetchers.py``) of a folder.

    Raises FileNotFoundError if there is none, ValueError for a path that leads out of the folder or whose parts are
    not Python names, and whatever importing the file raises.
    """
    parts = PurePath(file).with_suffix("").parts
    if not all(part.isidentifier() for part in parts):
        raise ValueError(f"{file} must be a file below the folder, and each part of its path must be a Python name")
    if not (folder / file).is_file():
        raise FileNotFoundError(f"there is no file {folder / file}")
    return import_module(".".join([_package_of(folder), *parts]))


def file_of(module: str) -> str:
    """Return the file of a module that came from a folder; "" for any other."""
    return str(getattr(sys.modules.get(module), "__file__", "")) if module.startswith(_PREFIX) else ""


def _package_of(folder: Path) -> str:
    where = str(folder.resolve())
    name = f"{_PREFIX}{hashlib.blake2b(where.encode(), digest_size=6).hexdigest()}"
    if name not in sys.modules:
        package = ModuleType(name, f"The Python files of {where}.")
        package.__path__ = [where]
        sys.modules[name] = package
    return name
