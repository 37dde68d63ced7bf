# SPDX-License-Identifier: Apache-2.0
"""``calipso tree``: shows an environment, or one object and everything below it, as a tree."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from calipso_nornir.analysis.lookup import find_one, known_environments, one_environment
from calipso_nornir.cli import completing
from calipso_nornir.cli.facts import doubts, facts
from calipso_nornir.cli.output import Format, Part, emit
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.shared_options import At, Environment, Inventory, Output
from calipso_nornir.errors import InvalidRequest
from calipso_nornir.model.objects import InventoryObject, root_of
from calipso_nornir.model.stores import StoreView
from calipso_nornir.store.freshness import Freshness, freshness_of

BRANCH, LAST, PASS, GAP = "├─ ", "└─ ", "│  ", "   "


def tree(  # noqa: PLR0913 - the options of the command
    run: Run,
    *,
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="OBJECT",
            autocompletion=completing.objects,
            help="Only what is below this object: an id, name, address or TYPE:ID.",
        ),
    ] = None,
    environment: Environment = None,
    type_: Annotated[
        str | None,
        typer.Option("--type", "-t", metavar="TYPE", autocompletion=completing.object_types, help="Type of OBJECT."),
    ] = None,
    depth: Annotated[int | None, typer.Option("--depth", min=0, metavar="N", help="Maximum number of levels.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also show empty folders and hidden objects.")] = False,
    at: At = None,
    inventory: Inventory = None,
    output: Output = Format.TABLE,
) -> None:
    """Show the inventory as a tree."""
    if type_ is not None and what is None:
        raise InvalidRequest(f"--type is the type of OBJECT; to list all of a type: calipso list {type_}")
    with run.store(inventory=inventory, at=at) as store:
        if what is None or (type_ is None and environment in (None, what) and what in known_environments(store)):
            view = store.view(one_environment(store, environment or what))
            root = root_of(view.environment)
        else:
            view, root = find_one(store, what, environment=environment, type_=type_)
        shown = Tree(view, freshness_of(store, view.environment), everything=everything)
        if output is not Format.TABLE:
            emit(shown.document(root, depth), output)
            return
        for parts in shown.lines(root, depth):
            run.out.say(*parts)


@dataclass(frozen=True, slots=True)
class Tree:
    """The visible part of a tree: empty folders and hidden objects only with ``everything``."""

    view: StoreView
    fresh: Freshness
    everything: bool = False

    def lines(self, root: InventoryObject, depth: int | None) -> Iterator[list[Part]]:
        """Yield one line per object, as they are read."""
        yield self._label(root, cut=depth == 0)
        yield from self._below(root, "", depth)

    def _below(self, one: InventoryObject, prefix: str, depth: int | None) -> Iterator[list[Part]]:
        if depth == 0:
            return
        left = None if depth is None else depth - 1
        children = self.children(one)
        for place, child in enumerate(children):
            last = place == len(children) - 1
            yield [(prefix + (LAST if last else BRANCH), "dim"), *self._label(child, cut=left == 0)]
            yield from self._below(child, prefix + (GAP if last else PASS), left)

    def document(self, one: InventoryObject, depth: int | None) -> dict[str, Any]:
        """Return the tree as nested JSON values, without ``children`` at the maximum depth.

        ``unconfirmed_since`` is present only if the last scan could not confirm it.
        """
        about: dict[str, Any] = {"type": one.type, "id": one.id, "name": one.name}
        if one.get("ref_id"):
            about["ref_id"] = one["ref_id"]
        since = self.fresh.unconfirmed_since(one)
        if since is not None:
            about["unconfirmed_since"] = since.isoformat()
        if depth != 0:
            left = None if depth is None else depth - 1
            about["children"] = [self.document(child, left) for child in self.children(one)]
        return about

    def children(self, one: InventoryObject) -> list[InventoryObject]:
        """Return the visible objects directly below an object."""
        children = self.view.children(one.ref)
        if self.everything:
            return list(children)
        return [child for child in children if child.show_in_tree and not self._is_empty(child)]

    def _is_empty(self, one: InventoryObject) -> bool:
        """Return whether it is a folder without visible content."""
        return is_folder(one) and not self.children(one)

    def _label(self, one: InventoryObject, *, cut: bool) -> list[Part]:
        """Describe one object; with ``cut``, what is below it is not shown but counted."""
        if is_folder(one):
            return [(one.name, "cyan"), (f" ({len(self.children(one))})", "dim")]
        label: list[Part] = [(one.name, "bold")]
        if one.get("ref_id"):
            label.append((f" → host {one.get('host') or one.name}", "dim"))
        label.append((f"  {one.type}", "dim"))
        for fact in (*facts(one), *doubts(one, self.fresh)):
            label += ["  ", fact]
        below = len(self.children(one)) if cut else 0
        return [*label, (f"  (+{below})", "dim")] if below else label


def is_folder(one: InventoryObject) -> bool:
    """Return whether an object is only a folder of the tree."""
    return bool(one.get("create_object")) or one.on_demand
