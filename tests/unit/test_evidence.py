# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - answers and documents are of any shape
"""``calipso scan --from``: files of hosts in place of the hosts; what is not among them is told, and never guessed."""

from __future__ import annotations

import io
import json
import tarfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.cli.running import WITH_FAILURES
from calipso_nornir.errors import ApiUnknown, CalipsoError, InvalidRequest, OutputMissing
from calipso_nornir.model.protocols import Reply
from calipso_nornir.model.queries import ApiGet, Command, ReachableHosts, Select
from calipso_nornir.resources import data
from calipso_nornir.scan.engine import run_scan
from calipso_nornir.sources.bundle import Reader
from calipso_nornir.sources.evidence.collected import collected
from calipso_nornir.sources.evidence.file_names import copied_file, file_name, spellings
from calipso_nornir.sources.evidence.host_files import HostFiles
from calipso_nornir.sources.evidence.source import FILES, UNKNOWN, FilesSource
from calipso_nornir.sources.recording import ReplaySource
from calipso_nornir.store import open_store
from tests.fixtures.cli import calipso
from tests.fixtures.scanning import content

if TYPE_CHECKING:
    from collections.abc import Mapping

RAW = Path(__file__).parents[1] / "parsers" / "linux"
AT = datetime(2026, 1, 2, tzinfo=UTC)
REPORT = {
    "sos_commands/host/hostname": "cmp7\n",
    "sos_commands/kernel/uname_-a": "Linux cmp7 5.14.0-70 #1 SMP PREEMPT Tue Nov 3 x86_64 x86_64 x86_64 GNU/Linux\n",
    "sos_commands/networking/ip_-d_address_show": (RAW / "ip_address" / "physical_by_hand.raw").read_text("utf-8"),
    "sos_commands/networking/ip_netns": "",
    "usr/lib/os-release": 'NAME="CentOS Stream"\nVERSION="9"\nID="centos"\n',
    "proc/net/bonding/bond0": (RAW / "cat_proc_net_bonding" / "lacp.raw").read_text("utf-8"),
    "var/log/messages": "not read",
}


def recorded_files(bundle: Path, folder: Path) -> Path:
    """Write what the hosts of a recording printed: a folder for each, a file for each command."""
    for _, exchange in Reader(bundle):
        if isinstance(exchange.query, Command) and isinstance(exchange.answer, Reply):
            path = folder / exchange.query.host / file_name(exchange.query.text)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(exchange.answer.data, encoding="utf-8")
    return folder


