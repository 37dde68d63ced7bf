# SPDX-License-Identifier: Apache-2.0
"""The form of ``object_types.json``."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, StringConstraints

from calipso_nornir.metadata.forms.base import Declared, MetadataFile, Name, TypeName

AttributeName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+$")]
AttributeType: TypeAlias = Literal["text", "number", "integer", "boolean", "list", "object", "any"]


class AttributeSpec(Declared):
    """One attribute of an object type.

    ``first``: shown before others; ``indexed``: indexed in the store; ``secret``: its value is never stored.
    """

    name: AttributeName
    type: AttributeType
    unit: str = ""
    source: str = ""
    description: str = ""
    first: bool = False
    indexed: bool = False
    secret: bool = False


class ObjectTypeSpec(Declared):
    """One object type and its possible parents in the tree; without a label it adds to a declared type.

    ``further_attributes`` says in words which other attributes it may have, if they are not known in advance.
    """

    type: TypeName
    label: Name | None = None
    parents: list[TypeName] = Field(default=[])
    folder: bool = False
    description: str = ""
    further_attributes: str = ""
    attributes: list[AttributeSpec] = Field(default=[])


class ObjectTypesFile(MetadataFile):
    """``object_types.json``."""

    object_types: list[ObjectTypeSpec]
