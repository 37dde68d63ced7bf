# SPDX-License-Identifier: Apache-2.0
"""The guide's base of fetchers that query the APIC of a Cisco ACI fabric.

Plug-ins never hold a token: the address that ``get_base_url`` returns stands for the environment's APIC.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit

from calipso_nornir.errors import SourceNotConfigured
from calipso_nornir.guide.fetcher import Fetcher
from calipso_nornir.model.aci import AciGet

if TYPE_CHECKING:
    from collections.abc import Mapping

_BASE: Final = "apic://environment/api"
_CLASS: Final = re.compile(r"[a-z]\w*")
_ROOTS: Final = ("topology/", "uni/", "comp/", "sys/", "fabric/")
"""What a complete distinguished name may begin with; code in the guide's form leaves out the first one."""
_JSON: Final = ".json"


class AciAccess(Fetcher):
    """Queries an APIC: ``self.fetch_objects_by_class("fvBD")`` returns its objects, from all pages.

    If the environment has no section ACI, all methods return nothing, as in the original, and the report says so.
    """

    RESPONSE_FORMAT: Final = "json"
    aci_enabled: Final = True

    def get_base_url(self) -> str:
        """Return an address that stands for the APIC's, for ``send_get``."""
        return _BASE

    def login(self) -> None:
        """Do nothing: the scan logs in to the APIC itself."""

    def refresh_token(self) -> None:
        """Do nothing: the scan refreshes its token itself."""

    def send_get(self, url: str, params: Any = None, headers: Any = None, cookies: Any = None) -> dict[str, Any]:  # noqa: ANN401, ARG002 - the guide's
        """Return the answer to a GET request: ``{"totalCount": …, "imdata": […]}``; a list with all its pages."""
        if not url.startswith(f"{_BASE}/"):
            raise ValueError(f'"{url}" cannot be asked: begin with self.get_base_url() + "/class/"')
        parts = urlsplit(url.removeprefix(f"{_BASE}/"))
        given = {**dict(parse_qsl(parts.query)), **{str(key): str(value) for key, value in (params or {}).items()}}
        return self._answer(parts.path, given)

    def fetch_objects_by_class(
        self,
        class_name: str,
        params: Mapping[str, Any] | None = None,
        headers: Any = None,  # noqa: ANN401, ARG002 - the guide's
        cookies: Any = None,  # noqa: ANN401, ARG002 - the guide's
        response_format: str = RESPONSE_FORMAT,
    ) -> list[dict[str, Any]]:
        """Return the objects of a class: each ``{"attributes": {…}}``, with ``children`` if ``params`` ask for them."""
        if not _CLASS.fullmatch(class_name):
            raise ValueError(f'"{class_name}" is not a class; expected: a name such as fvBD, without package and colon')
        self._only_json(response_format)
        payload = self._answer(f"class/{class_name}", {str(key): str(value) for key, value in (params or {}).items()})
        found: list[dict[str, Any]] = self.get_objects_by_field_names(payload, class_name)
        return found

    def fetch_mo_data(
        self,
        dn: str,
        params: Mapping[str, Any] | None = None,
        headers: Any = None,  # noqa: ANN401, ARG002 - the guide's
        cookies: Any = None,  # noqa: ANN401, ARG002 - the guide's
        response_format: str = RESPONSE_FORMAT,
    ) -> dict[str, Any]:
        """Return the answer for one object by its distinguished name; it may begin without ``topology/``."""
        self._only_json(response_format)
        name = dn.strip("/")
        if not name:
            raise ValueError('the distinguished name is empty; expected: a name such as "pod-1/node-101/sys"')
        whole = name if f"{name}/".startswith(_ROOTS) else f"topology/{name}"
        return self._answer(f"mo/{whole}", {str(key): str(value) for key, value in (params or {}).items()})

    @staticmethod
    def get_objects_by_field_names(payload: Mapping[str, Any], *field_names: str) -> list[Any]:
        """Return the value in each object of ``imdata`` to which the names lead: "fvBD", "attributes", "name"."""
        results = list(payload.get("imdata") or ())
        for depth, field in enumerate(field_names):
            for number, one in enumerate(results):
                if field not in one:
                    place = f"imdata[{number}]{''.join(f'.{name}' for name in field_names[:depth])}"
                    raise KeyError(f'{place}: expected "{field}", found {", ".join(one) or "nothing"}')
            results = [one[field] for one in results]
        return results

    def _answer(self, path: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        query = AciGet(path.removesuffix(_JSON), tuple(sorted(parameters.items())))
        try:
            [rows] = self.ask(query)
        except SourceNotConfigured:
            return {}
        return {"totalCount": str(len(rows)), "imdata": rows}

    def _only_json(self, response_format: str) -> None:
        if response_format != self.RESPONSE_FORMAT:
            raise ValueError(f'response_format="{response_format}": only "json" can be read here')
