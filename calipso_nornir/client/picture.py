# SPDX-License-Identifier: Apache-2.0
"""What was found: objects, links, cliques, graphs; and files of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

from calipso_nornir.client.connection import Connection, of

if TYPE_CHECKING:
    from collections.abc import Iterator


class Picture(Connection):
    """Reads the picture of an environment; each method also takes ``revision=``, or ``at=`` a time."""

    def objects(self, environment: str, **fields: object) -> Iterator[dict[str, Any]]:
        """Yield the objects whose fields have these values, page by page: ``objects("lab", type="vnic")``."""
        return self._pages(of(environment, "objects"), fields)

    def read_object(self, environment: str, type_: str, id_: str, **when: object) -> dict[str, Any]:
        """Return one object with its evidence."""
        return dict(self.get(of(environment, "objects", type_, id_), **when))

    def children(self, environment: str, type_: str, id_: str, **when: object) -> list[dict[str, Any]]:
        """Return the children of an object, read page by page."""
        return list(self._listed(of(environment, "objects", type_, id_, "children"), **when))

    def search(self, environment: str, text: str, **query: object) -> Iterator[dict[str, Any]]:
        """Yield the objects with a text in their name, id or an attribute, page by page."""
        return self._listed(of(environment, "search"), q=text, **query)

    def links(self, environment: str, **fields: object) -> Iterator[dict[str, Any]]:
        """Yield the links whose fields have these values, page by page."""
        return self._pages(of(environment, "links"), fields)

    def links_of(self, environment: str, type_: str, id_: str, **when: object) -> list[dict[str, Any]]:
        """Return the links with an object at either end, read page by page."""
        return list(self._listed(of(environment, "links", "of", type_, id_), **when))

    def clique(self, environment: str, type_: str, id_: str, **when: object) -> dict[str, Any]:
        """Return the clique of an object."""
        return dict(self.get(of(environment, "cliques", type_, id_), **when))

    def graph(self, environment: str, type_: str, id_: str, **query: object) -> dict[str, Any]:
        """Return the graph around an object: ``depth``, ``direction``, ``limit``."""
        return dict(self.get(of(environment, "graph", type_, id_), **query))

    def paths(self, environment: str, begin: tuple[str, str], end: tuple[str, str], **query: object) -> dict[str, Any]:
        """Return the shortest paths between two objects, each given by type and id."""
        ends = {"from_type": begin[0], "from_id": begin[1], "to_type": end[0], "to_id": end[1]}
        return dict(self.get(of(environment, "paths"), **ends, **query))

    def impact(self, environment: str, type_: str, id_: str, **query: object) -> dict[str, Any]:
        """Return what depends on an object: all below it, and the focal points of cliques that contain its links."""
        return dict(self.get(of(environment, "impact", type_, id_), **query))

    def export(self, environment: str, file: BinaryIO, *, what: str = "export", **query: object) -> None:
        """Write an export (``format="graphml"``) to a file, piece by piece.

        ``what`` is the export of a part: ``"objects_file"``, ``"paths_file"``, or ``"clique_file/instance/5b7c…"`` and
        ``"graph_file/instance/5b7c…"``, in which the id is quoted as in a URL.
        """
        with self._answer("GET", f"{of(environment)}/{what}", params=query, stream=True) as answer:
            file.writelines(answer.iter_content(1 << 16))
