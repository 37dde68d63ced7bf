# SPDX-License-Identifier: Apache-2.0
"""The lists of the cluster that fetchers share: a scan asks for each of them once."""

from __future__ import annotations

from typing import Final

from calipso_nornir.model.kubernetes import KubernetesList

NAMESPACES: Final = KubernetesList("/api/v1/namespaces", "NamespaceList")
NODES: Final = KubernetesList("/api/v1/nodes", "NodeList")
PODS: Final = KubernetesList("/api/v1/pods", "PodList")
SERVICES: Final = KubernetesList("/api/v1/services", "ServiceList")
SLICES: Final = KubernetesList("/apis/discovery.k8s.io/v1/endpointslices", "EndpointSliceList")
