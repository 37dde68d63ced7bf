# SPDX-License-Identifier: Apache-2.0
"""The guide's base class of fetchers that query OpenStack's APIs.

Plug-ins never hold a token: ``get_region_url`` returns a stand-in address, which ``get_url`` understands.
"""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from calipso_nornir.guide.fetcher import Fetcher
from calipso_nornir.metadata.nearest import nearest
from calipso_nornir.model.queries import ApiGet

SERVICES: Final = {
    "cinder": "block-storage",
    "glance": "image",
    "keystone": "identity",
    "neutron": "network",
    "nova": "compute",
}
"""The projects' names, as the guide's fetchers use them -> types in the catalogue."""
_SCHEME: Final = "catalogue"
_VERSION: Final = re.compile(r"^/v\d+(?:\.\d+)?(?=/|$)")


class ApiAccess(Fetcher):
    """Queries OpenStack's APIs: ``self.get_url(self.get_region_url(region, "nova") + "/servers/detail")``."""

    admin_project: Final = "admin"

    def v2_auth_pwd(self, project: str) -> dict[str, str]:
        """Return a placeholder for a token: the environment's own login is always used, for any project."""
        return {"id": "", "tenant": project}

    def get_region_url(self, region_name: str | None, service: str) -> str:
        """Return the address of a service, for ``get_url``: "nova", or a type in the catalogue ("compute")."""
        type_ = SERVICES.get(service, service)
        if not re.fullmatch(r"[a-z][a-z0-9-]*", type_):
            raise ValueError(f'"{service}" is not a service{nearest(service, SERVICES)}')
        return f"{_SCHEME}://{type_}/{region_name or ''}#"

    get_region_url_nover = get_region_url

    def get_url(self, req_url: str, headers: Any = None, *, key: str | None = None) -> dict[str, Any]:  # noqa: ANN401, ARG002 - the guide's
        """Return the answer to a GET request, a list with all its pages: ``{"servers": […]}``.

        ``key`` names the collection in the answer, if the path's last part does not.
        """
        address, hash_, path = req_url.partition("#")
        if not hash_ or not address.startswith(f"{_SCHEME}://"):
            raise ValueError(f'"{req_url}" cannot be asked: begin with self.get_region_url(region, "nova")')
        service, _, region = address.removeprefix(f"{_SCHEME}://").partition("/")
        parts = urlsplit(path)
        plain = _VERSION.sub("", parts.path)
        name = key or _key_of(plain)
        query = tuple(sorted(parse_qsl(parts.query)))
        [answer] = self.ask(ApiGet(service, plain, name, query, region=region or None))
        return {name: answer}

    def get_rel_url(self, relative_url: str, headers: Any = None, *, service: str = "nova") -> dict[str, Any]:  # noqa: ANN401 - as above
        """Return the answer to a GET request below the address of a service of the environment's region."""
        return self.get_url(f"{self.get_region_url(None, service)}/{relative_url.lstrip('/')}", headers)


def _key_of(path: str) -> str:
    """Return the name in the answer: ``/servers/detail`` has ``servers``, the document of one server ``server``."""
    parts = [part for part in path.split("/") if part and part != "detail"]
    if not parts:
        raise ValueError('the address names nothing below the service: add a path, e.g. "/servers/detail"')
    one = len(parts) > 1 and re.fullmatch(r"[0-9a-f-]{32,36}|\d+", parts[-1]) is not None
    name = (parts[-2].removesuffix("s") if one else parts[-1]).replace("-", "_")
    return name.removeprefix("os_")
