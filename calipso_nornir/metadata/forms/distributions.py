# SPDX-License-Identifier: Apache-2.0
"""The forms of ``supported_environments.json``, ``command_prefixes.json`` and ``network_agent_types.json``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from calipso_nornir.metadata.forms.base import Declared, MetadataFile, Name


class SupportedEnvironmentSpec(Declared):
    """One known combination, and which features of the product support it."""

    environment_type: Name = "OpenStack"
    distribution: Name
    distribution_version: list[str]
    mechanism_drivers: list[str]
    type_drivers: list[str]
    features: dict[Literal["scanning", "listening", "monitoring"], bool]
    tested: str = ""


class SupportedEnvironmentsFile(MetadataFile):
    """``supported_environments.json``."""

    supported_environments: list[SupportedEnvironmentSpec]


class CommandPrefixSpec(Declared):
    """A distribution that runs tools in containers: the command that precedes a program."""

    distribution: Name
    distribution_version: str | None = None
    program: Name
    prefix: list[str] = Field(min_length=1)


class CommandPrefixesFile(MetadataFile):
    """``command_prefixes.json``: if several rules match a program, it runs with each prefix; the outputs are joined."""

    command_prefixes: list[CommandPrefixSpec]


class NetworkAgentTypeSpec(Declared):
    """The folder in which services of one type are shown."""

    type: Name
    folder_text: Name
    description: str = ""


class NetworkAgentTypesFile(MetadataFile):
    """``network_agent_types.json``."""

    network_agent_types: list[NetworkAgentTypeSpec]
