# SPDX-License-Identifier: Apache-2.0
"""How a handler says what its answer looks like, without a check of each document that is sent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ConfigDict, JsonValue

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema


_LIKE: Final = "x-like"
_TEMPLATE: Final = "#/components/schemas/{model}"


class Shape(BaseModel):
    """What a document has; it may have more."""

    model_config = ConfigDict(extra="allow")


class Like:
    """Says in an annotation, ``Annotated[dict[str, Any], Like(Scan)]``, that a document looks as a model does.

    Args:
        models: the model, or several of which it is one.
    """

    def __init__(self, *models: type[BaseModel]) -> None:
        self._models = models

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Describe the models instead of the dictionary; ``lifted`` turns each into a reference."""
        described = (one.model_json_schema(mode="serialization", ref_template=_TEMPLATE) for one in self._models)
        return {_LIKE: [json.dumps(one) for one in described]}  # as text: pydantic looks for references in all else


def lifted(described: Any, schemas: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """Return a description with a reference in place of each model; the models are added to ``schemas`` by name."""
    if isinstance(described, list):
        return [lifted(one, schemas) for one in described]
    if not isinstance(described, dict):
        return described
    if _LIKE not in described:
        return {name: lifted(one, schemas) for name, one in described.items()}
    models = [json.loads(one) for one in described[_LIKE]]
    for model in models:
        for name, one in {**model.pop("$defs", {}), model["title"]: model}.items():
            schemas[name] = lifted(one, schemas)
    refs = [{"$ref": _TEMPLATE.format(model=model["title"])} for model in models]
    return refs[0] if len(refs) == 1 else {"anyOf": refs}


def chosen_of(model: type[BaseModel]) -> ConfigDict:
    """Return the configuration of what is no whole document of a model: it lacks a field that each of these has."""
    needed: list[JsonValue] = [field.alias or name for name, field in model.model_fields.items() if field.is_required()]
    return ConfigDict(extra="allow", json_schema_extra={"not": {"required": needed}})
