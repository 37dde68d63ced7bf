# SPDX-License-Identifier: Apache-2.0
"""The command line, the shipped inventory and the Nornir tasks with the running lab."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from nornir import InitNornir

from calipso_nornir.tasks import run_commands, scan_host
from tests.fixtures import lab
from tests.fixtures.cli import calipso

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.lab

LLDP = "lldpctl -f json"
SHIPPED = Path(__file__).parents[2] / "inventory"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the shipped inventory/ as somebody sets it up who follows its comments, and a scanned store."""
    folder = tmp_path_factory.mktemp("lab")
    shutil.copytree(SHIPPED, folder / "inventory", ignore=shutil.ignore_patterns("lab_*"))
    (folder / "inventory" / "lab_key").symlink_to(lab.here().key)
    _fit(folder / "inventory")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv(lab.PASSWORD_VARIABLE, lab.here().password)
        patch.setenv("CALIPSO_STORE", str(folder / "s.db"))
        said = calipso("scan", "inventory/lab.yaml", store=folder / "s.db")
        assert said.status == 0, said.out + said.err
        yield folder


def _fit(inventory: Path) -> None:
    """Make the shipped files, which are of a lab of three computes with Open vSwitch, those of the lab that is up."""
    hosts = lab.here().hosts
    file = inventory / "lab.yaml"
    described = yaml.safe_load(file.read_text("utf-8"))
    described["mechanism_drivers"] = lab.MECHANISM_DRIVERS[lab.here().variant]
    if lab.here().variant == "ovn":
        described["type_drivers"] = "geneve"
        described["configuration"].insert(-1, {"name": "ovsdb", "host": "ctl"})
    described["configuration"][-1]["hosts"] = {host: {"host": address} for host, address in hosts.items()}
    file.write_text(yaml.safe_dump(described), "utf-8")
    file = inventory / "hosts.yaml"
    shipped = yaml.safe_load(file.read_text("utf-8"))
    fitting = {host: {**shipped.get(host, shipped["cmp1"]), "hostname": address} for host, address in hosts.items()}
    file.write_text(yaml.safe_dump(fitting), "utf-8")


def in_lab(place: Path, *arguments: str | Path) -> Any:  # noqa: ANN401 - any JSON
    said = calipso(*arguments, store=place / "s.db")
    assert said.status == 0, said.out + said.err
    return said


def test_every_section_is_well(place: Path) -> None:
    found = in_lab(place, "env", "check", "lab", "-o", "json").json
    assert [one for one in found if not one["ok"]] == []
    databases = {"ovsdb"} if lab.here().variant == "ovn" else set()
    assert {one["section"] for one in found} == {"OpenStack", "mysql", "CLI"} | databases
    assert {one["what"] for one in found if one["what"].endswith(": login")} == {
        f"{host}: login" for host in lab.here().hosts
    }


def test_a_wrong_password_is_told(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(lab.PASSWORD_VARIABLE, "wr0ng-c4n4ry")
    check = calipso("env", "check", "lab", store=place / "s.db")
    assert check.status == 1
    assert "refused the login of admin" in check.out
    before = in_lab(place, "export", "-e", "lab").json
    scan = calipso("scan", "lab", store=place / "s.db")
    assert scan.status == 1
    assert "refused the login of admin" in scan.out
    assert "wr0ng-c4n4ry" not in check.out + check.err + scan.out + scan.err
    after = in_lab(place, "export", "-e", "lab").json
    assert [one["_id"] for one in after["inventory"]] == [one["_id"] for one in before["inventory"]]


def test_the_shipped_nornir_inventory_finds_the_same(place: Path) -> None:
    report = in_lab(place, "scan", "lab", "--nornir", "inventory/config.yaml", "-o", "json").json
    assert report["status"] == "completed"
    assert report["objects"]["new"] == report["objects"]["removed"] == report["objects"]["changed"] == 0


def test_every_server_is_drawn_down_to_switch_and_network(place: Path) -> None:
    found = in_lab(place, "search", "instance-", "-t", "instance", "-o", "json").json
    servers = [one for one in found if one["status"] == "ACTIVE"]  # those that are shut off have no taps
    assert servers
    ports = in_lab(place, "get", "port", "-e", "lab", "-o", "json").json
    off = {one["id"] for one in ports if not one["admin_state_up"]}
    for server in servers:
        if not off.isdisjoint(row["id"] for row in server["network_info"]):
            continue  # its port is switched off: a path of it is down, and ends at the switch
        shown = in_lab(place, "clique", f"instance:{server['id']}").out
        paths = shown.split("\n\n")
        assert len(paths) == len(server["network_info"]), "one for each port, a trunk's sub-ports included"
        for path in paths:
            for type_ in ("vnic ", "host_pnic ", "switch_pnic ", "switch ", "network "):
                assert type_ in path, shown
            assert "down" not in path


def test_what_is_recorded_is_what_was_found(place: Path, tmp_path: Path) -> None:
    recording = tmp_path / "lab.calipso"
    in_lab(place, "record", "lab", recording)
    assert calipso("replay", recording, store=tmp_path / "s.db").status == 0
    live, replayed = (calipso("export", "-e", "lab", store=store).json for store in (place / "s.db", tmp_path / "s.db"))
    for kind in ("inventory", "links", "cliques"):
        assert [_content(one) for one in live[kind]] == [_content(one) for one in replayed[kind]]
    assert lab.here().password not in yaml.safe_dump(replayed)


def _content(document: dict[str, Any]) -> dict[str, Any]:
    """Return what does not depend on when it was seen."""
    left_out = ("last_scanned", "evidence", "links_detailed", "digest")
    return {key: value for key, value in document.items() if key not in left_out}


def test_tasks_through_the_shipped_inventory(place: Path) -> None:
    nornir = InitNornir(config_file="inventory/config.yaml")
    try:
        said = nornir.run(task=run_commands, commands=["hostname"])
        assert {host: results[0].result["hostname"]["stdout"].strip() for host, results in said.items()} == {
            host: host for host in lab.here().hosts
        }
        scanned = nornir.run(task=scan_host, environment="lab", store=place / "s.db")
        assert not scanned.failed
        for results in scanned.values():
            assert results[0].result["status"] == "completed"
            assert not results[0].changed
    finally:
        nornir.close_connections()


def test_hosts_of_the_scanned_environment_are_reached(place: Path) -> None:
    options = {"environment": "lab", "store": str(place / "s.db"), "host_types": ["Compute"]}
    nornir = InitNornir(inventory={"plugin": "CalipsoInventory", "options": options}, logging={"enabled": False})
    try:
        said = nornir.run(task=run_commands, commands=[LLDP], root=True)  # its socket is root's
        assert {host: results[0].result[LLDP]["status"] for host, results in said.items()} == dict.fromkeys(
            lab.here().computes, 0
        )
    finally:
        nornir.close_connections()
