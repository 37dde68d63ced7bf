# SPDX-License-Identifier: Apache-2.0
"""docs/extending.md alone is enough: the folder that it shows is built from its blocks, checked, tested and scanned."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.metadata.forms import FILES
from calipso_nornir.metadata.loading import load_catalog
from calipso_nornir.parsing.registry import load_parsers
from calipso_nornir.parsing.switch_rows import KINDS, columns_of, needed_columns
from tests.fixtures.cli import calipso
from tests.fixtures.scanning import Scanned
from tests.fixtures.tiny_cloud import ADDRESSES

if TYPE_CHECKING:
    from tests.fixtures.cli import Said

DOCUMENT = (Path(__file__).parents[2] / "docs" / "extending.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^<!-- bgp/(\S+) -->\n```\w*\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
THIRD_PARTY = Path(__file__).parents[1] / "fixtures" / "third_party" / "calipso_bgp"
SOURCE = re.findall(r"^<!-- third_party/(\S+) -->\n```\w*\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
JSON = re.findall(r"^```json\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
ACME = re.findall(r"^<!-- acme/(\S+) -->\n```\w*\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
SUMMARY, VERSION = "vtysh -c 'show bgp summary json'", "vtysh -c 'show version'"
PRINTED = "FRRouting 8.4.4 (cmp1) on Linux(6.1.0-18-amd64).\nCopyright 1996-2005 Kunihiro Ishiguro, et al.\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the document, file by file."""
    made = tmp_path_factory.mktemp("extending") / "bgp"
    for name, text in SHOWN:
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(text, encoding="utf-8")
    return made


def test_the_files_are_those_that_it_lists(folder: Path) -> None:
    listed = set(re.findall(r"bgp/(\S+\.?\w+)", DOCUMENT.split("calipso metadata check")[0]))
    assert {str(path.relative_to(folder)) for path in folder.rglob("*.*")} | {"templates/index"} == listed


def test_the_check_finds_nothing(folder: Path) -> None:
    said: Said = calipso("metadata", "check", folder)
    assert (said.status, said.err) == (0, "")


def test_its_own_tests_pass(folder: Path) -> None:
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", folder],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder.parent,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_golden_pairs_know_its_parsers(folder: Path, tmp_path: Path) -> None:
    case = tmp_path / "frr" / "show_version"
    case.mkdir(parents=True)
    (case / "one.raw").write_text(PRINTED, encoding="utf-8")
    rows = "[{version: 8.4.4, hostname: cmp1}]"
    (case / "one.yml").write_text(f"provenance: made up\nparsed: {{frr_show_version: {rows}}}\n", encoding="utf-8")
    assert calipso("parsers", "test", tmp_path).status == 1, "nobody knows the parser"
    assert calipso("parsers", "test", "--metadata", folder, tmp_path).out == "1 pairs, 0 differ\n"


def test_a_scan_finds_what_it_promises(folder: Path, tmp_path: Path) -> None:
    scanned = Scanned(tmp_path)
    answers, peer = scanned.cloud.answers(), f"10.77.0.{ADDRESSES['net1']}"
    for host in scanned.cloud.hosts:
        peers = {peer: {"state": "Idle", "remoteAs": 7}} if host == "cmp1" else {}
        answers[f"{host}: {SUMMARY}"] = json.dumps({"ipv4Unicast": {"peers": peers}})
        answers[f"{host}: {VERSION}"] = PRINTED
    report = scanned.scan(answers, metadata=(folder,))
    assert (report.status, report.troubles) == ("completed", [])
    session = scanned.objects()[f"bgp_session cmp1|{peer}"]
    assert session["name_path"].endswith(f"/cmp1/BGP sessions/{peer}")
    assert (session["state"], session["daemon"]) == ("Idle", "8.4.4")
    [link] = [one for one in scanned.stored()["links"].values() if one["link_type"] == "bgp_session-host_pnic"]
    assert (link["source_id"], link["target_id"], link["state"]) == (f"cmp1|{peer}", "net1|eth0", "down")
    [clique] = [one for one in scanned.stored()["cliques"].values() if one["clique_type"] == "bgp session"]
    assert link["_id"] in clique["links"]


# --- the rest of it


def _names(heading: str) -> set[str]:
    """Return what is set in code in the first column of a table."""
    table = DOCUMENT.split(f"| {heading} |", 1)[1].split("\n\n", 1)[0]
    return {name for row in table.splitlines()[2:] for name in re.findall(r"`([^`]+)`", row.split("|")[1])}


