# SPDX-License-Identifier: Apache-2.0
"""The common parts of all forms: names, scalars, and the rule that undeclared keys are refused."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

TypeName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
"""An object type: without a dash, which separates the types in a link type's name."""
LinkTypeName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*-[a-z][a-z0-9_]*$")]
Name = Annotated[str, StringConstraints(min_length=1)]
Scalar = str | bool | int | float


class Declared(BaseModel):
    """Base: only declared keys, and a comment."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)
    comment: Any = Field(default=None, alias="_comment")


class MetadataFile(Declared):
    """Base of a file's content; it may name its JSON schema, for editors (docs/schemas)."""

    json_schema: str | None = Field(default=None, alias="$schema")
