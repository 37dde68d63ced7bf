# SPDX-License-Identifier: Apache-2.0
"""Finds the class or function that a name in JSON refers to."""

from __future__ import annotations

import inspect
import re
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from calipso_nornir.metadata.folder_code import module_in
from calipso_nornir.metadata.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path


ALMOST = 0.9
"""How similar a name and an older name must be to suggest the older one: many older names resemble each other."""


class Unresolved(Exception):
    """A name that refers to no class; the text says where it was looked for, and suggests a similar name."""


class Older:
    """Stands for a class of the original Calipso, in place of which shipped classes run (``older_names``)."""


class Registry:
    """Classes of one entry point group, by name.

    A name is searched for in this order: as ``file.py:Class`` beside the JSON file; as ``package.module:Class``; among
    the installed entry points of the group; in the file's own package (``scanners_package``), in the module with the
    class's name in snake case; in such a module beside the JSON file. If none of these has it and it is a name of the
    original Calipso (``older``), the result is ``Older``.
    """

    def __init__(self, group: str, what: str, *, older: Collection[str] = ()) -> None:
        self.group = group
        self.what = what
        self._older = older
        self._points = {point.name: point for point in entry_points(group=group)}

    @property
    def names(self) -> list[str]:
        """Names of the installed entry points."""
        return sorted(self._points)

    def resolve(self, name: str, *, package: str | None = None, folder: Path, method: str, arguments: int = 1) -> Any:  # noqa: ANN401 - an instance
        """Return an instance of the class called ``name``; its ``method`` must take this number of arguments."""
        found = self._class(name, package, folder)
        if found is Older:
            return Older
        if not callable(getattr(found, method, None)):
            raise Unresolved(f'"{name}" is not a {self.what}: it has no {method}()')
        try:
            made = found() if isinstance(found, type) else found
        except Exception as error:
            raise Unresolved(f'"{name}" cannot be made without arguments: {error!r}') from error
        try:
            inspect.signature(getattr(made, method)).bind(*[None] * arguments)
        except TypeError as error:
            many = "one argument" if arguments == 1 else f"{arguments} arguments"
            raise Unresolved(f'"{name}" is not a {self.what}: {method}() must take {many}; {error}') from error
        return made

    def load(self, name: str, *, package: str | None = None, folder: Path) -> Any:  # noqa: ANN401 - whatever it names
        """Return what ``name`` refers to, without instantiating or checking it."""
        return self._class(name, package, folder)

    def _class(self, name: str, package: str | None, folder: Path) -> Any:  # noqa: ANN401 - whatever a module holds
        if ":" in name:
            return load(name, folder)
        if name in self._points:
            try:
                return self._points[name].load()
            except Exception as error:
                raise Unresolved(f'"{name}" ({self._points[name].value}) cannot be loaded: {error!r}') from error
        looked = f"looked in entry points {self.group}"
        if package:
            module = f"{package}.{_snake(name)}"
            looked += f" and in module {module}"
            try:
                return load(f"{module}:{name}", folder)
            except Unresolved as error:
                if not isinstance(error.__cause__, ModuleNotFoundError):
                    raise
        beside = f"{_snake(name)}.py"
        if (folder / beside).is_file():
            return load(f"{beside}:{name}", folder)
        if name in self._older:
            return Older
        raise Unresolved(
            f'"{name}" names no {self.what} ({looked}){nearest(name, self._points) or self._nearly_older(name)}'
        )

    def _nearly_older(self, name: str) -> str:
        near = get_close_matches(name, self._older, 1, ALMOST)
        return f'. Did you mean "{near[0]}"?' if near else ""


def load(path: str, folder: Path) -> Any:  # noqa: ANN401 - as above
    """Return what ``package.module:Name``, or ``file.py:Name`` in a folder, refers to."""
    place, _, attribute = path.partition(":")
    try:
        module = module_in(folder, place) if place.endswith(".py") else import_module(place)
    except Exception as error:
        raise Unresolved(f'"{path}" cannot be loaded: {error!r}') from error
    try:
        return getattr(module, attribute)
    except AttributeError as error:
        own = (name for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__)
        why = f"the file has no {attribute}" if place.endswith(".py") else repr(error)
        raise Unresolved(f'"{path}" cannot be loaded: {why}{nearest(attribute, own)}') from error


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
