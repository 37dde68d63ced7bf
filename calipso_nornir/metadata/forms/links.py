# SPDX-License-Identifier: Apache-2.0
"""The forms of ``link_types.json`` and ``link_finders.json``."""

from __future__ import annotations

from calipso_nornir.metadata.forms.base import Declared, LinkTypeName, MetadataFile, Name


class LinkTypeSpec(Declared):
    """One link type; its reverse name is then valid, too."""

    type: LinkTypeName
    description: str = ""


class LinkTypesFile(MetadataFile):
    """``link_types.json``."""

    link_types: list[LinkTypeSpec]


class LinkFindersFile(MetadataFile):
    """``link_finders.json``: the finders, in the order in which they run."""

    finders_package: Name | None = None
    base_finder: Name | None = None
    link_finders: list[Name]
