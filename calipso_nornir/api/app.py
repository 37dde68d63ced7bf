# SPDX-License-Identifier: Apache-2.0
"""Puts the application together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute
from starlette.routing import compile_path

from calipso_nornir._version import __version__
from calipso_nornir.api import described, metrics, problems, tags
from calipso_nornir.api.guard import guard, read_body
from calipso_nornir.api.lost_tests import end_lost
from calipso_nornir.api.shielding import Shield
from calipso_nornir.api.v1 import all_operations as older
from calipso_nornir.api.v2 import (
    changes,
    cliques,
    connection_tests,
    environments,
    events,
    exports,
    graphs,
    health,
    history,
    links,
    me,
    messages,
    metadata,
    metadata_writes,
    monitoring,
    objects,
    scans,
    schedules,
    statuses,
    tokens,
    users,
    webhooks,
)

if TYPE_CHECKING:
    from calipso_nornir.api.problems import Paths
    from calipso_nornir.api.settings import ApiSettings

PREFIX: Final = "/api/v2"
ROUTERS: Final = (
    ("", health.router),
    ("", metrics.router),
    ("", older.MIRRORED),  # before what it repeats: requests are counted by the path of the latter
    *(
        (PREFIX, module.router)
        for module in (
            objects,
            links,
            cliques,
            graphs,
            tokens,
            me,
            users,
            environments,
            changes,
            scans,
            schedules,
            messages,
            events,
            metadata,
            metadata_writes,
            exports,
            history,
            statuses,
            monitoring,
            webhooks,
            connection_tests,
        )
    ),
    *(("", router) for router in older.ROUTERS),
)
"""Everything that is served: prefix, routes. They are tried in this order, so those that are asked most come first."""


def create_app(settings: ApiSettings) -> FastAPI:
    """Return the application. Documentation pages of FastAPI are off: they load scripts from elsewhere."""
    app = FastAPI(
        title="calipso_nornir",
        version=__version__,
        summary="What a cloud's virtual network really is.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(read_body), Depends(guard)],
    )
    app.state.settings = settings
    app.state.ending = lambda: False
    app.state.paths = _paths()
    settings.principals.users.prepare()
    end_lost(settings.store, settings.secret_files)
    app.state.description = described.Description(app, ROUTERS, settings.catalogs)
    problems.install(app)
    app.add_exception_handler(tags.NotModified, tags.not_modified)
    app.add_middleware(Shield, store=settings.store, meter=settings.meter, templates=_templates())
    for prefix, router in ROUTERS:
        app.include_router(router, prefix=prefix)
    return app


def _paths() -> Paths:
    routes = [(prefix, one) for prefix, router in ROUTERS for one in router.routes]
    return [
        (compile_path(prefix + one.path)[0], one.methods or ()) for prefix, one in routes if isinstance(one, APIRoute)
    ]


def _templates() -> dict[object, str]:
    """Return the template of each handler's path: what requests are counted by."""
    routes = [(prefix, one) for prefix, router in ROUTERS for one in router.routes]
    return {one.endpoint: prefix + one.path for prefix, one in routes if isinstance(one, APIRoute)}
