# SPDX-License-Identifier: Apache-2.0
"""The forms of conditions: ``when``, and the older ones about the environment alone."""

from __future__ import annotations

from pydantic import Field

from calipso_nornir.metadata.forms.base import Declared, Name, Scalar

ConditionValue = str | bool | int | list[str | int]
ConditionSpec = dict[str, ConditionValue]


class PresenceSpec(Declared):
    """Whether an attribute has a value at all."""

    exists: bool


Wanted = dict[Name, Scalar | list[Scalar] | PresenceSpec]
"""Attribute -> its value, or a list of possible values; for an attribute that is a list, one of its members."""


class ClauseSpec(Declared):
    """One clause of ``when``: all its conditions must be true. ``agents``: one agent must meet all of them."""

    environment: Wanted | None = None
    object: Wanted | None = None
    host: Wanted | None = None
    agents: Wanted | None = None
    not_: ClauseSpec | list[ClauseSpec] | None = Field(default=None, alias="not")


WhenSpec = ClauseSpec | list[ClauseSpec]
