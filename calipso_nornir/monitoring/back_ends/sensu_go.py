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
from calipso_nornir.monitoring.check_names import encoded, limited

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from calipso_nornir.monitoring.planning import PlannedCheck

MANAGED: Final = {"managed_by": "calipso"}
"""Label of everything that this program has created; nothing else is ever changed or removed."""
ENVIRONMENT: Final = "calipso_env"
"""Label with the environment."""
HANDLER: Final = "calipso"
STATUS_CHANGE, CHANGES = "calipso-state-change", "calipso-changes"
"""Names of filters, each with a pipeline of the same name: for keepalives and checks of one object; for the probe."""
SUBSCRIPTION: Final = "calipso"
PROBE: Final = "/usr/local/bin/calipso-probe"
ALLOW_LIST, CA = "/etc/sensu/check-allow-list.yaml", "/etc/sensu/calipso-ca.pem"
"""Where the role sensu_agent puts them."""
LONGEST: Final = 200
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
        if wish.setting("api_url", ""):
            access = {key: str(wish.setting(setting, "")) for key, setting in ACCESS.items()}
            given = {key: one for key, one in access.items() if one}
            yield Rendered("server/sensu-go/access.json", as_json({**given, "namespace": namespace}), secret=True)
        for host in wish.plan.hosts:
            folder = f"host/{encoded(host)}/sensu-go"
            yield Rendered(f"{folder}/agent.yml", as_json(_agent(wish, host)), secret=True)
            yield Rendered(f"{folder}/check-allow-list.yaml", as_json(_allowed(wish, host)))

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
            "timeout": max(10, interval - 5),
            "pipelines": [_reference("Pipeline", CHANGES if by_host else STATUS_CHANGE)],
        }
        if by_host:
            changes, everything = WHOLE
            spec = {"command": PROBE, "subscriptions": [SUBSCRIPTION], "interval": interval, "ttl": 3 * interval}
            yield resource("checks", changes, {**spec, **common})
            spec = {"command": f"{PROBE} --all", "subscriptions": [SUBSCRIPTION], "interval": 86400}
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
                        "command": _command(one),
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


def _command(one: PlannedCheck) -> str:
    """Return what an agent gives to a shell; the name is encoded, so nothing in it means anything there."""
    return f"{PROBE} --object {one.name}"


def _agent(wish: Wish, host: str) -> dict[str, Any]:
    interval = 20
    settings: dict[str, Any] = {
        "name": encoded(host),
        "namespace": wish.setting("namespace", "default"),
        "backend-url": [wish.setting("agent_url", f"wss://{wish.setting('server_ip', '127.0.0.1')}:8081")],
        "user": wish.setting("agent_user", "calipso-agent"),
        "password": wish.setting("agent_password", ""),
        "subscriptions": [SUBSCRIPTION],
        "labels": {**MANAGED, ENVIRONMENT: wish.plan.environment, "calipso_type": "host", "calipso_host": host},
        "agent-managed-entity": True,
        "keepalive-interval": interval,
        "keepalive-warning-timeout": 3 * interval,
        "keepalive-critical-timeout": 6 * interval,
        "keepalive-pipelines": [f"core/v2.Pipeline.{STATUS_CHANGE}"],
        "events-rate-limit": 0,
        "disable-sockets": True,
        "disable-api": True,
        "statsd-disable": True,
        "allow-list": ALLOW_LIST,
    }
    if wish.setting("ca_file", ""):
        settings["trusted-ca-file"] = CA
    return settings


def _allowed(wish: Wish, host: str) -> list[dict[str, Any]]:
    """Return the only commands that an agent runs, so that an attacker who controls the back end cannot run others."""
    if wish.setting("mode", "host") != "objects":
        rows: Iterable[list[str]] = [[""], ["--all"]]
    else:
        rows = [["--object", one.name] for one in wish.plan.hosts[host]]
    return [{"exec": PROBE, "args": row, "enable_env": False} for row in rows]
