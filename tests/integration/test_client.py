# SPDX-License-Identifier: Apache-2.0
"""The Python client against a real API."""

from __future__ import annotations

import io
import threading
from typing import TYPE_CHECKING

import pytest

from calipso_nornir.client import ApiProblem, ApiUnreachable, Calipso, connection
from calipso_nornir.client.event_stream import events_of
from tests.fixtures.serving import PASSWORD, Served, served_lab

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.client.event_stream import Event


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served_lab(tmp_path_factory.mktemp("client")) as running:
        running.user("ann", everywhere="admin")
        yield running


@pytest.fixture
def ann(api: Served) -> Iterator[Calipso]:
    with Calipso(api.url) as client:
        client.log_in("ann", PASSWORD, name="test")
        yield client


def test_pages_are_one_list(api: Served, ann: Calipso, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "PAGE", 3)
    view = api.settings.store.view("lab")
    assert [one["id"] for one in ann.objects("lab", type="vnic", sort="id")] == [one.id for one in view.of_type("vnic")]
    assert len(list(ann.links("lab"))) == len(view.links())


def test_what_is_around_an_object(api: Served, ann: Calipso) -> None:
    instance = next(ann.objects("lab", type="instance"))
    assert instance["_id"] in [one["_id"] for one in ann.graph("lab", "instance", instance["id"], depth=2)["nodes"]]
    assert ann.clique("lab", "instance", instance["id"])["links"]
    folder = next(one for one in ann.objects("lab") if "|" in one["id"])
    assert ann.graph("lab", folder["type"], folder["id"])["nodes"][0]["_id"] == folder["_id"], "odd ids are quoted"
    file = io.BytesIO()
    ann.export("lab", file, format="dot")
    assert file.getvalue().startswith(b"digraph")
    part = io.BytesIO()
    ann.export("lab", part, what="objects_file", type="instance", format="dot")
    assert instance["_id"].encode() in part.getvalue()
    assert len(part.getvalue()) < len(file.getvalue())
    assert api.settings.store.view("lab").counts()


def test_problems_have_their_data(api: Served, ann: Calipso) -> None:
    with pytest.raises(ApiProblem, match="no instance none") as caught:
        ann.clique("lab", "instance", "none")
    assert caught.value.status == 404
    with pytest.raises(ApiProblem) as caught:
        list(ann.objects("lab", nonsense="x"))
    assert (caught.value.status, caught.value.errors[0]["field"]) == (422, "nonsense")
    with pytest.raises(ApiProblem) as caught:
        Calipso(api.url).get("/me")
    assert caught.value.status == 401
    with pytest.raises(ApiProblem) as caught:
        Calipso(api.url).log_in("ann", "wrong password")
    assert caught.value.status == 401
    with pytest.raises(ApiUnreachable):
        Calipso("http://127.0.0.1:1").get("/me")


def test_an_environment_is_described_and_tested(ann: Calipso) -> None:
    section = {"name": "OpenStack", "auth_url": "http://127.0.0.1:9/v3", "user": "u", "pwd": {"secret": "s3cret"}}
    made = ann.describe("far", {"mechanism_drivers": ["OVS"], "configuration": [section]})
    assert "s3cret" not in str(made)
    test = ann.check("far")
    assert test["status"] == "failed", "nobody listens at port 9"
    assert any("127.0.0.1:9" in one["detail"] for one in test["steps"])
    with pytest.raises(TimeoutError, match="the connection test of far has not ended in 0 s"):
        ann.check("far", timeout_s=0.0)
    ann.delete("/environments/far")


def test_scans_are_asked_for_and_waited_for(ann: Calipso) -> None:
    scan = ann.scan("lab", draft=True)
    with pytest.raises(TimeoutError):
        ann.wait("lab", scan["scan_id"], timeout_s=0.0, poll_s=0.0)
    assert ann.log("lab", scan["scan_id"]) == []
    ann.post(f"/environments/lab/scans/{scan['scan_id']}/cancel")
    assert ann.wait("lab", scan["scan_id"])["status"] == "aborted"
    with pytest.raises(ApiProblem):
        ann.scan("lab", nonsense=True)


def test_writing_and_removing(ann: Calipso) -> None:
    wanted = {"values": ["Other"]}
    assert ann.put("/metadata/constants/own", wanted)["value"] == wanted
    ann.delete("/metadata/constants/own")


def test_changes_come_as_they_are_made(api: Served, ann: Calipso) -> None:
    store = api.settings.store
    begin = store.view("lab").revision
    got: list[Event] = []
    both = threading.Event()

    def listen() -> None:
        for event in ann.changes("lab", since=begin):
            got.append(event)
            if len(got) == 2:
                both.set()
                return

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    ports = [one.ref.document_id for one in store.view("lab").of_type("port")]
    for document_id, name in zip(ports[:2], ("one", "two"), strict=True):
        document = store.view("lab").get_by_id("inventory", document_id)
        assert document is not None
        with store.write("lab", cause="test") as writer:
            writer.put("inventory", [{**document, "name": name, "digest": name}])
    assert both.wait(30)
    thread.join(10)
    assert [one.revision for one in got] == [begin + 1, begin + 2]
    assert [one.changes[0]["document"]["name"] for one in got] == ["one", "two"]


def test_a_stream_that_fails_says_so() -> None:
    lines = [b": still here", b"", b"id: 7", b"event: changes", b"data: []", b"", b"event: error", b'data: "gone"', b""]
    events = events_of(lines)
    assert next(events).revision == 7
    with pytest.raises(ApiProblem, match="gone"):
        next(events)
