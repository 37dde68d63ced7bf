# SPDX-License-Identifier: Apache-2.0
"""Reads a parameter of a check from the picture, as a ``ParameterLookup`` of the metadata says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.model.links import Link
from calipso_nornir.model.objects import InventoryObject

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calipso_nornir.metadata.monitoring import ParameterLookup
    from calipso_nornir.model.protocols import View

EMPTY: Final[tuple[Any, ...]] = (None, "", [], {})


class Subjects:
    """The objects from which the parameters of one check may be read."""

    def __init__(
        self, view: View, one: InventoryObject | Link, host: InventoryObject | None, member: object = None
    ) -> None:
        self._view = view
        self._one = one
        self._host = host
        self._member = member

    def value(self, lookup: ParameterLookup) -> Any:  # noqa: ANN401 - JSON
        """Return a value; None if there is none."""
        found = next((one for one in self._values(lookup) if one not in EMPTY), None)
        if lookup.after is not None and isinstance(found, str):
            return found.partition(lookup.after)[2] or None
        return found

    def _values(self, lookup: ParameterLookup) -> Iterator[Any]:
        for subject in self._subjects(lookup.of):
            for attribute in lookup.attributes:
                value = _read(subject, attribute)
                if lookup.take is None or value in EMPTY:
                    yield value
                    continue
                picked = [one for one in value if self._fits(one, lookup.where)] if isinstance(value, list) else []
                taken = [one.get(lookup.take) for one in picked if isinstance(one, dict)]
                yield next(iter(taken), None) if lookup.where else taken

    def _fits(self, member: Any, where: Mapping[str, ParameterLookup]) -> bool:  # noqa: ANN401 - JSON
        for path, lookup in where.items():
            wanted = self.value(lookup)
            if wanted in EMPTY or wanted not in list(_at(member, path.split("."))):
                return False
        return True

    def _subjects(self, of: str) -> Iterator[Any]:
        one = self._one
        if isinstance(one, Link):
            ends = {"source": one.source, "target": one.target}
            yield self._view.get(ends[of]) if of in ends else one
        elif of in ("object", "host", "member"):
            yield {"object": one, "host": self._host, "member": self._member}[of]
        else:
            yield from (self._view.get(link.target) for link in self._view.links(of, source=one.ref))


def _read(subject: Any, attribute: str) -> Any:  # noqa: ANN401 - JSON
    if isinstance(subject, InventoryObject):
        return {"id": subject.id, "type": subject.type, "name": subject.object_name or subject.name}.get(
            attribute, subject.get(attribute)
        )
    if isinstance(subject, Link):
        return getattr(subject, attribute)
    return subject.get(attribute) if isinstance(subject, dict) else None


def _at(value: Any, path: list[str]) -> Iterator[Any]:  # noqa: ANN401 - JSON
    """Yield the values at a path, also those within lists."""
    if isinstance(value, list):
        for one in value:
            yield from _at(one, path)
    elif not path:
        yield value
    elif isinstance(value, dict):
        yield from _at(value.get(path[0]), path[1:])
