# SPDX-License-Identifier: Apache-2.0
"""env add, import, list, show and remove."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from tests.fixtures.cli import calipso
from tests.fixtures.recorded import bundle, filled

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore:Support for InfluxDB:PendingDeprecationWarning")

CANARY = "c4n4ry-in-the-clear"
DESCRIPTION = {
    "name": "prod",
    "distribution": "Kolla",
    "mechanism_drivers": ["OVS"],
    "type_drivers": "vxlan",
    "configuration": [
        {
            "name": "OpenStack",
            "auth_url": "https://cloud.example:5000/v3",
            "user": "scan",
            "pwd": {"env": "PROD_PASSWORD"},
        },
        {"name": "CLI", "user": "scan", "key": "~/.ssh/scan"},
    ],
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "prod.yaml"
    path.write_text(yaml.safe_dump(DESCRIPTION))
    return path


def test_add_list_show_remove(file: Path, tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    assert "there is no store" in calipso("env", "list", store=store).err
    added = calipso("env", "add", file, store=store)
    assert (added.status, added.out) == (0, "")
    assert "prod is added" in added.err
    (row,) = calipso("env", "list", "-o", "json", store=store).json
    assert row["name"] == "prod"
    assert row["objects"] == 0
    table = calipso("env", "list", store=store).out.splitlines()
    assert table[0].split() == ["NAME", "TYPE", "DISTRIBUTION", "DRIVERS", "OBJECTS", "LAST", "SCAN"]
    assert table[1].split() == ["prod", "OpenStack", "Kolla", "OVS", "0", "-"]
    assert calipso("env", "remove", "prod", store=store).status == 0
    assert calipso("env", "list", "-o", "json", store=store).json == []
    assert calipso("env", "remove", "prod", store=store).status == 2


def test_show_has_references_and_can_be_added_again(file: Path, tmp_path: Path) -> None:
    calipso("env", "add", file, store=tmp_path / "s.db")
    shown = calipso("env", "show", "prod", store=tmp_path / "s.db")
    assert yaml.safe_load(shown.out)["configuration"][0]["pwd"] == {"env": "PROD_PASSWORD"}
    assert calipso("env", "show", "-o", "json", store=tmp_path / "s.db").json["name"] == "prod"
    (tmp_path / "again.yaml").write_text(shown.out)
    assert (
        calipso("env", "add", tmp_path / "again.yaml", store=tmp_path / "s.db").err == "prod is described so already\n"
    )
    assert calipso("env", "show", "nonesuch", store=tmp_path / "s.db").status == 2


def test_another_description_replaces_only_when_it_is_meant_to(file: Path, tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    calipso("env", "add", file, store=store)
    file.write_text(yaml.safe_dump({**DESCRIPTION, "type_drivers": "vlan"}))
    refused = calipso("env", "add", file, store=store)
    assert refused.status == 2
    assert "--replace" in refused.err
    assert calipso("env", "show", "-o", "json", store=store).json["type_drivers"] == "vxlan"
    assert calipso("env", "add", file, "--replace", store=store).status == 0
    assert calipso("env", "show", "-o", "json", store=store).json["type_drivers"] == "vlan"


def test_all_faults_of_a_file_at_once_without_its_secrets(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(
        yaml.safe_dump(
            {
                "name": "x",
                "mechanism_drivers": ["ovs"],
                "configuration": [{"name": "OpenStack", "auth_url": "https://c/v3", "user": "u", "pwd": CANARY}],
            }
        )
    )
    said = calipso("env", "add", file, store=tmp_path / "s.db")
    assert said.status == 1
    assert 'Did you mean "OVS"?' in said.err
    assert "holds a literal value" in said.err
    assert CANARY not in said.err
    assert not (tmp_path / "s.db").exists()


def test_removing_leaves_the_inventory_unless_told_otherwise(tmp_path: Path) -> None:
    store = filled(tmp_path / "s.db", bundle(tmp_path / "b.calipso"))
    said = calipso("env", "remove", "lab", store=store)
    assert "what was found in it stays" in said.err
    assert calipso("tree", "lab", "--depth", "0", store=store).status == 0
    assert calipso("env", "show", "lab", store=store).status == 2
    assert calipso("env", "list", "-o", "json", store=store).json[0]["objects"] > 0
    assert calipso("env", "remove", "lab", "--with-inventory", store=store).status == 0
    assert calipso("tree", "lab", store=store).status == 2


def test_import_from_clouds_yaml(tmp_path: Path) -> None:
    clouds = tmp_path / "clouds.yaml"
    auth = {"auth_url": "https://c.example:5000/v3", "username": "u", "password": CANARY, "project_name": "admin"}
    clouds.write_text(yaml.safe_dump({"clouds": {"mine": {"auth": auth, "region_name": "R1"}}}))
    where = {"OS_CLIENT_CONFIG_FILE": str(clouds)}
    options = ["--os-cloud", "mine", "--name", "prod", "--mechanism-driver", "OVS", "--type-driver", "vxlan"]
    said = calipso("env", "import", *options, store=tmp_path / "s.db", **where)
    assert said.status == 0, said.err
    document = calipso("env", "show", "prod", "-o", "json", store=tmp_path / "s.db").json
    assert document["mechanism_drivers"] == ["OVS"]
    assert document["configuration"][0]["pwd"] == {"cloud": "mine"}
    assert CANARY not in (tmp_path / "s.db").read_bytes().decode("latin-1")
    dry = calipso("env", "import", "--os-cloud", "mine", "--dry-run", store=tmp_path / "no.db", **where)
    assert yaml.safe_load(dry.out)["name"] == "mine"
    assert "mechanism drivers" in dry.err
    assert not (tmp_path / "no.db").exists()
    missing = calipso("env", "import", "--os-cloud", "mein", store=tmp_path / "s.db", **where)
    assert missing.status == 1
    assert 'Did you mean "mine"?' in missing.err


def test_import_from_variables(tmp_path: Path) -> None:
    variables = {
        "OS_AUTH_URL": "http://c.example:5000/v3",
        "OS_USERNAME": "u",
        "OS_PASSWORD": CANARY,
        "OS_PROJECT_NAME": "admin",
        "OS_CLIENT_CONFIG_FILE": str(tmp_path / "none"),
    }
    said = calipso("env", "import", "--name", "e", store=tmp_path / "s.db", **variables)
    assert said.status == 0, said.err
    document = calipso("env", "show", "e", "-o", "json", store=tmp_path / "s.db").json
    assert document["configuration"][0]["pwd"] == {"env": "OS_PASSWORD"}
    assert CANARY not in str(document)
