# SPDX-License-Identifier: Apache-2.0
"""The inventory plug-in: hosts of a scanned environment, reached as its CLI section says."""

from __future__ import annotations

from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from nornir import InitNornir
from nornir.core.filter import F

from calipso_nornir.errors import NornirUnusable, SecretUnavailable, UnknownEnvironment
from calipso_nornir.metadata.environments import read_environment
from calipso_nornir.nornir_inventory import CalipsoInventory, open_nornir
from calipso_nornir.sources.cli.ssh import CONNECTION
from calipso_nornir.sources.cli.ssh_options import LazySecret
from calipso_nornir.store import open_store
from calipso_nornir.store.environments import save_environment
from calipso_nornir.tasks import scan_host
from tests.fixtures.recorded import bundle, filled

if TYPE_CHECKING:
    from nornir.core import Nornir
    from nornir.core.inventory import Host

CANARY = "c4n4ry-passphrase"
CLI = {
    "name": "CLI",
    "user": "scanner",
    "key": "/keys/scan",
    "passphrase": {"env": "SCAN_PASSPHRASE"},
    "hosts": {"cmp1": {"host": "192.0.2.21", "port": 2222, "user": "root"}},
}
SHIPPED = Path(__file__).parents[2] / "inventory"


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle(tmp_path_factory.mktemp("recording") / "b.calipso")


def scanned(path: Path, recording: Path, **cli: Any) -> Path:  # noqa: ANN401 - of the section
    """A store with the scanned environment, described with a CLI section."""
    filled(path, recording)
    described = {"name": "lab", "mechanism_drivers": ["OVS"], "configuration": [{**CLI, **cli}]}
    store = open_store(path)
    try:
        save_environment(store, read_environment(described, where="test", complete=False))
    finally:
        store.close()
    return path


def opened(store: Path, **options: Any) -> Nornir:  # noqa: ANN401 - of the plug-in
    return InitNornir(
        inventory={"plugin": "CalipsoInventory", "options": {"environment": "lab", "store": str(store), **options}},
        logging={"enabled": False},
    )


def extras(host: Host) -> dict[str, Any]:
    """The options of a host's connection ``calipso_ssh``."""
    return host.get_connection_parameters(CONNECTION).extras or {}


def test_it_is_found_by_its_name() -> None:
    (entry,) = metadata.entry_points(group="nornir.plugins.inventory", name="CalipsoInventory")
    assert entry.load() is CalipsoInventory


def test_hosts_with_how_they_are_reached(tmp_path: Path, recording: Path) -> None:
    nornir = opened(scanned(tmp_path / "s.db", recording))
    assert set(nornir.inventory.hosts) == {"net1", "cmp1"}
    cmp1, net1 = nornir.inventory.hosts["cmp1"], nornir.inventory.hosts["net1"]
    assert (cmp1.hostname, cmp1.port, cmp1.username, cmp1.platform) == ("192.0.2.21", 2222, "root", "linux")
    assert (net1.hostname, net1.port, net1.username) == ("net1", None, "scanner")
    assert extras(cmp1)["key"] == "/keys/scan"


def test_groups_and_data(tmp_path: Path, recording: Path) -> None:
    nornir = opened(scanned(tmp_path / "s.db", recording))
    cmp1 = nornir.inventory.hosts["cmp1"]
    assert {group.name for group in cmp1.groups} == {"Compute", "az-east"}
    assert cmp1["os"]["ID"] == "debian"
    assert (cmp1["zone"], cmp1["region"], cmp1["environment"], cmp1["id"]) == ("az-east", "RegionOne", "lab", "cmp1")
    assert set(nornir.filter(F(groups__contains="Compute")).inventory.hosts) == {"cmp1"}
    assert set(nornir.filter(zone="az-east").inventory.hosts) == {"cmp1"}


def test_only_some_types_and_no_excluded_hosts(tmp_path: Path, recording: Path) -> None:
    store = scanned(tmp_path / "s.db", recording, exclude=["net*"])
    assert set(opened(store).inventory.hosts) == {"cmp1"}
    store = scanned(tmp_path / "t.db", recording)
    assert set(opened(store, host_types=["Network"]).inventory.hosts) == {"net1"}
    assert set(opened(store, host_types="Compute").inventory.hosts) == {"cmp1"}
    assert set(opened(store, host_types=["Controller"]).inventory.hosts) == set()


