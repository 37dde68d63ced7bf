# SPDX-License-Identifier: Apache-2.0
"""Reads the distinguished names of an ACI fabric's nodes, ports and paths.

A leaf announces some by LLDP, too: its own as system description, that of the path to the port as port description.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_NODE: Final = re.compile(r"(topology/pod-\d+/node-\d+)(?:/.*)?", re.DOTALL)
_PATH: Final = re.compile(
    r"(topology/pod-\d+)/(?:prot)?paths-(\d+(?:-\d+)?)(?:/ext(?:prot)?paths-(\d+)(?:-\d+)?)?/pathep-\[([^\]]+)\]"
)
_NODELESS: Final = re.compile(r"topology/pod-\d+/paths/pathep-\[[^\]]+\]")
_IN_BRACKETS: Final = re.compile(r"(?:phys|if|aggr)-\[([^\]]+)\]")
_PORT: Final = re.compile(r"eth(?:ernet)?\s*(\d+(?:/\d+)+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Path:
    """A port or port channel to which something is connected.

    Attributes:
        dn: the path's own distinguished name.
        nodes: distinguished names of the leafs: one, or two for a virtual port channel.
        port: of the leaf, or of a fabric extender on it ("eth101/1/5"); None for a port channel.
        group: name of the port channel's policy group; None for a port.
    """

    dn: str
    nodes: tuple[str, ...]
    port: str | None
    group: str | None


def node_in(dn: str | None) -> str | None:
    """Return the node in a distinguished name; None if there is none."""
    found = _NODE.fullmatch((dn or "").strip())
    return found[1] if found else None


def port_in(dn: str) -> str | None:
    """Return the port or port channel in a distinguished name; None if there is none."""
    found = _IN_BRACKETS.search(dn)
    return None if found is None else port_name(found[1]) or found[1]


def port_name(text: str | None) -> str | None:
    """Return a port's name as the APIC writes it ("eth1/33"; LLDP has "Eth1/33"); None if the text is not a port."""
    found = _PORT.fullmatch((text or "").strip())
    return f"eth{found[1]}" if found else None


def path_of(dn: str | None) -> Path | None:
    """Return the path that a text names, else None. The path of a tunnel, which is on no port, has no nodes."""
    text = (dn or "").strip()
    if _NODELESS.fullmatch(text):
        return Path(text, (), None, None)
    found = _PATH.fullmatch(text)
    if found is None:
        return None
    pod, numbers, extender, name = found.groups()
    nodes = tuple(f"{pod}/node-{number}" for number in numbers.split("-"))
    port = port_name(name)
    if port is None:
        return Path(text, nodes, None, name)
    return Path(text, nodes, f"eth{extender}/{port.removeprefix('eth')}" if extender else port, None)
