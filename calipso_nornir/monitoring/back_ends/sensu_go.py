# SPDX-License-Identifier: Apache-2.0
"""Sensu Go: resources for its REST API, and its events.

By default one check per host runs the probe (``calipso-objects``); its output is results. With ``mode: objects`` each
object has a check and a proxy entity of its own, for small sites: Sensu stores each of them separately, and has no bulk
request. Commands hold nothing that comes from the cloud but names in ``[A-Za-z0-9_.-]``: agents give commands to a
shell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.monitoring.back_ends.base import Received, Rendered, Wish, as_json, objects_files
from calipso_nornir.monitoring.back_ends.sensu_events import WHOLE, read_go
from calipso_nornir.monitoring.back_ends.sensu_go_agents import (
    ENVIRONMENT,
    MANAGED,
    STATUS_CHANGE,
    SUBSCRIPTION,
    agent,
    allowed,
    command,
    commands_of_hosts,
    time_limit,
)
from calipso_nornir.monitoring.check_names import encoded, limited

if TYPE_CHECKING:
    from collections.abc import Iterator

HANDLER: Final = "calipso"
CHANGES: Final = "calipso-changes"
"""Name of the filter for the probe's results, and of the pipeline that has it; ``STATUS_CHANGE`` is for all others."""
LONGEST: Final = 200
MOST_STORED: Final = 250_000
"""Bytes of an output that the back end stores; handlers get all. Without a limit, events above 2 MiB are lost."""
KINDS: Final = {
    "filters": "EventFilter",
    "handlers": "Handler",
    "pipelines": "Pipeline",
    "entities": "Entity",
    "checks": "CheckConfig",
}
"""Kinds of resources, as in the paths of the API, in the order in which they are put: what is named comes first."""
ACCESS: Final = {
    "url": "api_url",
    "key": "api_token",
    "user": "api_user",
    "password": "api_password",
    "ca_file": "ca_file",
}
"""Key of access.json, and of ``SensuGoAccess`` -> setting."""
NEW_STATUS: Final = "event.check.occurrences == 1"
"""``occurrences`` is 1 at each change of the status, also to OK."""
EXPRESSIONS: Final = {STATUS_CHANGE: NEW_STATUS, CHANGES: f'{NEW_STATUS} || event.check.output != ""'}
"""Filter, and the pipeline that has it -> what it lets through; the probe says something only if it has results."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of Sensu Go: its kind as in paths, its name, and the body of a PUT."""

    kind: str
    name: str
    body: dict[str, Any]


class SensuGo:
    """Sensu Go."""

    name = "sensu_go"

    def render(self, wish: Wish) -> Iterator[Rendered]:
        """Yield the resources as one file, and the files of each agent."""
        yield from objects_files(wish.plan)
        listed = [{"kind": one.kind, "name": one.name, "body": one.body} for one in self.resources(wish)]
        namespace = str(wish.setting("namespace", "default"))
        about = {"environment": wish.plan.environment, "resources": listed}
        yield Rendered("server/sensu-go/resources.json", as_json(about))
        yield Rendered("server/sensu-go/agents.json", as_json({"ca_file": str(wish.setting("ca_file", ""))}))
        if wish.setting("api_url", ""):
            access = {key: str(wish.setting(setting, "")) for key, setting in ACCESS.items()}
            given = {key: one for key, one in access.items() if one}
            yield Rendered("server/sensu-go/access.json", as_json({**given, "namespace": namespace}), secret=True)
        for host in wish.plan.hosts:
            folder = f"host/{encoded(host)}/sensu-go"
            yield Rendered(f"{folder}/agent.yml", as_json(agent(wish, host)), secret=True)
            yield Rendered(f"{folder}/check-allow-list.yaml", as_json(allowed(wish, host)))

    def resources(self, wish: Wish) -> Iterator[Resource]:
        """Yield all resources, in an order in which each comes after what it names."""
        by_kind: dict[str, dict[str, Resource]] = {kind: {} for kind in KINDS}
        for one in self._made(wish):
            by_kind[one.kind][one.name] = one  # one entity for an object with several checks
        for named in by_kind.values():
            yield from named.values()

    def receive(self, message: Any) -> Received:  # noqa: ANN401 - any JSON
        """Read an event, as a handler gets it or the API shows it."""
        return read_go(message)

    def _made(self, wish: Wish) -> Iterator[Resource]:
        namespace, environment = str(wish.setting("namespace", "default")), wish.plan.environment

        def resource(kind: str, name: str, spec: dict[str, Any], **labels: str) -> Resource:
            metadata = {"name": name, "namespace": namespace, "labels": {**MANAGED, **labels}}
            return Resource(kind, name, {"metadata": metadata, **spec})

        host, port = str(wish.setting("receiver_host", "127.0.0.1")), int(wish.setting("receiver_port", 3334))
        yield resource("handlers", HANDLER, {"type": "tcp", "socket": {"host": host, "port": port}, "timeout": 10})
        for name, expression in EXPRESSIONS.items():
            yield resource("filters", name, {"action": "allow", "expressions": [expression]})
            yield resource("pipelines", name, {"workflows": [_workflow(name)]})
        interval = int(wish.setting("interval", 60))
        by_host = wish.setting("mode", "host") != "objects"
        common = {
            "publish": True,
            "timeout": time_limit(wish),
            "max_output_size": MOST_STORED,
            "pipelines": [_reference("Pipeline", CHANGES if by_host else STATUS_CHANGE)],
        }
        if by_host:
            changes, everything = WHOLE
            first, second = commands_of_hosts(wish)
            spec = {"command": first, "subscriptions": [SUBSCRIPTION], "interval": interval, "ttl": 3 * interval}
            yield resource("checks", changes, {**spec, **common})
            spec = {"command": second, "subscriptions": [SUBSCRIPTION], "interval": 86400}
            yield resource("checks", everything, {**spec, **common, "publish": False})
            return
        for host_id, checks in wish.plan.hosts.items():
            for one in checks:
                about = {
                    ENVIRONMENT: environment,
                    "calipso_of": one.of,
                    "calipso_kind": one.kind,
                    "calipso_type": one.type,
                }
                labels = {**about, "calipso_host": host_id, "calipso_check": one.check, "calipso_name": one.name}
                entity = f"calipso.{encoded(one.type)}.{one.of}"
                yield resource("entities", entity, {"entity_class": "proxy"}, **about)
                yield resource(
                    "checks",
                    limited(one.name, LONGEST),
                    {
                        "command": command(one),
                        "subscriptions": [f"entity:{encoded(host_id)}"],
                        "interval": interval,
                        "ttl": 3 * interval,
                        "proxy_entity_name": entity,
                        **common,
                    },
                    **labels,
                )


def _workflow(name: str) -> dict[str, Any]:
    return {
        "name": "to-calipso",
        "filters": [_reference("EventFilter", name)],
        "handler": _reference("Handler", HANDLER),
    }


def _reference(type_: str, name: str) -> dict[str, str]:
    return {"type": type_, "api_version": "core/v2", "name": name}
