# SPDX-License-Identifier: Apache-2.0
"""The Python client has a method for each operation of the API; against a real API, each does what it says."""

from __future__ import annotations

import inspect
import io
import time
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.client import ApiProblem, Calipso
from calipso_nornir.client.connection import Connection, at
from calipso_nornir.model.refs import ObjectRef
from tests.api_examples.requests import CLIQUE_TYPE, CONSTRAINTS, DESCRIPTION, SENSU
from tests.fixtures.serving import PASSWORD, Served, served_lab

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FAR = {"mechanism_drivers": ["OVS"], "configuration": []}
TEMPLATE: dict[str, Any] = {"type": "client.json", "side": "client", "order": 2, "config": {"client": {"rack": "r1"}}}
HOST = ("host", "cmp1")
OF = ObjectRef("lab", *HOST).document_id
LETTERS = ("one", "two")


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served_lab(tmp_path_factory.mktemp("operations")) as running:
        for id_ in LETTERS:
            letter = {"id": id_, "environment": "lab", "state": "dead", "notification": {"type": "x"}}
            running.settings.store.collection("dead_letters").put(id_, letter)
        yield running


@pytest.fixture(scope="module")
def root(api: Served) -> Iterator[Calipso]:
    with Calipso(api.url, token=api.user("root", everywhere="admin").headers["Authorization"].split()[1]) as client:
        yield client


def access(api: Served, root: Calipso) -> None:
    assert root.me()["name"] == "root"
    root.add_user("ada", "once and no more", {"lab": "viewer"})
    assert "ada" in [one["name"] for one in root.users()]
    with Calipso(api.url) as ada:
        ada.log_in("ada", "once and no more")
        ada.change_password("once and no more", PASSWORD)
        ada.log_in("ada", PASSWORD)
        made = ada.make_token("report", scope="viewer", environments=["lab"])
        assert {one["name"] for one in ada.tokens()} == {"", "report"}
        assert ada.token(made["id"])["environments"] == ["lab"]
        assert ada.token()["name"] == ""
        ada.revoke_token(made["id"])
        with pytest.raises(ApiProblem):
            ada.token(made["id"])
        assert len(root.tokens_of("ada")) == 1
        root.revoke_tokens_of("ada")
        with pytest.raises(ApiProblem, match="revoked"):
            ada.me()
        ada.log_in("ada", PASSWORD)
        ada.revoke_tokens()
        with pytest.raises(ApiProblem, match="revoked"):
            ada.me()
    assert root.change_user("ada", roles={"lab": "operator"})["roles"] == {"lab": "operator"}
    assert root.user("ada")["roles"] == {"lab": "operator"}
    root.remove_user("ada")
    assert "ada" not in [one["name"] for one in root.users()]
    assert len(list(root.audit(limit=3))) > 5


def environments(_api: Served, root: Calipso) -> None:
    root.describe("far", FAR)
    tag = root.tag_of("far")
    root.describe("far", {**FAR, "type_drivers": "vlan"}, if_match=tag)
    for late in (lambda: root.describe("far", FAR, if_match=tag), lambda: root.remove_environment("far", if_match=tag)):
        with pytest.raises(ApiProblem) as refused:
            late()
        assert refused.value.status == 412
    assert root.environment("far")["type_drivers"] == "vlan"
    assert "far" in [one["name"] for one in root.environments()]
    assert root.check("far")["status"] in {"passed", "passed_with_warnings", "failed"}
    root.remove_environment("far", with_inventory=True)
    assert "far" not in [one["name"] for one in root.environments()]
    assert {one["section"] for one in root.check_back_ends()["steps"]} >= {"store"}


def picture(_api: Served, root: Calipso) -> None:
    revision = root.environment("lab")["revision"]
    assert root.read_object("lab", *HOST, revision=revision)["_id"] == OF
    assert {one["parent_id"] for one in root.children("lab", *HOST)} == {"cmp1"}
    assert OF in [one["_id"] for one in root.search("lab", "cmp1", limit=100)]
    instance = next(root.objects("lab", type="instance"))
    mine = root.links_of("lab", "instance", instance["id"])
    assert {one["_id"] for one in mine} <= {one["_id"] for one in root.links("lab")}
    assert root.clique("lab", "instance", instance["id"])["links"]
    assert root.graph("lab", "instance", instance["id"], depth=1)["nodes"]
    assert root.paths("lab", ("instance", instance["id"]), HOST)["answer"]
    assert root.impact("lab", *HOST)["counts"]
    for what, query in (
        ("export", {"type": "host", "id": "cmp1"}),
        ("objects_file", {"type": "host"}),
        (f"clique_file{at('instance', instance['id'])}", {}),
        (f"graph_file{at(*HOST)}", {"depth": 1}),
        ("paths_file", {"from_type": "instance", "from_id": instance["id"], "to_type": "host", "to_id": "cmp1"}),
    ):
        file = io.BytesIO()
        root.export("lab", file, what=what, format="mermaid", **query)
        assert file.getvalue().startswith(b"flowchart"), what


def history(_api: Served, root: Calipso) -> None:
    changes = root.changes_since("lab", 0, limit=1)
    assert changes[0]["op"] == "put"
    assert next(iter(root.changes("lab", since=0))).revision == 1
    commits = root.commits("lab", limit=1)
    assert commits[0]["revision"] == root.environment("lab")["revision"]
    assert root.diff("lab", since=commits[0]["at"])["whole"] is True
    assert root.versions("lab", *HOST)[-1]["document"]["id"] == "cmp1"


