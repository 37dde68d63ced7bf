# SPDX-License-Identifier: Apache-2.0
"""How a Kubernetes API server is reached: from the environment's section, or from the kubeconfig that it names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from calipso_nornir.sources.named_files import text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from calipso_nornir.metadata.environment_kubernetes import KubernetesSection
    from calipso_nornir.model.source_kinds import Secrets


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """The address of the server, and the credentials.

    Attributes:
        url: URL of the server, without a slash at its end.
        user: name of the user, for messages.
        told_by: where the credentials come from, for messages: a key of the environment or a place in a kubeconfig.
        authority: where the certification authority comes from, for messages.
        verify: whether the server's certificate is checked.
        server_name: name that the certificate must contain, if it is not that in the URL.
        ca: certificates of authorities, PEM; None for those of the system.
        certificate, key: the client's, PEM.
        token: returns the bearer token, read again each time if it can change; None without a token.
    """

    url: str
    user: str
    told_by: str
    authority: str
    verify: bool = True
    server_name: str | None = None
    ca: str | None = None
    certificate: str | None = None
    key: str | None = None
    token: Callable[[], str] | None = None


def access_of(section: KubernetesSection, secrets: Secrets) -> Access:
    """Return the access that the section describes. Raises EnvironmentInvalid, SecretUnavailable."""
    if section.kubeconfig is not None:
        from calipso_nornir.sources.kubernetes.kubeconfig import read_kubeconfig  # noqa: PLC0415 - needs this module

        return read_kubeconfig(section.kubeconfig, section.context, secrets)
    ref = section.token
    where = "Kubernetes.token" if ref is not None else "Kubernetes.cert"
    return Access(
        url=section.url,
        user=section.user or where,
        told_by=where,
        authority="Kubernetes.cacert",
        verify=section.verify,
        ca=_of(section.cacert, "Kubernetes/cacert"),
        certificate=_of(section.cert, "Kubernetes/cert"),
        key=_of(section.client_key, "Kubernetes/client_key"),
        token=None if ref is None else lambda: secrets.resolve(ref),
    )


def _of(path: str | None, place: str) -> str | None:
    return None if path is None else text_of(Path(path), place)
