# SPDX-License-Identifier: Apache-2.0
"""The examples of the OpenAPI document are requests that work, with the answers that they get, on both stores.

Every operation has one. So what is true of all of them is true of the whole API: each write is in the audit trail, and
nothing shows a secret.
"""

from __future__ import annotations

import io
import json
import logging
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import jsonschema_rs
import pymongo
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from jsonschema import Draft202012Validator, FormatChecker

from calipso_nornir.api import described
from calipso_nornir.api.app import ROUTERS
from calipso_nornir.api.examples import example_objects, examples
from calipso_nornir.metadata.loading import load_catalog
from tests.api_examples.making import Example, Exchange, Maker, differs
from tests.api_examples.requests import SECRETS, E
from tests.fixtures.recorded import bundle, filled
from tests.fixtures.serving import served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.stores import Store
    from tests.fixtures.places import Place

pytest_plugins = ["tests.fixtures.stores"]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    app = FastAPI()
    for prefix, router in ROUTERS:
        app.include_router(router, prefix=prefix)
    return described.document(app, ROUTERS, load_catalog())


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }


def test_each_operation_has_an_example_of_each_answer_and_body(document: dict[str, Any]) -> None:
    known = operations(document)
    assert sorted(examples()) == sorted(known), "make schemas"
    for name, operation in known.items():
        status = str(examples()[name]["status"])
        answer = operation["responses"][status].get("content", {})
        assert [media for media, one in answer.items() if "example" not in one] == [], name
        for media in operation.get("requestBody", {}).get("content", {}).values():
            assert "example" in media, name
        needed = [one for one in operation.get("parameters", ()) if one["required"] and one["in"] != "header"]
        assert [one["name"] for one in needed if "example" not in one] == [], name


def test_each_example_is_valid_by_its_schema(document: dict[str, Any]) -> None:
    found = 0
    for name, operation in operations(document).items():
        parts = [*operation.get("parameters", ()), *operation.get("requestBody", {}).get("content", {}).values()]
        for response in operation["responses"].values():
            parts += response.get("content", {}).values()
        for part in parts:
            if "example" not in part:
                continue
            found += 1
            schema = {"components": document["components"], **part["schema"]}
            faults = list(Draft202012Validator(schema, format_checker=FormatChecker()).iter_errors(part["example"]))
            assert faults == [], f"{name}: {faults[0].message if faults else ''}"
    assert found > 400


def test_metrics_have_their_names_in_the_example() -> None:
    """They begin like a token."""
    shown = examples()["GET /metrics"]["answers"]["text/plain"]
    assert "# TYPE calipso_http_request_seconds histogram" in shown
    assert "TOKEN" not in shown


def test_no_answer_is_described_as_just_an_object(document: dict[str, Any]) -> None:
    for name, operation in operations(document).items():
        for status, response in operation["responses"].items():
            schema = response.get("content", {}).get("application/json", {}).get("schema")
            if status[0] == "2" and schema is not None:
                for each in schema.get("anyOf", [schema]):
                    one = each.get("items", each)
                    described = "$ref" in one or "properties" in one or one["type"] != "object"
                    assert described or isinstance(one.get("additionalProperties"), dict), name


