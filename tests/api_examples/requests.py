# SPDX-License-Identifier: Apache-2.0
"""One request for each operation, in an order in which each succeeds: what is made is then shown, changed, removed.

A text ``{NAME}`` stands for what an earlier answer held (``keeps``), or what is known of the picture.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

V2: Final = "/api/v2"
E: Final = f"{V2}/environments/{{environment}}"
ADMIN: Final = "admin"
"""Who asks, if nobody else is named: admin of everything."""
PASSWORD: Final = "correct horse battery"  # noqa: S105 - of the users of the examples
ONE_TIME: Final = "once and no more"
OWN: Final = "a password of my own"
OF_CLOUD: Final = "s3cret-of-the-cloud"
KEY: Final = "-----BEGIN OPENSSH PRIVATE KEY-----\ns3cret-key\n-----END OPENSSH PRIVATE KEY-----\n"
SECRETS: Final = (PASSWORD, ONE_TIME, OWN, OF_CLOUD, "s3cret-key")
"""Texts of requests that nothing may show again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request.

    Attributes:
        operation: method and path, as the OpenAPI document has them.
        path: values of the path's parameters.
        query: the query.
        body: JSON; None: there is none.
        who: asks.
        keeps: name under which a value of the answer is remembered → its key there.
        until: key of the answer → value that it has at first; the request is repeated while it has that.
    """

    operation: str
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    who: str = ADMIN
    keeps: Mapping[str, str] = field(default_factory=dict)
    until: tuple[str, str] | None = None


def of(operation: str, **more: Any) -> Request:  # noqa: ANN401 - as Request has them
    """Return a request to an operation; ``{environment}`` in its path is the picture's."""
    path = dict(more.pop("path", {}))
    if "{environment}" in operation:
        path.setdefault("environment", "lab")
    return Request(operation=operation, path=path, **more)


INSTANCE: Final = {"type": "instance", "id": "{instance}"}
WAYS: Final = {"from_type": "instance", "from_id": "{instance}", "to_type": "vedge", "to_id": "{vedge}"}
FAR: Final = {"environment": "mycloud"}
DESCRIPTION: Final = {
    "environment_type": "OpenStack",
    "distribution": "Debian",
    "distribution_version": "Zed",
    "mechanism_drivers": ["OVS"],
    "type_drivers": "vxlan",
    "configuration": [
        {
            "name": "OpenStack",
            "auth_url": "http://127.0.0.1:9/v3",
            "user": "admin",
            "pwd": {"secret": OF_CLOUD},
        },
        {
            "name": "CLI",
            "user": "scanner",
            "key": {"secret": KEY},
        },
    ],
}
CLIQUE_TYPE: Final = {
    "name": "short",
    "focal_point_type": "instance",
    "link_types": ["instance-vnic", "vnic-vedge"],
}
CONSTRAINTS: Final = {"focal_point_type": "vedge", "constraints": ["network"]}
STATUS: Final = {"value": 2, "label": "Critical", "text": "no answer", "source": "ping"}
OLD_OPENSTACK: Final = {
    "name": "OpenStack",
    "admin_token": OF_CLOUD,
    "host": "127.0.0.1",
    "port": 9,
    "user": "admin",
    "pwd": OF_CLOUD,
}
OLD_ENVIRONMENT: Final = {
    "app_path": "/home/scan/calipso/app",
    "configuration": [
        OLD_OPENSTACK,
        {"name": "mysql", "host": "db.example", "port": 3306, "user": "calipso", "pwd": OF_CLOUD},
        {"name": "CLI", "host": "ctl.example", "user": "scanner", "pwd": OF_CLOUD},
    ],
    "distribution": "Mirantis",
    "distribution_version": "8.0",
    "listen": False,
    "mechanism_drivers": ["OVS"],
    "name": "prod",
    "operational": "stopped",
    "type": "environment",
    "type_drivers": "vxlan",
}

