# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - a kubeconfig is YAML
"""``calipso env import`` from a kubeconfig: what becomes of each way to log in, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.fixtures.cli import calipso
from tests.fixtures.kubernetes_api import TOKEN, Cluster, KubernetesApi, kubeconfig, serving
from tests.fixtures.kubernetes_objects import namespace, node

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FLANNEL = {"flannel.alpha.coreos.com/backend-type": "vxlan", "flannel.alpha.coreos.com/public-ip": "192.0.2.11"}


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    nodes = [node(name, f"192.0.2.1{n}", annotations=FLANNEL) for n, name in enumerate(("cp1", "w1"))]
    with serving(KubernetesApi(nodes=nodes, namespaces=[namespace("default")]), tmp_path) as served:
        yield served


def rewritten(cluster: Cluster, **user: Any) -> None:
    """Write the kubeconfig anew, with another way to log in."""
    cluster.kubeconfig.write_text(yaml.safe_dump(kubeconfig(cluster.api.url, cluster.pki, **user)))


def test_an_imported_cluster_is_scanned(cluster: Cluster, tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    said = calipso("env", "import", "--kubeconfig", cluster.kubeconfig, store=store)
    assert said.status == 0, said.err
    assert "admin@lab: detected Flannel, vxlan (2 nodes with Flannel; 2 with vxlan)" in said.err
    assert "without --ssh-user (section CLI), no host is scanned over SSH" in said.err
    described = calipso("env", "show", "admin@lab", "-o", "json", store=store).json
    assert {key: described[key] for key in ("environment_type", "distribution", "mechanism_drivers")} == {
        "environment_type": "Kubernetes",
        "distribution": "Kubernetes",
        "mechanism_drivers": ["Flannel"],
    }
    section = {"name": "Kubernetes", "kubeconfig": str(cluster.kubeconfig), "context": "admin@lab"}
    assert described["configuration"] == [section]
    assert TOKEN not in store.read_bytes().decode("latin-1")
    assert calipso("scan", "admin@lab", store=store).status == 3  # no host is logged in to
    assert calipso("list", "host", "-e", "admin@lab", "-o", "json", store=store).json[0]["name"] == "cp1"


def test_the_file_is_that_of_kubectl(cluster: Cluster, tmp_path: Path) -> None:
    """--context alone means KUBECONFIG or ~/.kube/config; several files of KUBECONFIG are not merged."""
    dry = ("env", "import", "--context", "admin@lab", "--dry-run", "--no-detect")
    wanted = str(cluster.kubeconfig)
    of_variable = calipso(*dry, KUBECONFIG=f":{wanted}")
    assert yaml.safe_load(of_variable.out)["configuration"][0]["kubeconfig"] == wanted
    home = tmp_path / "home"
    (home / ".kube").mkdir(parents=True)
    (home / ".kube/config").write_bytes(cluster.kubeconfig.read_bytes())
    of_home = calipso(*dry, HOME=str(home), KUBECONFIG="")
    assert yaml.safe_load(of_home.out)["configuration"][0]["kubeconfig"] == str(home / ".kube/config")
    several = calipso(*dry, KUBECONFIG=f"{wanted}:{wanted}")
    assert several.status == 1
    assert "variable KUBECONFIG: names 2 files, which kubectl merges. Give one of them with --kubeconfig" in several.err


def test_the_name_is_that_of_the_context_without_slashes(cluster: Cluster, tmp_path: Path) -> None:
    told = yaml.safe_load(cluster.kubeconfig.read_text())
    told["contexts"][0]["name"] = told["current-context"] = "arn:aws:eks:eu-1:0:cluster/prod"
    cluster.kubeconfig.write_text(yaml.safe_dump(told))
    named = ("env", "import", "--kubeconfig", cluster.kubeconfig, "--no-detect")
    assert calipso(*named, store=tmp_path / "s.db").status == 0
    assert calipso(*named, "--name", "prod", store=tmp_path / "s.db").status == 0
    listed = calipso("env", "list", "-o", "json", store=tmp_path / "s.db").json
    assert sorted(one["name"] for one in listed) == ["arn:aws:eks:eu-1:0:cluster-prod", "prod"]


def test_a_client_certificate(tmp_path: Path) -> None:
    nodes = [node("cp1", "192.0.2.11", annotations=FLANNEL)]
    with serving(KubernetesApi(nodes=nodes), tmp_path, clients=True) as cluster:
        cluster.api.by_certificate = True
        rewritten(cluster, **{"client-certificate": "client.pem", "client-key": "client.key"})
        said = calipso("env", "import", "--kubeconfig", cluster.kubeconfig, store=tmp_path / "s.db")
        assert "detected Flannel, vxlan" in said.err


def test_a_server_that_is_not_verified_is_told(cluster: Cluster) -> None:
    told = yaml.safe_load(cluster.kubeconfig.read_text())
    told["clusters"][0]["cluster"] = {"server": cluster.api.url, "insecure-skip-tls-verify": True}
    cluster.kubeconfig.write_text(yaml.safe_dump(told))
    said = calipso("env", "import", "--kubeconfig", cluster.kubeconfig, "--dry-run")
    assert f"{cluster.api.url}: the kubeconfig says insecure-skip-tls-verify" in said.err
    assert "detected Flannel" in said.err


@pytest.mark.parametrize(
    ("user", "said"),
    [
        ({"exec": {"command": "aws"}}, "users/0/user/exec: names a program that provides credentials; it is not run."),
        ({"auth-provider": {"name": "gcp"}}, "users/0/user/auth-provider: was removed from Kubernetes in 1.26"),
        ({"username": "u", "password": "c4n4ry"}, "users/0/user/username: logs in with a password"),
        ({"token": TOKEN, "as": "root"}, "users/0/user/as: acts as another user, which is not supported"),
        ({"client-certificate-data": "QQ=="}, "users/0/user/client-key: is missing"),
        ({"tokenFile": "none"}, "users/0/user/tokenFile: "),
        ({"namespace": "x"}, "has neither token, tokenFile nor client-certificate"),
    ],
)
def test_ways_to_log_in_that_are_refused(cluster: Cluster, tmp_path: Path, user: dict[str, Any], said: str) -> None:
    rewritten(cluster, **user)
    refused = calipso("env", "import", "--kubeconfig", cluster.kubeconfig, store=tmp_path / "s.db")
    assert refused.status == 1
    assert said in refused.err
    assert str(cluster.kubeconfig) in refused.err
    assert "c4n4ry" not in refused.err
    assert not (tmp_path / "s.db").exists()
    assert cluster.api.requests == []


def test_contexts_that_cannot_be_used(cluster: Cluster, tmp_path: Path) -> None:
    given = ("env", "import", "--kubeconfig", cluster.kubeconfig)
    unknown = calipso(*given, "--context", "admin@lba")
    assert 'contexts: has none with the name "admin@lba", only admin@lab. Did you mean "admin@lab"?' in unknown.err
    both = calipso(*given, "--os-cloud", "mine")
    assert both.status == 2
    assert "give only one" in both.err
    absent = calipso("env", "import", "--kubeconfig", tmp_path / "no")
    assert f"{tmp_path / 'no'}: cannot be read: No such file or directory" in absent.err
    told = yaml.safe_load(cluster.kubeconfig.read_text())
    del told["current-context"]
    cluster.kubeconfig.write_text(yaml.safe_dump(told))
    assert "current-context: is not set; name one in Kubernetes.context, or with --context" in calipso(*given).err


def test_a_cluster_that_does_not_say_its_plug_in(cluster: Cluster, tmp_path: Path) -> None:
    """It is imported all the same, with the reason; what is given is not asked for."""
    given = ("env", "import", "--kubeconfig", cluster.kubeconfig, "--dry-run")
    cluster.api.objects["nodes"] = [node("cp1", "192.0.2.11")]
    said = calipso(*given)
    assert said.status == 0
    assert "detected nothing (none of its 1 nodes has annotations of Flannel, Calico or OVN-Kubernetes)" in said.err
    cluster.api.objects["nodes"] = [{"metadata": {}}]
    assert "detected nothing" in calipso(*given).err
    cluster.api.forbidden = {"nodes"}
    assert "nodes is forbidden" in calipso(*given).err
    (tmp_path / "kubeconfig").write_text(cluster.kubeconfig.read_text().replace("token: ", "token: no-"))
    assert "does not know admin (401)" in calipso(*given).err
    asked = len(cluster.api.requests)
    silent = calipso(*given, "--mechanism-driver", "Calico", "--type-driver", "bgp")
    assert yaml.safe_load(silent.out)["type_drivers"] == "bgp"
    assert len(cluster.api.requests) == asked
