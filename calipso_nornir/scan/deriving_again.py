# SPDX-License-Identifier: Apache-2.0
"""Creates the parts that derive links and cliques again around the changes of a scan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.scan.checked_view import DeclaredTypes
from calipso_nornir.scan.cliques import constraint_attributes
from calipso_nornir.scan.conditional import CliqueChoice
from calipso_nornir.scan.contract import STATES
from calipso_nornir.scan.neighbourhood import Neighbourhood
from calipso_nornir.scan.small_cliques import LinksAround, SmallCliques
from calipso_nornir.scan.small_links import SmallLinks

if TYPE_CHECKING:
    from collections.abc import Collection

    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.scan.before import Before
    from calipso_nornir.scan.deriving import Ground


def links_again(ground: Ground, before: Before, *, gone: Collection[ObjectRef]) -> SmallLinks:
    """Return the part that finds links again."""
    return SmallLinks(
        ground.catalog.link_finders,
        ground.working,
        before,
        gone=gone,
        on_hosts=ground.on_hosts,
        at=ground.at,
        states=ground.catalog.constants.get("link_states") or STATES,
        declared=DeclaredTypes(ground.catalog.object_types, ground.catalog.link_types),
        on_trouble=ground.troubles.fail,
    )


def cliques_again(ground: Ground, before: Before, links: SmallLinks, *, gone: Collection[ObjectRef]) -> SmallCliques:
    """Return the part that builds cliques again, after the links were found again."""
    view = Neighbourhood(ground.working, before, gone=gone)
    attributes = constraint_attributes(ground.catalog.clique_constraints)
    around = LinksAround(before, links.found.values(), links.gone, attributes)
    choice = CliqueChoice(ground.catalog, ground.environment, view, ground.troubles)
    return SmallCliques(before, view, around, choice, constraints=ground.catalog.clique_constraints)
