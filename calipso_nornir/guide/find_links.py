# SPDX-License-Identifier: Apache-2.0
"""The guide's base class of link finders: ``add_links(self)`` reads ``self.inv`` and calls ``create_link`` per link."""

from __future__ import annotations

import ast
import copy
import inspect
import re
import sys
import textwrap
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.guide.call_bridge import RUNNING, NotRunning, running
from calipso_nornir.guide.inventory_mgr import InventoryMgr
from calipso_nornir.metadata.loading import installed_catalog
from calipso_nornir.model.evidence import derived
from calipso_nornir.model.links import Link, LinkType
from calipso_nornir.model.refs import ObjectRef

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import View

_LINK_TYPE: Final = re.compile(r"[a-z][a-z0-9_]*-[a-z][a-z0-9_]*")


class Linking:
    """One run of a guide's ``add_links``: the view, and the links made so far."""

    def __init__(self, view: View, types: Sequence[str]) -> None:
        self._view = view
        self._types = types
        self.made: list[Link] = []

    @property
    def environment(self) -> str:
        """Name of the environment."""
        return self._view.environment

    def get(self, ref: ObjectRef) -> InventoryObject | None:
        """Return one object, or None."""
        return self._view.get(ref)

    def of_type(self, type_: str) -> Sequence[InventoryObject]:
        """Return all objects of a type."""
        return self._view.of_type(type_)

    def with_id(self, id_: str) -> InventoryObject | None:
        """Return the object with an id; if several types have it, that of the type that is declared first."""
        refs = (ObjectRef(self.environment, type_, id_) for type_ in self._types)
        return next((one for one in map(self._view.get, refs) if one is not None), None)

    def types(self) -> Sequence[str]:
        """Return all object types."""
        return self._types

    def links(self) -> Sequence[Link]:
        """Return the links that earlier finders have found."""
        return self._view.links()


class FindLinks:
    """Base class of link finders in the guide's form: override ``add_links(self)``.

    A finder's link types are those that its code names, or those of its class attribute ``link_types``.
    """

    _guide_types: tuple[str, ...] = ()
    _guide_link_types: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.inv = InventoryMgr()

    @property
    def link_types(self) -> tuple[str, ...]:
        """The link types that it finds."""
        return self._guide_link_types or tuple(_named_in(type(self)))

    def add_links(self) -> None:
        """Create links; this one creates none."""
        raise NotImplementedError(f"{type(self).__name__} has no add_links(self), which creates its links")

    def told_types(self, object_types: Collection[str], link_types: Collection[str]) -> None:
        """Receive the declared types (``model.protocols``): of these, the finder finds those that its code names."""
        self._guide_types = tuple(name for name in object_types if name != "environment")
        named = _named_in(type(self))
        known = [name for name in named if name in link_types or str(LinkType.of(name).reverse) in link_types]
        self._guide_link_types = tuple(known or named)

    def find(self, view: View) -> Iterable[Link]:
        """Run ``add_links`` and return the links that it created; the engine calls it."""
        context = Linking(view, self._guide_types or tuple(installed_catalog().object_types))
        token = RUNNING.set(context)
        try:
            copy.copy(self).add_links()
        finally:
            RUNNING.reset(token)
        return context.made

    @property
    def env(self) -> str:
        """Name of the environment that is scanned."""
        return running("self.env", "add_links()").environment

    def get_env(self) -> str:
        """Return the name of the environment that is scanned."""
        return self.env

    def create_link(  # noqa: PLR0913, PLR0917 - the guide's
        self,
        env: str,
        source: str,
        source_id: str,
        target: str,
        target_id: str,
        link_type: str,
        link_name: str,
        state: str,
        link_weight: int,
        source_label: str = "",
        target_label: str = "",
        host: str | None = None,
        switch: str | None = None,
        extra_attributes: Mapping[str, Any] | None = None,
    ) -> None:
        """Create one link between two objects of ``self.inv``; ``source`` and ``target`` are their ``_id``."""
        context = running("create_link()", "add_links()")
        if not isinstance(context, Linking):
            raise NotRunning("create_link()", "add_links()")
        if env != context.environment:
            raise ValueError(f'create_link(env="{env}"): "{context.environment}" is scanned: use self.get_env()')
        types = LinkType.of(link_type)
        link = Link(
            source=_end(env, types.source, str(source_id), source, "source"),
            target=_end(env, types.target, str(target_id), target, "target"),
            name=link_name,
            state=state,  # type: ignore[arg-type]  # the engine checks it
            weight=int(link_weight),
            host=host,
            switch=switch,
            source_label=source_label,
            target_label=target_label,
            attributes=dict(extra_attributes or {}),
            evidence=derived(f"link finder {type(self).__name__}"),
        )
        context.made.append(link)

    def create_links(self, *links: Any, **link: Any) -> None:  # noqa: ANN401 - dictionaries of create_link's arguments
        """Create one link (arguments as of ``create_link``), or each of a list of dictionaries of such arguments."""
        if len(links) == 1 and not link and not isinstance(links[0], str):
            for one in links[0]:
                self.create_link(**one)
        else:
            self.create_link(*links, **link)


def _end(environment: str, type_: str, id_: str, document_id: object, end: str) -> ObjectRef:
    ref = ObjectRef(environment, type_, id_)
    if str(document_id) != ref.document_id:
        raise ValueError(
            f'create_link({end}={document_id!r}, {end}_id="{id_}"): this is not the _id of {ref}: the {end} of the '
            f'link type is of type "{type_}". Give {end}=one["_id"], {end}_id=one["id"] of one and the same object'
        )
    return ref


# --- the link types that a class names


def _named_in(kind: type) -> list[str]:
    """Return the texts in a class that look like link types; if it has none, those of its module."""
    own = [one for one in kind.__mro__ if issubclass(one, FindLinks) and one is not FindLinks]
    named = [name for one in own for name in _texts(one)]
    module = sys.modules.get(kind.__module__)
    return list(dict.fromkeys(named or (_texts(module) if module is not None else ())))


def _texts(place: Any) -> Iterator[str]:  # noqa: ANN401 - a class or a module
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(place)))
    except (OSError, TypeError, SyntaxError):  # it has no source, or one that cannot be parsed separately
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _LINK_TYPE.fullmatch(node.value):
            yield node.value
