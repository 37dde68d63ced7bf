# SPDX-License-Identifier: Apache-2.0
"""Pass two of the metadata check: every name in JSON is a promise, and is resolved here.

All faults are collected; the catalog exists only when there is none.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import Fault, MetadataError
from calipso_nornir.metadata import schema
from calipso_nornir.metadata.catalog import CONDITION_CONSTANTS, Catalog, ObjectType
from calipso_nornir.metadata.layers import Layer, files_of, read_layers
from calipso_nornir.metadata.link_promises import clique_constraints, clique_types, link_finders
from calipso_nornir.metadata.names import nearest
from calipso_nornir.metadata.scanner_promises import scanners
from calipso_nornir.model.links import LinkType
from calipso_nornir.parsing.registry import load_parsers

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def load_catalog(extra: Iterable[Path | str] = ()) -> Catalog:
    """Read and check all metadata; ``extra`` are folders laid over what is installed.

    Raises MetadataError with every fault: of shape in the first pass (``layers``), of promises in the second.
    """
    check = Check(read_layers(extra))
    catalog = Catalog(
        object_types=check.object_types,
        link_types=check.link_types,
        scanners=scanners(check),
        link_finders=link_finders(check),
        clique_types=clique_types(check),
        clique_constraints=clique_constraints(check),
        constants=check.constants,
        parsers=load_parsers(),
        documents=check.documents(),
    )
    if check.faults:
        raise MetadataError(tuple(check.faults))
    return catalog


class Check:
    """The state of one pass: the layers, the plain lists read from them, and the faults so far."""

    def __init__(self, layers: list[Layer]) -> None:
        self.layers = layers
        self.faults: list[Fault] = []
        self.constants = self._constants()
        self.object_types = self._object_types()
        self.link_types = self._link_types()

    def fault(self, where: str, problem: str) -> None:
        """Note one thing that is wrong."""
        self.faults.append(Fault(where, problem))

    def known_type(self, name: str, where: str) -> None:
        """Check that a name is an object type."""
        if name not in self.object_types:
            self.fault(where, f'"{name}" is no object type{nearest(name, self.object_types)}')

    def known_link_type(self, name: str, where: str) -> None:
        """Check that a name is a link type, in either direction."""
        if name not in self.link_types and str(LinkType.of(name).reverse) not in self.link_types:
            names = {*self.link_types, *(str(LinkType.of(one).reverse) for one in self.link_types)}
            self.fault(where, f'"{name}" is no link type{nearest(name, names)}')

    def known_value(self, attribute: str, value: Any, where: str) -> None:  # noqa: ANN401 - JSON
        """Check that a value of an environment's attribute is among the constants, where these list its values."""
        constant = CONDITION_CONSTANTS.get(attribute, "")
        allowed = self.constants.get(constant, ())
        if allowed and value not in allowed:
            self.fault(where, f'"{value}" is not among the constants {constant}{nearest(str(value), allowed)}')

    def _constants(self) -> dict[str, tuple[str, ...]]:
        values: defaultdict[str, list[str]] = defaultdict(list)
        for _, file in files_of(self.layers, "constants", schema.ConstantsFile):
            for name, more in file.constants.items():
                values[name] += [value for value in more if value not in values[name]]
        return {name: tuple(known) for name, known in values.items()}

    def _object_types(self) -> dict[str, ObjectType]:
        found: dict[str, ObjectType] = {"environment": ObjectType("environment", "Environment", ())}
        places: list[tuple[str, str]] = []
        for layer, file in files_of(self.layers, "object_types", schema.ObjectTypesFile):
            for number, one in enumerate(file.object_types):
                where = layer.where("object_types", "object_types", number)
                if one.type in found:
                    self.fault(
                        f"{where}/type", f'"{one.type}" is declared already; overlays append, they never replace'
                    )
                    continue
                found[one.type] = ObjectType(one.type, one.label, tuple(one.parents), one.folder, one.description)
                places += [(f"{where}/parents/{place}", parent) for place, parent in enumerate(one.parents)]
        for where, parent in places:
            if parent not in found:
                self.fault(where, f'"{parent}" is no object type{nearest(parent, found)}')
        return found

    def _link_types(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for layer, file in files_of(self.layers, "link_types", schema.LinkTypesFile):
            for number, one in enumerate(file.link_types):
                where = layer.where("link_types", "link_types", number, "type")
                link_type = LinkType.of(one.type)
                if one.type in found or (str(link_type.reverse) in found and link_type != link_type.reverse):
                    self.fault(where, f'"{one.type}" is declared already, in this or the other direction')
                found[one.type] = one.description
                self.known_type(link_type.source, where)
                self.known_type(link_type.target, where)
        return found

    def documents(self) -> dict[str, list[dict[str, Any]]]:
        """Collect what is only passed on."""
        kept: dict[str, list[dict[str, Any]]] = {}
        kinds: tuple[tuple[str, type[schema.Declared]], ...] = (
            ("supported_environments", schema.SupportedEnvironmentsFile),
            ("network_agent_types", schema.NetworkAgentTypesFile),
            ("command_prefixes", schema.CommandPrefixesFile),
        )
        for stem, kind in kinds:
            rows = [row for _, file in files_of(self.layers, stem, kind) for row in getattr(file, stem)]
            kept[stem] = [row.model_dump(exclude={"comment"}) for row in rows]
        hover: dict[str, list[str]] = {}
        stem = "attributes_for_hover_on_data"
        for layer, file in files_of(self.layers, stem, schema.HoverAttributesFile):
            for type_, attributes in file.attributes_for_hover_on_data.items():
                self.known_type(type_, layer.where(stem, stem, type_))
                hover[type_] = [*hover.get(type_, []), *attributes]
        kept[stem] = [{"type": type_, "attributes": names} for type_, names in hover.items()]
        return kept
