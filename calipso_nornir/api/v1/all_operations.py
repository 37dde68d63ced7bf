# SPDX-License-Identifier: Apache-2.0
"""All operations of the older API."""

from __future__ import annotations

from typing import Final

from calipso_nornir.api.v1 import (
    aggregates,
    clique_types,
    cliques,
    connection_tests,
    environment_configs,
    grafana,
    graph,
    health,
    inventory,
    links,
    messages,
    metadata,
    scans,
    scheduled_scans,
    search,
    tokens,
)
from calipso_nornir.api.v1.mirrored import mirrored

_OWN: Final = tuple(
    module.router
    for module in (
        tokens,
        inventory,
        links,
        cliques,
        clique_types,
        metadata,
        messages,
        aggregates,
        scans,
        scheduled_scans,
        environment_configs,
        connection_tests,
        search,
        health,
        graph,
    )
)

ROUTERS: Final = (*_OWN, grafana.router)
MIRRORED: Final = mirrored(one for one in _OWN if one is not tokens.router)
"""The same below /grafana/query, without logins."""
