# SPDX-License-Identifier: Apache-2.0
"""Reads a kubeconfig: one context with its cluster and user, as kubectl does.

It is read strictly, and faults name the file and the place. Relative paths in it are relative to the file.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from calipso_nornir.errors import EnvironmentInvalid, Fault
from calipso_nornir.metadata.yaml_file import read_yaml_file
from calipso_nornir.sources.kubernetes.cluster_access import Access
from calipso_nornir.sources.kubernetes.yaml_part import Part
from calipso_nornir.sources.named_files import text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from calipso_nornir.model.source_kinds import Secrets

_INSTEAD = "Give server and token in the section Kubernetes instead, e.g. token: {command: …}"
_REFUSED = {
    "exec": f"names a program that provides credentials; it is not run. {_INSTEAD}",
    "auth-provider": f"was removed from Kubernetes in 1.26. {_INSTEAD}",
    "username": f"logs in with a password, which Kubernetes has not accepted since 1.19. {_INSTEAD}",
    "password": f"logs in with a password, which Kubernetes has not accepted since 1.19. {_INSTEAD}",
    "as": f"acts as another user, which is not supported. {_INSTEAD}",
}
"""Keys of a user for login methods that are not supported."""


def read_kubeconfig(file: str, context: str | None, secrets: Secrets) -> Access:
    """Return the access that one context of a kubeconfig describes.

    Args:
        file: its path; ``~`` is the user's home.
        context: name of the context; None for the current one.
        secrets: keeps the token and key that are in the file out of recordings.

    Raises:
        EnvironmentInvalid: names the file, the place, and the fault.
    """
    told = _opened(file)
    chosen = told.named("contexts", context or _current(told)).child("context")
    cluster = told.named("clusters", chosen.text("cluster")).child("cluster")
    user_name = chosen.text("user")
    user = told.named("users", user_name).child("user")
    url = _server(cluster)
    return Access(
        url=url,
        user=user_name,
        told_by=user.place(""),
        authority=cluster.place("certificate-authority"),
        verify=not cluster.flag("insecure-skip-tls-verify"),
        server_name=cluster.text_or_none("tls-server-name"),
        ca=cluster.data_or_file("certificate-authority"),
        **_credentials(user, secrets, clear=cluster if url.startswith("http:") else None),
    )


def current_context(file: str) -> str:
    """Return the name of the current context. Raises EnvironmentInvalid as ``read_kubeconfig`` does."""
    return _current(_opened(file))


def _opened(file: str) -> Part:
    path = _expanded(file)
    told = Part(path, "", read_yaml_file(path))
    if (kind := told.text_or_none("kind")) not in (None, "Config"):
        raise told.fault("kind", f'must be "Config", not "{kind}"')
    return told


def _current(told: Part) -> str:
    name = told.text_or_none("current-context")
    if name is None:
        raise told.fault("current-context", "is not set; name one in Kubernetes.context, or with --context")
    return name


def _credentials(user: Part, secrets: Secrets, *, clear: Part | None) -> dict[str, Any]:
    """Return the credentials of a user; ``clear``: the cluster, if the connection to it is not encrypted."""
    for name, problem in _REFUSED.items():
        if user.get(name):
            raise user.fault(name, problem)
    certificate, key = user.data_or_file("client-certificate"), user.data_or_file("client-key")
    if (certificate is None) != (key is None):
        missing = "client-key" if key is None else "client-certificate"
        raise user.fault(missing, "is missing; a client logs in with both its certificate and its key")
    if key is not None:
        secrets.remember(key, what=f"the key in {user.path}")
    token = _token(user, secrets)
    if token is None and certificate is None:
        raise user.fault("", "has neither token, tokenFile nor client-certificate")
    if token is not None and clear is not None:
        raise clear.fault("server", "must begin with https: the token would be sent in clear text")
    return {"certificate": certificate, "key": key, "token": token}


def _token(user: Part, secrets: Secrets) -> Callable[[], str] | None:
    """Return a function that returns the token; a file is read again each time, because the kubelet renews it."""
    given, file = user.text_or_none("token"), user.text_or_none("tokenFile")
    if given is None and file is None:
        return None

    def fetched() -> str:
        # As in kubectl, the file counts if there are both.
        found = given or "" if file is None else text_of(user.beside(file), user.place("tokenFile")).strip()
        if not found:
            raise user.fault("tokenFile", "is empty")
        return secrets.remember(found, what=f"the token in {user.path}")

    return fetched


def _expanded(file: str) -> Path:
    try:
        return Path(file).expanduser()
    except RuntimeError:
        raise EnvironmentInvalid((Fault(file, "there is no such user"),)) from None


def _server(cluster: Part) -> str:
    url = cluster.text("server").rstrip("/")
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.query and not parts.fragment
        usable = usable and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise cluster.fault("server", "must be a URL such as https://cluster.example:6443")
    if cluster.get("proxy-url"):
        raise cluster.fault("proxy-url", "is not supported; set HTTPS_PROXY instead")
    return url
