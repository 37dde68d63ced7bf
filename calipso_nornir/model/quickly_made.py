# SPDX-License-Identifier: Apache-2.0
"""Speeds up frozen dataclasses of which millions of instances are created."""

from __future__ import annotations

from dataclasses import MISSING, Field, fields
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")


def quickly_made(cls: type[T]) -> type[T]:
    """Give a frozen dataclass with slots an ``__init__`` that is three times as fast; put it above ``@dataclass``.

    Python's own ``__init__`` looks up ``object.__setattr__``, and the slot by its name, for every field. This one calls
    the slots' setters directly. Otherwise the class is unchanged: instances remain immutable.
    """
    names: dict[str, Any] = {f"_set_{field.name}": vars(cls)[field.name].__set__ for field in _fields(cls)}
    lines = [f"_set_{field.name}(self, {_value(field)})" for field in _fields(cls)]
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    made, before = _function("__init__", cls, ["self"], lines, names), cls.__init__
    made.__qualname__, made.__annotations__ = before.__qualname__, before.__annotations__
    cls.__init__ = made  # type: ignore[method-assign]  # that is what this is for
    return cls


def maker(cls: Callable[P, T]) -> Callable[P, T]:
    """Return a function that does the same as calling such a class, in a third of the time.

    Python passes named arguments to a class in a dictionary. This function takes them directly, sets the fields of an
    instance of a class with the same slots that is not frozen, and turns that into an instance of the frozen class.
    """
    opened = type("Opened", (), {"__slots__": [field.name for field in _fields(cls)]})
    lines = [f"self.{field.name} = {_value(field)}" for field in _fields(cls)]
    lines = ["self = _new(_opened)", *lines, "self.__class__ = _class", "return self"]
    made: Callable[P, T] = _function("made", cls, [], lines, {"_new": object.__new__, "_opened": opened, "_class": cls})
    return made


def _function(name: str, cls: Any, first: list[str], lines: list[str], names: dict[str, Any]) -> Any:  # noqa: ANN401 - made by exec
    """Return a function of these lines, with the parameters of a dataclass."""
    by_place, by_name = first, [_parameter(field) for field in _fields(cls) if field.init and field.kw_only]
    by_place += [_parameter(field) for field in _fields(cls) if field.init and not field.kw_only]
    for field in _fields(cls):
        names[f"_default_{field.name}"] = field.default
        names[f"_make_{field.name}"] = field.default_factory
    signature = ", ".join([*by_place, *(["*", *by_name] if by_name else [])])
    exec("\n    ".join([f"def {name}({signature}):", *lines]), names)  # noqa: S102 - as dataclasses itself makes it, of names of fields only
    return names[name]


def _fields(cls: Any) -> tuple[Field[Any], ...]:  # noqa: ANN401 - a dataclass
    return fields(cls)


def _parameter(field: Field[Any]) -> str:
    return field.name if _is_needed(field) else f"{field.name}=_default_{field.name}"


def _value(field: Field[Any]) -> str:
    own = f"_default_{field.name}" if field.default_factory is MISSING else f"_make_{field.name}()"
    if not field.init:
        return own
    if field.default_factory is MISSING:
        return field.name
    return f"{own} if {field.name} is _default_{field.name} else {field.name}"


def _is_needed(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING
