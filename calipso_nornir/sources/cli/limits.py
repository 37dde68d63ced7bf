# SPDX-License-Identifier: Apache-2.0
"""Limits for one host and round: time and output."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one host may take in one round.

    Attributes:
        host_timeout_s: seconds for all commands of a round together, or the longest command's own
            time where that is more.
        quiet_s: seconds without a byte, beyond the longest command's time, after which the host
            counts as gone.
        max_output_bytes: standard output and standard error together.
        max_greeting_bytes: what a login shell may say before it runs the script.
        start_timeout_s: seconds for the host to start the script.
    """

    host_timeout_s: float = 120
    quiet_s: float = 10
    max_output_bytes: int = 64 * 2**20
    max_greeting_bytes: int = 256 * 2**10
    start_timeout_s: float = 30
