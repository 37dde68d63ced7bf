# SPDX-License-Identifier: Apache-2.0
"""What Sensu Go has becomes what is wanted: which resources differ, which are too many, and their change."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from calipso_nornir.monitoring.back_ends.sensu_go import KINDS
from calipso_nornir.monitoring.back_ends.sensu_go_agents import ENVIRONMENT, MANAGED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from calipso_nornir.monitoring.back_ends.sensu_go import Resource
    from calipso_nornir.monitoring.back_ends.sensu_go_client import SensuGoClient

Ended: TypeAlias = Collection[str] | Literal["all"]
PARALLEL: Final = 8
"""Connections: with more, a real back end is slower."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceChanges:
    """How what is there differs from what is wanted.

    Attributes:
        namespace: whether the namespace is missing.
        put: what is missing or differs.
        unchanged: how many are as they are wanted.
        gone: kind -> names of what is not wanted any more.
        before: "KIND/NAME" -> as it is now, for those that are put or removed.
    """

    namespace: bool = False
    put: tuple[Resource, ...] = ()
    unchanged: int = 0
    gone: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    before: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def removed(self) -> int:
        """How many are not wanted any more."""
        return sum(map(len, self.gone.values()))

    def __bool__(self) -> bool:
        return self.namespace or bool(self.put) or self.removed > 0


def changes(
    client: SensuGoClient, wanted: Iterable[Resource], *, environment: str, agents: Ended = ()
) -> ResourceChanges:
    """Compare what is there with what is wanted; nothing is changed.

    What is this environment's and not wanted is gone. Handlers, filters, pipelines and the probe's checks are shared by
    the environments of a namespace: they are gone only if no other environment has an entity there. An agent makes its
    entity itself: ``agents`` are those of this environment that have ended, so their entities are gone, too.
    """
    by_kind: dict[str, list[Resource]] = {kind: [] for kind in KINDS}
    for one in wanted:
        by_kind[one.kind].append(one)
    namespace = client.make_namespace(check=True)
    there = {kind: {} if namespace else {_name(one): one for one in client.listed(kind)} for kind in KINDS}
    owners = {environment, *(_labels(one).get(ENVIRONMENT, environment) for one in there["entities"].values())}
    put, unchanged, before = [], 0, {}
    gone: dict[str, tuple[str, ...]] = {}
    for kind, listed in by_kind.items():
        for one in listed:
            known = there[kind].get(one.name)
            if _covers(known, one.body):
                unchanged += 1
                continue
            put.append(one)
            if known is not None:
                before[f"{kind}/{one.name}"] = _part(known, one.body)
        names = {one.name for one in listed}
        too_many = {
            name: one
            for name, one in there[kind].items()
            if name not in names
            and _is_of(one, environment, alone=owners == {environment}, ended=agents == "all" or name in agents)
        }
        gone[kind] = tuple(too_many)
        before |= {f"{kind}/{name}": one for name, one in too_many.items()}
    return ResourceChanges(namespace=namespace, put=tuple(put), unchanged=unchanged, gone=gone, before=before)


def apply(
    client: SensuGoClient, wanted: Iterable[Resource], *, environment: str, agents: Ended = ()
) -> ResourceChanges:
    """Make what is there equal to what is wanted; return what has changed."""
    found = changes(client, wanted, environment=environment, agents=agents)
    make(client, found)
    return found


def make(client: SensuGoClient, found: ResourceChanges) -> None:
    """Make changes.

    Checks that are gone are removed first: what an agent still runs for one would make its entity and its event again.
    Entities are put before checks: first events of new entities that come close together lose each other. The events of
    removed checks are removed, too: one with a time to live would go on raising alarms.
    """
    if found.namespace:
        client.make_namespace()
    checks = {*found.gone.get("checks", ())}
    with ThreadPoolExecutor(PARALLEL) as pool:
        list(pool.map(partial(client.delete, "checks"), checks))
        for kind in KINDS:
            list(pool.map(client.put, [one for one in found.put if one.kind == kind]))
        left = [one for one in client.events() if _name(one.get("check") or {}) in checks] if checks else []
        list(pool.map(lambda one: client.delete_event(_name(one["entity"]), _name(one["check"])), left))
        # Those first that name others
        for kind in reversed([one for one in KINDS if one != "checks"]):
            list(pool.map(partial(client.delete, kind), found.gone.get(kind, ())))


def _is_of(one: Mapping[str, Any], environment: str, *, alone: bool, ended: bool) -> bool:
    labels = _labels(one)
    owner = labels.get(ENVIRONMENT)
    ours = MANAGED.items() <= labels.items() and (ended or one.get("entity_class", "proxy") == "proxy")
    return ours and (owner == environment or (owner is None and alone))


def _covers(known: Any, wanted: Any) -> bool:  # noqa: ANN401 - JSON
    """Return whether a resource as it is has all that is wanted: the back end adds fields of its own."""
    if isinstance(wanted, dict):
        return isinstance(known, dict) and all(_covers(known.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, list):
        return isinstance(known, list) and len(known) == len(wanted) and all(map(_covers, known, wanted))
    return bool(known == wanted)


def _part(known: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a resource that are wanted: the others are the back end's own."""
    return {
        key: _part(known[key], value) if isinstance(value, dict) and isinstance(known[key], dict) else known[key]
        for key, value in wanted.items()
        if key in known
    }


def _name(one: Mapping[str, Any]) -> str:
    return str((one.get("metadata") or {}).get("name", ""))


def _labels(one: Mapping[str, Any]) -> dict[str, str]:
    return dict((one.get("metadata") or {}).get("labels") or {})
