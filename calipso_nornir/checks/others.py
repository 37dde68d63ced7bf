# SPDX-License-Identifier: Apache-2.0
"""Loads the checks of installed distributions, and returns their source code for the archive of the probe.

An entry point of the group ``calipso_nornir.checks`` names a module: one file with ``CHECKS``, like the modules here.
``host_python`` says what it may import. The archive has an ``others.py`` of its own, with the same names, but without
entry points.
"""

import importlib
import importlib.util
import re
import sys
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Dict, FrozenSet, Iterator, List, Tuple

from .host_python import problems
from .parameters import TYPES
from .values import Check

GROUP = "calipso_nornir.checks"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,60}")
_PLACE = re.compile(r"(/[A-Za-z0-9_.+-]+)+")


class BadChecks(ValueError):
    """A module of checks cannot be sent to hosts; ``str()`` gives the entry point, the place and the reason."""


def _points() -> List[EntryPoint]:
    """Return the entry points in the order of their names."""
    return sorted(entry_points(group=GROUP), key=lambda one: one.name)


def _loaded() -> Tuple[Tuple[Any, ...], Dict[str, str]]:
    """Import all modules; return them, and entry point -> reason for those that cannot be."""
    modules, faults = [], {}
    for point in _points():
        try:
            found = importlib.import_module(point.value)
            if not all(isinstance(one, Check) for one in found.CHECKS):
                raise BadChecks("CHECKS contains something that is no Check")  # noqa: TRY301 - reported with the others
        except Exception as error:  # noqa: BLE001 - a third party's module, which must not stop ours
            faults[point.name] = f"{type(error).__name__}: {error}"
        else:
            modules.append(found)
    return tuple(modules), faults


MODULES, FAULTS = _loaded()


def sources(known: FrozenSet[str]) -> Dict[str, bytes]:
    """Return name -> source of each module that hosts get.

    Args:
        known: names of checks that are taken.

    Raises:
        BadChecks: one of them cannot run on hosts; nothing is deployed then.
    """
    found: Dict[str, bytes] = {}
    taken = dict.fromkeys(known, "calipso")
    for point in _points():
        where = f"entry point {point.name} of {GROUP}"
        if not _NAME.fullmatch(point.name) or point.name in found:
            raise BadChecks(f"{where}: expected a unique name of lower-case letters, digits and _")
        where = f"{where}: {point.value}"
        if point.name in FAULTS:
            raise BadChecks(f"{where} cannot be used: {FAULTS[point.name]}")
        found[point.name] = _source(point.value, where)
        for problem in (*problems(found[point.name]), *_mistakes(sys.modules[point.value], taken)):
            raise BadChecks(f"{where}: {problem}")
        taken.update((check.name, point.name) for check in sys.modules[point.value].CHECKS)
    return found


def _mistakes(module: Any, taken: Dict[str, str]) -> Iterator[str]:
    for check in module.CHECKS:
        if check.name in taken:
            yield f"check {check.name!r} exists already: {taken[check.name]} has it"
        for name, parameter in check.parameters.items():
            if parameter.type not in TYPES:
                types = ", ".join(sorted(TYPES))
                yield f"parameter {name!r} of {check.name!r} has the type {parameter.type!r}; known are {types}"
    for tool, place in getattr(module, "PLACES", {}).items():
        if not _PLACE.fullmatch(place):
            yield f"PLACES[{tool!r}]: found {place!r}, expected the absolute path of a program"


def _source(name: str, where: str) -> bytes:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None or not spec.origin.endswith(".py") or spec.submodule_search_locations:
        raise BadChecks(f"{where}: expected a module of one file, .py")
    with open(spec.origin, "rb") as file:
        return file.read()
