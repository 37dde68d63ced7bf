# SPDX-License-Identifier: Apache-2.0
"""Graphs, ways, impact, exports, history and statuses over the API, on both stores."""

from __future__ import annotations

import csv
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import networkx as nx
import pytest

from calipso_nornir.api.v2.pages import cursor
from calipso_nornir.store.documents import link_document

if TYPE_CHECKING:
    from calipso_nornir.model.stores import Store
    from tests.fixtures.serving import Client, Served

pytest_plugins = ["tests.fixtures.lab_api"]

LAB = "/environments/lab"


@pytest.fixture(scope="module")
def store(api: Served) -> Store:
    return api.settings.store


def one_of(store: Store, type_: str) -> Any:  # noqa: ANN401 - an object
    return store.view("lab").of_type(type_)[0]


# --- graphs


def test_a_graph_grows_with_its_depth(viewer: Client, store: Store) -> None:
    instance = one_of(store, "instance")
    where = f"{LAB}/graph/instance/{instance.id}"
    near, far = viewer.get(where), viewer.get(where, depth=20)
    assert near["nodes"][0]["_id"] == instance.ref.document_id
    assert 1 < len(near["nodes"]) < len(far["nodes"])
    ids = {one["_id"] for one in far["nodes"]}
    assert all({one["source"], one["target"]} <= ids for one in far["links"])
    assert far["whole"]
    out, back = viewer.get(where, direction="out"), viewer.get(where, direction="in")
    assert {one["source_id"] for one in out["links"]} == {instance.id}
    assert len(back["nodes"]) < len(near["nodes"])
    cut = viewer.get(where, depth=20, limit=3)
    assert (len(cut["nodes"]), cut["whole"]) == (3, False)
    assert viewer.ask("GET", f"{LAB}/graph/instance/none").status_code == 404
    assert viewer.ask("GET", where, params={"depth": 0}).status_code == 422


def test_ways_between_two_objects(viewer: Client, store: Store) -> None:
    instance, pnic = one_of(store, "instance"), one_of(store, "host_pnic")
    asked = {"from_type": "instance", "from_id": instance.id, "to_type": "host_pnic", "to_id": pnic.id}
    said = viewer.get(f"{LAB}/paths", **asked)
    assert said["answer"] in ("connected", "interrupted")
    for way in said["ways"]:
        assert way["nodes"][0]["id"] == instance.id
        assert way["nodes"][-1]["id"] == pnic.id
        assert len(way["links"]) == len(way["nodes"]) - 1
        for link, one, other in zip(way["links"], way["nodes"], way["nodes"][1:], strict=False):
            assert {link["source"], link["target"]} == {one["_id"], other["_id"]}
        assert "network" not in [one["type"] for one in way["nodes"][1:-1]]
    same = viewer.get(f"{LAB}/paths", **{**asked, "to_type": "instance", "to_id": instance.id})
    assert [len(one["nodes"]) for one in same["ways"]] == [1]
    assert viewer.ask("GET", f"{LAB}/paths", params={**asked, "to_id": "none"}).status_code == 404
    assert viewer.ask("GET", f"{LAB}/paths", params={"from_type": "x"}).status_code == 422


def test_no_way_is_not_the_same_as_an_unknown_one(viewer: Client, store: Store) -> None:
    """A link that is down interrupts; without links there is none; after a scan with failures nobody knows."""
    instance = one_of(store, "instance")
    [link, *_] = store.view("lab").links("instance-vnic", source=instance.ref)
    vnic = link.target
    asked = {"from_type": "instance", "from_id": instance.id, "to_type": "vnic", "to_id": vnic.id}
    own = [link_document(one) for one in store.view("lab").links_of(instance.ref)]
    with store.write("lab", cause="test") as writer:
        writer.put("links", [{**one, "state": "down", "digest": "other"} for one in own])
    said = viewer.get(f"{LAB}/paths", **asked)
    assert said["answer"] == "interrupted"
    assert [one["state"] for one in said["ways"]] == ["down"]
    with store.write("lab", cause="test") as writer:
        writer.remove("links", [one.document_id for one in store.view("lab").links_of(instance.ref)])
    assert viewer.get(f"{LAB}/paths", **asked)["answer"] == "none"
    scans = store.collection("scans")
    [scan] = scans.find({"environment": "lab"})
    failure = {"severity": "error", "message": "cmp1 cannot be reached", "affected": ["cmp1"], "data": {}}
    scans.put(scan["scan_id"], {**scan, "failures": [failure]})
    said = viewer.get(f"{LAB}/paths", **asked)
    assert (said["answer"], said["unknown"]) == ("unknown", ["cmp1: cmp1 cannot be reached"])
    scans.put(scan["scan_id"], scan)


