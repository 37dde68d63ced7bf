# SPDX-License-Identifier: Apache-2.0
"""Sensu Core (0.x and 1.x): the guide's files, from templates; standalone checks, and a handler for their events."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.monitoring.back_ends.base import Received, Rendered, Wish, as_json, objects_files
from calipso_nornir.monitoring.back_ends.sensu_events import read_core
from calipso_nornir.monitoring.check_names import encoded, limited
from calipso_nornir.monitoring.file_templates import FileTemplate, merged, template_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from calipso_nornir.monitoring.planning import PlannedCheck

LONGEST: Final = 200
"""Maximum length of a check's name."""
SERVER: Final = (
    "redis.json",
    "transport.json",
    "rabbitmq.json",
    "api.json",
    "client.json",
    "filters.json",
    "handlers.json",
)
CLIENT: Final = ("transport.json", "rabbitmq.json", "client.json")
SECRET: Final = frozenset({"rabbitmq.json"})
DEFAULTS: Final = {
    "rabbitmq_port": 5671,
    "rabbitmq_user": "sensu",
    "api_port": 4567,
    "server_name": "sensu_server",
    "env_type": "production",
    "interval": 60,
    "receiver_host": "127.0.0.1",
    "receiver_port": 3334,
}


class SensuCore:
    """Sensu Core."""

    name = "sensu_core"

    def render(self, wish: Wish) -> Iterable[Rendered]:
        """Yield the files of the server and of each client; a client's checks are all in its ``checks.json``."""
        templates = [*shipped_templates(), *wish.templates]
        common = {**DEFAULTS, **{key: one for key, one in wish.settings.items() if one not in (None, "")}}
        common["env_name"] = wish.plan.environment
        addresses: Mapping[str, str] = wish.environment.get("addresses") or {}
        yield from objects_files(wish.plan)
        yield from _files(templates, wish, "server", SERVER, common, "server/sensu-core")
        for host, checks in wish.plan.hosts.items():
            folder = f"host/{encoded(host)}/sensu-core"
            values = {
                **common,
                "host": host,
                "client_name": encoded(f"{wish.plan.environment}-{host}"),
                "client_ip": addresses.get(host) or host,
            }
            yield from _files(templates, wish, "client", CLIENT, values, folder)
            content: dict[str, Any] = {}
            for one in checks:
                made = _check(templates, wish, one, values)
                content |= (made or {}).get("checks", {})
            yield Rendered(f"{folder}/checks.json", as_json({"checks": content}))

    def receive(self, message: Any) -> Received:  # noqa: ANN401 - any JSON
        """Read an event, as a pipe or tcp handler gets it."""
        return read_core(message)


def shipped_templates() -> list[FileTemplate]:
    """Return the templates of this product."""
    text = files("calipso_nornir.monitoring").joinpath("data/sensu_core_templates.json").read_text(encoding="utf-8")
    return [template_of(one, origin=f"shipped template {one['side']} {one['type']}") for one in json.loads(text)]


def _files(  # noqa: PLR0913, PLR0917 - what a file is made of
    templates: list[FileTemplate], wish: Wish, side: str, names: Iterable[str], values: Mapping[str, Any], folder: str
) -> Iterable[Rendered]:
    for name in names:
        content = merged(templates, type_=name, side=side, environment=wish.environment, values=values)
        if content is not None:
            yield Rendered(f"{folder}/{name}", as_json(content), secret=name in SECRET)


def _check(
    templates: list[FileTemplate], wish: Wish, one: PlannedCheck, values: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return the content for one check: of ``client_check.json``, and of the guide's template for its type above it."""
    type_ = one.type if one.kind == "inventory" else f"link_{one.type}"
    own = {
        **values,
        **{key: value for key, value in one.parameters.items() if key not in values},
        "check_name": limited(one.name, LONGEST),
        "name": one.name,
        "of": one.of,
        "kind": one.kind,
        "objtype": one.type,
        "linktype": one.type,
        "check": one.check,
        "objid": one.name.removeprefix(f"{one.type}_"),
    }
    wanted = {"client_check.json", f"client_check_{type_}.json", f"client_check_{type_}_{one.check}.json"}
    fitting = [_as_one(each) for each in templates if each.type in wanted and each.side == "client"]
    return merged(fitting, type_="client_check.json", side="client", environment=wish.environment, values=own)


def _as_one(template: FileTemplate) -> FileTemplate:
    """Return a template of a more specific type as one of the general type, after all of these."""
    specific = len(template.type.split("_")) * 1000 if template.type != "client_check.json" else 0
    return replace(template, type="client_check.json", order=template.order + specific)
