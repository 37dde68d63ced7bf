# SPDX-License-Identifier: Apache-2.0
"""Templates of monitoring by the API and its client, and the files that they make."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.client import ApiProblem, Calipso
from calipso_nornir.model.refs import ObjectRef
from tests.api_examples.requests import DESCRIPTION, SENSU
from tests.fixtures.serving import Served, served_lab

if TYPE_CHECKING:
    from collections.abc import Iterator

CLIENT: dict[str, Any] = {"type": "client.json", "side": "client", "order": 2, "config": {"client": {"rack": "r1"}}}
PLACEHOLDER = {**CLIENT, "config": {"client": {"rack": "{rackk}"}}}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served_lab(tmp_path_factory.mktemp("monitoring")) as running:
        yield running


@pytest.fixture(scope="module")
def admin(api: Served) -> Iterator[Calipso]:
    token = api.user("root", everywhere="admin").headers["Authorization"].split()[1]
    with Calipso(api.url, token=token) as client:
        before = client.get("/environments/lab")
        sections = [*DESCRIPTION["configuration"], SENSU]
        client.describe("lab", {"mechanism_drivers": before["mechanism_drivers"], "configuration": sections})
        yield client


def test_templates_are_written_shown_and_removed(admin: Calipso) -> None:
    shipped = admin.templates()
    assert len(shipped) > 5
    assert {one["id"] for one in shipped} == {None}
    made = admin.write_template("rack", CLIENT)
    assert made == {**CLIENT, "id": "rack", "monitoring_system": "sensu", "condition": {}, "problem": ""}
    assert admin.templates() == [*shipped, made]
    admin.write_template("rack", {**CLIENT, "order": 3})
    assert [one["order"] for one in admin.templates() if one["id"] == "rack"] == [3]
    admin.delete("/monitoring/templates/rack")
    assert admin.templates() == shipped


def test_files_are_previewed_with_templates_that_are_not_written(admin: Calipso) -> None:
    files = {one["path"]: one for one in admin.preview("lab", host="cmp1", limit=1000)}
    client = files["host/cmp1/sensu-core/client.json"]
    assert "rack" not in client["text"]
    [changed] = [one for one in admin.preview("lab", CLIENT, host="cmp1") if one["path"].endswith("/client.json")]
    assert json.loads(changed["text"])["client"] == {**json.loads(client["text"])["client"], "rack": "r1"}
    assert admin.templates() == [one for one in admin.templates() if one["id"] is None], "nothing is written"
    assert any("checks.json" in path for path in files)
    assert len(admin.preview("lab", limit=2)) == 2
    assert "s3cret" not in str(admin.preview("lab", limit=1000))
    assert any("********" in one["text"] and one["secret"] for one in admin.preview("lab", limit=1000))


@pytest.mark.parametrize(
    ("template", "status", "told"),
    [
        ({**CLIENT, "side": "left"}, 422, "side"),
        ({**CLIENT, "config": []}, 422, "config"),
        ({**CLIENT, "order": -1}, 422, "order"),
        ({"type": "client.json", "side": "client"}, 422, "config"),
    ],
)
def test_what_is_no_template_is_refused(admin: Calipso, template: dict[str, Any], status: int, told: str) -> None:
    with pytest.raises(ApiProblem, match=told) as refused:
        admin.write_template("wrong", template)
    assert refused.value.status == status
    with pytest.raises(ApiProblem, match=told):
        admin.preview("lab", template)


def test_a_placeholder_without_value_is_told(admin: Calipso) -> None:
    with pytest.raises(ApiProblem, match="rackk") as refused:
        admin.preview("lab", PLACEHOLDER)
    assert refused.value.status == 400


def test_a_template_of_another_program_that_cannot_be_used_is_shown_with_its_fault(api: Served, admin: Calipso) -> None:
    templates = api.settings.store.collection("monitoring_config_templates")
    templates.put("odd", {"key": "odd", "type": "x.json", "side": "middle", "config": {"a": 1}})
    [odd] = [one for one in admin.templates() if one["id"] == "odd"]
    assert 'expected "client" or "server"' in odd["problem"]
    templates.delete("odd")


def test_who_may_do_what(api: Served) -> None:
    viewer, of_lab = api.user("vera", lab="viewer"), api.user("adam", lab="admin")
    assert viewer.get("/monitoring/templates")
    for client in (viewer, of_lab):
        assert client.ask("PUT", "/monitoring/templates/x", json=CLIENT).status_code == 403
        assert client.ask("DELETE", "/monitoring/templates/x").status_code == 403
    assert viewer.ask("POST", "/environments/lab/monitoring/preview").status_code == 403
    assert of_lab.ask("POST", "/environments/lab/monitoring/preview").status_code == 200
    assert api.user("root").ask("DELETE", "/monitoring/templates/none").status_code == 404


def test_the_client_writes_and_reads_statuses_and_findings(admin: Calipso) -> None:
    of = ObjectRef("lab", "host", "cmp1").document_id
    admin.write_status("lab", of, value=2, label="Critical", text="no answer", source="ping")
    assert [one["_id"] for one in admin.statuses("lab", at_least=1)] == [of]
    assert [one["of"] for one in admin.findings("lab")] == [of]
    ports = list(admin.objects("lab", type="port"))
    for one in ports:
        admin.write_status("lab", one["_id"], value=1, label="Warning")
    listed = [one["_id"] for one in admin.statuses("lab", at_least=1, limit=2)]
    assert listed == sorted([of, *(one["_id"] for one in ports)])
    assert [one["_id"] for one in admin.statuses("lab", at_least=2)] == [of]
    for one in ports:
        admin.delete(f"/environments/lab/statuses/{one['_id']}")
    admin.delete(f"/environments/lab/statuses/{of}")
    assert list(admin.findings("lab")) == []
