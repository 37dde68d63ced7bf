# SPDX-License-Identifier: Apache-2.0
"""The Kubernetes API as a kind of source."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.errors import CalipsoError
from calipso_nornir.metadata.environment_kubernetes import KubernetesSection
from calipso_nornir.model.kubernetes import LISTS, NODES, KubernetesList
from calipso_nornir.model.source_kinds import Finding, Opening, SourceKind, Trial
from calipso_nornir.parsing.kubernetes import read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.queries import Query
    from calipso_nornir.sources.kubernetes.source import KubernetesSource

SECTION: Final = "Kubernetes"


def _open(opening: Opening) -> KubernetesSource | None:
    from calipso_nornir.sources.kubernetes.source import KubernetesSource  # noqa: PLC0415 - imports requests

    return None if opening.section is None else KubernetesSource(opening.section, opening.secrets)


def _check(trial: Trial) -> Iterator[Finding]:
    """Check the server, the credentials, and whether each list may be read; determine the hosts."""
    source = _open(trial.opening)
    if source is None:
        return
    with closing(source):
        try:
            access = source.open()
            version, _ = source.get("/version", {})
        except CalipsoError as error:
            yield Finding(SECTION, "login", ok=False, detail=str(error))
            return
        told = version.get("gitVersion") if isinstance(version, dict) else None
        detail = f"{access.user} at {access.url}, which is Kubernetes {told or 'of an unknown version'}"
        yield Finding(SECTION, "login", ok=True, detail=detail)
        for one in LISTS:
            try:
                source.get(one.path, {"limit": "1"})
            except CalipsoError as error:
                yield Finding(SECTION, _list_of(one.path), ok=False, detail=str(error))
            else:
                yield Finding(SECTION, _list_of(one.path), ok=True, detail="may be read")
        nodes = source.answer([NODES])[NODES]
        if not isinstance(nodes, CalipsoError):
            for node in read(NODES.kind, nodes.data, asked=str(NODES))[0]:
                trial.hosts.setdefault(node.meta.name, set())


def _list_of(path: str) -> str:
    return f"list {path.rpartition('/')[2]}"


def _usable(query: Query, data: Any) -> tuple[Any, CalipsoError | None]:  # noqa: ANN401 - any JSON
    assert isinstance(query, KubernetesList)  # noqa: S101 - the kind has no other query
    return read(query.kind, data, asked=str(query))


def _missed_by(environment: Environment) -> bool:
    return environment.environment_type == "Kubernetes"


KUBERNETES = SourceKind(
    name="kubernetes",
    title="the API server of Kubernetes",
    queries=(KubernetesList,),
    section=SECTION,
    schema=KubernetesSection,
    without="nothing of a Kubernetes cluster can be scanned without it",
    open=_open,
    check=_check,
    usable=_usable,
    needed=True,
    names_hosts=True,
    missed_by=_missed_by,
)
