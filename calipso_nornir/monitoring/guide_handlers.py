# SPDX-License-Identifier: Apache-2.0
"""Adapts handlers in the guide's form, and finds objects by the names that the guide gives to checks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.errors import UnknownName
from calipso_nornir.monitoring.check_names import decoded, limited, name_of_link, name_of_object
from calipso_nornir.monitoring.results import status_of_code

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from calipso_nornir.guide.check_handlers import MonitoringCheckHandler
    from calipso_nornir.model.stores import StoreView
    from calipso_nornir.monitoring.results import Result

LINK: Final = "link_"
LONGEST: Final = 200
"""Characters of a name in Sensu."""


@dataclass(frozen=True, slots=True)
class GuideHandler:
    """Makes a handler in the guide's form usable as one in the new form."""

    handler: MonitoringCheckHandler

    def handle(self, result: Result, about: Mapping[str, Any]) -> Result | None:
        """Return the result as the handler has stored it; None if it has stored none."""
        prefix = LINK if result.kind == "links" else f"{about.get('type')}_"
        given = {
            "name": result.name,
            "status": result.status,
            "output": result.text,
            "executed": result.checked_at.timestamp(),
        }
        kept = self.handler.called(result.environment, about, decoded(result.name.removeprefix(prefix)), given)
        return None if kept is None else replace(result, status=status_of_code(int(kept.status)), text=str(kept.text))


def named(view: StoreView, results: Iterable[Result]) -> list[Result]:
    """Return results with the objects that they are about; those of checks that others have written lack them.

    The guide names a check after its object, perhaps with more after it (a port). So names of objects and links are
    made, and compared with that of the check; it is not taken apart, as ids may have ``_``.
    """
    names: dict[str, dict[str, tuple[str, str, str]]] = {}
    found = []
    for one in results:
        if one.of:
            found.append(one)
            continue
        parts = [one.name[:at] for at, character in enumerate(one.name) if character == "_"]
        wanted = [(kind, text) for text in reversed(parts) for kind in _kinds(text)]
        about: tuple[str, str, str] | None = None
        for kind, text in wanted:
            known = names.setdefault(text, _names(view, kind, text.removeprefix(LINK)))
            about = next((known[part] for part in (one.name, *reversed(parts)) if part in known), None)
            if about is not None:
                break
        of, kind_of, type_ = about or ("", one.kind, one.type)
        found.append(replace(one, of=of, kind=kind_of, type=type_))  # type: ignore[arg-type]
    return found


def _kinds(text: str) -> list[str]:
    """Return the kinds of documents that a check may be about, if its name begins with this text."""
    return ["links"] if text.startswith(LINK) and "-" in text else ["inventory"]


def _names(view: StoreView, kind: str, type_: str) -> dict[str, tuple[str, str, str]]:
    """Return name of a check -> _id, kind and type of what it is about; none if there is no such type."""
    try:
        if kind == "links":
            return {limited(name_of_link(one), LONGEST): (one.document_id, kind, type_) for one in view.links(type_)}
        objects = view.of_type(type_)
    except UnknownName:
        return {}
    return {limited(name_of_object(one), LONGEST): (one.ref.document_id, kind, type_) for one in objects}
