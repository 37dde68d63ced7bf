# SPDX-License-Identifier: Apache-2.0
"""Metadata written through the API: it is checked as files are, scans use it, and shipped metadata stay unchanged."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.errors import MetadataError
from calipso_nornir.metadata.written import WrittenRow
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.scan.cloud import open_cloud
from calipso_nornir.scan.plan import ScanPlan
from calipso_nornir.store.environments import save_environment
from calipso_nornir.store.written import COLLECTION, KEY, VERSIONS, Catalogs, catalog_of, cliques_are_of
from tests.fixtures.canned import CannedSource
from tests.fixtures.serving import Client, Served, served
from tests.fixtures.tiny_cloud import CLOUD, TinyCloud

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from calipso_nornir.model.stores import Store
    from tests.fixtures.places import Place

pytest_plugins = ["tests.fixtures.stores"]

HERE = f"/environments/{CLOUD.name}/clique_types"
SHORT = {"name": "short", "focal_point_type": "instance", "link_types": ["instance-vnic"]}


@pytest.fixture
def store(place: Place) -> Store:
    opened = place.open()
    save_environment(opened, CLOUD)
    return opened


@pytest.fixture
def api(store: Store, tmp_path: Path) -> Iterator[Served]:
    with served(store, secrets=tmp_path / "secrets") as running:
        yield running


@pytest.fixture
def admin(api: Served) -> Client:
    return api.user("root", everywhere="admin")


def scan(store: Store, plan: ScanPlan | None = None) -> None:
    with open_cloud(CLOUD, store=store, source=CannedSource(TinyCloud().answers())) as cloud:
        assert cloud.scan(plan).stored


def cliques(store: Store) -> dict[str, tuple[str, int]]:
    """Return the clique type and the number of links of each instance's clique."""
    found = store.view(CLOUD.name).cliques()
    return {
        one.focal_point.id: (one.clique_type, len(one.links)) for one in found if one.focal_point.type == "instance"
    }


def test_a_written_clique_type_is_used_by_the_next_scan_even_a_small_one(
    store: Store, api: Served, admin: Client
) -> None:
    scan(store)
    before = cliques(store)
    assert len(before) > 1
    assert all(links > 1 for _, links in before.values())
    row = admin.post(HERE, SHORT)
    assert row["value"] == {**SHORT, "environment": CLOUD.name}
    assert cliques(store) == before, "nothing is scanned yet"
    assert "short" in [one["name"] for one in admin.get(HERE)]
    assert "short" in [one["name"] for one in admin.get("/metadata/clique_types")], "published"

    one = next(iter(before))
    scan(store, ScanPlan(object_id=one, object_type="instance"))
    assert set(cliques(store).values()) == {("short", 1)}, "a small scan builds all of them again, once"
    assert cliques_are_of(store, CLOUD.name) == 1

    assert admin.ask("DELETE", f"{HERE}/{row['id']}").status_code == 204
    with open_cloud(CLOUD, store=store, source=CannedSource(TinyCloud().answers())) as cloud:
        cloud.scan()
        assert cliques(store) == before
        admin.post(HERE, SHORT)
        cloud.rescan([ObjectRef(CLOUD.name, "instance", one)])
        assert set(cliques(store).values()) == {("short", 1)}, "a cloud that stays open takes it over"
    viewer = api.user("viewer", **{CLOUD.name: "viewer"})
    assert [one["id"] for one in viewer.get("/metadata/written")["rows"]] != []
    assert api.user("elsewhere", other="viewer").get("/metadata/written") == {"number": 3, "rows": []}
    assert [one["by"] for one in store.collection(VERSIONS).find()] == ["root"] * 3


def test_comments_may_stand_at_any_depth_of_a_condition(api: Served, admin: Client) -> None:
    below = {"_comment": True, "object": {"name": {"exists": True, "_comment": ["any", {"thing": 1}]}}}
    admin.post(HERE, {**SHORT, "when": {"_comment": "why", "not": [below]}})
    [written] = [one for one in api.settings.catalog.clique_types if one.name == "short"]
    assert written.when == {"not": [{"object": {"name": {"exists": True}}}]}


