# SPDX-License-Identifier: Apache-2.0
"""Decides whether the stored links and cliques can be trusted, or have to be derived again from the stored objects.

They can be trusted if a full scan derived them with the same rules, and every later commit changed only statuses. The
rules are the program's code, the metadata, and those fields of the environment's description that matter. The document
of such a scan names its commit and a digest of the rules. In doubt, links and cliques are derived again.
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
    from calipso_nornir.model.stores import Document, Store

RECENT: Final = 20
"""How many commits are searched for the last full scan."""
_MOST_CHANGES: Final = 1000
"""How many changes are read to see whether all of them are statuses."""
_OWN: Final = f"{calipso_nornir.__name__}."


class Lineage:
    """Knows which scans derived the links and cliques of an environment, and with which rules.

    Args:
        store: holds the environment.
        environment: its description.
        catalog: the metadata of today.
        notes: what earlier scans noted (``note``), from their documents.
    """

    def __init__(self, store: Store, environment: Environment, catalog: Catalog, *, notes: Sequence[Document]) -> None:
        self._store = store
        self._environment = environment.name
        self._rules = rules_of(catalog, environment)
        self._notes = notes

    def holds(self, revision: int) -> bool:
        """Tell whether the links and cliques of a revision equal those that would be derived from its objects."""
        if self._rules is None or not self._notes or not revision:
            return False
        for commit in self._store.commits(self._environment, limit=RECENT):
            if commit.revision > revision:
                return False
            if self._note(commit) in self._notes:
                return self._only_statuses(commit.revision, revision)
        return False

    def note(self, base: int, cause: str) -> Document | None:
        """Return the note for a scan that derived everything from revision ``base`` and committed with ``cause``.

        None if that is not certain, e.g. because another writer committed in between.
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
        """Tell whether the commits after revision ``since``, up to ``until``, changed nothing but statuses."""
        if since >= until:
            return True
        changes = self._store.changes(self._environment, since=since, limit=_MOST_CHANGES)
        if len(changes) >= _MOST_CHANGES and changes[-1].revision <= until:
            return False
        return all(one.kind == "status" for one in changes if one.revision <= until)


def rules_of(catalog: Catalog, environment: Environment) -> str | None:
    """Return a digest of the rules by which links and cliques are derived; None if there can be none.

    There is none if a link finder of a third party is installed: its code can change without changing this digest.
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
    """Return a digest of this program's source files; None if it has none, e.g. in a zip archive."""
    top = Path(calipso_nornir.__file__).parent
    files = sorted(top.rglob("*.py"))
    digest = blake2b(sys.version.encode(), digest_size=16)
    for file in files:
        digest.update(f"\n{file.relative_to(top)}\n".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest() if files else None
