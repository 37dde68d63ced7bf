# SPDX-License-Identifier: Apache-2.0
"""A cluster as its administrator meets it: a kubeconfig, ``env check``, ``scan``, ``tree``, a recording, lost rights.

The API server is a stand-in (``tests/fixtures/kubernetes_api.py``); no host is logged in to.
"""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.cli import calipso
from tests.fixtures.kubernetes_api import TOKEN, Cluster, KubernetesApi, serving
from tests.fixtures.kubernetes_objects import SECRETS, namespace, node, pod

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DESCRIBED = """\
name: lab
environment_type: Kubernetes
distribution: Kubernetes
mechanism_drivers: [Flannel]
type_drivers: vxlan
configuration:
- name: Kubernetes
  kubeconfig: {kubeconfig}
  page_size: 2
"""
TREE = """\
lab  environment
├─ Namespaces (2)
│  ├─ default  namespace  Active
│  │  └─ Pods without a node (1)
│  │     └─ web-3  pod  Pending
│  │        └─ Containers (1)
│  │           └─ main  container
│  └─ kube-system  namespace  Active
└─ Nodes (2)
   ├─ cp1  host  Compute, Kube-master
   │  └─ Pods (1)
   │     └─ proxy-1  pod  Running
   │        └─ Containers (1)
   │           └─ main  container  running
   └─ w1  host  Compute
      └─ Pods (2)
         ├─ web-1  pod  Running
         │  └─ Containers (1)
         │     └─ main  container  running
         └─ web-2  pod  Succeeded
            └─ Containers (1)
               └─ main  container  terminated
"""


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    api = KubernetesApi(
        nodes=[node("cp1", "192.0.2.11", master=True), node("w1", "192.0.2.12")],
        namespaces=[namespace("default"), namespace("kube-system")],
        pods=[
            pod("web-1", "default", "w1", "10.244.1.2"),
            pod("web-2", "default", "w1", "10.244.1.2", phase="Succeeded"),
            pod("web-3", "default", None, None, phase="Pending"),
            pod("proxy-1", "kube-system", "cp1", "192.0.2.11", host_network=True),
        ],
    )
    with serving(api, tmp_path) as served:
        (tmp_path / "lab.yaml").write_text(DESCRIBED.format(kubeconfig=served.kubeconfig))
        yield served


def test_from_a_kubeconfig_to_a_tree_and_a_recording(cluster: Cluster, tmp_path: Path) -> None:
    store, described = tmp_path / "s.db", tmp_path / "lab.yaml"
    checked = calipso("env", "check", described, store=store)
    assert checked.status == 0, checked.out
    assert f"admin at {cluster.api.url}, which is Kubernetes v1.31.4" in checked.out
    recorded = calipso("record", described, tmp_path / "lab.calipso", store=store)
    assert recorded.out.count("✗ the environment has no CLI section") == 1  # no host is logged in to, and that is told
    calipso("scan", described, store=store)
    assert calipso("tree", "lab", store=store).out == TREE
    text = gzip.decompress((tmp_path / "lab.calipso").read_bytes()).decode()
    assert not [secret for secret in (*SECRETS, TOKEN, str(cluster.kubeconfig)) if secret in text]
    calipso("scan", "--replay", tmp_path / "lab.calipso", store=tmp_path / "again.db")
    assert calipso("tree", "lab", store=tmp_path / "again.db").out == TREE


def test_what_may_not_be_listed_any_more_is_kept_and_marked(cluster: Cluster, tmp_path: Path) -> None:
    store, described = tmp_path / "s.db", tmp_path / "lab.yaml"
    calipso("scan", described, store=store)
    cluster.api.forbidden = {"pods", "namespaces"}
    cluster.api.objects["nodes"].pop()
    checked = calipso("env", "check", described, "--section", "Kubernetes", store=store)
    assert checked.status == 1
    assert 'pods is forbidden: User "system:serviceaccount:calipso:scanner" cannot list resource "pods"' in checked.out
    said = calipso("scan", described, store=store)
    assert said.status == 3
    assert "✗ kubernetes refused /api/v1/pods (403): pods is forbidden" in said.out
    assert "✗ kubernetes refused /api/v1/namespaces (403): namespaces is forbidden" in said.out
    shown = calipso("tree", "lab", store=store).out
    assert "proxy-1  pod  Running  ? not confirmed since" in shown
    assert "default  namespace  Active  ? not confirmed since" in shown
    assert "w1  host" not in shown  # the list of nodes was complete, so it is gone, with all on it


def test_credentials_that_have_expired_change_nothing(cluster: Cluster, tmp_path: Path) -> None:
    store, described = tmp_path / "s.db", tmp_path / "lab.yaml"
    calipso("scan", described, store=store)
    before = calipso("tree", "lab", store=store).out
    cluster.api.tokens = set()
    said = calipso("scan", described, store=store)
    assert said.status == 1
    assert "does not know admin (401): Unauthorized" in said.out + said.err
    assert calipso("tree", "lab", store=store).out == before