def test_secrets_are_fetched_at_use_and_show_nowhere(
    tmp_path: Path, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = scanned(tmp_path / "s.db", recording)
    monkeypatch.delenv("SCAN_PASSPHRASE", raising=False)
    nornir = opened(store)
    secret = extras(nornir.inventory.hosts["cmp1"])["passphrase"]
    assert isinstance(secret, LazySecret)
    with pytest.raises(SecretUnavailable):
        secret.reveal()
    monkeypatch.setenv("SCAN_PASSPHRASE", CANARY)
    nornir = opened(store)
    host = nornir.inventory.hosts["cmp1"]
    assert extras(host)["passphrase"].reveal() == CANARY
    assert CANARY not in f"{nornir.inventory.dict()} {host!r} {host.dict()} {host.connection_options!r}"
    assert CANARY not in store.read_bytes().decode("latin-1")


def test_an_environment_without_a_section_or_a_description(tmp_path: Path, recording: Path) -> None:
    store = filled(tmp_path / "s.db", recording)
    assert opened(store).inventory.hosts["cmp1"].hostname == "cmp1"
    kept = open_store(store)
    kept.collection("environments_config").delete("lab")
    kept.close()
    assert opened(store).inventory.hosts["cmp1"].hostname == "cmp1"


def test_an_environment_that_is_not_there(tmp_path: Path, recording: Path) -> None:
    store = filled(tmp_path / "s.db", recording)
    with pytest.raises(UnknownEnvironment):
        CalipsoInventory("prod", store).load()


def test_the_store_of_the_environment_variable(
    tmp_path: Path, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALIPSO_STORE", str(scanned(tmp_path / "s.db", recording)))
    assert set(CalipsoInventory("lab").load().hosts) == {"net1", "cmp1"}


def test_the_shipped_inventory_of_the_lab(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(SHIPPED.parent)
    nornir = InitNornir(config_file="inventory/config.yaml")
    assert set(nornir.inventory.hosts) == {"ctl", "net1", "cmp1", "cmp2", "cmp3"}
    known = nornir.inventory.hosts["cmp2"].get_connection_parameters(CONNECTION)
    assert (known.hostname, known.username) == ("10.77.0.22", "scanner")
    assert extras(nornir.inventory.hosts["cmp2"])["key"] == "inventory/lab_key"
    assert not (SHIPPED.parent / "nornir.log").exists()
    text = "".join(path.read_text("utf-8") for path in SHIPPED.glob("*.yaml"))
    assert not any(place in text for place in ("/root", "/home", "/work", "/opt", "/tmp"))  # noqa: S108 - searched for


def test_a_configuration_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(NornirUnusable, match="No such file"):
        open_nornir(tmp_path / "none.yaml")
    config = tmp_path / "config.yaml"
    config.write_text("inventory: {plugin: NoSuchPlugin}\n")
    with pytest.raises(NornirUnusable, match="NoSuchPlugin"):
        open_nornir(config)
    config.write_text(f"inventory: {{plugin: SimpleInventory, options: {{host_file: {tmp_path}/none.yaml}}}}\n")
    with pytest.raises(NornirUnusable, match=r"none\.yaml"):
        open_nornir(config)
    config.write_text("{")
    with pytest.raises(NornirUnusable):
        open_nornir(config)


def test_the_lab_description_is_well() -> None:
    from calipso_nornir.metadata.environments import read_environment_file  # noqa: PLC0415 - for this test alone

    environment = read_environment_file(SHIPPED / "lab.yaml")
    assert replace(environment, configuration={}).name == "lab"
    assert set(environment.configuration) == {"OpenStack", "mysql", "CLI"}


def test_scan_host_uses_the_store_that_the_hosts_come_from(
    tmp_path: Path, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CALIPSO_STORE", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    path = scanned(tmp_path / "s.db", recording, hosts={"cmp1": {"host": "127.0.0.1", "port": 1}}, passphrase=None)
    nornir = opened(path).filter(name="cmp1")
    result = nornir.run(task=scan_host, environment="lab")["cmp1"]
    assert result.result is not None, result.exception
    store = open_store(path, use="read")
    try:
        scans = store.collection("scans").find({"object_id": "cmp1"})
    finally:
        store.close()
    assert [one["scan_id"] for one in scans] == [result.result["scan_id"]]
    assert not (tmp_path / "data").exists()
