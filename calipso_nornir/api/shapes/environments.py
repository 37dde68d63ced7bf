# SPDX-License-Identifier: Apache-2.0
"""Environments, connection tests and metadata, as answers show them."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from calipso_nornir.api.shapes.saying import Like, Shape
from calipso_nornir.metadata.forms.object_types import AttributeType
from calipso_nornir.model.stores import Document


class Section(Shape):
    """How one part of a cloud is reached; secrets are references."""

    name: Annotated[str, Field(examples=["OpenStack", "CLI", "mysql", "AMQP"])]


class Environment(Shape):
    """A cloud, as it is described. One that is scanned but not described has its name only."""

    name: str
    environment_type: Annotated[str, Field(examples=["OpenStack"])] = "OpenStack"
    distribution: str = ""
    distribution_version: str = ""
    mechanism_drivers: list[str] = Field(default_factory=list)
    type_drivers: str = ""
    configuration: list[Section] = Field(default_factory=list)
    listen: bool = False
    scanned: bool | None = None
    last_scanned: Annotated[str | None, Field(description="When the last whole scan ended (ISO 8601).")] = None


class EnvironmentNow(Environment):
    """A cloud, as it is described, and what is known of it."""

    counts: Annotated[dict[str, int], Field(description="Objects by type.")]
    revision: Annotated[int, Field(description="Counts the commits.")]


class ConnectionTestStep(Shape):
    """One step of a connection test."""

    section: str
    what: str
    ok: bool
    detail: Annotated[str, Field(description="What was found, or what is wrong.")]
    needed: Annotated[bool, Field(description="Whether the test fails with it.")]


class ConnectionTest(Shape):
    """A connection test."""

    id: str
    environment: Annotated[str | None, Field(description="null: a test of the back ends.")]
    status: Literal["running", "passed", "passed_with_warnings", "failed", "lost"]
    submitted_by: str
    submit_timestamp: str
    end_timestamp: str | None = None
    steps: Annotated[list[ConnectionTestStep], Field(description="Those that have ended.")]
    error: Annotated[str | None, Field(description="Why the test could not go on.")] = None


class AttributeDeclared(Shape):
    """An attribute of an object type."""

    name: str
    type: AttributeType
    unit: str
    source: str
    description: str
    first: Annotated[bool, Field(description="User interfaces show it first.")]
    indexed: Annotated[bool, Field(description="Filters and sorting by it use an index.")]
    secret: Annotated[bool, Field(description="Its value is never stored.")]


class ObjectTypeDeclared(Shape):
    """A type of objects."""

    name: str
    label: str
    parents: list[str]
    folder: bool
    description: str
    origin: Annotated[str, Field(description="Where it is declared.")]
    attributes: list[AttributeDeclared]
    further_attributes: Annotated[str, Field(description="Which others there may be, in words; empty: none.")]


class LinkTypeDeclared(Shape):
    """A type of links, in one of its directions."""

    type: str
    description: str
    end_point_a: str
    end_point_b: str


class CliqueTypeDeclared(Shape):
    """Which links the cliques of a type of objects follow, and where that holds."""

    name: str
    focal_point_type: str
    environment: Annotated[str, Field(description="A name, or ANY; empty: a configuration.")]
    link_types: list[str]
    use_implicit_links: bool
    stored: Annotated[bool, Field(description="False: built when it is asked for.")]
    when: Annotated[Any, Field(description="Conditions on the object and its host; null: always.")]


class ConstraintDeclared(Shape):
    """What keeps the cliques of a type of objects apart."""

    focal_point_type: str
    constraints: Annotated[list[str], Field(description="Attributes.")]


class SupportedEnvironment(Shape):
    """A kind of cloud that releases were tried with."""

    environment_type: str
    distribution: str
    distribution_version: list[str]
    mechanism_drivers: list[str]
    type_drivers: list[str]
    features: Annotated[dict[str, bool], Field(description="scanning, listening, monitoring.")]


EnvironmentShown: TypeAlias = Annotated[Document, Like(Environment)]
EnvironmentNowShown: TypeAlias = Annotated[Document, Like(EnvironmentNow)]
ConnectionTestShown: TypeAlias = Annotated[Document, Like(ConnectionTest)]
ObjectTypeShown: TypeAlias = Annotated[Document, Like(ObjectTypeDeclared)]
LinkTypeShown: TypeAlias = Annotated[Document, Like(LinkTypeDeclared)]
CliqueTypeShown: TypeAlias = Annotated[Document, Like(CliqueTypeDeclared)]
ConstraintShown: TypeAlias = Annotated[Document, Like(ConstraintDeclared)]
SupportedShown: TypeAlias = Annotated[Document, Like(SupportedEnvironment)]