def test_the_parsers_that_it_names_are_those_that_there_are() -> None:
    assert _names("Parser") == load_parsers(()).keys()


def test_the_scanners_that_it_names_are_those_that_there_are() -> None:
    catalog = load_catalog()
    run_on = {"ScanEnvironment": "environment"}
    for steps in catalog.scanners.values():
        run_on |= {step.children_scanner: step.type for step in steps if step.children_scanner}
    told = dict(re.findall(r"^\| `(Scan\w+)` \| (\w+) \|$", DOCUMENT, re.MULTILINE))
    assert told == run_on


def _form_of(data: dict[str, Any]) -> str:
    """Return the name of the file that has such members."""
    return next(stem for stem, form in FILES.items() if data.keys() <= form.model_fields.keys())


def test_every_file_form_is_shown_and_is_valid(tmp_path: Path) -> None:
    in_the_folder = {name.removesuffix(".json") for name, _ in SHOWN if name.endswith(".json")}
    others = {_form_of(data): data for data in map(json.loads, JSON)}
    others = {stem: data for stem, data in others.items() if stem not in in_the_folder}
    assert in_the_folder | others.keys() == FILES.keys()
    for stem, data in others.items():
        FILES[stem].model_validate(data)
    del others["clique_constraints"]  # shows those that are shipped
    for stem, data in others.items():
        (tmp_path / f"{stem}.json").write_text(json.dumps(data), encoding="utf-8")
    load_catalog([tmp_path])


@pytest.mark.parametrize(("name", "text"), SOURCE, ids=[name for name, _ in SOURCE])
def test_the_source_that_it_shows_is_the_one_that_is_tested(name: str, text: str) -> None:
    """tests/packaging/test_third_party.py installs it, scans, records and replays with it."""
    _licence, _, rest = (THIRD_PARTY / name).read_text(encoding="utf-8").partition("\n")
    assert text == rest


def test_the_source_is_shown_whole() -> None:
    assert [name for name, _ in SOURCE] == ["queries.py", "collector_kind.py", "collector.py"]


# --- a platform of switches


ANSWERS = {
    "acme1: show system | json": {"system": {"mac": "02:ac:00:00:00:01", "name": "acme1"}},
    "acme1: show ports": "Port   Link     MTU\n----\nport1 linked   9000\nport2 no link  1500\nmgmt  linked   1500\n",
    "acme1: show lldp | json": {
        "lldp": {"port1": {"heard": [{"chassis": "0200.0000.0015", "name": "cmp1", "port": "eth0"}]}}
    },
}


def test_a_platform_of_switches_is_asked_as_the_document_declares_it(tmp_path: Path) -> None:
    folder = tmp_path / "acme"
    for name, text in ACME:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    assert calipso("metadata", "check", folder).status == 0
    scanned = Scanned(tmp_path)
    inventory = [{"host": "acme1", "platform": "acme_os", "address": "acme1", "groups": []}]
    told = {key: text if isinstance(text, str) else json.dumps(text) for key, text in ANSWERS.items()}
    answers = {**scanned.cloud.answers(), "hosts that can be reached": inventory, **told}
    report = scanned.scan(answers, metadata=(folder,))
    assert (report.status, report.notices) == ("completed", [])
    view = scanned.store.view("cloud")
    ports = {one["local_name"]: one for one in view.of_type("switch_pnic") if one.get("local_name")}
    assert {name: (one["state"], one["mtu"]) for name, one in ports.items()} == {
        "port1": ("up", 9000),
        "port2": ("down", 1500),
    }
    (link,) = [one for one in view.links("host_pnic-switch_pnic") if one.target == ports["port1"].ref]
    assert (link.source.id, link.attributes["told_by"]) == ("cmp1|eth0", ["switch"])


def test_the_columns_of_the_document_are_those_that_exist() -> None:
    for kind in KINDS:
        (row,) = re.findall(rf"^\| `{kind}` \| (.*) \|$", DOCUMENT.split("| Kind of question |")[1], re.MULTILINE)
        assert set(re.findall(r"`(\w+)`", row)) - {"vlan"} == set(columns_of(kind)) - {"vlan"}
        assert set(re.findall(r"\*\*`(\w+)`\*\*", row)) == set(needed_columns(kind))
