# SPDX-License-Identifier: Apache-2.0
"""What the agents of Sensu Go get: their configuration, and the only commands that they may run.

They give commands to a shell, so commands hold nothing that comes from the cloud but names in ``[A-Za-z0-9_.-]``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.errors import InvalidRequest
from calipso_nornir.monitoring.check_names import encoded

if TYPE_CHECKING:
    from calipso_nornir.monitoring.back_ends.base import Wish
    from calipso_nornir.monitoring.planning import PlannedCheck

MANAGED: Final = {"managed_by": "calipso"}
"""Label of everything that this program has created; nothing else is ever changed or removed."""
ENVIRONMENT: Final = "calipso_env"
"""Label with the environment."""
SUBSCRIPTION: Final = "calipso"
STATUS_CHANGE: Final = "calipso-state-change"
"""Name of a filter, and of the pipeline that has it."""
PROBE: Final = "/usr/local/bin/calipso-probe"
ALLOW_LIST, CA = "/etc/sensu/check-allow-list.yaml", "/etc/sensu/calipso-ca.pem"
"""Where the role sensu_agent puts them."""
KEEPALIVE_S, SHORTEST_KEEPALIVE_S = 20, 5
"""Seconds between two keepalives of an agent: those between two checks, within these limits."""


def agent(wish: Wish, host: str) -> dict[str, Any]:
    """Return the configuration of a host's agent; raises InvalidRequest if it could not log in.

    It is dead once two keepalives are missing. A back end that has warned looks again only after another warning
    time-out, so both time-outs are the same.
    """
    if not wish.setting("agent_password", ""):
        raise InvalidRequest(
            f"environment {wish.plan.environment}: the section Monitoring has no agent_password: the agents of Sensu Go"
            " log in with it (docs/monitoring.md)"
        )
    interval = min(KEEPALIVE_S, max(SHORTEST_KEEPALIVE_S, int(wish.setting("interval", 60))))
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
        "keepalive-warning-timeout": 2 * interval,
        "keepalive-critical-timeout": 2 * interval,
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


def allowed(wish: Wish, host: str) -> list[dict[str, Any]]:
    """Return the only commands that an agent runs, so that an attacker who controls the back end cannot run others.

    What follows the program is one text: the agent takes several for words that may come in any order.
    """
    if wish.setting("mode", "host") == "objects":
        commands = [command(one) for one in wish.plan.hosts[host]]
    else:
        commands = list(commands_of_hosts(wish))
    return [{"exec": PROBE, "args": [one.removeprefix(f"{PROBE} ")], "enable_env": False} for one in commands]


def command(one: PlannedCheck) -> str:
    """Return the command of a check of one object; the name is encoded, so nothing in it means anything to a shell."""
    return f"{PROBE} --object {one.name}"


def commands_of_hosts(wish: Wish) -> tuple[str, str]:
    """Return the commands that report what has changed on a host, and everything.

    They end before the agent ends them, so that what was found until then is reported.
    """
    limit = f"--timeout {time_limit(wish) - 5}"
    return f"{PROBE} {limit}", f"{PROBE} --all {limit}"


def time_limit(wish: Wish) -> int:
    """Return the seconds after which an agent ends a check.

    A dead tunnel is known after several seconds, however short the interval is; an agent does not begin a check again
    while it runs.
    """
    return max(30, int(wish.setting("interval", 60)) - 5)