def test_impact(viewer: Client, store: Store) -> None:
    view = store.view("lab")
    vedge = next(one for one in view.of_type("vedge") if view.links_of(one.ref))
    said = viewer.get(f"{LAB}/impact/vedge/{vedge.id}")
    assert said["counts"].get("instance", 0) + said["counts"].get("vservice", 0) > 0
    host = viewer.get(f"{LAB}/impact/host/{vedge['host']}")
    assert {"type": "vedge", "id": vedge.id} in host["below"]
    assert {"type": "host", "id": vedge["host"]} not in host["over"]


# --- exports


def test_exports(viewer: Client, store: Store) -> None:
    for format_, media in (
        ("json", "application/json"),
        ("csv", "text/csv; charset=utf-8; header=present"),
        ("graphml", "application/xml"),
        ("dot", "text/vnd.graphviz; charset=utf-8"),
        ("mermaid", "text/plain; charset=utf-8"),
    ):
        answer = viewer.ask("GET", f"{LAB}/export", params={"format": format_})
        assert (answer.status_code, answer.headers["content-type"]) == (200, media)
        assert answer.headers["content-disposition"].startswith('attachment; filename="lab')
        assert len(answer.content) > 1000
    whole = viewer.get(f"{LAB}/export")
    assert len(whole["nodes"]) == sum(store.view("lab").counts().values())
    assert len(whole["links"]) == len(store.view("lab").links())
    host = viewer.get(f"{LAB}/export", type="host", id="cmp1")
    assert 1 < len(host["nodes"]) < len(whole["nodes"])
    assert all("cmp1" in one["id_path"] for one in host["nodes"])
    graph: Any = nx.parse_graphml(viewer.ask("GET", f"{LAB}/export", params={"format": "graphml"}).text)
    assert graph.number_of_edges() == len(whole["links"])
    assert viewer.ask("GET", f"{LAB}/export", params={"type": "host"}).status_code == 422
    assert viewer.ask("GET", f"{LAB}/export", params={"type": "host", "id": "no"}).status_code == 404


def file_of(viewer: Client, path: str, **query: object) -> dict[str, Any]:
    """Return a file as JSON, after it was read in every other format, with the same objects and links in each."""
    whole: dict[str, Any] = viewer.get(f"{LAB}{path}", **query, format="json")
    ids, links = [one["_id"] for one in whole["nodes"]], [one["_id"] for one in whole["links"]]
    texts = {
        format_: viewer.ask("GET", f"{LAB}{path}", params={**query, "format": format_}).content.decode()
        for format_ in ("graphml", "dot", "mermaid", "csv")
    }
    graph: Any = nx.parse_graphml(texts["graphml"])
    assert list(graph.nodes) == [f"n{one}" for one in ids]
    assert sorted(data["id"] for *_, data in graph.edges(data=True)) == sorted(f"e{one}" for one in links)
    assert graph.graph["revision"] == str(whole["revision"])
    assert texts["dot"].count("\n") == texts["mermaid"].count("\n") + 2 == len(ids) + len(links) + 4
    assert [row["_id"] for row in csv.DictReader(texts["csv"].splitlines())] == ids
    table = viewer.ask("GET", f"{LAB}{path}", params={**query, "format": "csv", "table": "links"})
    assert [row["_id"] for row in csv.DictReader(table.content.decode().splitlines())] == links
    return whole


