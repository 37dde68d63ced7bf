# SPDX-License-Identifier: Apache-2.0
"""The form of ``scanners.json``."""

from __future__ import annotations

from typing import Literal

from calipso_nornir.metadata.forms.base import Declared, MetadataFile, Name, TypeName
from calipso_nornir.metadata.forms.conditions import ConditionSpec, WhenSpec


class FolderSpec(Declared):
    """The folder form of a step's fetcher."""

    folder: Literal[True, 1]
    types_name: Name
    parent_type: TypeName
    text: str = ""


class StepSpec(Declared):
    """One fetch step of a scanner."""

    type: TypeName
    fetcher: FolderSpec | Name
    children_scanner: Name | None = None
    environment_condition: ConditionSpec | list[ConditionSpec] | None = None
    environment_restriction: ConditionSpec | list[ConditionSpec] | None = None
    when: WhenSpec | None = None
    object_id_to_use_in_child: Name = "id"
    show_in_tree: bool = True


class ScannersFile(MetadataFile):
    """``scanners.json``."""

    scanners_package: Name | None = None
    scanners: dict[Name, list[StepSpec]]
