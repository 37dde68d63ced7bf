# SPDX-License-Identifier: Apache-2.0
"""The section Kubernetes: a kubeconfig, or the API server and the credentials."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from calipso_nornir.metadata.environment_fields import Count, Host, Port, Secret, Text, Url
from calipso_nornir.metadata.environment_http import HttpSection
from calipso_nornir.metadata.environment_section import Need
from calipso_nornir.model.addresses import host_port


class KubernetesSection(HttpSection):
    """The API server of a Kubernetes cluster: a ``kubeconfig``, or ``server`` with ``token`` or ``cert``.

    ``context`` is the kubeconfig's current one by default. ``host`` and ``port`` stand for ``https://host:port``, as in
    the developer guide; its ``user`` is only shown. Files are on the machine that scans.
    """

    kubeconfig: Text | None = None
    context: Text | None = None
    server: Url | None = None
    host: Host | None = None
    port: Port = 6443
    user: Text | None = None
    token: Secret | None = None
    cacert: Text | None = None
    cert: Text | None = None
    client_key: Text | None = None
    verify: bool = True
    page_size: Count = 500

    OF_KUBECONFIG: ClassVar[tuple[str, ...]] = (
        "server",
        "host",
        "port",
        "user",
        "token",
        "cacert",
        "cert",
        "client_key",
        "verify",
    )
    """Keys whose values a kubeconfig already has."""

    @property
    def url(self) -> str:
        """The server's address, without a slash at its end; "" if the kubeconfig gives it."""
        if self.server is not None:
            return self.server.rstrip("/")
        if self.host is None:
            return ""
        return f"https://{host_port(self.host, self.port)}"

    @classmethod
    def lacks(cls, given: Mapping[str, Any]) -> Iterator[Need]:
        """As in the base; which keys are required depends on whether there is a kubeconfig."""
        if "kubeconfig" in given:
            for key in cls.OF_KUBECONFIG:
                if key in given:
                    yield key, "is already given by the kubeconfig; remove one of them"
            return
        if "context" in given:
            yield "context", "needs a kubeconfig"
        if "server" not in given and "host" not in given:
            yield "kubeconfig", "is missing; or give server, and token or cert"
        elif "server" in given and "host" in given:
            yield "host", "and server exclude each other; remove one of them"
        yield from cls._of_credentials(given)

    @staticmethod
    def _of_credentials(given: Mapping[str, Any]) -> Iterator[Need]:
        if "token" not in given and "cert" not in given:
            yield "token", "is missing; or give cert and client_key"
        if "token" in given and str(given.get("server", "")).startswith("http:"):
            yield "server", "must begin with https: the token would be sent in clear text"
        for key, other in (("cert", "client_key"), ("client_key", "cert")):
            if key in given and other not in given:
                yield other, f"is missing; {key} needs it"
