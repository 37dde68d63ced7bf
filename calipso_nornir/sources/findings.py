# SPDX-License-Identifier: Apache-2.0
"""What trying a section of an environment found out; the answer of every source's ``check()``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried.

    Attributes:
        section: of the environment: "OpenStack", "mysql", "CLI".
        what: "login", "role", "endpoint compute", "schema nova" …
        ok: whether a scan can rely on it.
        detail: what was seen, or what is wrong and what to do.
    """

    section: str
    what: str
    ok: bool
    detail: str
