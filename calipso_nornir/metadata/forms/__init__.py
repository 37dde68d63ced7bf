# SPDX-License-Identifier: Apache-2.0
"""Pass one of the metadata check: the form of each file; extra keys are forbidden.

A class for each file of ``metadata/data``, and for each kind of object in it; a module for each file, or for files that
belong together. The keys are those of Calipso's developer guide where it has them. Every object may have ``_comment``.
"""

from __future__ import annotations

from calipso_nornir.metadata.forms.base import Declared, MetadataFile
from calipso_nornir.metadata.forms.cliques import (
    CliqueConstraintsFile,
    CliqueConstraintSpec,
    CliqueTypesFile,
    CliqueTypeSpec,
)
from calipso_nornir.metadata.forms.conditions import WhenSpec
from calipso_nornir.metadata.forms.constants import ConstantsFile
from calipso_nornir.metadata.forms.distributions import (
    CommandPrefixesFile,
    NetworkAgentTypesFile,
    SupportedEnvironmentsFile,
)
from calipso_nornir.metadata.forms.events import EventsFile
from calipso_nornir.metadata.forms.links import LinkFindersFile, LinkTypesFile, LinkTypeSpec
from calipso_nornir.metadata.forms.monitoring import LookupSpec, MonitoringChecksFile, MonitoringCheckSpec
from calipso_nornir.metadata.forms.object_types import ObjectTypesFile, ObjectTypeSpec
from calipso_nornir.metadata.forms.parsers import ParsersFile
from calipso_nornir.metadata.forms.scanners import FolderSpec, ScannersFile, StepSpec
from calipso_nornir.metadata.forms.switches import (
    Paths,
    SwitchPlatformsFile,
    SwitchPlatformSpec,
    SwitchQuestionSpec,
    SwitchTableSpec,
)

__all__ = [
    "FILES",
    "CliqueConstraintSpec",
    "CliqueConstraintsFile",
    "CliqueTypeSpec",
    "CliqueTypesFile",
    "CommandPrefixesFile",
    "ConstantsFile",
    "Declared",
    "EventsFile",
    "FolderSpec",
    "LinkFindersFile",
    "LinkTypeSpec",
    "LinkTypesFile",
    "LookupSpec",
    "MetadataFile",
    "MonitoringCheckSpec",
    "MonitoringChecksFile",
    "NetworkAgentTypesFile",
    "ObjectTypeSpec",
    "ObjectTypesFile",
    "ParsersFile",
    "Paths",
    "ScannersFile",
    "StepSpec",
    "SupportedEnvironmentsFile",
    "SwitchPlatformSpec",
    "SwitchPlatformsFile",
    "SwitchQuestionSpec",
    "SwitchTableSpec",
    "WhenSpec",
]

FILES: dict[str, type[MetadataFile]] = {
    "object_types": ObjectTypesFile,
    "link_types": LinkTypesFile,
    "constants": ConstantsFile,
    "scanners": ScannersFile,
    "link_finders": LinkFindersFile,
    "events": EventsFile,
    "clique_types": CliqueTypesFile,
    "clique_constraints": CliqueConstraintsFile,
    "supported_environments": SupportedEnvironmentsFile,
    "network_agent_types": NetworkAgentTypesFile,
    "command_prefixes": CommandPrefixesFile,
    "switch_platforms": SwitchPlatformsFile,
    "monitoring_checks": MonitoringChecksFile,
    "parsers": ParsersFile,
}
"""Every metadata file by its stem. A folder may also have a folder ``templates`` with TextFSM templates."""
