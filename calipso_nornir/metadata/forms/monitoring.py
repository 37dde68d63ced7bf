# SPDX-License-Identifier: Apache-2.0
"""The form of ``monitoring_checks.json``."""

from __future__ import annotations

from pydantic import Field

from calipso_nornir.metadata.forms.base import Declared, LinkTypeName, MetadataFile, Name, TypeName
from calipso_nornir.metadata.forms.conditions import WhenSpec


class LookupSpec(Declared):
    """Where a parameter's value comes from, if it is not simply an attribute of the checked object.

    ``of``: "object" (of a link: "source", "target" or "link"), "host", "member" (with ``each``), or a link type that
    leads from the checked object to another one. ``attribute``: which one; of several, the first that has a value.
    If it is a list of mappings, ``where`` selects members by the value of one of their fields (``a.b``: also within a
    list), and ``take`` is the field to take. ``after``: take the part after this text.
    """

    of: Name | None = None
    attribute: Name | list[Name]
    where: dict[Name, Name | LookupSpec] = Field(default={})
    take: Name | None = None
    after: Name | None = None


class CheckArgumentsSpec(Declared):
    """The parameters that a check on hosts needs and accepts."""

    needs: list[Name] = Field(default=[])
    accepts: list[Name] = Field(default=[])


class MonitoringCheckSpec(Declared):
    """Which check watches objects (or links) of one type.

    Of the rows of one type with the same ``part``, the first counts whose ``when`` is true and whose needed parameters
    have values. For a link, ``when`` is about its source, ``when_target`` about its target. ``each``: one check for
    each member of a list attribute; ``suffix`` then distinguishes them. ``own``: the check depends on nothing but the
    object itself, so its failure follows from no other. ``planner``: a class that decides where it runs, with which
    parameters.
    """

    type: TypeName | None = None
    link_type: LinkTypeName | None = None
    check: Name
    part: str = ""
    when: WhenSpec | None = None
    when_target: WhenSpec | None = None
    each: Name | None = None
    suffix: Name | LookupSpec | None = None
    own: bool = False
    planner: Name | None = None
    parameters: dict[Name, Name | LookupSpec] = Field(default={})


class MonitoringChecksFile(MetadataFile):
    """``monitoring_checks.json``: which check watches what.

    ``bottom_up``: object types from the bottom to the top; a failure may follow from a failure further down.
    ``any_of``: object types that work as long as one of their checks is OK.
    """

    planners_package: Name | None = None
    checks: dict[Name, CheckArgumentsSpec] = Field(default={})
    monitoring_checks: list[MonitoringCheckSpec]
    bottom_up: list[list[TypeName]] = Field(default=[])
    any_of: list[TypeName] = Field(default=[])
