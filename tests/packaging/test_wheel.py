# SPDX-License-Identifier: Apache-2.0
"""The wheel: what it contains, what it does not, and that the program works from it alone."""

from __future__ import annotations

import hashlib
import json
import re
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from calipso_nornir import __version__
from calipso_nornir.metadata.forms import FILES
from tests.packaging.building import ROOT, build

if TYPE_CHECKING:
    from tests.packaging.building import Installed

pytestmark = pytest.mark.deployment


def content(wheel: Path) -> dict[str, str]:
    """Return every file of a wheel with the hash of what is in it; RECORD says the same again."""
    with zipfile.ZipFile(wheel) as archive:
        return {
            name: hashlib.sha256(archive.read(name)).hexdigest()
            for name in archive.namelist()
            if not name.endswith((".dist-info/RECORD", "/"))
        }


def data(folder: str) -> set[str]:
    return {
        f"calipso_nornir/_data/{path.relative_to(ROOT).as_posix()}"
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


def test_the_whole_package_is_in_it_and_its_data(wheel: Path) -> None:
    names = content(wheel).keys()
    modules = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "calipso_nornir").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    inventory = {
        f"calipso_nornir/_data/inventory/{name}.yaml"
        for name in ("config", "defaults", "groups", "hosts", "lab", "scanned")
    }
    dist_info = {name for name in names if ".dist-info/" in name}
    assert names - dist_info == modules | data("parsers") | data("playbooks") | inventory
    shipped = {f"calipso_nornir/metadata/data/{stem}.json" for stem in FILES} - {
        "calipso_nornir/metadata/data/parsers.json"
    }
    assert shipped <= names  # parsers of ours are entry points; parsers.json is for folders
    assert {f"calipso_nornir/_data/demo/{name}.calipso" for name in ("ovs", "lb", "ovn")} <= names
    assert "calipso_nornir/py.typed" in names
    assert {name.rpartition("/")[2] for name in dist_info} >= {"METADATA", "WHEEL", "entry_points.txt", "LICENSE"}


def test_nothing_in_it_names_a_path_of_this_machine(wheel: Path) -> None:
    here = {str(ROOT)}
    if sys.prefix != sys.base_prefix:  # "/usr" is no secret
        here.add(sys.prefix)
    with zipfile.ZipFile(wheel) as archive:
        found = [
            f"{name}: {path}"
            for name in archive.namelist()
            for path in sorted(here)
            if path.encode() in archive.read(name)
        ]
    assert found == []


def test_it_holds_no_keys_and_nothing_of_an_editor(wheel: Path) -> None:
    odd = ("id_ed25519", "id_rsa", ".pem", ".key", ".pyc", "~", ".swp", ".orig", ".db")
    assert [name for name in content(wheel) if name.endswith(odd)] == []


def test_the_sdist_builds_the_same_wheel(tmp_path: Path, wheel: Path) -> None:
    for name in ("sdist", "source", "wheel"):
        (tmp_path / name).mkdir()
    archive = build(ROOT, tmp_path / "sdist", "sdist")
    with tarfile.open(archive) as opened:
        names = opened.getnames()
        opened.extractall(tmp_path / "source", filter="data")
    [source] = list((tmp_path / "source").iterdir())
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".db"))]
    assert {"tests", "docs", "README.md", "CHANGELOG.md", "LICENSE", "Makefile", "constraints.txt"} <= {
        path.name for path in source.iterdir()
    }
    assert content(build(source, tmp_path / "wheel", "wheel")) == content(wheel)


# --- used where nothing else of ours is


def said(installed: Installed, *arguments: object, status: int = 0) -> str:
    done = installed.run("calipso", *arguments)
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def test_what_runs_is_what_was_installed(installed: Installed) -> None:
    done = installed.run("python", "-c", "import calipso_nornir; print(calipso_nornir.__file__)")
    assert Path(done.stdout.strip()).is_relative_to(installed.folder), done.stdout + done.stderr
    assert said(installed, "--version").split()[-1] == __version__


def test_the_demo(installed: Installed, tmp_path: Path) -> None:
    told = said(installed, "demo", "--dir", tmp_path)
    assert re.search(r"replay \S*ovs\.calipso", told)
    assert (tmp_path / "calipso-demo.db").exists()
    assert "cmp1" in said(installed, "--store", tmp_path / "calipso-demo.db", "tree", "demo-ovs", "--depth", "6")


def test_the_metadata(installed: Installed) -> None:
    assert said(installed, "metadata", "check").startswith("metadata is valid: ")


def test_the_parsers(installed: Installed) -> None:
    told = said(installed, "parsers", "test", ROOT / "tests" / "parsers")
    assert told.strip().endswith("pairs, 0 differ")


def test_the_doctor(installed: Installed) -> None:
    rows = json.loads(said(installed, "doctor", "--output", "json"))
    assert [row for row in rows if row["state"] == "problem"] == []
    assert __version__ in next(row["detail"] for row in rows if row["what"] == "packages")


@pytest.mark.parametrize("name", ["parsers", "playbooks", "inventory", "demo"])
def test_its_data_is_its_own(installed: Installed, name: str) -> None:
    done = installed.run("python", "-c", f"from calipso_nornir.resources import data; print(data({name!r}))")
    assert Path(done.stdout.strip()).is_relative_to(installed.folder), done.stdout + done.stderr


def test_plug_ins_of_nornir_are_found(installed: Installed) -> None:
    code = (
        "from nornir.core.plugins.inventory import InventoryPluginRegister as I\n"
        "from nornir.core.plugins.connections import ConnectionPluginRegister as C\n"
        "I.auto_register(); C.auto_register()\n"
        "print(I.get_plugin('CalipsoInventory').__module__, C.get_plugin('calipso_ssh').__module__)"
    )
    done = installed.run("python", "-c", code)
    assert done.stdout.split() == ["calipso_nornir.nornir_inventory", "calipso_nornir.sources.cli.ssh"], done.stderr
