# SPDX-License-Identifier: Apache-2.0
"""The form of ``switch_platforms.json``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from calipso_nornir.metadata.forms.base import Declared, MetadataFile, Name, Scalar

Paths = Name | list[Name]
"""The path of a column, or several paths: the first one with a value counts."""


class SwitchTableSpec(Declared):
    """Where the rows are in a switch's answer, and what the columns mean.

    ``rows``: their path: names joined by dots; ``*`` is every member of an object, ``[]`` every item of a list, and a
    name with ``?`` may be missing. ``columns``: our name -> the column's path below the row; ``@key`` is the name of
    the member, ``^`` goes up to the enclosing row. ``words``: our name -> the device's word -> its value; ``*`` in
    a word matches any text. ``constants``: our name -> its value in every row. ``where`` and ``unless``:
    path -> values of the rows to take, or to leave out. ``each``: columns that are lists of equal length; each item
    makes one row.
    """

    rows: str = ""
    columns: dict[Name, Paths]
    words: dict[Name, dict[str, bool | str]] = Field(default={})
    constants: dict[Name, Scalar] = Field(default={})
    where: dict[Name, list[str]] = Field(default={})
    unless: dict[Name, list[str]] = Field(default={})
    each: list[Name] = Field(default=[])


class SwitchQuestionSpec(Declared):
    """One command for the switches of a platform, and how its answer is read.

    ``format``: json, junos (Junos's form of JSON), text (the TextFSM template for the platform and the command), or the
    name of a parser. ``skip``: regular expressions for lines of a text that have no meaning; any other line that the
    template does not know is an error, unless ``unknown_lines`` is "ignored". ``nothing``: regular expressions for
    whole answers that mean "no rows".
    """

    command: Name
    format: Name = "json"
    root: bool = False
    timeout_s: int = Field(default=60, gt=0)
    skip: list[Name] = Field(default=[])
    nothing: list[str] = Field(default=[])
    unknown_lines: Literal["error", "ignored"] = "error"
    tables: list[SwitchTableSpec] = Field(min_length=1)


class SwitchPlatformSpec(Declared):
    """A platform of switches.

    ``platform``: as Nornir and netmiko name it. ``templates``: the platform whose templates read its texts, if that is
    another one. ``session``: interactive (a terminal with a prompt), or exec (a shell, as on a Linux host). ``ports``:
    a regular expression for the names of interfaces that are ports or LAGs. ``announces``: the form of LLDP port ids.
    ``chassis_per_port``: every port announces a chassis id of its own, so the switch is known by its inventory name.
    ``mtu_overhead``: bytes that the MTU counts beyond an IP packet.
    """

    platform: Name
    also_called: list[Name] = Field(default=[])
    label: Name
    templates: Name | None = None
    session: Literal["interactive", "exec"] = "interactive"
    ports: Name
    announces: Literal["name", "short name", "index", "mac"] = "name"
    chassis_per_port: bool = False
    mtu_overhead: int = 0
    questions: dict[Name, SwitchQuestionSpec]


class SwitchPlatformsFile(MetadataFile):
    """``switch_platforms.json``: the commands for switches of each platform, and how their answers are read."""

    switch_platforms: list[SwitchPlatformSpec]
