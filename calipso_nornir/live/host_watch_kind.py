# SPDX-License-Identifier: Apache-2.0
"""Describes the watch of hosts; Nornir and asyncssh are imported when one is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from calipso_nornir.live.listener_base import ListenerBase, ListenerKind, Post

if TYPE_CHECKING:
    from calipso_nornir.model.environment import Environment

SECTION: Final = "CLI"


def _wanted(environment: Environment) -> bool:
    section = environment.section(SECTION)
    return section is not None and section.get("watch") is True


def _make(post: Post) -> ListenerBase:
    from calipso_nornir.live.host_watch import HostWatch  # noqa: PLC0415 - as above

    return HostWatch(post)


HOSTS: Final = ListenerKind(name="hosts", wanted=_wanted, make=_make)
