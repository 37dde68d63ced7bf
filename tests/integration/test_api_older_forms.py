# SPDX-License-Identifier: Apache-2.0
"""Every form of request that clients of the older API send is taken, on both stores.

``older_endpoints.json`` has the endpoints of the older API: what is sent to each is made from there, and so is what the
answer has to have. The values come from ``older_forms``. Each parameter is sent alone with those that are needed; then
without each that is needed, and with one more.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from jsonschema import Draft202012Validator

from calipso_nornir.api.v1.sections import SECTIONS as OURS
from tests.fixtures.older_forms import BODIES, LAB, NOBODY, OPEN, OPTIONAL, QUERIES, REMOVALS, Form, meant
from tests.fixtures.recorded import bundle, filled
from tests.fixtures.serving import Client, Served, served

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.fixtures.places import Place

pytest_plugins = ["tests.fixtures.stores"]

TESTS: Final = Path(__file__).parents[1]
OLDER: Final[dict[str, Any]] = json.loads((TESTS / "fixtures" / "older_endpoints.json").read_text(encoding="utf-8"))
FORMS: Final[dict[str, dict[str, Form]]] = {"GET": QUERIES, "POST": BODIES, "DELETE": REMOVALS}
ATTRIBUTE: Final = "network"
TEMPLATE: Final = {"key": "one", "side": "client", "type": "checks", "order": "1", "config": {}}


@dataclass(frozen=True)
class Endpoint:
    """One method at one path of the older API."""

    method: str
    path: str
    given: tuple[dict[str, Any], ...]
    """Its parameters."""
    described: dict[str, Any]

    @property
    def names(self) -> set[str]:
        return {one["name"] for one in self.given}

    @property
    def elsewhere(self) -> bool:
        """Whether it belongs to another service, at another port."""
        return ":" in self.described["path"]

    @property
    def needed(self) -> set[str]:
        return {one["name"] for one in self.given if one["required"] and "." not in one["name"]}

    @property
    def forms(self) -> list[Form]:
        """The forms of its requests: those that need nothing that it does not have."""
        known = FORMS[self.method].items()
        return [one for name, one in known if name.partition("#")[0] == self.path and set(one[0]) <= self.names]

    @property
    def keys(self) -> set[str]:
        """The keys of a request that are parameters."""
        return {f"attributes:{ATTRIBUTE}" if one.startswith("attributes:") else one for one in self.names}

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def values(self, name: str) -> list[Any]:
        """Return the values of a parameter that clients send."""
        key = f"attributes:{ATTRIBUTE}" if name.startswith("attributes:") else name
        parts = key.split(".")
        found = [one for form in self.forms for one in (*form[1].get(parts[0], ()), *_some(form[0], parts[0]))]
        for part in parts[1:]:
            found = [one[part] for one in found if isinstance(one, dict) and part in one]
        return found


def _some(values: Mapping[str, Any], name: str) -> tuple[Any, ...]:
    return (values[name],) if name in values else ()


def endpoints() -> list[Endpoint]:
    """Return each endpoint that the file lists; one that a later release changed has the parameters of before, too."""
    found: dict[str, Endpoint] = {}
    for one in OLDER["endpoints"]:
        methods = one["method"].removesuffix(" (changed)").replace("as core endpoint", "GET/POST").split("/")
        paths = [path.replace("<core endpoint>", "{endpoint}") for path in re.split(", | [|] ", one["path"])]
        for method, path in ((method, path) for method in methods for path in paths):
            before = found.get(f"{method} {path}") if "changed" in one["method"] else None
            more = [*one.get("query", ()), *(one.get("body", ()) if method == "POST" else ())]
            given = [*(before.given if before and method == "GET" else ()), *more]
            name = f"{method} {path}{' of cvim' if before else ''}"
            found[name] = Endpoint(method, path, tuple(given), one)
    return list(found.values())


ENDPOINTS: Final = endpoints()
MIRROR: Final = "/grafana/query/{endpoint}"
SERVED: Final = [one for one in ENDPOINTS if not one.elsewhere and one.path != MIRROR]
ELSEWHERE: Final = [one for one in ENDPOINTS if one.elsewhere]


@pytest.fixture(scope="module")
def api(module_place: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("forms")
    filled(module_place.uri, bundle(folder / "lab.calipso"))
    store = module_place.open()
    store.collection("monitoring_config_templates").put("one", TEMPLATE)
    store.collection("environments_config").put("gone", {"name": "gone"})
    with served(store, secrets=folder / "secrets") as running:
        yield running


@pytest.fixture(scope="module")
def root(api: Served) -> Client:
    return api.user("root", everywhere="admin")


@pytest.fixture(scope="module")
def there(api: Served, root: Client) -> dict[str, str]:
    """Ids of what is there."""

    def first(path: str, key: str, **query: object) -> dict[str, Any]:
        found: dict[str, Any] = root.get(f"//{path}", **query)[key][0]
        return found

    link = first("links", "links", **LAB, link_type="instance-vnic")
    whole = root.get("//links", **LAB, id=link["id"])
    body = {"environment": "lab", "freq": "DAILY"}
    tried = root.ask("POST", "//connection_tests", json=BODIES["/connection_tests"][0]).json()
    return {
        "{id_path}": root.get("//inventory", **LAB, id="cmp1")["id_path"],
        "{link}": link["id"],
        "{instance}": whole["source_id"],
        "{vnic}": whole["target_id"],
        "{clique}": first("cliques", "cliques", **LAB)["id"],
        "{clique_type}": first("clique_types", "clique_types")["id"],
        "{constraint}": first("clique_constraints", "clique_constraints")["id"],
        "{scan}": first("scans", "scans", **LAB)["id"],
        "{message}": first("messages", "messages", **LAB)["id"],
        "{schedule}": root.ask("POST", "//scheduled_scans", json=body).json()["id"],
        "{test}": tried["id"],
        "{template}": first("monitoring_config_templates", "monitoring_config_templates")["id"],
        "{token}": api.settings.principals.tokens.issue("root")[0],
    }


@pytest.fixture(scope="module")
def schemas(api: Served) -> dict[str, Any]:
    """Return what the OpenAPI document says of each path."""
    found: dict[str, Any] = api.nobody.get("/openapi.json")["paths"]
    return found


@pytest.mark.parametrize("endpoint", [one for one in SERVED if one.given], ids=str)
def test_every_request_of_the_older_api_is_answered(
    api: Served, root: Client, there: Mapping[str, str], schemas: dict[str, Any], endpoint: Endpoint
) -> None:
    status = 201 if endpoint.method == "POST" and endpoint.path not in OPEN else 200
    described = schemas[endpoint.path][endpoint.method.lower()]["responses"][str(status)]["content"]
    valid = Draft202012Validator(described["application/json"]["schema"])

    def answer(given: Mapping[str, Any], status: int = status) -> Any:  # noqa: ANN401 - JSON
        sent = {"json" if endpoint.method == "POST" else "params": meant(given, there)}
        found = root.ask(endpoint.method, f"/{endpoint.path}", **sent)
        assert found.status_code == status, f"{given}: {found.text}"
        assert found.headers["content-type"] == "application/json"
        fault = next(valid.iter_errors(found.json()), None) if found.ok else None
        assert fault is None, f"{given}: {fault}"
        if endpoint.method == "POST":
            _tidied(api, root)
        return found.json()

    assert endpoint.forms, "older_forms has no request to it"
    for needed, further in endpoint.forms:
        base = {**{name: endpoint.values(name)[0] for name in endpoint.needed}, **needed}
        if endpoint.method != "DELETE":
            has_shape(answer(base), endpoint, base)
        for name in endpoint.keys & set(further):
            for value in further[name]:
                given = {**base, name: value}
                found = answer(given, 404 if (value, name) == (NOBODY, "id") else status)
                if "error" not in found:
                    has_shape(found, endpoint, given)


@pytest.mark.parametrize("endpoint", [one for one in SERVED if one.given], ids=str)
def test_every_parameter_and_value_of_the_older_api_is_sent(root: Client, endpoint: Endpoint) -> None:
    """Of what the test above sends, nothing is missing: all parameters; all values, where the file lists them."""
    for one in endpoint.given:
        values = endpoint.values(one["name"])
        assert values, f"older_forms has no value of {one['name']}"
        flat = {str(each) for value in values for each in (value if isinstance(value, list) else [value])}
        allowed = one.get("allowed", [])
        if isinstance(allowed, list):
            assert set(allowed) <= flat, f"{one['name']}: older_forms lacks {set(allowed) - flat}"
        elif allowed.startswith("constant:"):
            assert root.get("//constants", name=allowed.removeprefix("constant:"))["data"]


def has_shape(answer: Any, endpoint: Endpoint, given: Mapping[str, Any]) -> None:  # noqa: ANN401 - JSON
    """Assert that an answer has what the file says of a list, of one document, or of what is created."""
    one = endpoint.described
    if endpoint.path in OPEN:
        named = re.search(r"{(.*)}", one.get("response_list", ""))
        assert isinstance(answer, list)
        fields = {field.partition(":")[0] for field in named[1].split(", ")} if named else set()
        assert all(set(member) == fields for member in answer if named)
    elif endpoint.method == "POST":
        has(answer, one.get("response_created", {}))
    elif given.keys() & {"id", "name"} or "response_list" not in one:
        shape = one.get("response_single")
        if isinstance(shape, dict):
            has(answer, shape.get(given.get("type"), shape))
    elif "latest" not in given:
        ((key, fields),) = one["response_list"].items()
        assert list(answer) == [key]
        assert answer[key] or set(given) > endpoint.needed, "the test wants members"
        for member in answer[key] if "projection" not in given else ():
            assert set(fields) <= set(member)


def has(answer: Any, shape: Any) -> None:  # noqa: ANN401 - JSON
    """Assert that an answer has the keys of a shape; ``<…>`` stands for any keys, the first member for all."""
    if isinstance(shape, dict):
        assert isinstance(answer, dict)
        for name, one in shape.items():
            for each in answer.values() if name.startswith("<") else [answer[name]]:
                has(each, one)
    elif isinstance(shape, list):
        assert isinstance(answer, list)
        for each in answer:
            has(each, shape[0])


def test_a_token_of_the_older_api_is_revoked(api: Served) -> None:
    assert {str(one) for one in SERVED if not one.given} == {"DELETE /auth/tokens", "GET /grafana"}
    client = Client(api.url, {"X-Auth-Token": api.settings.principals.tokens.issue("root")[0]})
    assert client.ask("DELETE", "//auth/tokens").status_code == 200
    assert client.ask("GET", "//constants?name=link_states").status_code == 401


@pytest.mark.parametrize("endpoint", ELSEWHERE, ids=str)
def test_what_is_not_served_is_documented(endpoint: Endpoint) -> None:
    page = (TESTS.parent / "docs" / "older-api.md").read_text(encoding="utf-8")
    assert f"`/{endpoint.path.partition('/')[2].partition('?')[0]}`" in page.partition("## Not served")[2]


@pytest.mark.parametrize("name", OLDER["environment_sections"])
def test_sections_of_environments_have_the_older_fields(name: str) -> None:
    fields = OLDER["environment_sections"][name]
    ours = {one.name: one for one in OURS[name]}
    if isinstance(fields, str):  # the older API has a name only
        return
    assert {one["name"] for one in fields} == {"name", *ours}
    words = {"int": "integer", "bool": "boolean"}
    for one in fields[1:]:
        mine = ours[one["name"]]
        assert (mine.needed, mine.type) == (one["required"], words.get(one["type"], "string"))


def _tidied(api: Served, root: Client) -> None:
    """Remove what may be there only once."""
    root.ask("DELETE", "/environments/made")
    for one in root.get("/metadata/written")["rows"]:
        assert root.ask("DELETE", f"/metadata/clique_types/{one['id']}").status_code == 204
    assert api.settings.store.collection("environments_config").get("made") is None


@pytest.mark.parametrize(("method", "path"), [*(("GET", one) for one in QUERIES), *(("POST", one) for one in BODIES)])
def test_what_is_needed_is_needed_and_nothing_unknown_is_taken(
    api: Served, root: Client, there: Mapping[str, str], method: str, path: str
) -> None:
    needed, _ = (QUERIES if method == "GET" else BODIES)[path]
    optional = path in OPTIONAL
    path = path.partition("#")[0]
    place = "params" if method == "GET" else "json"

    def asked(given: Mapping[str, Any]) -> tuple[int, str]:
        answer = root.ask(method, f"/{path}", **{place: given})
        error = answer.json()["error"]
        assert set(error) == {"message", "code", "title"}
        return answer.status_code, error["message"]

    for name in needed:
        if optional or (path == "/aggregates" and name == "env_name"):  # of the latter, the type decides
            continue
        assert asked({key: value for key, value in needed.items() if key != name})[0] == 400, name
        assert asked({**needed, name: ""})[0] == 400, f"{name} without a value"
    if path not in OPEN:
        status, said = asked({**needed, "nosuch": "x"})
        assert (status, said.partition(";")[0]) == (400, "Invalid key(s): nosuch")
    if path != "/auth/tokens":
        assert api.nobody.ask(method, f"/{path}", **{place: dict(needed)}).status_code == 401
    assert there
