# SPDX-License-Identifier: Apache-2.0
"""``calipso bundle FILE``: shows what a recording contains."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from calipso_nornir.cli.output import Format, Terminal, emit
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.shared_options import BundleArgument, Output
from calipso_nornir.errors import BundleInvalid

if TYPE_CHECKING:
    from calipso_nornir.sources.recording import BundleInfo


def bundle(run: Run, *, path: BundleArgument, output: Output = Format.TABLE) -> None:
    """Check a recording and show what it contains."""
    from calipso_nornir.sources.recording import bundle_info  # noqa: PLC0415 - what takes long comes when needed

    info = bundle_info(path)
    if output is Format.TABLE:
        print_bundle(run.out, info)
    else:
        emit(asdict(info), output)
    if info.secrets:
        raise BundleInvalid(path, f"names secrets ({', '.join(info.secrets)}), which no recording made by calipso does")


def print_bundle(out: Terminal, info: "BundleInfo") -> None:
    """Print what a recording says about itself."""
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
    out.say(("\nthe environment, as the recording describes it", "cyan"), " (how it is reached is not used)")
    for place, value in _flat(info.description):
        out.say("  ", (f"{place}: ", "cyan"), value)


def _flat(value: object, place: str = "") -> Iterator[tuple[str, str]]:
    """Yield every value of a description with its place; sections are referred to by name."""
    if isinstance(value, dict) and value:
        for key, one in value.items():
            yield from _flat(one, f"{place}/{key}" if place else str(key))
    elif isinstance(value, list) and any(isinstance(one, (dict, list)) for one in value):
        for number, one in enumerate(value):
            name = one.get("name", number) if isinstance(one, dict) else number
            yield from _flat(one, f"{place}/{name}")
    else:
        yield place, ", ".join(map(str, value)) if isinstance(value, list) else str(value)