@pytest.mark.parametrize(
    ("name", "field", "wrong"),
    [
        ("Thing", "evidence", None),
        ("Thing", "mac_addresses", "no list"),
        ("Thing", "flavor", []),
        ("Thing", "check_status", {"value": 300}),
        ("Link", "source", "no id"),
        ("Link", "link_type", "vnic"),
        ("Scan", "status", "well"),
        ("Scan", "objects", {"new": "many"}),
        ("Schedule", "paused", "no"),
        ("Message", "level", None),
        ("Status", "value", -1),
        ("CliqueAround", "nodes", [{"type": "vnic"}]),
        ("ObjectPage", "items", [{"_id": "5"}, 5]),
    ],
)
def test_what_deviates_from_a_schema_is_not_valid(document: dict[str, Any], name: str, field: str, wrong: Any) -> None:  # noqa: ANN401 - JSON
    """An instance, and what the examples of other operations show, with one value that it cannot have."""
    where = {
        "Link": (f"GET {E}/links", lambda one: one["items"][0]),
        "Scan": (f"GET {E}/scans/{{scan_id}}", None),
        "Schedule": (f"GET {E}/schedules", lambda one: one[0]),
        "Message": (f"GET {E}/messages", lambda one: one[0]),
        "Status": (f"GET {E}/statuses", lambda one: one[0]),
        "CliqueAround": (f"GET {E}/cliques/{{type}}/{{id}}", None),
        "ObjectPage": (f"GET {E}/objects", None),
    }
    if name == "Thing":
        right = example_objects()["instance"]
    else:
        operation, chosen = where[name]
        right = examples()[operation]["answers"]["application/json"]
        right = chosen(right) if chosen else right
    valid = by_schema(document, {"$ref": f"#/components/schemas/{name}"})
    assert valid.is_valid(right)
    assert not valid.is_valid({**right, field: wrong})


