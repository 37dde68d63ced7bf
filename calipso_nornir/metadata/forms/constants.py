# SPDX-License-Identifier: Apache-2.0
"""The form of ``constants.json``."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from calipso_nornir.metadata.forms.base import MetadataFile, Name


def _with_labels(schema: dict[str, Any]) -> None:
    """Allow labels of values in the JSON schema; they are separated from the values before the file is checked."""
    del schema["properties"]["_labels"]
    text = {"type": "string"}
    labelled = {
        "type": "object",
        "properties": {"value": text, "label": text},
        "required": ["value", "label"],
        "additionalProperties": False,
    }
    schema["properties"]["constants"]["additionalProperties"]["items"] = {"anyOf": [text, labelled]}


class ConstantsFile(MetadataFile):
    """``constants.json``: lists of allowed values; values of ``object_types`` and ``link_types`` declare types.

    Each value may also be ``{"value": …, "label": …}``, and the file a list of ``{"name": …, "data": […]}``, as in the
    developer guide (``constant_documents``).
    """

    model_config = ConfigDict(json_schema_extra=_with_labels)
    constants: dict[Name, list[str]]
    labels: dict[Name, dict[str, str]] = Field(default={}, alias="_labels")
