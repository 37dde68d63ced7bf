# SPDX-License-Identifier: Apache-2.0
"""A random life of a cloud: the acts, including faults, and their random order."""

from __future__ import annotations

import logging
import os
import random
from typing import TYPE_CHECKING

from tests.fixtures import lab
from tests.lab import acts, breaking, faults
from tests.lab.acts import Life

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.lab.acts import Act

logger = logging.getLogger(__name__)

BY_API: tuple[tuple[int, Act], ...] = (
    (4, acts.a_server_created),
    (3, acts.a_server_deleted),
    (3, acts.a_server_stopped_or_started),
    (1, acts.a_server_paused),
    (1, acts.a_server_renamed),
    (2, acts.a_server_resized),
    (2, acts.a_server_migrated),
    (3, acts.an_interface_attached),
    (2, acts.an_interface_detached),
    (3, acts.a_port_switched),
    (2, acts.an_unused_port),
    (1, acts.a_port_renamed),
    (2, acts.a_floating_ip_moved),
    (3, acts.a_network_created),
    (2, acts.a_subnet_added),
    (2, acts.a_network_deleted),
    (1, acts.a_network_renamed),
    (2, acts.a_dhcp_server_moved),
    (2, acts.a_router_created),
    (1, acts.a_gateway_cleared),
    (1, acts.a_project_renamed),
    (1, acts.a_compute_disabled),
)
"""Weights and acts that use only the API."""
ACTS: tuple[tuple[int, Act], ...] = (
    *BY_API,
    (2, acts.a_cable_pulled),
    (1, breaking.what_no_agent_mends),
    (1, breaking.a_server_resized_whose_port_is_off),
    (1, breaking.a_host_removed),
)
"""The same, with faults."""


def begun(environment: str) -> Life:
    """Return a life of the running lab; the environment variable ``LIFE`` repeats a former one."""
    here = lab.here()
    faults.let_computes_copy(here.computes, here.key.read_text("utf-8"))
    seed = os.environ.get("LIFE") or str(random.randrange(10**9))  # noqa: S311 - no secret
    logger.info("LIFE=%s", seed)
    return Life(seed, environment, here.computes, here.variant)


def life(chance: random.Random, among: Sequence[tuple[int, Act]] = ACTS) -> Iterator[Act]:
    """Yield random acts without end; each occurs once before any occurs twice."""
    once = [act for _, act in among]
    chance.shuffle(once)
    yield from once
    weights, all_acts = zip(*among, strict=True)
    while True:
        yield chance.choices(all_acts, weights)[0]
