# SPDX-License-Identifier: Apache-2.0
"""Checks ``parsers.json`` and the ``templates`` beside it: parsers without packaging."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import MetadataError
from calipso_nornir.metadata import forms
from calipso_nornir.metadata.class_names import Unresolved, load
from calipso_nornir.metadata.layers import SHIPPED, files_of
from calipso_nornir.parsing.registry import Offer, load_parsers
from calipso_nornir.parsing.templates import TemplateSet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from calipso_nornir.metadata.check import MetadataCheck

TEMPLATES = "templates"
"""Folder beside the JSON files: ``index`` and ``<platform>_<command>.textfsm``."""


def parsers(check: MetadataCheck) -> Mapping[str, Callable[[str], Any]]:
    """Return every parser by name: built in, installed, and those of the folders."""
    try:
        return load_parsers(folders=[*_functions(check), *_templates(check)])
    except MetadataError as error:
        check.faults += error.faults
        return {}


def _functions(check: MetadataCheck) -> Iterator[Offer]:
    for layer, file in files_of(check.layers, "parsers", forms.ParsersFile):
        for name, path in file.parsers.items():
            where = layer.where("parsers", "parsers", name)
            if ":" not in path:
                check.fault(
                    where, f'"{path}" does not name a function: write "file.py:function" or "package.module:function"'
                )
                continue
            try:
                found = load(path, layer.folder)
            except Unresolved as error:
                check.fault(where, str(error))
                continue
            if callable(found):
                yield Offer(where, {name: found})
            else:
                check.fault(where, f'"{path}" is not a function, but {type(found).__name__}: text -> value is expected')


def _templates(check: MetadataCheck) -> Iterator[Offer]:
    for layer in check.layers:
        folder = layer.folder / TEMPLATES
        if layer.folder == SHIPPED or not folder.is_dir():
            continue
        try:
            yield Offer(str(folder), {name: template.rows for name, template in TemplateSet(folder).items()})
        except MetadataError as error:
            check.faults += error.faults
