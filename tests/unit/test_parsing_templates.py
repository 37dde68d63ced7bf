# SPDX-License-Identifier: Apache-2.0
"""Sets of TextFSM templates: reading them, their faults, their rows, many threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from calipso_nornir.errors import MetadataError, ParseError
from calipso_nornir.parsing.templates import TemplateSet, shipped, tool_rows

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "Template, Hostname, Platform, Command\n"
PORTS = """\
Value PORT (\\S+)
Value List VLAN_ID (\\d+)

Start
  ^port ${PORT}$$
  ^vlan ${VLAN_ID}$$
  ^end$$ -> Record
  ^bad -> Error "a bad word"
  ^. -> Error
"""


def folder(where: Path, index: str, **templates: str) -> Path:
    (where / "index").write_text(index)
    for name, source in templates.items():
        (where / f"{name}.textfsm").write_text(source)
    return where


def faults(where: Path) -> list[str]:
    with pytest.raises(MetadataError) as raised:
        TemplateSet(where)
    return [str(fault).replace(f"{where}/", "") for fault in raised.value.faults]


def test_rows_have_lower_case_keys_and_lists(tmp_path: Path) -> None:
    index = f"# ports\n\n{HEADER}\nacme_ports.textfsm, .*, acme, sh[[ow]] ports$\n"
    templates = TemplateSet(folder(tmp_path, index, acme_ports=PORTS))
    assert list(templates) == ["acme_ports"]
    assert len(templates) == 1
    assert templates["acme_ports"].columns == ("port", "vlan_id")
    rows = templates["acme_ports"].rows("port a\nvlan 1\nvlan 2\nend\nport b\nend\n")
    assert rows == [{"port": "a", "vlan_id": ["1", "2"]}, {"port": "b", "vlan_id": []}]
    assert templates["acme_ports"].rows("") == []


def test_completion_and_end_of_a_command(tmp_path: Path) -> None:
    index = f"{HEADER}acme_ports.textfsm, .*, acme(_x)?, sh[[ow]] ports$\n"
    templates = TemplateSet(folder(tmp_path, index, acme_ports=PORTS))
    for command in ("sh ports", "sho ports", "show ports"):
        assert templates.find("acme", command) is templates["acme_ports"]
    for platform, command in (("acme", "s ports"), ("acme", "show ports brief"), ("acme_y", "show ports")):
        assert templates.find(platform, command) is None
    assert templates.find("acme_x", "show ports")


def test_an_error_names_template_line_number_and_line(tmp_path: Path) -> None:
    index = f"{HEADER}acme_ports.textfsm, .*, acme, show ports$\n"
    template = TemplateSet(folder(tmp_path, index, acme_ports=PORTS))["acme_ports"]
    with pytest.raises(ParseError) as raised:
        template.rows("port a\nend\n\nwhat?\nport b\n")
    assert raised.value == ParseError("acme_ports", "unexpected line (rule in line 9 of the template)", 4, "what?")
    with pytest.raises(ParseError, match="a bad word"):
        template.rows("bad\n")
    assert template.rows("port c\nend\n") == [{"port": "c", "vlan_id": []}], "nothing is left of the run before"


def test_many_threads_use_one_template() -> None:
    def read(number: int) -> bool:
        names = [f"qdhcp-{number}-{n}" for n in range(50)]
        text = "".join(f"{name} (id: {n})\n" for n, name in enumerate(names))
        return [row["netns"] for row in tool_rows("linux_ip_netns", text)] == names

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(read, range(200)))


def test_a_set_is_read_once() -> None:
    assert shipped() is shipped()


def test_text_that_lacks_its_last_line_end_is_refused() -> None:
    with pytest.raises(ParseError, match="cut short") as raised:
        tool_rows("linux_ip_netns", "qdhcp-1 (id: 1)\nqdh")
    assert (raised.value.line_number, raised.value.line) == (2, "qdh")


def test_all_faults_of_a_folder_come_at_once(tmp_path: Path) -> None:
    index = (
        f"{HEADER}acme_ports.textfsm, .*, acme, show ports$\nacme_gone.textfsm, .*, acme, show gone$\n"
        "acme_open.textfsm, .*, acme, show open\nacme_x, .*, acme, show x$\nthree, cells, only\n"
        "acme_y.textfsm, .*, acme, show (y$\n"
    )
    broken = PORTS.replace("^end$$ -> Record", "^(end -> Record")
    found = faults(folder(tmp_path, index, acme_ports=broken, acme_stray=PORTS))
    for start, words in [
        ("index: line 4", "the command 'show open' must end in $"),
        ("index: line 5", "must end in .textfsm"),
        ("index: line 6", "four cells are expected"),
        ("index: line 7", "missing )"),
        ("index: line 3", "no file acme_gone.textfsm beside it"),
        ("acme_stray.textfsm", "is not listed in the index"),
        ("acme_ports.textfsm: line 7", "Invalid regular expression"),
    ]:
        assert [fault for fault in found if fault.startswith(start) and words in fault], (start, found)
    assert len(found) == 7


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("", "Missing state"),
        ("Start\n  ^. -> Error\n", "No Value definitions"),
        ("Value A (x)\n\nStart\n  ^${A} -> Nowhere\n", "Nowhere"),
        ("Value A (x\n\nStart\n  ^${A}\n", "Line 1"),
        ("Value A (x)\n\nStart\n  ^${B}\n", "B"),
        ("Value A (x)\nValue A (y)\n\nStart\n  ^${A}\n", "Duplicate"),
    ],
)
def test_a_broken_template_is_a_fault(tmp_path: Path, source: str, words: str) -> None:
    found = faults(folder(tmp_path, f"{HEADER}acme_a.textfsm, .*, acme, a$\n", acme_a=source))
    assert len(found) == 1
    assert found[0].startswith("acme_a.textfsm")
    assert words in found[0]


def test_a_template_that_is_no_text_is_a_fault(tmp_path: Path) -> None:
    folder(tmp_path, f"{HEADER}acme_a.textfsm, .*, acme, a$\n")
    (tmp_path / "acme_a.textfsm").write_bytes(b"Value A (\xff)\n")
    assert "can't decode" in faults(tmp_path)[0]


@pytest.mark.parametrize("index", ["", "Template, Command\n", "acme_a.textfsm, .*, acme, a$\n"])
def test_an_index_without_its_header_is_a_fault(tmp_path: Path, index: str) -> None:
    assert faults(folder(tmp_path, index)) == ["index: the first line must be Template, Hostname, Platform, Command"]


def test_a_folder_without_an_index_is_a_fault(tmp_path: Path) -> None:
    assert "cannot be read" in faults(tmp_path)[0]
