# SPDX-License-Identifier: Apache-2.0
"""The state of one check of the metadata: what is declared, and the faults found so far."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import Fault
from calipso_nornir.metadata import forms
from calipso_nornir.metadata.catalog import CONDITION_CONSTANTS, Attribute, ObjectType
from calipso_nornir.metadata.constant_types import link_types_in, object_types_in
from calipso_nornir.metadata.layers import Layer, files_of
from calipso_nornir.metadata.nearest import nearest
from calipso_nornir.model.links import LinkType
from calipso_nornir.model.objects import RESERVED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator


class MetadataCheck:
    """What the parts of the check share: the layers, the plain lists read from them, and the faults."""

    def __init__(self, layers: list[Layer]) -> None:
        self.layers = layers
        self.faults: list[Fault] = []
        self.constants = self._constants()
        self.object_types = self._object_types()
        self.link_type_places: dict[str, str] = {}
        """Link type -> where it is declared."""
        self.link_types = self._link_types()
        self.unknown_finders = False
        """Whether a link finder does not declare its link types."""

    def fault(self, where: str, problem: str) -> None:
        """Record one fault."""
        self.faults.append(Fault(where, problem))

    def known_type(self, name: str, where: str) -> None:
        """Check that a name is an object type."""
        if name not in self.object_types:
            self.fault(where, f'"{name}" is not an object type{nearest(name, self.object_types)}')

    def is_on_host(self, type_: str) -> bool:
        """Return whether objects of a type are hosts, or below one."""
        seen, todo = set[str](), [type_]
        while todo:
            one = todo.pop()
            if one == "host":
                return True
            if one not in seen and one in self.object_types:
                seen.add(one)
                todo += self.object_types[one].parents
        return False

    def known_link_type(self, name: str, where: str) -> bool:
        """Check that a name is a link type, in either direction."""
        if name in self.link_types or str(LinkType.of(name).reverse) in self.link_types:
            return True
        names = {*self.link_types, *(str(LinkType.of(one).reverse) for one in self.link_types)}
        self.fault(where, f'"{name}" is not a link type{nearest(name, names)}')
        return False

    def known_value(self, attribute: str, value: Any, where: str) -> None:  # noqa: ANN401 - JSON
        """Check that a value of an environment's attribute is among the constants, if these list its values."""
        constant = CONDITION_CONSTANTS.get(attribute, "")
        allowed = self.constants.get(constant, ())
        if allowed and value not in allowed:
            self.fault(where, f'"{value}" is not among the constants {constant}{nearest(str(value), allowed)}')

    def _constants(self) -> dict[str, tuple[str, ...]]:
        values: defaultdict[str, list[str]] = defaultdict(list)
        for _, file in files_of(self.layers, "constants", forms.ConstantsFile):
            for name, more in file.constants.items():
                values[name] += [value for value in more if value not in values[name]]
        return {name: tuple(known) for name, known in values.items()}

    # --- object types

    def _object_types(self) -> dict[str, ObjectType]:
        found: dict[str, ObjectType] = {"environment": ObjectType("environment", "Environment", ())}
        rows = list(self._object_type_rows())
        rows += self._object_types_in_constants({"environment", *(one.type for _, one in rows)})
        for where, one in rows:
            if one.type not in found and one.label is None:
                continue  # it adds to a type that a later file may declare
            if one.type in found:
                self._adds_only(found[one.type], one, where)
            else:
                if not one.parents:
                    self.fault(f"{where}/parents", "is missing: name the types below which it may be")
                found[one.type] = ObjectType(
                    one.type, str(one.label), tuple(one.parents), one.folder, one.description, where
                )
        for where, one in rows:
            known = found.get(one.type)
            if known is None:
                near = nearest(one.type, found)
                self.fault(f"{where}/label", f'is missing: "{one.type}" is declared nowhere else{near}')
            else:
                more = tuple(parent for parent in one.parents if parent not in known.parents)
                found[one.type] = replace(
                    known,
                    parents=(*known.parents, *more),
                    attributes=(*known.attributes, *self._attributes(known, one, where)),
                    further_attributes=known.further_attributes or one.further_attributes,
                )
            for place, parent in enumerate(one.parents):
                if parent not in found:
                    self.fault(f"{where}/parents/{place}", f'"{parent}" is not an object type{nearest(parent, found)}')
        return found

    def _attributes(self, known: ObjectType, one: forms.ObjectTypeSpec, where: str) -> Iterator[Attribute]:
        names = {attribute.name for attribute in known.attributes}
        for place, spec in enumerate(one.attributes):
            if spec.name in names:
                self.fault(f"{where}/attributes/{place}/name", f'{one.type} already has an attribute "{spec.name}"')
            elif spec.name in RESERVED:
                problem = f'an attribute must not be called "{spec.name}": every object has a field of that name'
                self.fault(f"{where}/attributes/{place}/name", problem)
            else:
                names.add(spec.name)
                yield Attribute(**spec.model_dump(exclude={"comment"}))

    def _object_type_rows(self) -> Iterator[tuple[str, forms.ObjectTypeSpec]]:
        for layer, file in files_of(self.layers, "object_types", forms.ObjectTypesFile):
            for number, one in enumerate(file.object_types):
                yield layer.where("object_types", "object_types", number), one

    def _object_types_in_constants(self, declared: Collection[str]) -> Iterator[tuple[str, forms.ObjectTypeSpec]]:
        for one in object_types_in(self.layers, declared):
            if isinstance(one, Fault):
                self.faults.append(one)
            else:
                yield one

    def _adds_only(self, known: ObjectType, one: forms.ObjectTypeSpec, where: str) -> None:
        if one.label is not None or one.folder or one.description:
            told = f'"{one.type}" is already declared{f" ({known.origin})" if known.origin else ""}'
            how = "files only add, they never replace: to add to it, give its type and the additions, but no label"
            self.fault(f"{where}/type", f"{told}; {how}")

    # --- link types

    def _link_types(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for where, one in self._link_type_rows():
            link_type = LinkType.of(one.type)
            if one.type in found or (str(link_type.reverse) in found and link_type != link_type.reverse):
                self.fault(where, f'"{one.type}" is already declared, in this direction or the other')
                continue
            found[one.type] = one.description
            self.known_type(link_type.source, where)
            self.known_type(link_type.target, where)
            if {link_type.source, link_type.target} <= self.object_types.keys():
                self.link_type_places[one.type] = where
        return found

    def _link_type_rows(self) -> Iterator[tuple[str, forms.LinkTypeSpec]]:
        declared: set[str] = set()
        for layer, file in files_of(self.layers, "link_types", forms.LinkTypesFile):
            for number, one in enumerate(file.link_types):
                declared.add(one.type)
                yield layer.where("link_types", "link_types", number, "type"), one
        for found in link_types_in(self.layers, declared):
            if isinstance(found, Fault):
                self.faults.append(found)
            else:
                yield found
