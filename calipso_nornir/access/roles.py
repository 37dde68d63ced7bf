# SPDX-License-Identifier: Apache-2.0
"""Roles, what they allow, and where: a user has a role in each environment, or in all."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from calipso_nornir.errors import InvalidRequest
from calipso_nornir.model.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

EVERYWHERE: Final = "*"
"""In place of an environment: all of them, also those to come, and what belongs to none (users, the audit trail)."""


class Role(IntEnum):
    """A role; each includes those below it.

    A viewer reads. An operator scans, too. An admin changes descriptions of environments, users and metadata, too.
    """

    VIEWER = 1
    OPERATOR = 2
    ADMIN = 3

    @property
    def word(self) -> str:
        """The role as it is written."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Grants:
    """The roles of one user: environment, or ``*`` → role."""

    by_environment: Mapping[str, Role] = field(default_factory=dict)

    @classmethod
    def read(cls, words: Mapping[str, str]) -> Grants:
        """Read roles as they are written. Raises InvalidRequest for a word that is none."""
        return cls({environment: role(word) for environment, word in words.items()})

    def words(self) -> dict[str, str]:
        """Return the roles as they are written."""
        return {environment: role.word for environment, role in self.by_environment.items()}

    def allow(self, needed: Role, environment: str | None) -> bool:
        """Tell whether a role, or a higher one, is held in an environment; None is what belongs to no environment."""
        held = [self.by_environment.get(EVERYWHERE)]
        if environment is not None:
            held.append(self.by_environment.get(environment))
        return any(one is not None and one >= needed for one in held)

    def anywhere(self, needed: Role) -> bool:
        """Tell whether it is held in any environment at all."""
        return any(one >= needed for one in self.by_environment.values())

    def with_those_of(self, other: Grants) -> Grants:
        """Return the roles of both; the higher one where both have one."""
        merged = dict(self.by_environment)
        for environment, role in other.by_environment.items():
            merged[environment] = max(role, merged.get(environment, role))
        return Grants(merged)

    def within(self, environments: Iterable[str]) -> Grants:
        """Return the roles in these environments alone."""
        everywhere = self.by_environment.get(EVERYWHERE)
        found = {}
        for one in environments:
            held = [role for role in (everywhere, self.by_environment.get(one)) if role is not None]
            if held:
                found[one] = max(held)
        return Grants(found)

    def capped(self, cap: Role) -> Grants:
        """Return the same roles, none higher than this one."""
        return Grants({environment: min(role, cap) for environment, role in self.by_environment.items()})


def role(word: str) -> Role:
    """Read a role."""
    try:
        return Role[word.upper()]
    except (KeyError, AttributeError):
        words = ", ".join(one.word for one in Role)
        raise InvalidRequest(f"role {plain(repr(word))}: expected one of {words}") from None