def report(path: Path, files: Mapping[str, str], links: Mapping[str, str] | None = None) -> Path:
    """Write a sosreport."""
    with tarfile.open(path, "w:xz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(f"sosreport-x/{name}")
            member.size, member.mtime = len(text.encode()), int(AT.timestamp())
            archive.addfile(member, io.BytesIO(text.encode()))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(f"sosreport-x/{name}")
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
    return path


@pytest.mark.parametrize("name", ["ovs", "lb"])
def test_files_of_a_recorded_cloud_give_the_same_picture(tmp_path: Path, name: str) -> None:
    bundle = data("demo") / f"{name}.calipso"
    hosts = collected(recorded_files(bundle, tmp_path / "hosts"))
    stored: list[Any] = []
    for source in (ReplaySource(bundle), FilesSource(hosts, recording=ReplaySource(bundle))):
        environment = ReplaySource(bundle).environment
        store = open_store(tmp_path / f"{len(stored)}.db")
        assert run_scan(environment, store=store, source=source).status == "completed"
        view = store.view(environment.name)
        stored.append(
            content({kind: {one["_id"]: one for one in view.documents(kind)} for kind in ("inventory", "links")})
        )
    assert stored[0] == stored[1]


def test_a_sosreport_without_a_recording(tmp_path: Path) -> None:
    """The host is found, and what its files say; what only the cloud knows is a failure that says so."""
    path = report(tmp_path / "sosreport.tar.xz", REPORT, {"etc/os-release": "../usr/lib/os-release"})
    environment = tmp_path / "mine.yaml"
    environment.write_text(
        "name: mine\ndistribution: RDO\nmechanism_drivers: [OVS]\ntype_drivers: vxlan\n", encoding="utf-8"
    )
    store = tmp_path / "calipso.db"
    said = calipso("scan", environment, "--from", path, "--untested", "--output", "json", store=store)
    assert said.status == WITH_FAILURES, said.err
    assert "files of cmp7; the cloud itself from nothing, so it stays unknown" in said.err
    objects = {f"{one['type']} {one['id']}": one for one in open_store(store).view("mine").documents("inventory")}
    host = objects["host cmp7"]
    assert host["os"] == {
        "name": "CentOS Stream",
        "version": "9",
        "ID": "centos",
        "ID_LIKE": None,
        "architecture": "x86_64",
    }
    assert (host["zone"], host["region"], [one["service"] for one in host["services"]]) == (UNKNOWN, UNKNOWN, [FILES])
    assert "host_type" not in host, "it is not known"
    assert objects["host_pnic cmp7|bond0"]["members"]
    assert host["last_scanned"]
    told = json.dumps(said.json["failures"])
    assert "GET network /ports [unknown]: unknown, because only files of hosts were given" in told
    assert "is not among the collected files (looked for ls_-l_.sys.class.net)" in told


def test_reports_in_a_folder_and_unpacked(tmp_path: Path) -> None:
    (tmp_path / "all").mkdir()
    report(tmp_path / "all" / "one.tar.xz", REPORT)
    with tarfile.open(report(tmp_path / "two.tar.xz", {**REPORT, "sos_commands/host/hostname": "cmp8"})) as archive:
        archive.extractall(tmp_path / "all", filter="data")
    (tmp_path / "all" / "cmp9").mkdir()
    (tmp_path / "all" / "cmp9" / "uname_-m.txt").write_text("aarch64\n", encoding="utf-8")
    hosts = collected(tmp_path / "all")
    assert sorted(hosts) == ["cmp7", "cmp8", "cmp9"]
    assert [hosts[name].output("uname -m") for name in sorted(hosts)] == ["x86_64\n", "x86_64\n", "aarch64\n"]
    assert sorted(collected(tmp_path / "all" / "sosreport-x")) == ["cmp8"]
    assert hosts["cmp7"].at == AT


# --- the names of files


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("ip -j -d address", "ip_-j_-d_address"),
        ("ls -l /sys/class/net", "ls_-l_.sys.class.net"),
        ("/usr/sbin/ethtool -i eth0", "ethtool_-i_eth0"),
        ("virsh -c qemu:///system list --all --uuid", "virsh_-c_qemu_...system_list_--all_--uuid"),
        ("x " + "y" * 300, "x_" + "y" * 253),
    ],
)
def test_names_of_files(command: str, name: str) -> None:
    assert file_name(command) == name


@pytest.mark.parametrize(
    ("command", "others"),
    [
        ("ip -d address", ["ip -d address show", "ip -d addr"]),
        ("ip netns exec q ip -d address", ["ip netns exec q ip -d address show", "ip netns exec q ip -d addr"]),
        ("ip netns list", ["ip netns"]),
        ("ovs-vsctl show", ["ovs-vsctl -t 5 show"]),
        ("virsh -c qemu:///system dumpxml x", ["virsh -r dumpxml x", "virsh dumpxml x"]),
        ("ethtool 'a b'", ["ethtool a b"]),
        ("ethtool 'a", []),
    ],
)
def test_other_commands_that_print_the_same(command: str, others: list[str]) -> None:
    assert list(spellings(command)) == [command, *others]


def test_a_copied_file() -> None:
    assert copied_file("cat /proc/net/bonding/bond0") == "proc/net/bonding/bond0"
    assert copied_file("cat a b") is None


