# SPDX-License-Identifier: Apache-2.0
"""An environment: one cloud, how to reach it, and which parts of the metadata apply to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

SecretKind: TypeAlias = Literal["env", "file", "keyring", "command", "cloud"]

Condition: TypeAlias = Mapping[str, Any]
"""Attribute of an environment -> expected value, or list of possible values."""


@dataclass(frozen=True, slots=True)
class SecretRef:
    """Where a secret is kept; never the secret itself.

    ``env`` NAME of an environment variable · ``file`` path, mode 0600 · ``keyring`` SERVICE:USER ·
    ``command`` that prints it as its first line · ``cloud`` NAME of a clouds.yaml entry.
    """

    kind: SecretKind
    locator: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.locator}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One document of ``environments_config``, validated.

    Attributes:
        configuration: sections by name ("OpenStack", "mysql", "CLI", …); their secrets are ``SecretRef``.
        extra: further top-level keys of the document, kept as they are.
    """

    name: str
    environment_type: str = "OpenStack"
    distribution: str = ""
    distribution_version: str = ""
    mechanism_drivers: tuple[str, ...] = ()
    type_drivers: str = ""
    configuration: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    def section(self, name: str) -> Mapping[str, Any] | None:
        """Return one section of the configuration, or None if the environment has no such section."""
        return self.configuration.get(name)

    def secrets(self) -> tuple[SecretRef, ...]:
        """Return every reference to a secret in the configuration, whether it will be needed or not."""
        return tuple(dict.fromkeys(_references(self.configuration)))

    def applies(self, conditions: Condition | Sequence[Condition] | None) -> bool:
        """Return whether a scanner step's ``environment_condition`` is true (for a list: any of its members).

        A condition without ``environment_type`` is for OpenStack. Two lists match if they have a value in common; an
        attribute that the environment lacks does not match.
        """
        if conditions is None:
            conditions = {}
        alternatives = [conditions] if isinstance(conditions, Mapping) else conditions
        return any(self._has({"environment_type": "OpenStack", **one}) for one in alternatives)

    def restricted(self, restrictions: Condition | Sequence[Condition] | None) -> bool:
        """Return whether an ``environment_restriction`` excludes the environment (for a list: any of its members)."""
        if not restrictions:
            return False
        alternatives = [restrictions] if isinstance(restrictions, Mapping) else restrictions
        return any(self._has(one) for one in alternatives)

    def _has(self, condition: Condition) -> bool:
        return all(_as_set(self.value(key)) & _as_set(wanted) for key, wanted in condition.items())

    def value(self, key: str) -> Any:  # noqa: ANN401 - any JSON value may stand in an environment
        """Return the value of a name in a condition: a field, or another key of the document; None for neither."""
        return getattr(self, key) if key in self.__slots__ else self.extra.get(key)


def _references(value: object) -> Iterator[SecretRef]:
    if isinstance(value, SecretRef):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _references(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _references(one)


def _as_set(value: Any) -> frozenset[Any]:  # noqa: ANN401 - as above
    if value is None or value == "":
        return frozenset()
    return frozenset(value) if isinstance(value, (list, tuple)) else frozenset({value})
