# SPDX-License-Identifier: Apache-2.0
"""env add, import, edit, list, show and remove; clouds that are rejected before they are asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from calipso_nornir.errors import CalipsoError, SourceNotConfigured
from calipso_nornir.model.protocols import Reply
from calipso_nornir.model.queries import ApiGet
from calipso_nornir.preflight.detecting import concluded
from tests.fixtures.cli import calipso
from tests.fixtures.recorded import AT, bundle, filled

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
    assert "prod: added" in added.err
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
    assert calipso("env", "add", tmp_path / "again.yaml", store=tmp_path / "s.db").err == "prod: unchanged\n"
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
                "mechanism_drivers": ["OVSS"],
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
    assert "its inventory stays" in said.err
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
    dry = calipso("env", "import", "--os-cloud", "mine", "--dry-run", "--no-detect", store=tmp_path / "no.db", **where)
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
    said = calipso("env", "import", "--name", "e", "--no-detect", store=tmp_path / "s.db", **variables)
    assert said.status == 0, said.err
    document = calipso("env", "show", "e", "-o", "json", store=tmp_path / "s.db").json
    assert document["configuration"][0]["pwd"] == {"env": "OS_PASSWORD"}
    assert CANARY not in str(document)


def test_import_takes_the_way_to_the_hosts(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.touch()
    variables = {
        "OS_AUTH_URL": "http://127.0.0.1:1/v3",
        "OS_USERNAME": "u",
        "OS_PASSWORD": CANARY,
        "OS_PROJECT_NAME": "admin",
        "OS_CLIENT_CONFIG_FILE": str(tmp_path / "none"),
    }
    store = tmp_path / "s.db"
    ssh = ("--ssh-user", "scan", "--ssh-key", str(key), "--jump", "me@bastion:2222")
    said = calipso("env", "import", "--name", "e", *ssh, store=store, **variables)
    assert said.status == 0, said.err
    assert "detected nothing (http://127.0.0.1:1/v3 does not answer" in said.err
    assert f"--store {store} env check e" in said.err
    cli = calipso("env", "show", "e", "-o", "json", store=store).json["configuration"][1]
    assert cli == {"name": "CLI", "user": "scan", "key": str(key), "jump": "me@bastion:2222"}
    for wrong in (["--ssh-key", str(key)], ["--jump", "b"], ["--ssh-user", "u", "--ssh-key", str(tmp_path / "no")]):
        refused = calipso("env", "import", "--name", "f", "--no-detect", *wrong, store=store, **variables)
        assert refused.status == 2, wrong


AGENTS = ApiGet("network", "/agents", "agents")
EXTENSIONS = ApiGet("network", "/extensions", "extensions")
NETWORKS = ApiGet("network", "/networks", "networks")


def _answers(agents: Any, networks: Any = (), extensions: Any = ()) -> dict[Any, Any]:  # noqa: ANN401 - any JSON
    given = {AGENTS: agents, NETWORKS: networks, EXTENSIONS: extensions}
    return {
        query: one if isinstance(one, CalipsoError) else Reply([dict(row) for row in one], AT)
        for query, one in given.items()
    }


def test_drivers_are_detected_by_agents_and_networks() -> None:
    kinds = ["Open vSwitch agent", "NIC Switch agent", "Open vSwitch agent", "DHCP agent", "Metadata agent"]
    networks = [
        {"provider:network_type": "flat", "router:external": True},
        {"provider:network_type": "vlan"},
        {"provider:network_type": "vlan"},
        {"provider:network_type": "vxlan"},
    ]
    found = concluded(_answers([{"agent_type": kind} for kind in kinds], networks))
    assert found.mechanism_drivers == ("SRIOV", "OVS")
    assert found.type_drivers == "vxlan"
    assert "2 x Open vSwitch agent" in found.because


@pytest.mark.parametrize(
    ("agents", "extensions", "why"),
    [
        ([{"agent_type": "L3 agent"}], [], "none of its agents belongs to a mechanism driver"),
        (SourceNotConfigured("api"), [{"alias": "router"}], "lacks the extension"),
        (SourceNotConfigured("api"), [{"alias": "agent"}], str(SourceNotConfigured("api"))),
    ],
)
def test_what_cannot_be_detected_is_told(agents: Any, extensions: Any, why: str) -> None:  # noqa: ANN401 - any JSON
    found = concluded(_answers(agents, SourceNotConfigured("api"), extensions))
    assert (found.mechanism_drivers, found.type_drivers) == ((), "")
    assert any(why in one for one in found.because)


# --- edit


def _editor(tmp_path: Path, script: str) -> dict[str, str]:
    editor = tmp_path / "editor"
    editor.write_text(f"#!/bin/sh\n{script}\n")
    editor.chmod(0o755)
    return {"VISUAL": "", "EDITOR": str(editor)}


def test_edit(file: Path, tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    calipso("env", "add", file, store=store)
    said = calipso("env", "edit", store=store, **_editor(tmp_path, 'sed -i s/vxlan/vlan/ "$1"'))
    assert said.status == 0, said.err
    assert calipso("env", "show", "-o", "json", store=store).json["type_drivers"] == "vlan"
    assert calipso("env", "edit", "prod", store=store, **_editor(tmp_path, "true")).err == "prod: unchanged\n"


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ('sed -i s/vlan/vlam/ "$1"', "prod: type_drivers: must be of"),
        ('sed -i "s/^name: prod/name: other/" "$1"', "prod keeps its name"),
        ("exit 3", "ended with 3; nothing was changed"),
        ('echo "{" > "$1"', "prod"),
    ],
)
def test_an_edit_that_goes_wrong_changes_nothing(file: Path, tmp_path: Path, script: str, told: str) -> None:
    store = tmp_path / "s.db"
    file.write_text(yaml.safe_dump({**DESCRIPTION, "type_drivers": "vlan"}))
    calipso("env", "add", file, store=store)
    before = calipso("env", "show", "-o", "json", store=store).json
    said = calipso("env", "edit", "prod", store=store, **_editor(tmp_path, script))
    assert said.status == 2
    assert told in said.err
    assert "calipso-edit-" not in said.err
    assert calipso("env", "show", "-o", "json", store=store).json == before


def test_an_editor_that_is_not_there(file: Path, tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    calipso("env", "add", file, store=store)
    assert "set EDITOR" in calipso("env", "edit", store=store, VISUAL="", EDITOR="/no/such/editor").err
    assert calipso("env", "edit", "nonesuch", store=store).status == 2


# --- names in any case, clouds that nobody tried


def test_case_does_not_matter_for_names_that_are_fixed(file: Path, tmp_path: Path) -> None:
    text = file.read_text().replace("OVS", "ovs").replace("vxlan", "VXLAN").replace("OpenStack", "openstack")
    file.write_text(text)
    store = tmp_path / "s.db"
    assert calipso("env", "add", file, store=store).status == 0
    document = calipso("env", "show", "-o", "json", store=store).json
    assert (document["mechanism_drivers"], document["type_drivers"]) == (["OVS"], "vxlan")
    assert document["configuration"][0]["name"] == "OpenStack"


def test_a_section_by_the_name_that_people_expect(file: Path, tmp_path: Path) -> None:
    file.write_text(file.read_text().replace("name: CLI", "name: SSH"))
    said = calipso("env", "add", file, store=tmp_path / "s.db")
    assert said.status == 1
    assert 'Did you mean "CLI"?' in said.err


def _unreachable(file: Path, **change: Any) -> None:  # noqa: ANN401 - values of a description
    """Describe a cloud whose every address refuses."""
    login = {"auth_url": "http://127.0.0.1:1/v3", "user": "u", "pwd": {"env": "PROD_PASSWORD"}, "retries": 0}
    file.write_text(yaml.safe_dump({**DESCRIPTION, "configuration": [{"name": "OpenStack", **login}], **change}))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"distribution": "Gentoo"}, "distribution Gentoo is not listed as supported (Debian, "),
        ({"distribution": "Debian", "distribution_version": "Trixie"}, "version Trixie of Debian"),
        ({"mechanism_drivers": ["OVS", "Nexus"]}, "mechanism driver Nexus"),
        ({"environment_type": "VMware"}, "environment type VMware"),
    ],
)
def test_a_cloud_that_nobody_tried_is_refused_before_the_first_packet(
    file: Path, tmp_path: Path, change: dict[str, Any], told: str
) -> None:
    _unreachable(file, **change)
    verbs: tuple[list[str | Path], ...] = (["scan", file], ["record", file, tmp_path / "x.calipso"])
    for verb in verbs:
        said = calipso(*verb, store=tmp_path / "s.db", PROD_PASSWORD="x")  # noqa: S106 - nobody's
        assert said.status == 2, said.out + said.err
        assert told in said.err
        assert "asking the API" not in said.err
    said = calipso("scan", file, "--untested", store=tmp_path / "s.db", PROD_PASSWORD="x")  # noqa: S106 - as above
    assert said.status in (0, 1)
    assert told in said.err


def test_a_scan_that_saw_nothing_failed_and_stores_nothing(file: Path, tmp_path: Path) -> None:
    _unreachable(file)
    store = tmp_path / "s.db"
    said = calipso("scan", file, store=store, PROD_PASSWORD="x")  # noqa: S106 - nobody's
    assert said.status == 1
    assert "nothing of prod could be examined" in said.out
    assert calipso("scans", "-o", "json", store=store).json[0]["status"] == "failed"
    assert calipso("list", "-o", "json", store=store).json == []
    assert calipso("env", "list", "-o", "json", store=store).json[0]["last_scanned"] is None


def test_the_environment_is_named_one_way_everywhere(file: Path, tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    calipso("env", "add", file, store=store)
    file.write_text(yaml.safe_dump({**DESCRIPTION, "name": "other"}))
    calipso("env", "add", file, store=store)
    for arguments, environ in (
        (["prod"], {}),
        (["-e", "prod"], {}),
        ([], {"CALIPSO_ENV": "prod"}),
        (["prod"], {"CALIPSO_ENV": "other"}),
        (["prod", "-e", "prod"], {}),
    ):
        assert calipso("env", "show", *arguments, "-o", "json", store=store, **environ).json["name"] == "prod"
    assert "contradict" in calipso("env", "show", "prod", "-e", "other", store=store).err
    assert "which environment?" in calipso("env", "show", store=store).err
    said = calipso("env", "show", "prd", store=store)
    assert (said.status, 'Did you mean "prod"?' in said.err) == (2, True)
    refused = calipso("record", tmp_path / "x.calipso", store=store)
    assert "which environment?" in refused.err
    for named in (["-e", "prod"], []):
        variables = {} if named else {"CALIPSO_ENV": "prod"}
        said = calipso("record", tmp_path / "x.calipso", *named, store=store, **variables)
        assert "PROD_PASSWORD" in said.out + said.err, said