def test_a_graph_a_clique_ways_and_a_selection_are_exported(viewer: Client, store: Store) -> None:
    instance, vedge = one_of(store, "instance"), one_of(store, "vedge")
    graph = viewer.get(f"{LAB}/graph/instance/{instance.id}", depth=2)
    file = file_of(viewer, f"/graph_file/instance/{instance.id}", depth=2)
    assert [one["_id"] for one in file["nodes"]] == [one["_id"] for one in graph["nodes"]]
    assert file["whole"]

    clique = viewer.get(f"{LAB}/cliques/instance/{instance.id}")
    file = file_of(viewer, f"/clique_file/instance/{instance.id}")
    for part in ("nodes", "links"):
        assert [one["_id"] for one in file[part]] == [one["_id"] for one in clique[part]]
    assert file["focal_point"] == {"type": "instance", "id": instance.id}

    ends = {"from_type": "instance", "from_id": instance.id, "to_type": "vedge", "to_id": vedge.id}
    ways = viewer.get(f"{LAB}/paths", **ends)
    file = file_of(viewer, "/paths_file", **ends)
    assert file["answer"] == ways["answer"]
    assert {one["_id"] for one in file["links"]} == {one["_id"] for way in ways["ways"] for one in way["links"]}
    assert {one["_id"] for one in file["nodes"]} == {one["_id"] for way in ways["ways"] for one in way["nodes"]}

    page = viewer.get(f"{LAB}/objects", type=["vnic", "instance"], host="cmp1", limit=1000)
    file = file_of(viewer, "/objects_file", type=["vnic", "instance"], host="cmp1")
    assert [one["_id"] for one in file["nodes"]] == [one["_id"] for one in page["items"]]
    assert {one["link_type"] for one in file["links"]} == {"instance-vnic"}
    assert file["where"] == [["type", "vnic"], ["type", "instance"], ["host", "cmp1"]]


def test_a_selection_of_many_is_read_page_by_page(
    viewer: Client, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calipso_nornir.api.v2.exports.AT_ONCE", 7)
    whole = viewer.get(f"{LAB}/objects_file")
    assert len(whole["nodes"]) == sum(store.view("lab").counts().values())
    assert len(whole["links"]) == len(store.view("lab").links())


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/graph_file/host/no", 404),
        ("/clique_file/host/no", 404),
        ("/clique_file/availability_zone/az-east", 404),
        ("/paths_file?from_type=host&from_id=cmp1&to_type=host&to_id=no", 404),
        ("/paths_file?from_type=host", 422),
        ("/objects_file?nosuch=1", 422),
        ("/objects_file?limit=1", 422),
        ("/objects_file?format=exe", 422),
        ("/objects_file?type=vnic&at=2026-11-28T19:10:00Z&revision=1", 422),
        ("/objects_file?revision=100000", 404),
        ("/objects_file?revision=-1", 422),
        ("/objects_file?revision=9223372036854775808", 422),
    ],
)
def test_files_that_cannot_be_are_refused_before_they_begin(viewer: Client, path: str, status: int) -> None:
    answer = viewer.ask("GET", f"{LAB}{path}")
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_files_and_reads_of_a_revision_and_of_a_time(viewer: Client, store: Store) -> None:
    instance = one_of(store, "instance")
    before = store.view("lab").revision
    document = store.view("lab").get_by_id("inventory", instance.ref.document_id)
    assert document is not None
    at = store.commits("lab", limit=1)[0].at
    time.sleep(0.005)
    with store.write("lab", cause="test") as writer:
        writer.put("inventory", [{**document, "name": '=1+"<b>\n', "digest": "y" * 32}])
    where = {"type": "instance", "id": instance.id}
    for path in (f"/clique_file/instance/{instance.id}", f"/graph_file/instance/{instance.id}", "/objects_file"):
        query = where if path == "/objects_file" else {}
        for then in ({"revision": before}, {"at": at.isoformat()}):
            file = viewer.get(f"{LAB}{path}", **query, **then)
            assert (file["nodes"][0]["name"], file["revision"]) == (document["name"], before)
        assert viewer.get(f"{LAB}{path}", **query)["nodes"][0]["name"] == '=1+"<b>\n'
    assert file_of(viewer, "/objects_file", **where, revision=before + 1)["nodes"][0]["name"] == '=1+"<b>\n'
    shown = f"{LAB}/objects/instance/{instance.id}"
    assert viewer.get(shown, revision=before)["name"] == document["name"] != viewer.get(shown)["name"]
    with store.write("lab", cause="test") as writer:
        writer.put("inventory", [document])


# --- history


