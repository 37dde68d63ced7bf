# SPDX-License-Identifier: Apache-2.0
"""Prefixes for commands of distributions that run their tools in containers."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Self

from calipso_nornir.errors import EnvironmentInvalid, Fault
from calipso_nornir.sources.cli.framing import ScriptStep

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from calipso_nornir.model.queries import Command


@dataclass(frozen=True, slots=True)
class ProgramPrefix:
    """One program, or one use of it, that runs inside a container.

    Attributes:
        program: the command's first words: ``("ip", "netns", "exec", "qdhcp-*")``, patterns of
            the shell's kind (fnmatch). Options between them in the command do not matter.
        prefix: words to put before the command: ``("docker", "exec", "--user", "root", "nova_libvirt")``.
        distribution, distribution_version: those of the environments to which it applies; None for all.
    """

    program: tuple[str, ...]
    prefix: tuple[str, ...]
    distribution: str | None = None
    distribution_version: str | None = None

    @classmethod
    def of(cls, rule: Mapping[str, Any], *, where: str) -> Self:
        """Read one rule from JSON or YAML data; EnvironmentInvalid says what is wrong with it."""
        program, prefix = rule.get("program"), rule.get("prefix")
        if not isinstance(program, str) or not program.split():
            raise EnvironmentInvalid((Fault(f"{where}/program", f"{program!r} is not the name of a program"),))
        if not isinstance(prefix, (list, tuple)) or not prefix or not all(isinstance(word, str) for word in prefix):
            raise EnvironmentInvalid((Fault(f"{where}/prefix", f"{prefix!r} is not a list of words"),))
        version = rule.get("distribution_version")
        return cls(
            tuple(program.split()), tuple(prefix), rule.get("distribution"), None if version is None else str(version)
        )

    def applies(self, distribution: str, version: str) -> bool:
        """Return whether it applies to an environment."""
        return self.distribution in (None, distribution) and self.distribution_version in (None, version)

    def fits(self, words: Sequence[str]) -> bool:
        """Return whether it applies to a command of these words, without options."""
        pairs = zip(words, self.program, strict=False)
        return len(words) >= len(self.program) and all(fnmatchcase(word, pattern) for word, pattern in pairs)


class Prefixes:
    """The rules of one environment; the first that matches a command is used.

    Rules that follow it with the same ``program`` are used as well: the command then runs once for
    each of them and the outputs are joined (namespaces in two containers). A command with a prefix runs as root,
    because entering a container requires that.
    """

    def __init__(self, *layers: Iterable[ProgramPrefix], distribution_version: str = "") -> None:
        """Combine layers of rules; those of an earlier layer precede and override those of a later one."""
        self._layers = tuple(tuple(layer) for layer in layers)
        self._version = distribution_version

    @classmethod
    def of(
        cls,
        rules: Iterable[Mapping[str, Any]],
        *,
        distribution: str,
        distribution_version: str,
        own: Iterable[Mapping[str, Any]] = (),
    ) -> Self:
        """Select the rules (metadata) for a distribution; ``own`` (CLI.prefixes) come first."""
        layers = [
            [ProgramPrefix.of(rule, where=f"{where}/{number}") for number, rule in enumerate(layer)]
            for where, layer in (("CLI/prefixes", own), ("command_prefixes", rules))
        ]
        applying = [[r for r in layer if r.applies(distribution, distribution_version)] for layer in layers]
        return cls(*applying, distribution_version=distribution_version)

    def step(self, command: Command) -> ScriptStep:
        """Return the command with its prefixes, as the host runs it."""
        prefixes = self._prefixes(command.text)
        texts = tuple(f"{prefix} {command.text}" for prefix in prefixes) or (command.text,)
        return ScriptStep(texts, command.timeout_s, root=command.root or bool(prefixes))

    def _prefixes(self, text: str) -> list[str]:
        if not any(self._layers):
            return []
        try:
            words = [word for word in shlex.split(text) if not word.startswith("-")]
        except ValueError:  # unbalanced quotes: the host's shell reports this better
            return []
        for layer in self._layers:
            fitting = [rule for rule in layer if rule.fits(words)]
            if fitting:
                return [self._quoted(rule.prefix) for rule in fitting if rule.program == fitting[0].program]
        return []

    def _quoted(self, prefix: Sequence[str]) -> str:
        return shlex.join(word.replace("{distribution_version}", self._version) for word in prefix)
