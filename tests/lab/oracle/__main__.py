# SPDX-License-Identifier: Apache-2.0
"""Prints the real connections of every server, router and DHCP server of the running lab."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING

from tests.lab.oracle.reading import read

if TYPE_CHECKING:
    from tests.lab.oracle.model import Truth


def described(truth: Truth) -> str:
    """Return the truth as readable text: chains, contradictions, and counts."""
    lines = []
    for owner in sorted({chain.owner for chain in truth.chains}):
        thing = truth.things.get(owner)
        about = f" {thing.facts.get('label')!r} {thing.facts.get('status', '')}" if thing else ""
        lines.append(f"{owner}{about}")
        for chain in truth.chains:
            if chain.owner == owner:
                lines.append("    " + " - ".join(str(end) for end in chain.hops[1:]))
                lines += [f"        ends here: {chain.stops}"] if chain.stops else []
    lines += [f"CONTRADICTION: {one}" for one in truth.contradictions]
    things, links = Counter(end.type for end in truth.things), Counter(link.type for link in truth.links)
    lines.append("things: " + ", ".join(f"{count} {type_}" for type_, count in sorted(things.items())))
    lines.append("links:  " + ", ".join(f"{count} {type_}" for type_, count in sorted(links.items())))
    return "\n".join(lines)


def main() -> int:
    """Print the truth; end with 1 when it contradicts itself."""
    truth = read()
    sys.stdout.write(described(truth) + "\n")
    return int(bool(truth.contradictions))


if __name__ == "__main__":
    sys.exit(main())