def test_each_type_of_objects_has_a_schema_with_its_attributes(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for one in load_catalog().object_types.values():
        if one.name != "environment":
            described = schemas[f"object_{one.name}"]["properties"]
            assert described.keys() == {"type", *(attribute.name for attribute in one.attributes)}
    mtu = schemas["object_vnic"]["properties"]["device_mtu"]
    assert mtu["type"] == ["integer", "null"]
    assert {"x-unit", "x-source", "description"} <= mtu.keys()
    assert schemas["object_instance"]["examples"][0]["name"] == "gw-1"


def test_an_object_of_a_type_that_is_not_declared_any_more_is_described_too(document: dict[str, Any]) -> None:
    valid = by_schema(document, {"$ref": "#/components/schemas/Thing"})
    one = {**example_objects()["instance"], "type": "fan"}
    assert valid.is_valid(one)
    assert not valid.is_valid({name: value for name, value in one.items() if name != "id_path"})


def by_schema(document: dict[str, Any], schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator({"components": document["components"], **schema}, validate_formats=True)


# --- sent to both stores


@dataclass
class Sent:
    """What was sent and answered, and where all of it was kept."""

    examples: dict[str, Example]
    exchanges: list[Exchange]
    store: Store
    log: str
    kept: str

    @property
    def writes(self) -> list[Exchange]:
        return [one for one in self.exchanges if not one.operation.startswith("GET ") and one.who]


@pytest.fixture(scope="module")
def sent(module_place: Place, tmp_path_factory: pytest.TempPathFactory) -> Sent:
    """Send the requests of the examples to an API on each of the stores."""
    folder = tmp_path_factory.mktemp("examples")
    filled(module_place.uri, bundle(folder / "lab.calipso"))
    store = module_place.open()
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    logging.getLogger().addHandler(handler)
    before = logging.getLogger("calipso_nornir").level
    logging.getLogger("calipso_nornir").setLevel(logging.DEBUG)
    try:
        with served(store, secrets=folder / "secrets") as api:
            maker = Maker(api, str(folder))
            examples = maker.all()
    finally:
        logging.getLogger("calipso_nornir").setLevel(before)
        logging.getLogger().removeHandler(handler)
    return Sent(examples, maker.exchanges, store, lines.getvalue(), everything(module_place))


def everything(place: Place) -> str:
    """Return all that a store has written: the bytes of SQLite's files, or every document of the database."""
    if place.kind == "sqlite":
        return "".join(one.read_text(encoding="latin-1") for one in Path(place.uri).parent.iterdir())
    with pymongo.MongoClient[dict[str, Any]](place.uri) as client:
        database = client.get_default_database()
        return "".join(str(one) for name in database.list_collection_names() for one in database[name].find())


def test_each_request_works_and_is_answered_like_this(sent: Sent) -> None:
    """What has changed is written by ``make schemas``."""
    for name, example in examples().items():
        assert differs(sent.examples[name], example) is None, f"{name}: make schemas"


def test_each_whole_answer_is_valid_by_its_schema(sent: Sent, document: dict[str, Any]) -> None:
    known = operations(document)
    looked_at = 0
    for one in sent.exchanges:
        content = known[one.operation]["responses"][str(one.status)].get("content", {})
        if one.text[:1] not in ("{", "[") or "application/json" not in content:
            continue
        faults = by_schema(document, content["application/json"]["schema"]).iter_errors(json.loads(one.text))
        assert [str(fault)[:2000] for fault in faults] == [], one.operation
        looked_at += 1
    assert looked_at > 80


def test_what_was_made_or_begun_says_where_it_is(sent: Sent, document: dict[str, Any]) -> None:
    """Each POST of ``/api/v2`` to a collection names in ``Location`` what GET shows, and the document says so."""
    known = operations(document)
    places = {name[4:].rpartition("/")[0] for name in known if name[:4] == "GET " and name.endswith("}")}
    made = [one for one in sent.exchanges if one.operation[:4] == "POST" and one.operation[5:] in places]
    for one in made:
        headers = known[one.operation]["responses"][str(one.status)]["headers"]
        assert set(headers) == {"Location"}
        assert one.location is not None
        assert one.location.rpartition("/")[0] == one.path
        assert one.location.rpartition("/")[2] in json.loads(one.text).values()
    without = [one for one in sent.exchanges if one.status == 201 and one.location is None]
    assert {one.operation[:3] for one in without if "/api/v2/" in one.operation} == {"PUT"}, "the request names it"
    assert len({one.operation for one in made}) == 10


def test_each_write_is_in_the_audit_trail_with_who_and_from_where(sent: Sent) -> None:
    """A route without an example fails above; so this looks at every route that writes."""
    operations = {f"{method} {prefix}{route.path_format}" for prefix, route, method in methods()}
    open_to_all = {"POST /auth/tokens"}
    assert {one.operation for one in sent.writes} == {one for one in operations if one[:4] != "GET "} - open_to_all
    trail = Counter(
        (one["method"], one["path"], one["who"], one["from"], one["status"])
        for one in sent.store.collection("audit").find()
    )
    done = Counter(
        (one.operation.partition(" ")[0], unquote(one.path), one.who, "127.0.0.1", one.status) for one in sent.writes
    )
    done["POST", "/auth/tokens", "admin", "127.0.0.1", 201] += 1  # who they are follows from the body
    assert trail == done


def test_what_is_secret_is_in_no_answer_no_log_and_not_in_the_store(sent: Sent) -> None:
    answers = sent.exchanges
    assert "scanner" in sent.kept, "the description of an environment is there"
    assert sent.log
    for secret in SECRETS:
        assert [one.operation for one in answers if secret in one.text] == []
        assert secret not in sent.log
        assert secret not in sent.kept
    shown_once = {"POST /api/v2/tokens": "token", "POST /auth/tokens": "token"}
    shown_once[f"POST {E}/webhooks"] = "secret"
    for operation, field in shown_once.items():
        [made] = [one for one in answers if one.operation == operation]
        secret = json.loads(made.text)[field]
        assert [one.operation for one in answers if secret in one.text] == [operation]
        assert secret not in sent.log
        assert secret not in sent.kept


def methods() -> Iterator[tuple[str, APIRoute, str]]:
    """Yield prefix, route and method of all that is served and described."""
    for prefix, router in ROUTERS:
        for route in router.routes:
            if isinstance(route, APIRoute) and route.include_in_schema:
                for method in route.methods or ():
                    yield prefix, route, method


@pytest.mark.parametrize(
    ("one", "other", "where"),
    [
        ({"a": [1, 2]}, {"a": []}, None),
        ({"a": [1]}, {"a": ["1"]}, "/a/0"),
        ({"a": 1}, {"b": 1}, ": ['a', 'b']"),
        ({"a": {"b": None}}, {"a": {"b": "x"}}, "/a/b"),
        ({"a": True}, {"a": 1}, "/a"),
    ],
)
def test_what_differs_is_told(one: object, other: object, where: str | None) -> None:
    assert differs(one, other) == where
