# SPDX-License-Identifier: Apache-2.0
"""``calipso bundle``: what is in a recording."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from calipso_nornir.cli.output import Format, Terminal, emit
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.shared_options import BundleArgument, Output

if TYPE_CHECKING:
    from calipso_nornir.sources.recording import BundleInfo


def bundle(run: Run, *, path: BundleArgument, output: Output = Format.TABLE) -> None:
    """Check a recording and say what is in it."""
    from calipso_nornir.sources.recording import bundle_info  # noqa: PLC0415 - what takes long comes when needed

    info = bundle_info(path)
    if output is Format.TABLE:
        print_bundle(run.out, info)
    else:
        emit(asdict(info), output)


def print_bundle(out: Terminal, info: "BundleInfo") -> None:
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
