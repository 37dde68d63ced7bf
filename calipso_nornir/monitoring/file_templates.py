# SPDX-License-Identifier: Apache-2.0
"""Templates of a monitoring system's files (``monitoring_config_templates``), as in the developer guide.

Of all templates of one type and side, those whose condition is met are merged attribute by attribute, in their order. A
later one replaces only the attributes that it contains. Placeholders ``{name}`` stand in keys and values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.errors import InvalidRequest
from calipso_nornir.metadata.nearest import nearest

if TYPE_CHECKING:
    from calipso_nornir.model.stores import Store

COLLECTION: Final = "monitoring_config_templates"
_PLACEHOLDER: Final = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
_WHOLE: Final = re.compile(r"\A\{([a-z_][a-z0-9_]*)\}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileTemplate:
    """One template.

    Attributes:
        type: the file that it makes, or ``client_check_….json``.
        side: "client" or "server".
        order: among the templates of a type and side; a number, though the guide writes it as text.
        condition: field of the environment -> values, one of which it must have.
        config: the content, with placeholders.
        origin: where it comes from, for messages.
    """

    type: str
    side: str
    order: int = 1
    monitoring_system: str = "sensu"
    condition: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    origin: str = ""


def template_of(document: Mapping[str, Any], *, origin: str = "") -> FileTemplate:
    """Read a template; raises InvalidRequest that says what is wrong with it."""
    where = origin or f"template {document.get('type')!r}"
    for name in ("type", "side", "config"):
        if name not in document:
            raise InvalidRequest(f"{where}: {name} is missing")
    if document["side"] not in ("client", "server"):
        raise InvalidRequest(f'{where}: side is {document["side"]!r}: expected "client" or "server"')
    if not isinstance(document["config"], Mapping):
        raise InvalidRequest(f"{where}: config is no object")
    condition = document.get("condition") or {}
    if not isinstance(condition, Mapping):
        raise InvalidRequest(f"{where}: condition is no object")
    try:
        order = int(document.get("order", 1))
    except (TypeError, ValueError):
        raise InvalidRequest(f"{where}: order is {document.get('order')!r}: expected a number") from None
    return FileTemplate(
        type=str(document["type"]),
        side=str(document["side"]),
        order=order,
        monitoring_system=str(document.get("monitoring_system", "sensu")),
        condition=condition,
        config=document["config"],
        origin=where,
    )


def stored_templates(store: Store) -> list[FileTemplate]:
    """Return the templates that users have stored."""
    rows = store.collection(COLLECTION).find()
    return [
        template_of(one, origin=f"{COLLECTION}/{one.get('id') or one.get('_id')}") for one in rows if "config" in one
    ]


def merged(
    templates: Iterable[FileTemplate],
    *,
    type_: str,
    side: str,
    environment: Mapping[str, Any],
    values: Mapping[str, Any],
) -> dict[str, Any] | None:
    """Return the content of one file; None if no template of it applies.

    Raises:
        InvalidRequest: a placeholder has no value.
    """
    found: dict[str, Any] | None = None
    fitting = [one for one in templates if one.type == type_ and one.side == side]
    for one in sorted(fitting, key=lambda each: each.order):
        if all(_fits(environment.get(key), wanted) for key, wanted in one.condition.items()):
            found = _merge(found or {}, _filled(one.config, values, one))
    return found


def _fits(value: Any, wanted: Any) -> bool:  # noqa: ANN401 - JSON
    has = value if isinstance(value, (list, tuple)) else [value]
    allowed = wanted if isinstance(wanted, (list, tuple)) else [wanted]
    return any(one in allowed for one in has)


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    made = dict(below)
    for key, value in above.items():
        known = made.get(key)
        made[key] = _merge(known, value) if isinstance(known, Mapping) and isinstance(value, Mapping) else value
    return made


def _filled(value: Any, values: Mapping[str, Any], template: FileTemplate) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, Mapping):
        return {_text(str(key), values, template): _filled(one, values, template) for key, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_filled(one, values, template) for one in value]
    if not isinstance(value, str):
        return value
    whole = _WHOLE.match(value)
    return _value(whole[1], values, template) if whole else _text(value, values, template)


def _text(text: str, values: Mapping[str, Any], template: FileTemplate) -> str:
    return _PLACEHOLDER.sub(lambda found: str(_value(found[1], values, template)), text)


def _value(name: str, values: Mapping[str, Any], template: FileTemplate) -> Any:  # noqa: ANN401 - JSON
    if name not in values or values[name] is None:
        told = f"{template.origin}: {{{name}}} has no value{nearest(name, values)}"
        raise InvalidRequest(f"{told}. Set it in the section Monitoring, or change the template")
    return values[name]