def files(**texts: str) -> HostFiles:
    return HostFiles("cmp1", {name.replace("__", "/"): lambda text=text: text for name, text in texts.items()}, AT)  # type: ignore[misc]


def test_domains_are_those_whose_description_was_collected() -> None:
    uuid = "c3cf25fe-8d9e-4580-987e-0c0e3bebbcd1"
    xml = f"<domain><name>instance-1</name><uuid>{uuid}</uuid></domain>"
    made = HostFiles("cmp1", {"sos_commands/virsh/virsh_-r_dumpxml_instance-1": lambda: xml}, AT)
    assert made.output("virsh -c qemu:///system list --all --uuid") == f"{uuid}\n"
    assert made.output(f"virsh -c qemu:///system dumpxml {uuid}") == xml
    missing = files().output("virsh -c qemu:///system list --all --uuid")
    assert isinstance(missing, OutputMissing), "that there are none was not seen"
    assert missing.looked_for == (
        "virsh_-c_qemu_...system_list_--all_--uuid",
        "virsh_-r_list_--all_--uuid",
        "virsh_list_--all_--uuid",
    )
    assert CalipsoError.from_data(missing.data()) == missing


@pytest.mark.parametrize("printed", ["", "Linux cmp1", "FreeBSD cmp1 14 amd64 x y"])
def test_a_machine_that_is_not_said(printed: str) -> None:
    made = HostFiles("cmp1", {"uname_-a": lambda: printed}, AT)
    assert isinstance(made.output("uname -m"), OutputMissing)


# --- the source


def told(answer: Any) -> Any:
    assert isinstance(answer, Reply)
    return answer.data


def test_what_is_not_known_is_an_error() -> None:
    source = FilesSource({"cmp1": files()})
    hosts, zones, ports = (
        ReachableHosts(),
        ApiGet("compute", "/os-availability-zone/detail", "x"),
        ApiGet("network", "/ports", "ports"),
    )
    rows, own, other = Select("neutron", "SELECT 1"), Command("cmp1", "lsmod"), Command("cmp2", "lsmod")
    answers = source.answer([hosts, zones, ports, rows, own, other])
    assert told(answers[hosts])[0]["host"] == "cmp1"
    assert list(told(answers[zones])[0]["hosts"]) == ["cmp1"]
    assert [type(answers[one]) for one in (ports, rows, own, other)] == [
        ApiUnknown,
        ApiUnknown,
        OutputMissing,
        OutputMissing,
    ]
    assert "looked for a folder or sosreport of cmp2" in str(answers[other])
    source.close()


# --- what is no collection


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (lambda folder: folder / "none", "is neither a folder nor an archive"),
        (lambda folder: folder, "is empty: a folder or a sosreport for each host is expected"),
        (lambda folder: _written(folder / "x.tar.xz", "text"), "x.tar.xz is not a readable sosreport"),
        (lambda folder: report(folder / "x.tar.xz", {"sos_commands/a": ""}), "does not name its host"),
    ],
)
def test_what_is_no_collection(tmp_path: Path, made: Any, expected: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        collected(made(tmp_path))
    assert expected in str(raised.value)


def _written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_two_collections_of_one_host(tmp_path: Path) -> None:
    for name in ("one.tar.xz", "two.tar.xz"):
        report(tmp_path / name, REPORT)
    with pytest.raises(InvalidRequest, match="two sets of files for the host cmp7"):
        collected(tmp_path)


def test_links_do_not_lead_out(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    host = tmp_path / "all" / "cmp1"
    host.mkdir(parents=True)
    (host / "uname_-m").symlink_to(tmp_path / "secret")
    assert isinstance(collected(tmp_path / "all")["cmp1"].output("uname -m"), OutputMissing)
    path = report(tmp_path / "x.tar.xz", REPORT, {"etc/os-release": "../../../../etc/passwd"})
    assert isinstance(collected(path)["cmp7"].output("cat /etc/os-release"), OutputMissing)
