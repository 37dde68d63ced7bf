# SPDX-License-Identifier: Apache-2.0
"""The query to a Kubernetes API server, and the lists that scans read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from calipso_nornir.model.queries import HostlessQuery


@dataclass(frozen=True, slots=True)
class KubernetesList(HostlessQuery):
    """One list of the Kubernetes API; a list is complete, with all its pages joined.

    Attributes:
        path: path on the server, e.g. ``/api/v1/pods``.
        kind: kind of the list: "PodList". The answer is rows of ``parsing.kubernetes``.
    """

    path: str
    kind: str
    source: ClassVar[str] = "kubernetes"

    def __str__(self) -> str:
        return f"GET kubernetes {self.path}"


NAMESPACES: Final = KubernetesList("/api/v1/namespaces", "NamespaceList")
NODES: Final = KubernetesList("/api/v1/nodes", "NodeList")
PODS: Final = KubernetesList("/api/v1/pods", "PodList")
SERVICES: Final = KubernetesList("/api/v1/services", "ServiceList")
SLICES: Final = KubernetesList("/apis/discovery.k8s.io/v1/endpointslices", "EndpointSliceList")
LISTS: Final = (NODES, NAMESPACES, PODS, SERVICES, SLICES)
"""The lists that a scan reads, each once."""
