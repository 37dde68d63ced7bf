# SPDX-License-Identifier: Apache-2.0
"""Finds the product's data folders: next to the package in a checkout, inside it in a wheel."""

from __future__ import annotations

from pathlib import Path

from calipso_nornir.errors import ResourceMissing

PACKAGE = Path(__file__).resolve().parent


def data(name: str, *, package: Path = PACKAGE) -> Path:
    """Return one of the data folders: "parsers", "playbooks", "inventory".

    A wheel has them under ``_data/`` in the package. In a checkout they are beside the package; the ``pyproject.toml``
    there distinguishes a checkout from a site-packages folder in which another distribution has a folder of that name.
    """
    packed, checkout = package / "_data" / name, package.parent
    if packed.is_dir():
        return packed
    beside = checkout / name
    if (checkout / "pyproject.toml").is_file() and beside.is_dir():
        return beside
    raise ResourceMissing(name, (str(packed), str(beside)))