def test_an_admin_of_one_environment_writes_for_that_one_only(api: Served, admin: Client) -> None:
    own = api.user("own", **{CLOUD.name: "admin"})
    row = own.post(HERE, SHORT)
    assert own.ask("POST", "/metadata/clique_types", json=SHORT).status_code == 403
    other = own.ask("POST", HERE, json={**SHORT, "environment": "other"})
    assert (other.status_code, other.json()["errors"][0]["field"]) == (422, "environment")
    everywhere = admin.post(
        "/metadata/clique_types", {**SHORT, "focal_point_type": "host", "link_types": ["host-host_pnic"]}, status=422
    )
    assert "environment" in everywhere["detail"]
    for_all = admin.post("/metadata/clique_constraints", {"focal_point_type": "host", "constraints": ["network"]})
    assert own.ask("DELETE", f"{HERE}/{for_all['id']}").status_code == 404
    changed = {**SHORT, "environment": CLOUD.name, "link_types": ["instance-vnic", "vnic-vedge"]}
    assert admin.ask("PUT", f"/metadata/clique_types/{row['id']}", json=changed).json()["value"] == changed
    assert admin.ask("DELETE", f"/metadata/clique_types/{row['id']}").status_code == 204
    assert own.ask("DELETE", f"{HERE}/{row['id']}").status_code == 404


FAULTS: list[tuple[dict[str, Any], str, str]] = [
    ({"link_types": ["instance-vnik"]}, "/link_types/0", '"instance-vnik" is not a link type'),
    ({"focal_point_type": "instanx"}, "/focal_point_type", '"instanx" is not an object type'),
    ({"link_types": ["vnic-vedge"]}, "/link_types/0", "cannot be followed"),
    ({"link_types": ["instance"]}, "link_types.0", "should match pattern"),
    ({"stoored": True}, "stoored", "Extra inputs are not permitted"),
    ({"when": {"object": {"nonsense": 1}}}, "/when/object/nonsense", "nonsense"),
    ({"type_drivers": "vxlan"}, "", "names both an environment and a configuration"),
]


def test_a_fault_is_told_with_its_place(api: Served, admin: Client) -> None:
    for change, field, problem in FAULTS:
        [error, *_] = admin.post(HERE, {**SHORT, **change}, status=422)["errors"]
        assert error["field"].endswith(field)
        assert problem in error["detail"]
    assert api.settings.catalogs.current.written == 0, "nothing is written"


def test_two_rows_for_the_same_environment_are_refused(admin: Client) -> None:
    first = admin.post(HERE, SHORT)
    again = admin.post(HERE, {**SHORT, "name": "again"}, status=422)
    [error] = again["errors"]
    assert error["detail"] == (f'is for the same environments as "short" (written metadata/clique_types/{first["id"]})')


def test_rows_that_fit_an_environment_equally_well_are_refused(admin: Client) -> None:
    one = {**SHORT, "mechanism_drivers": ["OVS"], "distribution": CLOUD.distribution}
    admin.post("/metadata/clique_types", {**one, "name": "one"})
    other = {**SHORT, "name": "other", "distribution": CLOUD.distribution, "mechanism_drivers": "OVS"}
    refused = admin.post("/metadata/clique_types", other, status=422)
    assert "same environments" in refused["detail"] or "equally well" in refused["detail"]


