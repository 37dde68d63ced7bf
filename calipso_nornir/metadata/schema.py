# SPDX-License-Identifier: Apache-2.0
"""Pass one of the metadata check: the form of each file; extra keys are forbidden.

One class per file of ``metadata/data``; the keys are those of Calipso's developer guide where it has them.
``_comment`` is allowed in every object.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

TypeName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
"""An object type: without a dash, which separates the types in a link type's name."""
LinkTypeName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*-[a-z][a-z0-9_]*$")]
Name = Annotated[str, StringConstraints(min_length=1)]
ConditionValue = str | bool | int | list[str | int]
ConditionSpec = dict[str, ConditionValue]


class Declared(BaseModel):
    """Base: only declared keys, and a comment."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)
    comment: Any = Field(default=None, alias="_comment")


class MetadataFile(Declared):
    """Base of a file's content; it may name its JSON schema, for editors (docs/schemas)."""

    json_schema: str | None = Field(default=None, alias="$schema")


class FolderSpec(Declared):
    """The folder form of a step's fetcher."""

    folder: Literal[True, 1]
    types_name: Name
    parent_type: TypeName
    text: str = ""


Scalar = str | bool | int | float


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


class LinkFindersFile(MetadataFile):
    """``link_finders.json``: the finders, in the order in which they run."""

    finders_package: Name | None = None
    base_finder: Name | None = None
    link_finders: list[Name]


class QueueSpec(Declared):
    """What a listener on a message bus listens to: an exchange, and which of its messages.

    ``queue`` becomes part of the name of the listener's own queue. ``topics`` are routing keys, as AMQP binds them.
    """

    queue: Name
    exchange: Name
    topics: list[Name] = ["notifications.*", "versioned_notifications.*"]


class EventsFile(MetadataFile):
    """``events.json``: event types and the class that handles each; a later file may name another class for one."""

    handlers_package: Name | None = None
    queues: list[QueueSpec] = []
    event_handlers: dict[Name, Name]


AttributeName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+$")]


class AttributeSpec(Declared):
    """One attribute of an object type.

    ``first``: shown before others; ``indexed``: indexed in the store; ``secret``: its value is never stored.
    """

    name: AttributeName
    type: Literal["text", "number", "integer", "boolean", "list", "object", "any"]
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
    parents: list[TypeName] = []
    folder: bool = False
    description: str = ""
    further_attributes: str = ""
    attributes: list[AttributeSpec] = []


class ObjectTypesFile(MetadataFile):
    """``object_types.json``."""

    object_types: list[ObjectTypeSpec]


class LinkTypeSpec(Declared):
    """One link type; its reverse name is then valid, too."""

    type: LinkTypeName
    description: str = ""


class LinkTypesFile(MetadataFile):
    """``link_types.json``."""

    link_types: list[LinkTypeSpec]


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


def _with_labels(schema: dict[str, Any]) -> None:
    """Say in the JSON schema that a value may have a label, which is taken apart before the file is checked."""
    del schema["properties"]["_labels"]
    text = {"type": "string"}
    labelled = {
        "type": "object",
        "properties": {"value": text, "label": text},
        "required": ["value", "label"],
        "additionalProperties": False,
    }
    schema["properties"]["constants"]["additionalProperties"]["items"] = {"anyOf": [text, labelled]}


class ConstantsFile(MetadataFile):
    """``constants.json``: lists of allowed values; values of ``object_types`` and ``link_types`` declare types.

    Each value may also be ``{"value": …, "label": …}``, and the file a list of ``{"name": …, "data": […]}``, as in the
    developer guide (``constant_documents``).
    """

    model_config = ConfigDict(json_schema_extra=_with_labels)
    constants: dict[Name, list[str]]
    labels: dict[Name, dict[str, str]] = Field(default={}, alias="_labels")


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


class NetworkAgentTypeSpec(Declared):
    """The folder in which services of one type are shown."""

    type: Name
    folder_text: Name
    description: str = ""


class NetworkAgentTypesFile(MetadataFile):
    """``network_agent_types.json``."""

    network_agent_types: list[NetworkAgentTypeSpec]


class ParsersFile(MetadataFile):
    """``parsers.json``: parsers that are functions, by the name that commands use."""

    parsers: dict[Name, Name]


class CommandPrefixSpec(Declared):
    """A distribution that runs tools in containers: what to put before a program."""

    distribution: Name
    distribution_version: str | None = None
    program: Name
    prefix: list[str] = Field(min_length=1)


class CommandPrefixesFile(MetadataFile):
    """``command_prefixes.json``: if several rules match a program, each is run and their outputs are joined."""

    command_prefixes: list[CommandPrefixSpec]


Paths = Name | list[Name]
"""The path of a column, or several of which the first that has a value counts."""


