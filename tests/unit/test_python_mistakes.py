# SPDX-License-Identifier: Apache-2.0
"""Mistakes of Python users: each error says what is expected, and nothing is made up."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir import ScanPlan, errors, network_paths, open_store, run_scan
from calipso_nornir.model.environment import Environment
from calipso_nornir.model.finding import Equal, Find
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.nornir_inventory import CalipsoInventory
from calipso_nornir.sources.recording import ReplaySource
from calipso_nornir.store.environments import load_environment
from tests.fixtures.recorded import bundle, filled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from calipso_nornir.model.stores import Store, StoreView


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mistakes")
    return filled(folder / "s.db", bundle(folder / "b.calipso"))


@pytest.fixture(scope="module")
def store(path: Path) -> Iterator[Store]:
    opened = open_store(path, use="read")
    yield opened
    opened.close()


def test_an_object_is_found_by_name_id_and_address(store: Store) -> None:
    view = store.view("lab")
    (found,) = view.find("web-1")
    assert (found.type, found.name) == ("instance", "web-1")
    assert view.find(found.id) == [found]
    assert view.find(f"instance:{found.id}") == [found]
    assert {one.type for one in view.find(found["mac_addresses"][0])} == {"port", "vnic"}
    assert [one.type for one in view.find(found["mac_addresses"][0], type_="vnic")] == ["vnic"]
    assert view.find("nonesuch") == []
    assert list(view.find(Find(where=(Equal("name", "web-1"),)), type_="instance")) == [found]


@pytest.mark.parametrize(
    "call",
    [
        lambda view: view.get("web-1"),
        lambda view: view.children("web-1"),
        lambda view: view.links_of("web-1"),
        lambda view: view.links(source="web-1"),
        lambda view: view.links(target="web-1"),
        lambda view: view.cliques("web-1"),
    ],
)
def test_a_text_where_a_reference_is_wanted(store: Store, call: Callable[[StoreView], Any]) -> None:
    with pytest.raises(TypeError, match=r"expects an ObjectRef.*not str; view\.find\('web-1'\) finds objects"):
        call(store.view("lab"))


def test_an_object_where_its_reference_is_wanted(store: Store) -> None:
    (found,) = store.view("lab").find("web-1")
    with pytest.raises(TypeError, match=r"give its \.ref"):
        store.view("lab").get(found)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="network_paths"):
        network_paths(store, found)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("call", "near"),
    [
        (lambda view: view.of_type("vnicc"), "vnic"),
        (lambda view: view.find("web-1", type_="vnicc"), "vnic"),
        (lambda view: view.find(Find(), type_="vnicc"), "vnic"),
        (lambda view: view.links("instance-vnik"), "instance-vnic"),
    ],
)
def test_a_type_that_does_not_exist(store: Store, call: Callable[[StoreView], Any], near: str) -> None:
    with pytest.raises(errors.UnknownName, match=f"Did you mean .*{near}"):
        call(store.view("lab"))
    assert store.view("lab").of_type("vservice_load_balancers_folder") == [], "declared, and without objects"


def test_a_store_without_metadata_refuses_no_type(tmp_path: Path) -> None:
    with closing(open_store(tmp_path / "empty.db")) as empty:
        assert empty.view("lab").of_type("vnicc") == []


def test_paths_to_a_type_that_is_none(store: Store) -> None:
    (found,) = store.view("lab").find("web-1")
    with pytest.raises(errors.UnknownName, match="Did you mean switch_pnic"):
        network_paths(store, found.ref, to="switchpnic")
    assert network_paths(store, found.ref, to="aggregate") == ()


def test_a_plan_with_a_type_that_is_none(path: Path, tmp_path: Path) -> None:
    recording = bundle(tmp_path / "b.calipso")
    with pytest.raises(errors.UnknownName, match="Did you mean host"):
        run_scan(
            "lab", plan=ScanPlan(object_id="cmp1", object_type="hosst"), store=path, source=ReplaySource(recording)
        )
    with pytest.raises(errors.InvalidRequest, match="object_id, which is missing"):
        ScanPlan(object_type="host")


def test_a_scan_by_name_makes_no_store(tmp_path: Path) -> None:
    with pytest.raises(errors.UnknownStore):
        run_scan("lab", store=tmp_path / "none.db")
    assert list(tmp_path.iterdir()) == []


def test_a_scan_of_an_environment_keeps_its_description(tmp_path: Path) -> None:
    """So that it can be scanned again by its name."""
    recording = bundle(tmp_path / "b.calipso")
    mine = Environment(name="mine", mechanism_drivers=("OVS",))
    with_mine = open_store(tmp_path / "s.db")
    try:
        run_scan(mine, store=with_mine, source=ReplaySource(recording))
        assert load_environment(with_mine, "mine", complete=False).mechanism_drivers == ("OVS",)
        again = Environment(name="mine", mechanism_drivers=("LXB",))
        run_scan(again, store=with_mine, source=ReplaySource(recording))
        assert load_environment(with_mine, "mine", complete=False).mechanism_drivers == ("OVS",)
        assert run_scan("mine", store=with_mine, source=ReplaySource(recording)).ok
    finally:
        with_mine.close()


def test_the_inventory_plug_in_with_what_is_not_there(path: Path, tmp_path: Path) -> None:
    with pytest.raises(errors.UnknownStore):
        CalipsoInventory("lab", tmp_path / "none.db").load()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(errors.UnknownInventory):
        CalipsoInventory("lab", path, inventory="RDO").load()
    with pytest.raises(errors.UnknownEnvironment):
        CalipsoInventory("prod", path).load()
    with pytest.raises(errors.UnknownName, match=r'"compute" is not a host type\. Did you mean Compute'):
        CalipsoInventory("lab", path, host_types="compute").load()
    assert set(CalipsoInventory("lab", path, host_types=["Controller"]).load().hosts) == set()


def test_a_reference_is_as_it_was(store: Store) -> None:
    ref = ObjectRef("lab", "instance", "nonesuch")
    assert store.view("lab").get(ref) is None
    assert network_paths(store, ref) == ()