def test_what_differs_between_two_times(viewer: Client, store: Store) -> None:
    before = datetime.now(UTC)
    port = one_of(store, "port")
    document = store.view("lab").get_by_id("inventory", port.ref.document_id)
    assert document is not None
    with store.write("lab", cause="event port.update") as writer:
        writer.put("inventory", [{**document, "name": "renamed", "digest": "x" * 32}])
    said = viewer.get(f"{LAB}/diff", since=before.isoformat())
    assert [(one["op"], one["id"], one["fields"]) for one in said["items"]] == [
        ("changed", port.ref.document_id, ["name"])
    ]
    assert said["items"][0]["after"]["name"] == "renamed"
    assert said["whole"]
    assert viewer.get(f"{LAB}/diff", since=before.isoformat(), until=before.isoformat())["items"] == []
    scan = viewer.get(f"{LAB}/scans")[0]["scan_id"]
    assert port.ref.document_id in [one["id"] for one in viewer.get(f"{LAB}/diff", since_scan=scan)["items"]]
    assert viewer.ask("GET", f"{LAB}/diff", params={"since_scan": "none"}).status_code == 404
    assert viewer.ask("GET", f"{LAB}/diff").status_code == 422
    long_ago = {"since": (before - timedelta(days=99)).isoformat()}
    assert viewer.ask("GET", f"{LAB}/diff", params=long_ago).status_code == 404
    twice = {"since": before.isoformat(), "since_scan": scan}
    assert viewer.ask("GET", f"{LAB}/diff", params=twice).status_code == 422

    found = viewer.get(f"{LAB}/versions/port/{port.id}")
    assert [(one["cause"], one["document"]["name"]) for one in found] == [
        ("event port.update", "renamed"),
        (f"scan {scan}", port.name),
    ]
    with store.write("lab", cause="event port.delete") as writer:
        writer.remove("inventory", [port.ref.document_id])
    whole = viewer.get(f"{LAB}/versions/port/{port.id}")
    assert [one["cause"] for one in whole] == ["event port.delete", "event port.update", f"scan {scan}"]
    assert whole[0]["document"] is None
    assert viewer.get(f"{LAB}/versions/port/{port.id}", commits=1) == whole[:1]
    with store.write("lab", cause="event port.update") as writer:
        other = store.view("lab").get_by_id("inventory", one_of(store, "port").ref.document_id)
        writer.put("inventory", [{**(other or {}), "name": "renamed", "digest": "y" * 32}])
    assert viewer.get(f"{LAB}/versions/port/{port.id}", commits=1) == whole, "it was gone before that commit"


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("versions/port/none", "port none"),
        ("versions/nosuch/none", "nosuch none"),
        (f"statuses/{'0' * 24}/versions", f"object or link with _id {'0' * 24}"),
    ],
)
def test_what_never_existed_has_no_versions(viewer: Client, path: str, what: str) -> None:
    answer = viewer.ask("GET", f"{LAB}/{path}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")
    said = f"environment lab has no {what}, and had none in the history that is kept"
    assert answer.json()["detail"] == said


