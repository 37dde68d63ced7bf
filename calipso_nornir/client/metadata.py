# SPDX-License-Identifier: Apache-2.0
"""Metadata: what is declared, and what is written beside it."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from calipso_nornir.client.connection import Connection, at, of

Shipped: TypeAlias = Literal[
    "object_types", "link_types", "clique_types", "clique_constraints", "supported_environments"
]
Rows: TypeAlias = Literal["clique_types", "clique_constraints"]


class Metadata(Connection):
    """Reads metadata, and writes clique types, clique constraints and constants."""

    def metadata(self, kind: Shipped) -> list[dict[str, Any]]:
        """Return all declarations of a kind: ``metadata("object_types")``."""
        return list(self.get(at("metadata", kind)))

    def constants(self) -> dict[str, Any]:
        """Return the values that fields may have, by constant."""
        return dict(self.get("/metadata/constants"))

    def written(self) -> dict[str, Any]:
        """Return what was written by the API, with ids, by whom and when."""
        return dict(self.get("/metadata/written"))

    def written_row(self, kind: Rows, id_: str) -> dict[str, Any]:
        """Return one clique type, or the constraints of one type, that were written."""
        return dict(self.get(at("metadata", kind, id_)))

    def write_row(self, kind: Rows, row: dict[str, Any]) -> dict[str, Any]:
        """Write a clique type, or the constraints of a type of focal points; the answer has its ``id``."""
        return dict(self.post(at("metadata", kind), row))

    def replace_row(self, kind: Rows, id_: str, row: dict[str, Any]) -> dict[str, Any]:
        """Replace a row that was written."""
        return dict(self.put(at("metadata", kind, id_), row))

    def remove_row(self, kind: Rows, id_: str) -> None:
        """Remove a row that was written."""
        self.delete(at("metadata", kind, id_))

    def write_constant(self, name: str, *values: object) -> dict[str, Any]:
        """Write further values of a constant, or a new constant: texts, or ``{"value": …, "label": …}``."""
        return dict(self.put(at("metadata", "constants", name), {"values": list(values)}))

    def remove_constant(self, name: str) -> None:
        """Remove the values that were written."""
        self.delete(at("metadata", "constants", name))

    def clique_types(self, environment: str) -> list[dict[str, Any]]:
        """Return the clique types that an environment's objects may have."""
        return list(self.get(of(environment, "clique_types")))

    def clique_type(self, environment: str, id_: str) -> dict[str, Any]:
        """Return a clique type that was written for this environment."""
        return dict(self.get(of(environment, "clique_types", id_)))

    def add_clique_type(self, environment: str, row: dict[str, Any]) -> dict[str, Any]:
        """Write a clique type for this environment only."""
        return dict(self.post(of(environment, "clique_types"), row))

    def remove_clique_type(self, environment: str, id_: str) -> None:
        """Remove a clique type that was written for this environment."""
        self.delete(of(environment, "clique_types", id_))
