# SPDX-License-Identifier: Apache-2.0
"""Whether the stored links and cliques are those that would be derived from the stored objects.

They are if the last commit that changed anything but statuses was of a scan that left them so, by the same rules: code,
metadata, and what of the environment's description they depend on. The document of such a scan names the commit and
the rules. If anything is in doubt, links and cliques are derived again.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Final

import calipso_nornir
from calipso_nornir.model.when import ENVIRONMENT, told
from calipso_nornir.scan.contract import place_of
from calipso_nornir.store.values import utc_ms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calipso_nornir.metadata.catalog import Catalog
    from calipso_nornir.model.changes import Commit
    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.protocols import Document, Store

RECENT: Final = 20
"""Commits that are looked at; and thousands of statuses are not read to find out what else was changed."""
_MOST_CHANGES: Final = 1000
_OWN: Final = f"{calipso_nornir.__name__}."


class Lineage:
    """What the links and cliques of an environment were derived from."""

    def __init__(self, store: Store, environment: Environment, catalog: Catalog, *, notes: Sequence[Document]) -> None:
        self._store = store
        self._environment = environment.name
        self._rules = rules_of(catalog, environment)
        self._notes = notes

    def holds(self, revision: int) -> bool:
        """Tell whether links and cliques are, at a revision, those that would be derived from its objects."""
        if self._rules is None or not self._notes or not revision:
            return False
        for commit in self._store.commits(self._environment, limit=RECENT):
            if commit.revision > revision:
                return False
            if self._note(commit) in self._notes:
                return self._only_statuses(commit.revision, revision)
        return False

    def note(self, base: int, cause: str) -> Document | None:
        """Return what to note about a scan that derived everything from ``base`` and committed with ``cause``.

        None if it is not certain, e.g. because somebody else committed in between.
        """
        if self._rules is None:
            return None
        for commit in self._store.commits(self._environment, limit=RECENT):
            if commit.revision <= base or commit.cause == cause:
                return self._note(commit) if self._only_statuses(base, commit.revision - 1) else None
        return None

    def _note(self, commit: Commit) -> Document:
        return {"commit": f"{commit.revision} {utc_ms(commit.at).isoformat()} {commit.cause}", "rules": self._rules}

    def _only_statuses(self, since: int, until: int) -> bool:
        """Tell whether nothing but statuses was changed by the commits after one, up to another."""
        if since >= until:
            return True
        changes = self._store.changes(self._environment, since=since, limit=_MOST_CHANGES)
        if len(changes) >= _MOST_CHANGES and changes[-1].revision <= until:
            return False
        return all(one.kind == "status" for one in changes if one.revision <= until)


def rules_of(catalog: Catalog, environment: Environment) -> str | None:
    """Return what tells the rules by which links and cliques are derived from others; None if nothing can.

    What a third party's link finder does may change without a trace.
    """
    code = _code()
    if code is None or not all(type(finder).__module__.startswith(_OWN) for _, finder in catalog.link_finders):
        return None
    named = {
        attribute for one in catalog.clique_types for subject, attribute, _ in told(one.when) if subject == ENVIRONMENT
    }
    chosen_by = (
        "name",
        "environment_type",
        "distribution",
        "distribution_version",
        "mechanism_drivers",
        "type_drivers",
    )
    rules = (
        code,
        [(name, place_of(finder)) for name, finder in catalog.link_finders],
        list(catalog.clique_types),
        sorted(catalog.clique_constraints.items()),
        sorted(catalog.object_types),
        sorted(catalog.link_types),
        catalog.constants.get("link_states"),
        [(name, environment.value(name)) for name in sorted({*chosen_by, *named})],
    )
    return blake2b(repr(rules).encode(errors="backslashreplace"), digest_size=16).hexdigest()


@lru_cache(maxsize=1)
def _code() -> str | None:
    """Return a digest of this program; None if it is not in files."""
    top = Path(calipso_nornir.__file__).parent
    files = sorted(top.rglob("*.py"))
    digest = blake2b(sys.version.encode(), digest_size=16)
    for file in files:
        digest.update(f"\n{file.relative_to(top)}\n".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest() if files else None
