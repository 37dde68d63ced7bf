# SPDX-License-Identifier: Apache-2.0
"""Hand-made objects, and views of them, for tests of fetchers and link finders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.model import ids
from calipso_nornir.model.naming import in_one_style
from calipso_nornir.model.objects import RESERVED, InventoryObject, root_of
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.scan.links import find_links
from calipso_nornir.scan.working import ObjectState, Working
from calipso_nornir.testing.driving import AT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from calipso_nornir.errors import CalipsoError
    from calipso_nornir.model.links import Link
    from calipso_nornir.model.protocols import LinkFinder

ENVIRONMENT = "cloud"
"""Name of the environment that hand-made objects belong to."""


def thing(  # noqa: PLR0913 - the parts of an object
    type_: str,
    attributes: Mapping[str, Any] | None = None,
    *,
    id: str = "",  # noqa: A002 - as everywhere an object's id is written
    name: str = "",
    under: InventoryObject | ObjectRef | None = None,
    environment: str = ENVIRONMENT,
    **more: Any,  # noqa: ANN401 - attributes are JSON of any shape
) -> InventoryObject:
    """Make an object as a scan would have placed it.

    >>> thing("host_pnic", {"Link detected": "yes"}, id="cmp1|eth0", host="cmp1").name
    'cmp1|eth0'

    Args:
        type_: any type.
        attributes: attributes whose names are not Python names; others can be given by keyword.
        id: by default the type.
        name: by default the id.
        under: its parent; by default the environment.
        environment: if not ``ENVIRONMENT``.
        more: further attributes.
    """
    root = root_of(environment)
    parent = under if under is not None else root
    id_ = id or type_
    above = (parent.id_path, parent.name_path) if isinstance(parent, InventoryObject) else (f"…/{parent.id}",) * 2
    return InventoryObject(
        ref=ObjectRef(environment, type_, id_),
        name=name or id_,
        parent=parent.ref if isinstance(parent, InventoryObject) else parent,
        id_path=f"{above[0]}/{id_}",
        name_path=f"{above[1]}/{ids.path_segment(name or id_)}",
        attributes=in_one_style({**(attributes or {}), **more}, reserved=RESERVED),
        scanned_at=AT,
        object_name=name or id_,
        handed_down=id_,
    )


def view(*things: InventoryObject, links: Iterable[Link] = ()) -> Working:
    """Return a view of objects, and of links that other finders have found."""
    environments = {one.ref.environment for one in things} or {ENVIRONMENT}
    if len(environments) > 1:
        raise ValueError(f"a view is of one environment, not of {', '.join(sorted(environments))}")
    picture = Working(environments.pop())
    for one in things:
        picture.put(one, ObjectState.FOUND)
    picture.put_links(links)
    return picture


def connect(picture: Working, *finders: LinkFinder) -> list[Link]:
    """Run link finders one after the other, as a scan does, and return the links; what one of them raises is raised."""

    def trouble(error: CalipsoError, affected: str) -> None:
        raise AssertionError(f"{affected}: {error}")

    named = [(type(finder).__name__, finder) for finder in finders]
    return find_links(named, picture, before=lambda _type: (), at=AT, on_trouble=trouble)


def told(links: Iterable[Link]) -> list[str]:
    """Return links as text, sorted: ``<type>: <source id> > <target id>``, followed by ``(down)`` if it is down."""
    return sorted(
        f"{link.type}: {link.source.id} > {link.target.id}{' (down)' if link.state == 'down' else ''}" for link in links
    )
