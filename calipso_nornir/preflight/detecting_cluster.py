# SPDX-License-Identifier: Apache-2.0
"""Detects the network plug-ins of a Kubernetes cluster by the annotations that they write to its nodes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from calipso_nornir.errors import CalipsoError
from calipso_nornir.fetchers.kubernetes.plugins import plugins_by, transports_by
from calipso_nornir.metadata.environments import shipped_constants
from calipso_nornir.model.kubernetes import NODES
from calipso_nornir.parsing.kubernetes import read
from calipso_nornir.preflight.detecting import Detected
from calipso_nornir.sources.kubernetes.source import KubernetesSource
from calipso_nornir.sources.secrets import Vault

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calipso_nornir.model.environment import Environment
    from calipso_nornir.parsing.kubernetes_rows import Node


def detect_cluster(environment: Environment) -> Detected:
    """Ask the API server. Raises nothing: if it does not answer, the result is empty and gives the reason."""
    section = environment.section("Kubernetes")
    if section is None:
        return Detected(because=("there is no section Kubernetes",))
    source = KubernetesSource(section, Vault())
    try:
        reply = source.answer([NODES])[NODES]
        if isinstance(reply, CalipsoError):
            return Detected(because=(str(reply),))
        rows, left_out = read(NODES.kind, reply.data, asked=str(NODES))
    except CalipsoError as error:
        return Detected(because=(str(error),))
    finally:
        source.close()
    found = concluded(rows)
    return Detected(
        found.mechanism_drivers, found.type_drivers, (*found.because, *([str(left_out)] if left_out else ()))
    )


def concluded(nodes: Iterable[Node]) -> Detected:
    """Return what the nodes show; of several ways between nodes, the one that most of them have."""
    told = [node.meta.annotations for node in nodes]
    plugins = Counter(name for one in told for name in plugins_by(one))
    ways = Counter(name for one in told for name in transports_by(one))
    usable = sorted(
        (name for name in ways if name in shipped_constants()["type_drivers"]), key=lambda name: (-ways[name], name)
    )
    if not plugins:
        return Detected(
            because=(f"none of its {len(told)} nodes has annotations of Flannel, Calico or OVN-Kubernetes",)
        )
    why = [f"{count} nodes with {name}" for name, count in sorted(plugins.items())]
    why += [f"{count} with {name}" for name, count in sorted(ways.items())]
    return Detected(tuple(sorted(plugins)), usable[0] if usable else "", tuple(why))
