# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - a kubeconfig is YAML
"""Kubeconfigs: what is read from them, and every fault in them."""

from __future__ import annotations

import base64
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from calipso_nornir.errors import EnvironmentInvalid
from calipso_nornir.metadata.environments import read_environment
from calipso_nornir.sources.kubernetes.kubeconfig import read_kubeconfig
from calipso_nornir.sources.secrets import Vault

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "c4n4ry-token"  # noqa: S105 - of no server
GOOD: dict[str, Any] = {
    "kind": "Config",
    "current-context": "b",
    "contexts": [
        {"name": "a", "context": {"cluster": "one", "user": "root"}},
        {"name": "b", "context": {"cluster": "two", "user": "viewer"}},
    ],
    "clusters": [
        {"name": "one", "cluster": {"server": "https://one.example:6443/"}},
        {"name": "two", "cluster": {"server": "https://two.example", "certificate-authority-data": "Q0E="}},
    ],
    "users": [
        {"name": "root", "user": {"token": SECRET}},
        {"name": "viewer", "user": {"client-certificate": "c.pem", "client-key-data": "S0VZ"}},
    ],
}


def written(folder: Path, told: Any) -> str:
    path = folder / "config"
    path.write_text(told if isinstance(told, str) else yaml.safe_dump(told))
    return str(path)


def test_the_current_context(tmp_path: Path) -> None:
    (tmp_path / "c.pem").write_text("CERTIFICATE")
    vault = Vault()
    access = read_kubeconfig(written(tmp_path, GOOD), None, vault)
    assert (access.url, access.user, access.ca) == ("https://two.example", "viewer", "CA")
    assert (access.certificate, access.key, access.token) == ("CERTIFICATE", "KEY", None)
    assert vault.scrub("the KEY") == "the ***"


def test_a_named_context(tmp_path: Path) -> None:
    vault = Vault()
    access = read_kubeconfig(written(tmp_path, GOOD), "a", vault)
    assert (access.url, access.ca, access.verify) == ("https://one.example:6443", None, True)
    assert access.token is not None
    assert access.token() == SECRET
    assert vault.scrub(SECRET) == "***"