def scans(_api: Served, root: Calipso) -> None:
    scan = root.scan("lab", draft=True)["scan_id"]
    assert root.release("lab", scan)["status"] == "pending"
    assert scan in [one["scan_id"] for one in root.scans("lab", limit=1)]
    assert root.cancel("lab", scan)["status"] == "aborted"
    assert root.wait("lab", scan)["status"] == root.scan_report("lab", scan)["status"] == "aborted"
    assert root.log("lab", scan) == []
    assert list(root.messages("lab", level="info"))
    id_ = root.add_schedule("lab", freq="CRON", cron="30 2 * * 1-5", time_zone="Europe/Berlin")["id"]
    assert root.pause_schedule("lab", id_)["paused"] is True
    assert root.resume_schedule("lab", id_)["paused"] is False
    assert root.schedule("lab", id_) in root.schedules("lab")
    root.remove_schedule("lab", id_)
    assert root.schedules("lab") == []


def statuses(_api: Served, root: Calipso) -> None:
    root.write_status("lab", OF, value=2, label="Critical")
    assert [one["_id"] for one in root.statuses("lab", at_least=1)] == [OF]
    assert (root.status("lab", OF)["value"], next(root.findings("lab", limit=1))["of"]) == (2, OF)
    root.remove_status("lab", OF)
    assert [one["document"] is None for one in root.status_versions("lab", OF)] == [True, False]
    root.write_template("rack", TEMPLATE)
    assert "rack" in [one["id"] for one in root.templates()]
    root.remove_template("rack")
    before = root.environment("lab")
    sections = [*DESCRIPTION["configuration"], SENSU]
    root.describe("lab", {"mechanism_drivers": before["mechanism_drivers"], "configuration": sections})
    assert root.preview("lab", TEMPLATE, host="cmp1")


def metadata(_api: Served, root: Calipso) -> None:
    assert {one["name"] for one in root.metadata("object_types")} > {"host"}
    assert root.metadata("link_types")
    assert root.metadata("clique_types")
    assert root.metadata("clique_constraints")
    assert root.metadata("supported_environments")
    own = root.add_clique_type("lab", CLIQUE_TYPE)["id"]
    assert root.clique_type("lab", own)["id"] == own
    assert CLIQUE_TYPE["name"] in [one["name"] for one in root.clique_types("lab")]
    root.remove_clique_type("lab", own)
    rows: dict[Any, dict[str, Any]] = {
        "clique_types": {**CLIQUE_TYPE, "environment": "lab"},
        "clique_constraints": CONSTRAINTS,
    }
    for kind, row in rows.items():
        id_ = root.write_row(kind, row)["id"]
        assert root.replace_row(kind, id_, row)["id"] == root.written_row(kind, id_)["id"] == id_
        assert id_ in [one["id"] for one in root.written()["rows"]]
        root.remove_row(kind, id_)
    root.write_constant("mechanism_drivers", "NewDriver")
    assert "NewDriver" in root.constants()["mechanism_drivers"]
    root.remove_constant("mechanism_drivers")
    assert root.written()["rows"] == []


def subscriptions(_api: Served, root: Calipso) -> None:
    hook = root.add_webhook("lab", "https://hooks.example.com/x", types=["instance"])
    assert root.webhook("lab", hook["id"])["id"] == hook["id"]
    assert root.resume_webhook("lab", hook["id"], since=0)["cursor"] == 0
    assert [one["id"] for one in root.webhooks("lab")] == [hook["id"]]
    root.remove_webhook("lab", hook["id"])
    assert root.listener("lab")
    assert list(root.events("lab", outcome="dead")) == []
    assert {one["id"] for one in root.dead_letters("lab")} == set(LETTERS)
    assert root.redrive("lab", "one")["id"] == "one"
    root.remove_dead_letter("lab", "two")


PARTS = (access, environments, picture, history, scans, statuses, metadata, subscriptions)


def test_each_operation_has_a_method(api: Served, root: Calipso) -> None:
    """What the parts above ask for is every operation of the OpenAPI document below ``/api/v2``."""
    for part in PARTS:
        part(api, root)
    described = root.get("/openapi.json")["paths"]
    wanted = {
        (path, method.upper())
        for path, operations in described.items()
        for method in operations
        if path.startswith("/api/v2/")
    }
    deadline = time.monotonic() + 60
    while missing := wanted - asked(api):  # a stream counts when it has ended
        assert time.monotonic() < deadline, f"the client never asks for {sorted(missing)}"
        time.sleep(0.2)


def asked(api: Served) -> set[tuple[str, str]]:
    counted = api.settings.meter.counts().requests
    return {(route.replace(":path", ""), method) for route, method, status in counted if status == "2xx"}


def test_nothing_of_the_client_is_left_out() -> None:
    source = inspect.getsource(inspect.getmodule(asked) or object)
    own: list[tuple[str, Callable[..., object]]] = inspect.getmembers(Calipso, inspect.isfunction)
    methods = {name for name, _ in own if not name.startswith("_") and name not in vars(Connection)}
    assert len(methods) > 80
    assert {name for name in methods if f".{name}(" not in source} == set()
