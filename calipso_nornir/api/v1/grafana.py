# SPDX-License-Identifier: Apache-2.0
"""/grafana: a JSON data source for Grafana, in the protocol of its plug-ins "SimpleJson" and "JSON".

Only environments that the user may see are searched. A variable of a dashboard chooses among them, or among types; one
whose value is ``$__all`` or ``All`` chooses everything.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter

from calipso_nornir.access.roles import Role
from calipso_nornir.api.guard import Needs
from calipso_nornir.api.v1 import grafana_tables
from calipso_nornir.api.v1.operations import Asked, operation
from calipso_nornir.api.v1.parameters import Parameter
from calipso_nornir.api.v1.reading import converted, wrong
from calipso_nornir.api.v1.shapes import TEXT, TEXTS, exactly
from calipso_nornir.store.environments import stored_environment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from calipso_nornir.api.v1.answers import Answer

router = APIRouter()

PLACES: Final = {"regions": "cvim_region", "metros": "cvim_metro"}
"""Variables, and the field of an environment's description that each is about."""
ENVIRONMENTS, TYPES = "environment_configs", "object_types"
SEARCHED: Final = (*PLACES, ENVIRONMENTS, TYPES)
ALL: Final = frozenset({"$__all", "All"})


@operation(router, "GET /grafana", needs=Needs(Role.VIEWER, anywhere=True), answer=exactly({"status": TEXT}))
def alive(asked: Asked) -> Answer:
    """Tell Grafana that the data source works."""
    return {"status": f"{len(asked.environments(Role.VIEWER))} environments"}


@operation(
    router,
    "POST /grafana/search",
    needs=Needs(Role.VIEWER, anywhere=True),
    answer=TEXTS,
    parameters=(Parameter(name="target", needed=True, text=f"One of {', '.join(SEARCHED)}; or JSON, see there."),),
    creates=False,
    ignores_others=True,
)
def search(asked: Asked) -> Answer:
    """List the values of a variable.

    ``target`` is the name of the variable, or JSON with that name as its only key, and with the variables that choose
    among the environments as its value: ``{"metros": {"regions": "emea"}}``.
    """
    target, chosen = _target(asked["target"])
    if target == TYPES:
        return sorted(asked.api.catalog.object_types)
    environments = _environments(asked, chosen)
    if target == ENVIRONMENTS:
        return sorted(environments)
    return sorted({str(one[PLACES[target]]) for one in environments.values() if one.get(PLACES[target])})


@operation(
    router,
    "POST /grafana/query",
    needs=Needs(Role.VIEWER, anywhere=True),
    answer={"type": "array", "items": grafana_tables.TABLE},
    parameters=(
        Parameter(
            name="scopedVars", type="object", needed=True, text=f"Variables: {', '.join(SEARCHED)}; others are ignored."
        ),
        Parameter(name="targets", type="list", needed=True, text="Tables: texts, or objects with one as their target."),
        Parameter(name="range", type="object", text="Times from and to: only what was seen, or asked for, then."),
    ),
    creates=False,
    ignores_others=True,
)
def query(asked: Asked) -> Answer:
    """Return tables: inventory, inventoryCount, scans, tree."""
    targets = [_table(one) for one in asked["targets"]]
    variables = asked["scopedVars"]
    chosen = grafana_tables.Chosen(
        environments=tuple(sorted(_environments(asked, variables))),
        types=_values(variables, TYPES),
        since=_moment(asked["range"], "from"),
        until=_moment(asked["range"], "to"),
    )
    return [grafana_tables.TABLES[name](asked.api.store, chosen) for name in targets]


def _target(text: str) -> tuple[str, Mapping[str, Any]]:
    name, variables = text, {}
    if text.lstrip().startswith("{"):
        try:
            ((name, variables),) = json.loads(text).items()
        except (ValueError, RecursionError):
            raise wrong(
                'target must be a text, or JSON with one key: {"metros": {"regions": "emea"}}', "target"
            ) from None
    if name not in SEARCHED:
        raise wrong(f"target must be one of {', '.join(SEARCHED)}", "target")
    if not isinstance(variables, dict):
        raise wrong(f"the value of {name} must be an object: names of variables, and their values", "target")
    return name, variables


def _table(target: object) -> str:
    name = target.get("target") if isinstance(target, dict) else target
    if not isinstance(name, str) or name not in grafana_tables.TABLES:
        raise wrong(f"each of targets must be one of {', '.join(grafana_tables.TABLES)}", "targets")
    return name


def _environments(asked: Asked, variables: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the environments that may be seen and are chosen, with their descriptions."""
    seen = asked.environments(Role.VIEWER)
    names = _values(variables, ENVIRONMENTS)
    for name in names or ():
        if name not in seen:
            raise wrong(f"Unknown environment: {name}", ENVIRONMENTS)
    described: dict[str, Mapping[str, Any]] = {
        name: stored_environment(asked.api.store, name) or {} for name in names or seen
    }
    for variable, field in PLACES.items():
        wanted = _values(variables, variable)
        described = {name: one for name, one in described.items() if wanted is None or one.get(field) in wanted}
    return described


def _values(variables: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    """Return the values of a variable, as Grafana sends them; None if it chooses everything."""
    given = variables.get(name)
    value = given.get("value") if isinstance(given, dict) else given
    found: Iterable[object] = value if isinstance(value, list) else (value,)
    texts = tuple(one for one in found if isinstance(one, str) and one)
    return None if not texts or ALL & {*texts} else texts


def _moment(range_: Mapping[str, Any] | None, name: str) -> datetime | None:
    value = (range_ or {}).get(name)
    if value is None:
        return None
    found: datetime | None = converted(value, "time")
    if found is None:
        raise wrong(f"{name} of range must be a time (ISO 8601, such as 2026-11-28T19:10:00Z)", "range")
    return found
