# SPDX-License-Identifier: Apache-2.0
"""Limits for one host and round: time and output."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits for one host in one round.

    Attributes:
        host_timeout_s: seconds for all commands of a round together; at least the limit of the longest command.
        quiet_s: seconds without output, beyond the longest command's limit, after which the host counts as gone.
        max_output_bytes: limit for standard output and standard error together.
        max_greeting_bytes: limit for a login shell's output before it runs the script.
        start_timeout_s: seconds for the host to start the script.
    """

    host_timeout_s: float = 120
    quiet_s: float = 10
    max_output_bytes: int = 64 * 2**20
    max_greeting_bytes: int = 256 * 2**10
    start_timeout_s: float = 30
