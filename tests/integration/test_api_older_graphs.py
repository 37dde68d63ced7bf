# SPDX-License-Identifier: Apache-2.0
"""/graph and /grafana of the older API, on both stores: what they show is what is there."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.api.v1 import grafana_tables, graph
from calipso_nornir.model.objects import InventoryObject, root_of
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.store.documents import object_document

if TYPE_CHECKING:
    from tests.fixtures.places import Place
    from tests.fixtures.serving import Client, Served

pytest_plugins = ["tests.fixtures.lab_api"]

LAB = {"env_name": "lab"}


@pytest.fixture
def objects(scanned_place: Place) -> dict[str, Any]:
    """Return the objects of the environment by ``_id``."""
    return {one["_id"]: one for one in scanned_place.open().view("lab").documents("inventory")}


def asked(client: Client, status: int = 200, **query: str) -> Any:  # noqa: ANN401 - JSON
    answer = client.ask("GET", "//graph", params={**LAB, **query})
    assert answer.status_code == status, answer.text
    return answer.json()


def shown(client: Client, status: int = 200, **body: object) -> Any:  # noqa: ANN401 - JSON
    answer = client.ask("POST", "//grafana/query", json={"scopedVars": {"__interval": {"value": "15s"}}, **body})
    assert answer.status_code == status, answer.text
    return answer.json()


def rows(table: dict[str, Any]) -> list[dict[str, Any]]:
    names = [one["text"] for one in table["columns"]]
    return [dict(zip(names, row, strict=True)) for row in table["rows"]]


# --- graphs


def test_a_tree_has_every_object_below_its_parent(viewer: Client, objects: dict[str, Any]) -> None:
    root = root_of("lab").ref.document_id
    flat = asked(viewer, type="vega_tree")
    assert {one["id"] for one in flat} == {root, *objects}
    assert "parent" not in flat[0]
    seen: set[str] = {root}
    for one in flat[1:]:
        known = objects[one["id"]]
        assert one["parent"] == ObjectRef("lab", known["parent_type"], known["parent_id"]).document_id
        assert one["parent"] in seen, "parents come first"
        seen.add(one["id"])
    forces = asked(viewer, type="force_tree")
    assert {one["id"] for one in forces["nodes"]} == seen
    assert {(one["source"], one["target"]) for one in forces["links"]} == {
        (one["parent"], one["id"]) for one in flat[1:]
    }

    def nested(node: dict[str, Any]) -> int:
        assert all(one["id"] in objects for one in node["children"])
        return 1 + sum(map(nested, node["children"]))

    assert nested(asked(viewer, type="children_tree")) == len(seen)


def test_a_tree_may_begin_at_an_object(viewer: Client, objects: dict[str, Any]) -> None:
    host = next(one for one in objects.values() if (one["type"], one["id"]) == ("host", "cmp1"))
    below = {id_ for id_, one in objects.items() if one["id_path"].startswith(f"{host['id_path']}/")}
    for named in ("cmp1", host["_id"]):
        assert {one["id"] for one in asked(viewer, type="vega_tree", focal_point_id=named)} == {host["_id"], *below}


def test_a_clique_has_its_nodes_and_links(viewer: Client, objects: dict[str, Any]) -> None:
    clique = viewer.get("//cliques", **LAB, focal_point_type="instance")["cliques"][0]
    whole = viewer.get("//cliques", **LAB, id=clique["id"])
    found = asked(viewer, type="clique", focal_point_id=whole["focal_point"])
    ends = {(one["source"], one["target"]) for one in whole["links_detailed"]}
    assert {(one["source"], one["target"]) for one in found["links"]} == ends
    assert {end for link in ends for end in link} <= {one["id"] for one in found["nodes"]} <= set(objects)


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ({"type": "clique"}, 400, "focal_point_id must be specified"),
        ({"type": "clique", "focal_point_id": "nosuch"}, 404, "there is none with id nosuch"),
        ({"type": "clique", "focal_point_id": "lab-projects"}, 404, "there is none"),
        ({"type": "force_tree", "focal_point_id": "cmp1"}, 400, "focal_point_id cannot be given"),
        ({"type": "pie"}, 400, "type must be one of vega_tree, force_tree, children_tree, clique"),
    ],
)
def test_graphs_that_cannot_be(viewer: Client, query: dict[str, str], status: int, said: str) -> None:
    assert said in asked(viewer, status, **query)["error"]["message"]


def test_an_id_that_several_objects_have(api: Served, admin: Client) -> None:
    store = api.settings.store
    store.collection("environments_config").put("twins", {"name": "twins"})
    twins = [
        InventoryObject(ref=ObjectRef("twins", type_, "x"), name="x", parent=None, id_path="/twins/x", name_path="/x")
        for type_ in ("host", "port")
    ]
    with store.write("twins") as writer:
        writer.put("inventory", map(object_document, twins))
    query = {"env_name": "twins", "type": "vega_tree", "focal_point_id": "x"}
    answer = admin.ask("GET", "//graph", params=query)
    assert (answer.status_code, "name one by its _id" in answer.text) == (400, True)
    named = admin.get("//graph", **{**query, "focal_point_id": twins[1].ref.document_id})
    assert [one["type"] for one in named] == ["port"]


def test_a_tree_that_is_too_large(viewer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph, "MOST", 3)
    assert "more than 3 objects" in asked(viewer, 400, type="vega_tree")["error"]["message"]


# --- Grafana


def test_tables_show_what_is_there(viewer: Client, objects: dict[str, Any]) -> None:
    targets = [{"refId": "A", "type": "table", "target": "inventory"}, "inventoryCount", "tree"]
    inventory, counts, tree = shown(viewer, targets=targets, panelId=7)
    assert Counter(one["type"] for one in rows(inventory)) == Counter(one["type"] for one in objects.values())
    counted = {one["type"]: one["count"] for one in rows(counts)}
    assert counted == Counter(one["type"] for one in objects.values())
    assert {one["environment"] for one in rows(tree)} == {"lab"}
    paths = {(one["type"], one["id"], one["parent_type"], one["parent_id"]) for one in rows(tree)}
    assert paths == {(one["type"], one["id"], one["parent_type"], one["parent_id"]) for one in objects.values()}
    (host,) = [one for one in rows(inventory) if (one["type"], one["id"]) == ("host", "cmp1")]
    (known,) = [one for one in objects.values() if (one["type"], one["id"]) == ("host", "cmp1")]
    assert host["last_scanned"] == int(known["last_scanned"].timestamp() * 1000)


def test_variables_choose(viewer: Client, objects: dict[str, Any]) -> None:
    hosts = {id_ for id_, one in objects.items() if one["type"] == "host"}
    for value in ("host", {"text": "host", "value": "host"}, {"value": ["host"]}):
        (table,) = shown(
            viewer, targets=["inventory"], scopedVars={"object_types": value, "environment_configs": "lab"}
        )
        assert len(table["rows"]) == len(hosts)
    for value in ("$__all", {"value": ["All"]}):
        (table,) = shown(viewer, targets=["inventory"], scopedVars={"object_types": value})
        assert len(table["rows"]) == len(objects)
    (none,) = shown(viewer, targets=["inventory"], scopedVars={"regions": "nowhere"})
    assert not none["rows"]


def test_a_range_chooses(viewer: Client, objects: dict[str, Any]) -> None:
    early, late = {"from": "2001-01-01T00:00:00Z", "to": "2002-01-01T00:00:00Z"}, {"from": "2001-01-01T00:00:00.000Z"}
    for table in shown(viewer, targets=["inventory", "inventoryCount", "scans"], range=early):
        assert not table["rows"]
    inventory, counts, scans = shown(viewer, targets=["inventory", "inventoryCount", "scans"], range=late)
    assert len(inventory["rows"]) == sum(one["count"] for one in rows(counts)) == len(objects)
    (scan,) = rows(scans)
    assert (scan["environment"], scan["status"]) == ("lab", "completed")
    assert scan["submit_timestamp"] <= scan["end_timestamp"]


def test_values_of_variables(api: Served, viewer: Client) -> None:
    def values(target: str) -> list[str]:
        answer = viewer.ask("POST", "//grafana/search", json={"target": target, "type": "timeseries"})
        assert answer.status_code == 200, answer.text
        found: list[str] = answer.json()
        return found

    described = api.settings.store.collection("environments_config")
    before = described.get("lab") or {}
    described.put("lab", {**before, "cvim_region": "emea", "cvim_metro": "paris"})
    described.put("other", {"name": "other", "cvim_region": "apac"})
    try:
        assert values("environment_configs") == ["lab"], "others may not be seen"
        assert (values("regions"), values("metros")) == (["emea"], ["paris"])
        assert values('{"metros": {"regions": ["emea"]}}') == ["paris"]
        assert values('{"environment_configs": {"regions": "apac"}}') == []
        assert {"host", "vnic"} <= set(values("object_types"))
        assert viewer.get("//grafana") == {"status": "1 environments"}
    finally:
        described.put("lab", before)
        described.delete("other")


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("search", {"target": "pies"}, "target must be one of"),
        ("search", {"target": '{"metros": 1, "regions": 2}'}, "JSON with one key"),
        ("search", {"target": "{" * 100_000}, "JSON with one key"),
        ("search", {"target": '{"metros": "emea"}'}, "must be an object"),
        ("search", {}, "target must be specified"),
        ("query", {"targets": ["pies"], "scopedVars": {"x": 1}}, "each of targets must be one of"),
        ("query", {"targets": [{"refId": "A"}], "scopedVars": {"x": 1}}, "each of targets must be one of"),
        ("query", {"targets": ["tree"]}, "scopedVars must be specified"),
        ("query", {"targets": ["tree"], "scopedVars": {"environment_configs": "no"}}, "Unknown environment: no"),
        ("query", {"targets": ["tree"], "scopedVars": {"x": 1}, "range": {"from": "today"}}, "must be a time"),
    ],
)
def test_what_grafana_may_not_ask(viewer: Client, path: str, body: dict[str, Any], said: str) -> None:
    answer = viewer.ask("POST", f"//grafana/{path}", json=body)
    assert (answer.status_code, said in answer.json()["error"]["message"]) == (400, True), answer.text


def test_a_table_that_is_too_long(viewer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grafana_tables, "MOST", 3)
    assert "more than 3 rows" in shown(viewer, 400, targets=["inventory"])["error"]["message"]


def test_other_operations_are_there_a_second_time(api: Served, viewer: Client, operator: Client) -> None:
    for path in ("inventory", "links", "aggregates"):
        query = {**LAB, "type": "environment"} if path == "aggregates" else LAB
        assert viewer.get(f"//grafana/query/{path}", **query) == viewer.get(f"//{path}", **query)
    made = operator.ask("POST", "//grafana/query/scans", json={"environment": "lab", "status": "draft"})
    assert made.status_code == 201
    assert viewer.ask("POST", "//grafana/query/scans", json={"environment": "lab"}).status_code == 403
    assert api.nobody.ask("GET", "//grafana/query/inventory", params=LAB).status_code == 401
    assert api.nobody.ask("POST", "//grafana/query/auth/tokens", json={}).status_code == 404
