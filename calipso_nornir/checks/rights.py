# SPDX-License-Identifier: Apache-2.0
"""The sudo rules of a host: exactly the commands that its checks run as root. Used by the controller."""

import re
from typing import List, Sequence

from .evaluating import questions_of
from .objects import Item
from .others import MODULES

PLACES = {
    "ip": "/usr/sbin/ip",
    "ovn-appctl": "/usr/bin/ovn-appctl",
    "ovs-appctl": "/usr/bin/ovs-appctl",
    "ovs-vsctl": "/usr/bin/ovs-vsctl",
    "vppctl": "/usr/bin/vppctl",
}
"""Where Debian, Ubuntu and Red Hat have the tools; a module of others says where its own are, in ``PLACES``."""
_SPECIAL = re.compile(r"([,:=\\*?\[\]!])")
"""Characters that sudoers(5) requires to be escaped in the arguments of a command."""
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
_LONGEST = 60
"""Seconds; longer than any limit of the probe, which cannot stop what root runs."""


def sudoers(items: Sequence[Item], user: str) -> str:
    """Return the content of a file for ``/etc/sudoers.d``.

    Raises:
        ValueError: the user's name is invalid, or it is not known where a tool is.
    """
    if not _USER.fullmatch(user):
        raise ValueError(f"{user!r} is no user's name")
    lines = [
        "# What calipso-probe may run as root on this host: the commands of its checks, word by word. Made by calipso.",
        f"Defaults:{user} !requiretty, command_timeout={_LONGEST}",
    ]
    lines += [f"{user} ALL=(root) NOPASSWD: {command}" for command in commands(items)]
    return "\n".join(lines) + "\n"


def commands(items: Sequence[Item]) -> List[str]:
    """Return the commands as sudoers has them, sorted.

    Raises:
        ValueError: it is not known where a tool is.
    """
    asked = {question.argv for question in questions_of(items) if question.root}
    places = {tool: place for module in MODULES for tool, place in getattr(module, "PLACES", {}).items()}
    places.update(PLACES)
    for tool in sorted(argv[0] for argv in asked):
        if tool not in places:
            raise ValueError(f"a check runs {tool} as root: its module has to say where it is, in PLACES")
    return sorted(" ".join([places[argv[0]], *(_SPECIAL.sub(r"\\\1", word) for word in argv[1:])]) for argv in asked)
