# SPDX-License-Identifier: Apache-2.0
"""Describes the watch of services; the OpenStack client is imported when one is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from calipso_nornir.live.listener_base import ListenerBase, ListenerKind, Post

if TYPE_CHECKING:
    from calipso_nornir.model.environment import Environment


def _wanted(environment: Environment) -> bool:
    return environment.environment_type == "OpenStack"


def _make(post: Post) -> ListenerBase:
    from calipso_nornir.live.service_watch import ServiceWatch  # noqa: PLC0415 - as above

    return ServiceWatch(post)


SERVICES: Final = ListenerKind(name="services", wanted=_wanted, make=_make, alone=False)