ACCESS: Final = (
    of("GET /healthz"),
    of("GET /readyz"),
    of("GET /metrics"),
    of(f"POST {V2}/tokens", body={"name": "nightly report", "scope": "viewer"}, keeps={"token_id": "id"}),
    of(f"GET {V2}/tokens"),
    of(f"GET {V2}/me"),
    of(f"GET {V2}/tokens/{{id}}", path={"id": "{token_id}"}),
    of(f"DELETE {V2}/tokens/{{id}}", path={"id": "{token_id}"}),
    of(f"DELETE {V2}/tokens", who="bob"),
    of(
        f"POST {V2}/users",
        body={"name": "ann", "password": ONE_TIME, "roles": {"lab": "operator"}},
    ),
    of(f"GET {V2}/users"),
    of(f"GET {V2}/users/{{name}}", path={"name": "bob"}),
    of(f"GET {V2}/users/{{name}}/tokens", path={"name": "bob"}),
    of(f"PUT {V2}/me/password", who="bob", body={"old": PASSWORD, "new": OWN}),
    of(f"PATCH {V2}/users/{{name}}", path={"name": "ann"}, body={"roles": {"*": "viewer"}}),
    of(f"DELETE {V2}/users/{{name}}/tokens", path={"name": "ann"}),
    of(f"DELETE {V2}/users/{{name}}", path={"name": "ann"}),
)
WATCHED: Final = {"environment": "watched"}
TEMPLATE: Final = {"type": "client.json", "side": "client", "order": 2, "config": {"client": {"rack": "row 3, {rack}"}}}
SENSU: Final = {
    "name": "Monitoring",
    "type": "Sensu",
    "server_ip": "192.0.2.5",
    "rabbitmq_user": "sensu",
    "rabbitmq_pass": {"secret": OF_CLOUD},
}
MONITORING: Final = (
    of(f"PUT {V2}/monitoring/templates/{{id}}", path={"id": "rack"}, body=TEMPLATE),
    of(f"GET {V2}/monitoring/templates"),
    of(f"DELETE {V2}/monitoring/templates/{{id}}", path={"id": "rack"}),
    of(f"PUT {E}", path=WATCHED, body={**DESCRIPTION, "configuration": [*DESCRIPTION["configuration"], SENSU]}),
    of(f"POST {E}/monitoring/preview", path=WATCHED, body=[{**TEMPLATE, "config": {}}]),
    of(f"DELETE {E}", path=WATCHED),
)
ENVIRONMENTS: Final = (
    of(f"PUT {E}", path=FAR, body=DESCRIPTION),
    of(f"GET {V2}/environments"),
    of(f"GET {E}"),
    of(f"POST {E}/checks", path=FAR, keeps={"check": "id"}),
    of(f"GET {E}/checks/{{id}}", path={**FAR, "id": "{check}"}, until=("status", "running")),
    of(f"DELETE {E}", path=FAR),
    of(f"POST {V2}/checks", keeps={"check": "id"}),
    of(f"GET {V2}/checks/{{id}}", path={"id": "{check}"}, until=("status", "running")),
)
PICTURE: Final = (
    of(f"GET {E}/objects", query={"type": "vnic", "host": "cmp1", "sort": "host,-name", "limit": 2, "total": True}),
    of(f"GET {E}/objects/{{type}}/{{id}}", path=INSTANCE),
    of(f"GET {E}/objects/{{type}}/{{id}}/children", path=INSTANCE),
    of(f"GET {E}/search", query={"q": "web", "limit": 2}),
    of(f"GET {E}/links", query={"link_type": "vnic-vedge", "limit": 2}),
    of(f"GET {E}/links/of/{{type}}/{{id}}", path=INSTANCE),
    of(f"GET {E}/cliques/{{type}}/{{id}}", path=INSTANCE),
    of(f"GET {E}/graph/{{type}}/{{id}}", path=INSTANCE, query={"depth": 2, "direction": "both"}),
    of(f"GET {E}/paths", query=WAYS),
    of(f"GET {E}/impact/{{type}}/{{id}}", path={"type": "vedge", "id": "{vedge}"}),
    of(f"GET {E}/statuses/{{of}}/versions", path={"of": "{document}"}),
    of(f"PUT {E}/statuses/{{of}}", path={"of": "{document}"}, body=STATUS),
    of(f"GET {E}/statuses/{{of}}", path={"of": "{document}"}),
    of(f"GET {E}/statuses", query={"at_least": 1}),
    of(f"GET {E}/findings"),
    of(f"DELETE {E}/statuses/{{of}}", path={"of": "{document}"}),
    of(f"GET {E}/changes", query={"since": "{revision}"}),
    of(f"GET {E}/changes/stream", query={"since": "{revision}"}),
    of(f"GET {E}/commits", query={"limit": 2}),
    of(f"GET {E}/versions/{{type}}/{{id}}", path=INSTANCE),
    of(f"GET {E}/diff", query={"since": "{time}"}),
    *(
        of(operation, path=path, query={**query, "format": format_})
        for operation, path, query in (
            (f"GET {E}/export", {}, {"type": "instance", "id": "{instance}"}),
            (f"GET {E}/graph_file/{{type}}/{{id}}", INSTANCE, {"depth": 1}),
            (f"GET {E}/clique_file/{{type}}/{{id}}", INSTANCE, {}),
            (f"GET {E}/paths_file", {}, WAYS),
            (f"GET {E}/objects_file", {}, {"type": "instance", "host": "cmp1"}),
        )
        for format_ in ("csv", "dot", "graphml", "mermaid", "json")
    ),
)
WORK: Final = (
    of(
        f"POST {E}/scans",
        body={"object_type": "host", "object_id": "cmp1", "draft": True},
        keeps={"scan": "scan_id"},
    ),
    of(f"POST {E}/scans/{{scan_id}}/release", path={"scan_id": "{scan}"}),
    of(f"GET {E}/scans", query={"status": "completed", "limit": 1}),
    of(f"GET {E}/scans/{{scan_id}}", path={"scan_id": "{done}"}),
    of(f"GET {E}/scans/{{scan_id}}/log", path={"scan_id": "{done}"}),
    of(f"POST {E}/scans/{{scan_id}}/cancel", path={"scan_id": "{scan}"}),
    of(
        f"POST {E}/schedules",
        body={"freq": "CRON", "cron": "30 2 * * 1-5", "time_zone": "Europe/Berlin"},
        keeps={"schedule": "id"},
    ),
    of(f"GET {E}/schedules"),
    of(f"GET {E}/schedules/{{id}}", path={"id": "{schedule}"}),
    of(f"POST {E}/schedules/{{id}}/pause", path={"id": "{schedule}"}),
    of(f"POST {E}/schedules/{{id}}/resume", path={"id": "{schedule}"}),
    of(f"DELETE {E}/schedules/{{id}}", path={"id": "{schedule}"}),
    of(f"GET {E}/messages", query={"level": "info", "limit": 2}),
    of(f"GET {V2}/audit", query={"limit": 2}),
    of(
        f"POST {E}/webhooks",
        body={"url": "https://hooks.example.com/calipso", "types": ["instance"], "events": ["remove"]},
        keeps={"webhook": "id"},
    ),
    of(f"GET {E}/webhooks"),
    of(f"GET {E}/webhooks/{{id}}", path={"id": "{webhook}"}),
    of(f"POST {E}/webhooks/{{id}}/resume", path={"id": "{webhook}"}, body={"since": 0}),
    of(f"DELETE {E}/webhooks/{{id}}", path={"id": "{webhook}"}),
)
EVENTS: Final = (
    of(f"GET {E}/listener"),
    of(f"GET {E}/events", query={"outcome": "stored", "limit": 2}),
    of(f"GET {E}/dead-letters"),
    of(f"POST {E}/dead-letters/{{id}}/redrive", path={"id": "two"}),
    of(f"DELETE {E}/dead-letters/{{id}}", path={"id": "two"}),
)
METADATA: Final = (
    *(
        of(f"GET {V2}/metadata/{name}")
        for name in ("object_types", "link_types", "clique_types", "clique_constraints", "constants")
    ),
    of(f"GET {V2}/metadata/supported_environments"),
    of(f"GET {E}/clique_types"),
    of(f"POST {E}/clique_types", body=CLIQUE_TYPE, keeps={"own": "id"}),
    of(f"GET {E}/clique_types/{{id}}", path={"id": "{own}"}),
    of(f"DELETE {E}/clique_types/{{id}}", path={"id": "{own}"}),
    of(f"POST {V2}/metadata/clique_types", body={**CLIQUE_TYPE, "environment": "lab"}, keeps={"row": "id"}),
    of(f"GET {V2}/metadata/written"),
    of(f"GET {V2}/metadata/clique_types/{{id}}", path={"id": "{row}"}),
    of(
        f"PUT {V2}/metadata/clique_types/{{id}}",
        path={"id": "{row}"},
        body={**CLIQUE_TYPE, "environment": "lab", "link_types": ["instance-vnic"]},
    ),
    of(f"DELETE {V2}/metadata/clique_types/{{id}}", path={"id": "{row}"}),
    of(f"POST {V2}/metadata/clique_constraints", body=CONSTRAINTS, keeps={"row": "id"}),
    of(f"GET {V2}/metadata/clique_constraints/{{id}}", path={"id": "{row}"}),
    of(f"PUT {V2}/metadata/clique_constraints/{{id}}", path={"id": "{row}"}, body=CONSTRAINTS),
    of(f"DELETE {V2}/metadata/clique_constraints/{{id}}", path={"id": "{row}"}),
    of(f"PUT {V2}/metadata/constants/{{name}}", path={"name": "mechanism_drivers"}, body={"values": ["NewDriver"]}),
    of(f"DELETE {V2}/metadata/constants/{{name}}", path={"name": "mechanism_drivers"}),
)
OLDER: Final = (
    of(
        "POST /auth/tokens",
        who="",
        body={
            "auth": {"methods": ["credentials"], "credentials": {"username": ADMIN, "password": PASSWORD}},
        },
    ),
    of("DELETE /auth/tokens", who="eve"),
    of("GET /inventory", query={"env_name": "lab", "parent_path": "/lab", "sub_tree": True, "page_size": 2}),
    of("GET /links", query={"env_name": "lab", "link_type": "vnic-vedge", "page_size": 2}),
    of("GET /cliques", query={"env_name": "lab", "focal_point_type": "instance", "page_size": 2}),
    of("POST /clique_types", body={**CLIQUE_TYPE, "environment": "lab"}),
    of("GET /clique_types", query={"env_name": "lab"}),
    of("GET /clique_constraints", query={"focal_point_type": "instance"}),
    of("GET /monitoring_config_templates", query={"order": 1, "side": "client"}),
    of("GET /constants", query={"name": "link_states"}),
    of("GET /messages", query={"env_name": "lab", "level": "info", "page_size": 2}),
    of("GET /aggregates", query={"type": "environment", "env_name": "lab"}),
    of("POST /scans", body={"environment": "lab", "status": "draft", "log_level": "warning", "object_id": "cmp1"}),
    of("GET /scans", query={"env_name": "lab", "status": "completed"}),
    of(
        "POST /scheduled_scans",
        body={"environment": "lab", "freq": "WEEKLY", "submit_timestamp": "2026-11-28T02:30:00", "clear": False},
    ),
    of("GET /scheduled_scans", query={"environment": "lab"}),
    of("DELETE /scheduled_scans", query={"env_name": "lab", "all": True}),
    of("POST /environment_configs", body=OLD_ENVIRONMENT),
    of("GET /environment_configs", query={"name": "prod"}),
    of(
        "POST /connection_tests",
        body={"environment": "lab", "test_targets": ["OpenStack"], "targets_configuration": [OLD_OPENSTACK]},
        keeps={"old_test": "id"},
    ),
    of("GET /connection_tests", query={"env_name": "lab", "id": "{old_test}"}, until=("status", "request")),
    of("GET /search", query={"env_name": "lab", "query": "web", "source": "inventory"}),
    of("GET /schema", query={"type": "vnic"}),
    of("GET /health", query={"env_name": "lab"}),
    of("GET /timezone", query={"env_name": "lab"}),
    of("GET /graph", query={"env_name": "lab", "type": "clique", "focal_point_id": "{instance}"}),
    of("GET /grafana"),
    of("POST /grafana/search", body={"target": "environment_configs"}),
    of(
        "POST /grafana/query",
        body={
            "scopedVars": {"environment_configs": {"text": "lab", "value": "lab"}, "object_types": {"value": ["host"]}},
            "targets": [{"refId": "A", "type": "table", "target": "inventory"}],
        },
    ),
    of("DELETE /messages", query={"env_name": "lab", "all": True}),
)
REQUESTS: Final = (*ACCESS, *PICTURE, *WORK, *EVENTS, *METADATA, *OLDER, *MONITORING, *ENVIRONMENTS)