def changed(place: str, value: Any) -> dict[str, Any]:
    """Return the good file with one value changed, or removed if it is None; context a is the current one."""
    told = deepcopy(GOOD) | {"current-context": "a"}
    where: Any = told
    *way, last = [int(part) if part.isdecimal() else part for part in place.split("/")]
    for part in way:
        where = where[part]
    if value is None:
        del where[last]
    else:
        where[last] = value
    return told


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ("kind", "Pod", 'config: kind: must be "Config", not "Pod"'),
        ("current-context", None, "current-context: is not set; name one in Kubernetes.context"),
        ("current-context", "aa", 'contexts: has none with the name "aa", only b, a. Did you mean "a"?'),
        ("contexts", None, "contexts: is missing"),
        ("contexts", {"a": 1}, "contexts: must be a list"),
        ("contexts/0", "a", "contexts/0: must hold keys and values"),
        ("contexts/0/context/cluster", "three", 'clusters: has none with the name "three"'),
        ("contexts/0/context/user", None, "contexts/0/context/user: is missing"),
        ("clusters/0/cluster/server", None, "clusters/0/cluster/server: is missing"),
        ("clusters/0/cluster/server", "one.example:6443", "server: must be a URL such as"),
        ("clusters/0/cluster/server", "https://u@one.example", "server: must be a URL such as"),
        ("clusters/0/cluster/server", "http://one.example", "server: must begin with https: the token"),
        ("clusters/0/cluster/proxy-url", "http://p", "proxy-url: is not supported; set HTTPS_PROXY"),
        ("clusters/0/cluster/insecure-skip-tls-verify", "yes", "insecure-skip-tls-verify: must be true or false"),
        (
            "clusters/0/cluster/certificate-authority-data",
            "***",
            "certificate-authority-data: is not a PEM file in base64",
        ),
        ("clusters/0/cluster/certificate-authority", "no.pem", "certificate-authority: "),
        ("users/0/user", {}, "users/0/user: has neither token, tokenFile nor client-certificate"),
        ("users/0/user/token", 7, "users/0/user/token: must be text"),
        (
            "users/0/user/exec",
            {"command": "aws"},
            "users/0/user/exec: names a program that provides credentials; it is not run",
        ),
        ("users/0/user/auth-provider", {"name": "gcp"}, "auth-provider: was removed from Kubernetes in 1.26"),
        (
            "users/0/user/password",
            SECRET,
            "users/0/user/password: logs in with a password, which Kubernetes has not accepted since 1.19",
        ),
        ("users/0/user/as", "root", "as: acts as another user, which is not supported"),
        ("users/0/user/client-certificate-data", "QQ==", "client-key: is missing; a client logs in with both"),
    ],
)
def test_faults(tmp_path: Path, place: str, value: Any, said: str) -> None:
    file = written(tmp_path, changed(place, value))
    with pytest.raises(EnvironmentInvalid) as raised:
        read_kubeconfig(file, None, Vault())
    assert said in str(raised.value)
    assert str(tmp_path) in str(raised.value)
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("a: [", "is not valid YAML"),
        ("- a\n", "must hold keys and values"),
        ("", "is empty"),
        ("a: 1\na: 2", "appears twice"),
    ],
)
def test_files_that_are_no_kubeconfig(tmp_path: Path, told: str, said: str) -> None:
    with pytest.raises(EnvironmentInvalid, match=said):
        read_kubeconfig(written(tmp_path, told), None, Vault())


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentInvalid, match="cannot be read: No such file"):
        read_kubeconfig(str(tmp_path / "none"), None, Vault())


def test_an_empty_token_file(tmp_path: Path) -> None:
    (tmp_path / "t").write_text("\n")
    access = read_kubeconfig(written(tmp_path, changed("users/0/user", {"tokenFile": "t"})), None, Vault())
    assert access.token is not None
    with pytest.raises(EnvironmentInvalid, match="users/0/user/tokenFile: is empty"):
        access.token()


@pytest.mark.parametrize("both", [base64.b64encode(b"CA").decode()])
def test_data_counts_before_a_file(tmp_path: Path, both: str) -> None:
    told = changed("clusters/0/cluster/certificate-authority", "none.pem")
    told["clusters"][0]["cluster"]["certificate-authority-data"] = both
    assert read_kubeconfig(written(tmp_path, told), None, Vault()).ca == "CA"


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({}, "Kubernetes/kubeconfig: is missing; or give server, and token or cert"),
        (
            {"kubeconfig": "~/.kube/config", "server": "https://a"},
            "Kubernetes/server: is already given by the kubeconfig",
        ),
        ({"server": "https://a"}, "Kubernetes/token: is missing; or give cert and client_key"),
        ({"server": "https://a", "host": "a", "token": {"env": "T"}}, "Kubernetes/host: and server exclude each other"),
        ({"server": "http://a", "token": {"env": "T"}}, "Kubernetes/server: must begin with https"),
        ({"server": "https://a", "cert": "c.pem"}, "Kubernetes/client_key: is missing; cert needs it"),
        ({"server": "https://a", "context": "x", "token": {"env": "T"}}, "Kubernetes/context: needs a kubeconfig"),
        ({"server": "https://a", "token": SECRET}, "Kubernetes/token: holds a literal value"),
    ],
)
def test_faults_of_the_section(section: dict[str, Any], said: str) -> None:
    described = {"name": "k", "environment_type": "Kubernetes", "configuration": [{"name": "Kubernetes", **section}]}
    with pytest.raises(EnvironmentInvalid) as raised:
        read_environment(described, where="k.yaml")
    assert f"k.yaml: configuration/{said}" in str(raised.value)
    assert SECRET not in str(raised.value)
