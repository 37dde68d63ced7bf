# SPDX-License-Identifier: Apache-2.0
"""/aggregates: how many objects an environment has, how many messages there are, how many values constants list."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter

from calipso_nornir.access.roles import Role
from calipso_nornir.api.guard import Needs
from calipso_nornir.api.v1.messages import LEVELS
from calipso_nornir.api.v1.operations import Asked, operation
from calipso_nornir.api.v1.parameters import ENVIRONMENT_IF_ANY, Parameter
from calipso_nornir.api.v1.reading import wrong
from calipso_nornir.api.v1.shapes import COUNTS, TEXT, either, exactly

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.api.v1.answers import Answer
    from calipso_nornir.model.stores import Collection, Document

router = APIRouter()
CHUNK: Final = 5000
OBJECTS: Final = {"const": "environment"}
MESSAGES: Final = {"const": "message"}
CONSTANTS: Final = {"const": "constant"}


@operation(
    router,
    "GET /aggregates",
    needs=Needs(Role.VIEWER, anywhere=True),
    answer=either(
        exactly({"type": OBJECTS, "env_name": TEXT, "aggregates": exactly({"object_types": COUNTS})}),
        exactly({"type": MESSAGES, "aggregates": exactly({"levels": COUNTS, "environments": COUNTS})}),
        exactly({"type": CONSTANTS, "aggregates": exactly({"names": COUNTS})}),
    ),
    parameters=(
        Parameter(name="type", needed=True, one_of=("environment", "message", "constant"), text="What is counted."),
        ENVIRONMENT_IF_ANY,
    ),
)
def aggregates(asked: Asked) -> Answer:
    """Count objects by type (``environment``), messages by level and environment, or the values of constants."""
    match asked["type"]:
        case "environment":
            return _objects(asked)
        case "message":
            return {"type": "message", "aggregates": _messages(asked)}
        case _:
            names = {one["name"]: len(one["data"]) for one in asked.api.store.collection("constants").find()}
            return {"type": "constant", "aggregates": {"names": names}}


def _objects(asked: Asked) -> dict[str, Any]:
    if asked["env_name"] is None:
        raise wrong("env_name must be specified for the type environment", "env_name")
    with asked.api.store.snapshot(asked.environment) as view:
        counts = {"object_types": dict(view.counts())}
    return {"type": "environment", "env_name": asked["env_name"], "aggregates": counts}


def _messages(asked: Asked) -> dict[str, dict[str, int]]:
    levels: Counter[str] = Counter()
    environments: Counter[str] = Counter()
    for name in asked.environments(Role.VIEWER):
        for one in _all(asked.api.store.collection("messages"), name):
            level = str(one.get("level"))
            levels[LEVELS.get(level, level)] += 1
            environments[name] += 1
    return {"levels": dict(levels), "environments": dict(environments)}


def _all(collection: Collection, environment: str) -> Iterator[Document]:
    """Yield the messages of an environment, some thousands at a time."""
    after: tuple[str, ...] | None = None
    while found := collection.find({"environment": environment}, after=after, limit=CHUNK):
        yield from found
        after = (str(found[-1]["id"]),)
