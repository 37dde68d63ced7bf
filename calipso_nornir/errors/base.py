# SPDX-License-Identifier: Apache-2.0
"""The root of the error tree and its mixins."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any


class CalipsoError(Exception):
    """Base of all errors; ``data()`` returns an error's data, ``str()`` its message."""

    def data(self) -> dict[str, Any]:
        """Fields of the error as JSON values, with ``error`` naming its class."""
        known: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)} if is_dataclass(self) else {}
        return {"error": type(self).__name__, **{k: list(v) if isinstance(v, tuple) else v for k, v in known.items()}}

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> CalipsoError:
        """Build the error that ``data()`` described; used to replay recorded failures."""
        by_name = {kind.__name__: kind for kind in _descendants(CalipsoError)}
        kind = by_name[data["error"]]
        return kind(**{key: tuple(v) if isinstance(v, list) else v for key, v in data.items() if key != "error"})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CalipsoError) and self.data() == other.data()

    def __hash__(self) -> int:
        return hash((type(self).__name__, str(self)))


def _descendants(kind: type[CalipsoError]) -> list[type[CalipsoError]]:
    return [kind, *(deep for child in kind.__subclasses__() for deep in _descendants(child))]


class Retriable:
    """Mixin: the same request may succeed if it is made again later."""


class Fatal:
    """Mixin: a scan cannot continue after this error of its main source."""
