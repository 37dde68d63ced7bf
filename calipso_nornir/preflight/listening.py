# SPDX-License-Identifier: Apache-2.0
"""What the tests of all sections have in common that say where notifications come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.model.source_kinds import Finding

if TYPE_CHECKING:
    from calipso_nornir.model.environment import Environment


def is_needed(environment: Environment, *, needed: bool) -> bool:
    """Return whether what fails is an error. A scan needs no notifications; who asks or listens does."""
    return needed or environment.extra.get("listen") is True


def no_section(section: str) -> Finding:
    """Tell that an environment does not say where notifications come from, which is no error."""
    return Finding(section, "section", ok=False, detail="there is none: nothing listens to notifications")


def no_library(section: str, library: str, extra: str, *, needed: bool) -> Finding:
    """Tell that a library is missing, and what installs it."""
    detail = f"the library {library} is not installed: pip install 'calipso_nornir[{extra}]'"
    return Finding(section, "library", ok=False, detail=detail, needed=needed)
