# SPDX-License-Identifier: Apache-2.0
"""What is wrong: statuses and findings; and the templates of monitoring."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.client.connection import Connection, at, of

if TYPE_CHECKING:
    from collections.abc import Iterator


class Statuses(Connection):
    """Reads and writes what checks say of objects and links."""

    def findings(self, environment: str, **query: object) -> Iterator[dict[str, Any]]:
        """Yield what is wrong, page by page: each failure once, the worst first, with its ``consequences``."""
        return self._listed(of(environment, "findings"), **query)

    def statuses(self, environment: str, *, at_least: int = 0, **query: object) -> Iterator[dict[str, Any]]:
        """Yield the statuses with this value or a worse one, page by page: also of a ``revision``, ``at`` a time."""
        return self._listed(of(environment, "statuses"), at_least=at_least, **query)

    def status(self, environment: str, document_id: str, **when: object) -> dict[str, Any]:
        """Return the status of the object or link with that ``_id``."""
        return dict(self.get(of(environment, "statuses", document_id), **when))

    def status_versions(self, environment: str, document_id: str, **query: object) -> list[dict[str, Any]]:
        """Return what the status was, the newest first."""
        return list(self.get(of(environment, "statuses", document_id, "versions"), **query))

    def write_status(self, environment: str, document_id: str, **status: object) -> dict[str, Any]:
        """Write what a check says of the object or link with that ``_id``: ``value``, ``label``, ``text``."""
        return dict(self.put(of(environment, "statuses", document_id), status))

    def remove_status(self, environment: str, document_id: str) -> None:
        """Remove a status: nothing checks it any more."""
        self.delete(of(environment, "statuses", document_id))

    def templates(self) -> list[dict[str, Any]]:
        """Return the templates of a monitoring system's files; those without an ``id`` are shipped."""
        return list(self.get("/monitoring/templates"))

    def write_template(self, id_: str, template: dict[str, Any]) -> dict[str, Any]:
        """Write a template: ``type``, ``side``, ``order``, ``condition``, ``config``."""
        return dict(self.put(at("monitoring", "templates", id_), template))

    def remove_template(self, id_: str) -> None:
        """Remove a written template."""
        self.delete(at("monitoring", "templates", id_))

    def preview(self, environment: str, *templates: dict[str, Any], **query: object) -> list[dict[str, Any]]:
        """Return the files of an environment's monitoring system, also with templates that are not written yet."""
        path = of(environment, "monitoring", "preview")
        return list(self._json("POST", path, json=list(templates), params=query))
