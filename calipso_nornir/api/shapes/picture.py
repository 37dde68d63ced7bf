# SPDX-License-Identifier: Apache-2.0
"""Objects, links, cliques and statuses, as answers show them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, TypeAlias

from pydantic import Field

from calipso_nornir.api.shapes.saying import Like, Shape, chosen_of
from calipso_nornir.model.status import StatusOf
from calipso_nornir.model.stores import Document

DocumentId = Annotated[str, Field(pattern="^[0-9a-f]{24}$")]
Seen = Annotated[datetime | None, Field(description="When a scan or a check saw it last.")]


class Proof(Shape):
    """One observation of one source."""

    source: Annotated[str, Field(description="api, db, cli …, or derived: it follows from other objects.")]
    query: Annotated[str, Field(description="What was asked, as a person would type it; or the rule.")]
    host: Annotated[str | None, Field(description="The host that answered.")]
    at: Annotated[datetime | None, Field(description="When the answer came; null if it is derived.")]


class FoundBy(Shape):
    """A step of a scan, and the object that it ran on: together they have found this object."""

    step: str
    parent_type: str
    parent_id: str


class Status(Shape):
    """What monitoring says of an object or link."""

    id: Annotated[DocumentId, Field(alias="_id", description="The `_id` of the object or link.")]
    environment: str
    kind: StatusOf
    value: Annotated[int, Field(ge=0, le=255, description="0 is good; higher is worse.")]
    label: str
    text: Annotated[str, Field(description="The check's output.")]
    since: Annotated[datetime | None, Field(description="When the value became what it is.")]
    source: Annotated[str, Field(description="The id of the check.")]
    attributes: dict[str, Any]
    last_scanned: Annotated[datetime | None, Field(description="When it was checked last.")] = None


class Thing(Shape):
    """What every object has. Beside it, each type has its attributes."""

    id_: Annotated[DocumentId, Field(alias="_id", description="Made from environment, type and id.")]
    environment: str
    type: str
    id: Annotated[str, Field(description="Among the objects of its type.")]
    name: str
    object_name: Annotated[str, Field(description="The name that people are shown.")]
    parent_type: str | None
    parent_id: str | None
    id_path: Annotated[str, Field(description="Ids from the environment down to the object.")]
    name_path: Annotated[str, Field(description="The same with names.")]
    show_in_tree: bool
    on_demand: Annotated[bool | None, Field(description="True: it is kept only while something refers to it.")] = None
    handed_down: Annotated[str | None, Field(description="What its parent gave on to it.")] = None
    owned_by: Annotated[str | None, Field(description="What has made it, if no scan has.")] = None
    last_scanned: Seen = None
    evidence: list[Proof]
    found_by: list[FoundBy]
    check_status: Annotated[Status | None, Field(description="null: nothing checks it.")]


class Link(Shape):
    """A link between two objects."""

    id: Annotated[DocumentId, Field(alias="_id")]
    environment: str
    link_type: Annotated[str, Field(pattern="^[^-]+-[^-]+$", examples=["instance-vnic"])]
    link_name: str
    state: Annotated[str, Field(examples=["up", "down"])]
    link_weight: int | float
    host: str | None
    switch: str | None
    implicit: bool
    source: DocumentId
    source_type: str
    source_id: str
    source_label: str
    target: DocumentId
    target_type: str
    target_id: str
    target_label: str
    attributes: dict[str, Any]
    last_scanned: Seen = None
    evidence: list[Proof]
    check_status: Annotated[Status | None, Field(description="null: nothing checks it.")]


class ChosenOfObject(Shape):
    """The `fields` of an object that were asked for; null: it has no such attribute."""

    model_config = chosen_of(Thing)


class ChosenOfLink(Shape):
    """The `fields` of a link that were asked for."""

    model_config = chosen_of(Link)


class Edge(Link):
    """A link of a graph or a way."""

    cut_off: Annotated[bool, Field(description="It is up, but what it leads to is down.")]


class Node(Shape):
    """Names an object."""

    type: str
    id: str


class Clique(Shape):
    """Everything that is connected to one object, as a clique type follows links."""

    id: Annotated[DocumentId, Field(alias="_id")]
    environment: str
    clique_type: Annotated[str, Field(description="Its name.")]
    focal_point: DocumentId
    focal_point_type: str
    focal_point_object_id: str
    constraints: Annotated[dict[str, Any], Field(description="Attribute → the values that links must have.")]
    links: list[DocumentId]
    nodes: list[DocumentId]
    node_refs: Annotated[list[Node], Field(description="The same as `nodes`.")]
    last_scanned: Seen = None


class CliqueStatus(Shape):
    """The worst status among the members of a clique."""

    value: int
    label: str
    text: str
    member: Annotated[dict[str, str], Field(description="Whose it is: kind, type, id, name.")]
    cause: Annotated[dict[str, Any] | None, Field(description="What it follows from.")]


class Named(Shape):
    """An object or link that is not well."""

    of: DocumentId
    kind: StatusOf
    type: str
    id: str
    name: str
    host: str | None
    value: Annotated[int, Field(ge=1, le=255)]
    label: str
    text: str
    since: datetime | None
    check: str


class Failure(Named):
    """One failure."""

    consequences: Annotated[list[Named], Field(description="What is not well because of it.")]


ObjectShown: TypeAlias = Annotated[Document, Like(Thing)]
LinkShown: TypeAlias = Annotated[Document, Like(Link)]
ObjectListed: TypeAlias = Annotated[Document, Like(Thing, ChosenOfObject)]
LinkListed: TypeAlias = Annotated[Document, Like(Link, ChosenOfLink)]
EdgeShown: TypeAlias = Annotated[Document, Like(Edge)]
StatusShown: TypeAlias = Annotated[Document, Like(Status)]
FailureShown: TypeAlias = Annotated[Document, Like(Failure)]


class CliqueAround(Shape):
    """The clique of an object, with its links and nodes."""

    clique: Clique
    check_status: Annotated[CliqueStatus | None, Field(description="The worst of its members'; null: none has one.")]
    links: list[LinkShown]
    nodes: list[ObjectShown]
    links_in_all: int
    nodes_in_all: int


CliqueShown: TypeAlias = Annotated[Document, Like(CliqueAround)]