class SwitchTableSpec(Declared):
    """Where rows are in a switch's answer, and which column is what.

    ``rows``: their path: names joined by dots; ``*`` is every member of an object, ``[]`` every item of a list, and a
    name with ``?`` may be missing. ``columns``: our name -> the column's path below the row; ``@key`` is the name of
    the member, ``^`` goes up to the enclosing row. ``words``: our name -> what the device says -> its value; ``*`` in
    a word stands for anything. ``constants``: our name -> its value in every row. ``where`` and ``unless``:
    path -> values of rows that are taken, or left out. ``each``: columns that are lists of equal length; their items
    make one row each.
    """

    rows: str = ""
    columns: dict[Name, Paths]
    words: dict[Name, dict[str, bool | str]] = {}
    constants: dict[Name, Scalar] = {}
    where: dict[Name, list[str]] = {}
    unless: dict[Name, list[str]] = {}
    each: list[Name] = []


class SwitchQuestionSpec(Declared):
    """One command that switches of a platform are asked, and how its answer is read.

    ``format``: json, junos (Junos's form of JSON), text (the TextFSM template for the platform and the command), or the
    name of a parser. ``skip``: regular expressions of lines of a text that say nothing; any other line that the
    template does not know is an error, unless ``unknown_lines`` is "ignored". ``nothing``: regular expressions of whole
    answers that mean that there are no rows.
    """

    command: Name
    format: Name = "json"
    root: bool = False
    timeout_s: int = Field(default=60, gt=0)
    skip: list[Name] = []
    nothing: list[str] = []
    unknown_lines: Literal["error", "ignored"] = "error"
    tables: list[SwitchTableSpec] = Field(min_length=1)


class SwitchPlatformSpec(Declared):
    """A platform of switches.

    ``platform``: as Nornir and netmiko name it. ``templates``: the platform whose templates read its texts, if that is
    another one. ``session``: interactive (a terminal with a prompt), or exec (a shell, as on a Linux host). ``ports``:
    a regular expression of the names of interfaces that are ports or LAGs. ``announces``: what a port's LLDP id is.
    ``chassis_per_port``: every port announces a chassis id of its own, so the switch is known by its inventory name.
    ``mtu_overhead``: bytes that the MTU counts beyond an IP packet.
    """

    platform: Name
    also_called: list[Name] = []
    label: Name
    templates: Name | None = None
    session: Literal["interactive", "exec"] = "interactive"
    ports: Name
    announces: Literal["name", "short name", "index", "mac"] = "name"
    chassis_per_port: bool = False
    mtu_overhead: int = 0
    questions: dict[Name, SwitchQuestionSpec]


class SwitchPlatformsFile(MetadataFile):
    """``switch_platforms.json``: what switches of each platform are asked, and how their answers are read."""

    switch_platforms: list[SwitchPlatformSpec]


class LookupSpec(Declared):
    """Where a parameter's value comes from, if it is not simply an attribute of the checked object.

    ``of``: "object" (of a link: "source", "target" or "link"), "host", "member" (with ``each``), or a link type that
    leads from the checked object to another one. ``attribute``: which one; of several, the first that has a value.
    If it is a list of mappings, ``where`` picks members by the value of one of their fields (``a.b``: also within a
    list), and ``take`` is the field to take. ``after``: take what comes after this text.
    """

    of: Name | None = None
    attribute: Name | list[Name]
    where: dict[Name, Name | LookupSpec] = {}
    take: Name | None = None
    after: Name | None = None


class CheckArgumentsSpec(Declared):
    """What a check of hosts needs and accepts."""

    needs: list[Name] = []
    accepts: list[Name] = []


class MonitoringCheckSpec(Declared):
    """Which check watches objects (or links) of one type.

    Of the rows of one type with the same ``part``, the first counts whose ``when`` is true and whose needed parameters
    have values. ``when`` of a link is about its source, ``when_target`` about its target. ``each``: one check for each
    member of a list attribute; ``suffix`` then tells them apart. ``own``: it looks at nothing but the thing itself, so
    its failure follows from no other. ``planner``: a class that says where it runs, and with which parameters.
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
    parameters: dict[Name, Name | LookupSpec] = {}


class MonitoringChecksFile(MetadataFile):
    """``monitoring_checks.json``: which check watches what.

    ``bottom_up``: object types in the order in which one stands on another; a failure may follow from one further down.
    ``any_of``: object types that work as long as one of their checks is OK.
    """

    planners_package: Name | None = None
    checks: dict[Name, CheckArgumentsSpec] = {}
    monitoring_checks: list[MonitoringCheckSpec]
    bottom_up: list[list[TypeName]] = []
    any_of: list[TypeName] = []


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