def test_constants_grow_and_are_not_taken_away_from_a_description(admin: Client, store: Store) -> None:
    where, described = "/metadata/constants/mechanism_drivers", f"/environments/{CLOUD.name}"
    wanted = {"environment_type": "OpenStack", "mechanism_drivers": ["NewDriver"]}
    assert admin.ask("PUT", described, json=wanted).status_code == 422
    before = admin.get("/metadata/constants")["mechanism_drivers"]
    assert admin.ask("PUT", where, json={"values": ["NewDriver"]}).json()["id"] == "mechanism_drivers"
    assert admin.get("/metadata/constants")["mechanism_drivers"] == [*before, "NewDriver"], "what is shipped stays"
    assert admin.ask("PUT", described, json=wanted).ok
    refused = admin.ask("DELETE", where)
    assert refused.status_code == 422, refused.text
    assert "mechanism_drivers: must be of" in refused.json()["detail"]
    assert admin.ask("PUT", where, json={"values": ["NewDriver", "Other"]}).ok
    save_environment(store, CLOUD)
    assert admin.ask("DELETE", where).status_code == 204
    assert admin.ask("DELETE", where).status_code == 404
    assert admin.get("/metadata/constants")["mechanism_drivers"] == before


def test_constants_may_have_labels_and_declare_types(admin: Client) -> None:
    """As documents of the developer guide do; a type that nothing finds is refused with its place."""
    where = "/metadata/constants/colours"
    row = admin.ask("PUT", where, json={"values": [{"value": "blue", "label": "Blue"}, "red"]}).json()
    assert row["value"] == {"values": [{"value": "blue", "label": "Blue"}, "red"]}, "as it was written"
    assert admin.get("/metadata/constants")["colours"] == ["blue", "red"]
    assert admin.ask("PUT", where, json={"values": [{"value": "blue"}]}).status_code == 422
    refused = admin.ask("PUT", "/metadata/constants/object_types", json={"values": ["host", "rack"]})
    assert refused.status_code == 422
    [error] = refused.json()["errors"]
    assert error["field"].endswith("/object_types/1")
    assert 'no step of scanners.json finds objects of type "rack"' in error["detail"]
    wanted = {"values": [{"value": "port-host", "label": "x"}]}
    assert "no link finder lists" in admin.ask("PUT", "/metadata/constants/link_types", json=wanted).text


def test_constraints_are_written_where_there_are_none(admin: Client) -> None:
    shipped = admin.get("/metadata/clique_constraints")
    taken = {"focal_point_type": shipped[0]["focal_point_type"], "constraints": ["network"]}
    assert "already has constraints" in admin.post("/metadata/clique_constraints", taken, status=422)["detail"]
    row = admin.post("/metadata/clique_constraints", {"focal_point_type": "host", "constraints": ["network"]})
    assert {"focal_point_type": "host", "constraints": ["network"]} in admin.get("/metadata/clique_constraints")
    where = f"/metadata/clique_constraints/{row['id']}"
    assert admin.ask("PUT", where, json={"focal_point_type": "host", "constraints": []}).ok
    assert admin.ask("DELETE", where).status_code == 204
    assert admin.get("/metadata/clique_constraints") == shipped


@pytest.mark.chaos
def test_writers_at_the_same_moment_lose_nothing(store: Store) -> None:
    errors: list[Exception] = []

    def write(number: int) -> None:
        try:
            Catalogs(store).add("constants", {"values": ["x"]}, by="me", id_=f"own{number}")
        except Exception as error:  # noqa: BLE001 - told below
            errors.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert not errors
    catalog = catalog_of(store)
    assert catalog.written == 4
    assert {f"own{number}" for number in range(4)} <= catalog.constants.keys()


def test_what_an_update_of_the_product_broke_is_told_and_can_be_removed(store: Store) -> None:
    """A row may name a link type that a later release, or a third party's package that is gone, no longer has."""
    value = {"name": "x", "focal_point_type": "gone", "link_types": ["gone-gone"], "environment": "ANY"}
    row = WrittenRow(id="old", kind="clique_types", text=json.dumps(value))
    document = {"number": 1, "at": "", "by": "", "rows": [asdict(row)]}
    store.collection(COLLECTION).put(KEY, document)
    with pytest.raises(MetadataError, match="written metadata/clique_types/old/focal_point_type"):
        scan(store)
    with pytest.raises(MetadataError):
        Catalogs(store).add("constants", {"values": ["x"]}, by="me", id_="own")
    Catalogs(store).remove("clique_types", "old", by="me")
    scan(store)
