# SPDX-License-Identifier: Apache-2.0
"""What is in a recording, printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from calipso_nornir.cli.output import Terminal
    from calipso_nornir.sources.recording import BundleInfo


def print_bundle(out: Terminal, info: BundleInfo) -> None:
    """Print what a recording says of itself."""
    exchanges = ", ".join(f"{count} {source}" for source, count in info.exchanges.items()) or "none"
    rows = {
        "recording": info.path,
        "environment": info.environment,
        "recorded": f"{info.recorded_at} by calipso_nornir {info.product}",
        "exchanges": f"{exchanges}; {info.errors} ended in an error",
        "hosts": ", ".join(info.hosts) or "none",
        "note": info.note or "-",
        "sha256": info.sha256,
    }
    for what, value in rows.items():
        out.say((f"{what:<12}", "cyan"), value)