def test_versions_that_no_known_commit_made(viewer: Client, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The object is there, so it is not said that it never was."""
    monkeypatch.setattr(type(store), "commits", lambda *_, **__: [])
    assert viewer.get(f"{LAB}/versions/port/{one_of(store, 'port').id}") == []


# --- statuses


def test_statuses_are_written_and_joined(viewer: Client, operator: Client, store: Store) -> None:
    instance = one_of(store, "instance")
    of = instance.ref.document_id
    where = f"{LAB}/statuses/{of}"
    assert viewer.ask("GET", where).status_code == 404
    bad = operator.ask(
        "PUT", where, json={"value": 2, "label": "Critical", "text": "no answer", "source": "ping"}
    ).json()
    assert (bad["kind"], bad["value"], bad["label"]) == ("inventory", 2, "Critical")
    again = operator.ask("PUT", where, json={"value": 2, "label": "Critical", "text": "still none"}).json()
    assert again["since"] == bad["since"], "it has had this value since then"
    clique = viewer.get(f"{LAB}/cliques/instance/{instance.id}")
    by_id = {"id": instance.id, "type": "instance"}
    for shown in (
        viewer.get(f"{LAB}/graph/instance/{instance.id}")["nodes"][0],
        viewer.get(f"{LAB}/objects/instance/{instance.id}"),
        viewer.get(f"{LAB}/objects", **by_id)["items"][0],
        viewer.get(f"{LAB}/objects", **by_id, fields="id,check_status")["items"][0],
        next(one for one in clique["nodes"] if one["_id"] == of),
        next(one for one in viewer.get(f"{LAB}/search", q=instance.id) if one["_id"] == of),
    ):
        assert (shown["check_status"]["text"], shown["check_status"]["value"]) == ("still none", 2)
    assert viewer.get(f"{LAB}/objects", **by_id, fields="id")["items"] == [{"id": instance.id}]
    assert all(one["check_status"] is None for one in viewer.get(f"{LAB}/objects", type="vnic")["items"])
    port = one_of(store, "port")
    operator.ask("PUT", f"{LAB}/statuses/{port.ref.document_id}", json={"value": 1, "label": "Warning"})
    shown = viewer.get(f"{LAB}/graph/port/{port.id}")["nodes"][0]
    assert (shown["status"], shown["check_status"]["label"]) == (port["status"], "Warning"), "Neutron's is another"
    operator.ask("PUT", where, json={"value": 0, "label": "OK"})
    assert [one["document"]["value"] for one in viewer.get(f"{where}/versions")] == [0, 2, 2]
    assert [one["_id"] for one in viewer.get(f"{LAB}/statuses")] == sorted([of, port.ref.document_id])
    assert [one["_id"] for one in viewer.get(f"{LAB}/statuses", at_least=1)] == [port.ref.document_id]
    assert viewer.get(where)["value"] == 0
    assert viewer.ask("PUT", where, json={"value": 0, "label": "OK"}).status_code == 403
    assert operator.ask("PUT", f"{LAB}/statuses/{'0' * 24}", json={"value": 0, "label": "OK"}).status_code == 404
    assert operator.ask("PUT", f"{LAB}/statuses/nonsense", json={"value": 0, "label": "OK"}).status_code == 422
    assert operator.ask("PUT", where, json={"value": -1, "label": "OK"}).status_code == 422
    assert operator.ask("DELETE", where).status_code == 204
    assert operator.ask("DELETE", where).status_code == 404
    link = store.view("lab").links()[0]
    put = operator.ask("PUT", f"{LAB}/statuses/{link.document_id}", json={"value": 1, "label": "Warning"})
    assert put.json()["kind"] == "links"
    source = link.source
    for links in (
        viewer.get(f"{LAB}/links", _id=link.document_id)["items"],
        viewer.get(f"{LAB}/links/of/{source.type}/{source.id}"),
    ):
        assert {one["_id"]: one["check_status"] for one in links}[link.document_id]["label"] == "Warning"


def pages_of(client: Client, path: str, **query: object) -> list[list[dict[str, Any]]]:
    """Return all pages of a list, each as the header ``Link`` of the page before names it."""
    answer = client.ask("GET", path, params=query)
    pages: list[list[dict[str, Any]]] = [answer.json()]
    while "next" in answer.links:
        answer = client.ask("GET", answer.links["next"]["url"].removeprefix("/api/v2"))
        pages.append(answer.json())
    return pages


def test_children_and_links_of_an_object_have_pages(viewer: Client, store: Store) -> None:
    view = store.view("lab")
    folders = [one for one in view.of_type("ports_folder") if len(view.children(one.ref)) > 3]
    hosts = [one for one in view.of_type("host") if len(view.children(one.ref)) > 3]
    assert folders
    assert hosts
    for one in (*folders, *hosts):
        path = f"{LAB}/objects/{one.type}/{quote(one.id, safe='')}/children"
        wanted = sorted(view.children(one.ref), key=lambda child: (child.type, child.name, child.ref.document_id))
        pages = pages_of(viewer, path, limit=3)
        assert [each["_id"] for page in pages for each in page] == [each.ref.document_id for each in wanted]
        assert {len(page) for page in pages[:-1]} == {3}
    linked = [one for type_ in ("vedge", "otep", "network", "host_pnic") for one in view.of_type(type_)]
    linked = [one for one in linked if len(view.links_of(one.ref)) > 3]
    assert linked
    for one in linked:
        pages = pages_of(viewer, f"{LAB}/links/of/{one.type}/{quote(one.id, safe='')}", limit=3)
        assert [each["_id"] for page in pages for each in page] == [each.document_id for each in view.links_of(one.ref)]
        assert {len(page) for page in pages[:-1]} == {3}


def test_search_has_pages(viewer: Client, store: Store) -> None:
    """In names first, then in attributes; of an earlier revision, too."""
    for query in ({"q": "vnic"}, {"q": "cmp1"}, {"q": "cmp1", "revision": store.view("lab").revision}):
        whole = [one["_id"] for one in viewer.get(f"{LAB}/search", limit=1000, **query)]
        assert len(whole) > 7
        pages = pages_of(viewer, f"{LAB}/search", limit=3, **query)
        assert [one["_id"] for page in pages for one in page] == whole
        assert {len(page) for page in pages[:-1]} == {3}
        assert 0 < len(pages[-1]) <= 3
    assert pages_of(viewer, f"{LAB}/search", q="no such text", limit=3) == [[]]


def test_findings_have_pages(viewer: Client, operator: Client, store: Store) -> None:
    """Equally bad ones, too; what is added meanwhile shifts nothing."""
    ports = sorted(one.ref.document_id for one in store.view("lab").of_type("port"))[:7]
    for number, of in enumerate(ports):
        operator.ask("PUT", f"{LAB}/statuses/{of}", json={"value": 1 + number % 2, "label": "x"})
    whole = [one["of"] for one in viewer.get(f"{LAB}/findings")]
    assert set(ports) <= set(whole)
    pages = pages_of(viewer, f"{LAB}/findings", limit=3)
    assert [one["of"] for page in pages for one in page] == whole
    first = viewer.ask("GET", f"{LAB}/findings?limit=3")
    operator.ask("DELETE", f"{LAB}/statuses/{whole[0]}")
    second = viewer.ask("GET", first.links["next"]["url"].removeprefix("/api/v2"))
    assert [one["of"] for one in second.json()] == whole[3:6]
    for of in ports:
        operator.ask("DELETE", f"{LAB}/statuses/{of}")


@pytest.mark.parametrize("path", ["search?q=cmp1", "findings?limit=1", "objects/host/cmp1/children?limit=1"])
@pytest.mark.parametrize(
    "after",
    [
        "nonsense",
        cursor(["only one"]),
        cursor([1, "host", "cmp1"]),
        cursor([False, 1, "cmp1"]),
        cursor([-2, 0, 7, "0" * 24]),
        cursor([-2, "0", "name", "0" * 24]),
        cursor([-2, 0, "name", None]),
    ],
)
def test_cursors_of_another_list_are_refused(viewer: Client, path: str, after: str) -> None:
    answer = viewer.ask("GET", f"{LAB}/{path}&after={after}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (422, "application/problem+json")
    told = {"field": "after", "detail": "expected the `next` of a page with the same sort"}
    assert answer.json()["errors"] == [told]


def test_statuses_have_pages(viewer: Client, operator: Client, store: Store) -> None:
    ports = sorted(one.ref.document_id for one in store.view("lab").of_type("port"))[:7]
    for number, of in enumerate(ports):
        operator.ask("PUT", f"{LAB}/statuses/{of}", json={"value": number % 3, "label": "x"})
    for query in ("", "&at_least=1", f"&revision={store.view('lab').revision}"):
        whole = [one["_id"] for one in viewer.get(f"{LAB}/statuses?limit=1000{query}")]
        paged: list[str] = []
        following = f"{LAB}/statuses?limit=2{query}"
        while following:
            answer = viewer.ask("GET", following)
            if not paged:  # what is written between two pages does not shift them
                operator.ask("PUT", f"{LAB}/statuses/{ports[0]}", json={"value": 0, "label": "meanwhile"})
            assert 0 < len(answer.json()) <= 2
            paged += [one["_id"] for one in answer.json()]
            following = answer.links.get("next", {}).get("url", "").removeprefix("/api/v2")
        assert paged == whole == sorted(set(whole))
        assert set(ports) - set(whole) == ({ports[0], ports[3], ports[6]} if "at_least" in query else set())
    assert viewer.ask("GET", f"{LAB}/statuses?after=nonsense").json()["errors"][0]["field"] == "after"
    for of in ports:
        assert operator.ask("DELETE", f"{LAB}/statuses/{of}").status_code == 204
