# SPDX-License-Identifier: Apache-2.0
"""The file names of a command's output, as sosreport forms them.

sosreport replaces characters that a file name cannot contain: ``ip -d address`` becomes ``ip_-d_address``,
``ls -l /sys/class/net`` becomes ``ls_-l_.sys.class.net``.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST: Final = 255
"""Maximum number of characters of a file name."""
SUFFIXES: Final = ("", ".txt", ".out", ".json", ".xml")
_LIBVIRT: Final = "virsh -c qemu:///system "
_SHOWN: Final = re.compile(r"(^|\s)ip (?:-j )?-d address$")


def file_name(command: str) -> str:
    """Return the name of the file with a command's output.

    >>> file_name("ls -l /sys/class/net")
    'ls_-l_.sys.class.net'
    """
    plain = re.sub(r"^/(?:usr/)?s?bin/", "", command)
    plain = re.sub(r"[^\w\-./]+", "_", plain)
    return plain.replace("/", ".").strip(" ._-")[:LONGEST]


def spellings(command: str) -> Iterator[str]:
    """Yield a command, then equivalent commands that sosreport runs."""
    yield command
    try:
        unquoted = " ".join(shlex.split(command))
    except ValueError:
        unquoted = command
    if unquoted != command:
        yield unquoted
    if command.startswith(_LIBVIRT):
        rest = command.removeprefix(_LIBVIRT)
        yield from (f"virsh -r {rest}", f"virsh {rest}")
    elif _SHOWN.search(unquoted):
        yield from (f"{unquoted} show", f"{unquoted.removesuffix('address')}addr")
    elif command == "ip netns list":
        yield "ip netns"
    elif command == "ovs-vsctl show":
        yield "ovs-vsctl -t 5 show"


def copied_file(command: str) -> str | None:
    """Return the path of the file that a command prints, without its first slash; None if it prints none."""
    words = command.split()
    return words[1].lstrip("/") if len(words) == 2 and words[0] == "cat" else None  # noqa: PLR2004 - cat and a path
