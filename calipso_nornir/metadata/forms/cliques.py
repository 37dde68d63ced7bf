# SPDX-License-Identifier: Apache-2.0
"""The forms of ``clique_types.json`` and ``clique_constraints.json``."""

from __future__ import annotations

from pydantic import Field

from calipso_nornir.metadata.forms.base import Declared, LinkTypeName, MetadataFile, Name, TypeName
from calipso_nornir.metadata.forms.conditions import WhenSpec


class CliqueTypeSpec(Declared):
    """One clique type. Exactly one of ``environment`` and a configuration is given."""

    name: Name
    focal_point_type: TypeName
    link_types: list[LinkTypeName] = Field(min_length=1)
    environment: str = ""
    environment_type: str = ""
    distribution: str = ""
    distribution_version: str = ""
    mechanism_drivers: str | list[str] = ""
    type_drivers: str = ""
    use_implicit_links: bool = False
    stored: bool = True
    when: WhenSpec | None = None


class CliqueTypesFile(MetadataFile):
    """``clique_types.json``."""

    clique_types: list[CliqueTypeSpec]


class CliqueConstraintSpec(Declared):
    """Attributes that the links of a focal point type's cliques must share with it."""

    focal_point_type: TypeName
    constraints: list[Name]
    environment: str = ""


class CliqueConstraintsFile(MetadataFile):
    """``clique_constraints.json``."""

    clique_constraints: list[CliqueConstraintSpec]
