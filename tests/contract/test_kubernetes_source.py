# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - answers of the API are JSON
"""The Kubernetes source against a stand-in for the API server, over HTTPS."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from calipso_nornir.errors import (
    AnswerTooLarge,
    AnswerTooSlow,
    ApiFailed,
    ApiUnreachable,
    CalipsoError,
    CredentialsRefused,
    NotAuthorized,
    ParseError,
)
from calipso_nornir.model.environment import SecretRef
from calipso_nornir.model.kubernetes import NAMESPACES, NODES, PODS, KubernetesList
from calipso_nornir.model.protocols import Reply
from calipso_nornir.sources.kubernetes.source import KubernetesSource
from calipso_nornir.sources.secrets import Vault
from tests.fixtures.cloud import Request, Response
from tests.fixtures.kubernetes_api import TOKEN, Cluster, KubernetesApi, kubeconfig, serving, status
from tests.fixtures.kubernetes_objects import SECRETS, namespace, node, pod

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    api = KubernetesApi(
        nodes=[node("w1", "192.0.2.12")],
        namespaces=[namespace("default")],
        pods=[pod(f"web-{number}", "default", "w1", f"10.244.1.{number}") for number in range(1, 8)],
    )
    with serving(api, tmp_path) as served:
        yield served


def asked(
    cluster: Cluster, *queries: KubernetesList, vault: Vault | None = None, **section: Any
) -> list[Reply | CalipsoError]:
    given = {"kubeconfig": str(cluster.kubeconfig), **section}
    with closing(KubernetesSource(given, vault or Vault(), sleep=lambda _seconds: None)) as source:
        answers = source.answer(queries)
    return [answers[query] for query in queries]


def data(answer: Reply | CalipsoError) -> Any:
    assert isinstance(answer, Reply), answer
    return answer.data


def error(answer: Reply | CalipsoError, kind: type[CalipsoError], said: str) -> None:
    assert isinstance(answer, kind), repr(answer)
    assert said in str(answer)


def test_a_list_is_joined_from_its_pages(cluster: Cluster) -> None:
    (pods,) = asked(cluster, PODS, page_size=3)
    assert [one["metadata"]["name"] for one in data(pods)] == [f"web-{number}" for number in range(1, 8)]
    limits = [one.get("limit") for one in cluster.api.asked("pods")]
    assert limits == ["3", "3", "3"]
    assert [("continue" in one) for one in cluster.api.asked("pods")] == [False, True, True]


def test_an_empty_list_is_null_in_go(cluster: Cluster) -> None:
    cluster.api.objects["pods"] = []
    assert data(asked(cluster, PODS)[0]) == []


def test_nothing_but_what_is_used_is_kept_and_none_of_it_is_a_secret(cluster: Cluster) -> None:
    text = json.dumps([data(one) for one in asked(cluster, PODS, NODES, NAMESPACES)])
    assert not [secret for secret in (*SECRETS, TOKEN) if secret in text]
    assert "managedFields" not in text
    assert "lastHeartbeatTime" not in text


def test_an_expired_list_begins_anew(cluster: Cluster) -> None:
    cluster.api.expire_after = 2
    left = [0]

    def once(request: Request) -> Response | None:
        left[0] += "continue" not in request.query
        cluster.api.expire_after = 2 if left[0] == 1 else 0
        return None

    cluster.api.first = once
    assert len(data(asked(cluster, PODS, page_size=3)[0])) == 7
    assert left == [2]


def test_a_list_that_always_expires_is_asked_for_at_once(cluster: Cluster) -> None:
    cluster.api.expire_after = 1
    assert len(data(asked(cluster, PODS, page_size=3)[0])) == 7
    assert "limit" not in cluster.api.asked("pods")[-1]


def test_pages_of_different_moments_are_not_joined(cluster: Cluster) -> None:
    def moves_on(request: Request) -> Response | None:
        if "continue" in request.query and len(cluster.api.asked("pods")) < 4:
            body = {"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "9999"}, "items": []}
            return Response(body)
        return None

    cluster.api.first = moves_on
    assert len(data(asked(cluster, PODS, page_size=3)[0])) == 7


def test_a_list_that_expires_even_at_once_is_a_failure(cluster: Cluster) -> None:
    cluster.api.first = lambda _request: Response(status(410, "Expired", "too old"), 410)
    error(asked(cluster, PODS)[0], ApiFailed, "kubernetes answered /api/v1/pods with 410")


def test_a_refused_list_does_not_affect_the_others(cluster: Cluster) -> None:
    cluster.api.forbidden = {"nodes"}
    nodes, pods = asked(cluster, NODES, PODS)
    error(nodes, NotAuthorized, "kubernetes refused /api/v1/nodes (403): nodes is forbidden: User")
    assert len(data(pods)) == 7


def test_a_refusal_that_a_proxy_sends_with_200(cluster: Cluster) -> None:
    cluster.api.first = lambda _request: Response(status(403, "Forbidden", "pods is forbidden"))
    error(asked(cluster, PODS)[0], NotAuthorized, "(403): pods is forbidden")


def test_credentials_that_the_server_does_not_know(cluster: Cluster) -> None:
    cluster.api.tokens = {"another"}
    answer = asked(cluster, PODS)[0]
    error(answer, CredentialsRefused, "does not know admin (401): Unauthorized. Check ")
    assert "kubeconfig: users/0/user: it may have expired" in str(answer)
    assert len(cluster.api.requests) == 1


def test_a_token_file_is_read_again_when_the_token_has_expired(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    cluster.kubeconfig.write_text(yaml.safe_dump(kubeconfig(cluster.api.url, cluster.pki, tokenFile="token")))
    vault = Vault()

    def expires(request: Request) -> Response | None:
        if "continue" in request.query and TOKEN in cluster.api.tokens:
            cluster.api.tokens = {"c4n4ry-second-token"}
            (tmp_path / "token").write_text("c4n4ry-second-token")
        return None

    cluster.api.first = expires
    assert len(data(asked(cluster, PODS, page_size=3, vault=vault)[0])) == 7
    assert vault.scrub(f"{TOKEN} c4n4ry-second-token") == "*** ***"


def test_a_token_that_expires_for_good_fails_one_list_only(cluster: Cluster) -> None:
    def expires(request: Request) -> Response | None:
        return Response(status(401, "Unauthorized", "Unauthorized"), 401) if "continue" in request.query else None

    cluster.api.first = expires
    pods, nodes = asked(cluster, PODS, NODES, page_size=3)
    error(pods, ApiFailed, "/api/v1/pods with 401: Unauthorized")
    assert data(nodes)


@pytest.mark.parametrize(
    "busy",
    [
        Response(status(429, "TooManyRequests", "try later"), 429, {"Retry-After": "1"}),
        Response(status(500, "InternalError", "etcdserver: leader changed"), 500),
        Response(abort=True),
    ],
    ids=["429", "500", "closed"],
)
def test_what_may_pass_is_asked_again(cluster: Cluster, busy: Response) -> None:
    cluster.api.first = lambda _request: busy if len(cluster.api.requests) == 1 else None
    assert len(data(asked(cluster, PODS)[0])) == 7
    assert len(cluster.api.requests) == 2


def test_what_does_not_pass_is_told(cluster: Cluster) -> None:
    cluster.api.first = lambda _request: Response(status(500, "InternalError", f"no {TOKEN}"), 500)
    answer = asked(cluster, PODS, retries=2)[0]
    error(answer, ApiFailed, "kubernetes answered /api/v1/pods with 500: no ***")
    assert len(cluster.api.requests) == 3


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"kind": "NodeList", "items": []}, "kind: \"PodList\" was expected, found 'NodeList'"),
        ({"kind": "PodList", "metadata": {}, "items": {}}, "items: a list was expected, found dict"),
        ({"kind": "PodList", "metadata": [1], "items": []}, "metadata: an object was expected"),
        (
            {"kind": "PodList", "metadata": {"continue": 7}, "items": []},
            "metadata.continue: a text was expected, found 7",
        ),
        ([], "a PodList was expected, found list"),
        (b"<html>gateway</html>", "it is not JSON (application/json, 20 bytes)"),
    ],
)
def test_answers_of_another_form(cluster: Cluster, body: Any, said: str) -> None:
    cluster.api.first = lambda _request: Response(body)
    answer = asked(cluster, PODS)[0]
    error(answer, ParseError, said)
    assert "GET kubernetes /api/v1/pods" in str(answer)


def endless(token: Callable[[int], str], items: list[Any]) -> Callable[[Request], Response]:
    seen: list[int] = []

    def page(_request: Request) -> Response:
        seen.append(1)
        meta = {"resourceVersion": "1", "continue": token(len(seen))}
        return Response({"kind": "PodList", "apiVersion": "v1", "metadata": meta, "items": items})

    return page


@pytest.mark.parametrize(
    ("token", "items", "section", "kind", "said"),
    [
        (lambda _n: "same", [{}], {}, ParseError, "leads back to a page that was read before"),
        (str, [], {}, ParseError, "100 pages in a row had nothing new"),
        (str, [{}], {"list_timeout_s": 0.2}, AnswerTooSlow, "Kubernetes.list_timeout_s"),
        (str, [{"x": "y" * 200_000}], {"max_answer_mib": 1}, AnswerTooLarge, "Kubernetes.max_answer_mib"),
    ],
)
def test_pages_without_end(  # noqa: PLR0913, PLR0917 - one case
    cluster: Cluster, token: Callable[[int], str], items: list[Any], section: Any, kind: type[CalipsoError], said: str
) -> None:
    cluster.api.first = endless(token, items)
    error(asked(cluster, PODS, **section)[0], kind, said)


def test_a_redirect_is_not_followed(cluster: Cluster) -> None:
    cluster.api.first = lambda _request: Response({}, 302, {"Location": "https://127.0.0.1:1/"})
    error(asked(cluster, PODS)[0], ApiFailed, "a redirect, which is not followed")


# --- TLS and ways to log in


def test_an_unknown_authority_is_refused_before_the_token_goes_out(cluster: Cluster) -> None:
    told = kubeconfig(cluster.api.url, cluster.pki)
    del told["clusters"][0]["cluster"]["certificate-authority-data"]
    cluster.kubeconfig.write_text(yaml.safe_dump(told))
    answer = asked(cluster, PODS)[0]
    error(answer, ApiUnreachable, "TLS: ")
    assert "kubeconfig: clusters/0/cluster/certificate-authority" in str(answer)
    assert cluster.api.requests == []


def test_the_authorities_of_the_web_are_not_trusted_beside_the_clusters_own(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (other := tmp_path / "other").mkdir()
    with serving(KubernetesApi(), other) as stranger:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(stranger.pki.ca))
        cluster.kubeconfig.write_text(yaml.safe_dump(kubeconfig(stranger.api.url, cluster.pki)))
        error(asked(cluster, PODS)[0], ApiUnreachable, "TLS: ")
        assert stranger.api.requests == []


def test_an_unverified_server_is_used_if_the_kubeconfig_says_so(cluster: Cluster) -> None:
    told = kubeconfig(cluster.api.url, cluster.pki)
    told["clusters"][0]["cluster"] = {"server": cluster.api.url, "insecure-skip-tls-verify": True}
    cluster.kubeconfig.write_text(yaml.safe_dump(told))
    assert data(asked(cluster, NODES)[0])


def test_another_name_in_the_certificate(cluster: Cluster) -> None:
    told = kubeconfig(cluster.api.url, cluster.pki)
    told["clusters"][0]["cluster"]["tls-server-name"] = "cluster.example"
    cluster.kubeconfig.write_text(yaml.safe_dump(told))
    error(asked(cluster, NODES)[0], ApiUnreachable, "cluster.example")


def test_a_client_certificate(tmp_path: Path) -> None:
    api = KubernetesApi(nodes=[node("w1", "192.0.2.12")])
    api.by_certificate = True
    with serving(api, tmp_path, clients=True) as cluster:
        user = {"client-certificate": "client.pem", "client-key": "client.key"}
        cluster.kubeconfig.write_text(yaml.safe_dump(kubeconfig(api.url, cluster.pki, **user)))
        assert data(asked(cluster, NODES)[0])
        assert "authorization" not in api.requests[0].headers


def test_server_and_token_in_the_section(cluster: Cluster) -> None:
    section = {"server": cluster.api.url, "token": SecretRef("env", "KUBE"), "cacert": str(cluster.pki.ca)}
    with closing(KubernetesSource(section, Vault(environ={"KUBE": TOKEN}))) as source:
        assert data(source.answer([NODES])[NODES])
    with closing(KubernetesSource(section, Vault(environ={}))) as source:
        assert "KUBE" in str(source.answer([NODES])[NODES])


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("ca.pem", "something else", "certificate-authority: contains no certificates in PEM"),
        ("client.key", "something else", "client certificate and key cannot be used: they are not PEM"),
    ],
)
def test_files_that_are_no_certificates(cluster: Cluster, tmp_path: Path, name: str, content: str, said: str) -> None:
    user = {"client-certificate": "client.pem", "client-key": "client.key"}
    told = kubeconfig(cluster.api.url, cluster.pki, **user)
    told["clusters"][0]["cluster"] = {"server": cluster.api.url, "certificate-authority": "ca.pem"}
    (tmp_path / name).write_text(content)
    cluster.kubeconfig.write_text(yaml.safe_dump(told))
    answer = asked(cluster, NODES)[0]
    assert said in str(answer)
    assert content not in str(answer)
