# SPDX-License-Identifier: Apache-2.0
"""The short examples of docs/nornir.md, executed verbatim on a scanned cloud whose hosts are a real sshd."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.bundles import whole
from tests.fixtures.cli import calipso
from tests.fixtures.cli_sections import known_hosts, section

if TYPE_CHECKING:
    from tests.fixtures.sshd import Sshd

DOCUMENT = Path(__file__).parents[2] / "docs/nornir.md"
COMPUTES = ("cmp1", "cmp2", "cmp3")


@pytest.fixture
def mycloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sshd: Sshd) -> None:
    """The store of the user's own with "mycloud" in it; its API is gone, its compute hosts are there."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    monkeypatch.setenv("CALIPSO_STORE", str(tmp_path / "s.db"))
    hosts = section(known_hosts(tmp_path / "known_hosts", sshd), **dict.fromkeys(COMPUTES, sshd))
    api = {"name": "OpenStack", "auth_url": "http://127.0.0.1:1/v3", "user": "u", "pwd": {"env": "HOME"}, "retries": 0}
    description = {
        "name": "mycloud",
        "mechanism_drivers": ["OVS"],
        "configuration": [api, {"name": "CLI", **hosts}],
    }
    (tmp_path / "mycloud.yaml").write_text(yaml.safe_dump(description))
    said = calipso("scan", tmp_path / "mycloud.yaml", "--replay", whole.recording("ovs"), store=tmp_path / "s.db")
    assert said.status == 0, said.err


def _examples() -> list[str]:
    text = DOCUMENT.read_text(encoding="utf-8").partition("<!-- docs/examples")[0]
    return re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.mark.usefixtures("mycloud")
def test_the_examples_do_what_the_document_says(sshd: Sshd) -> None:
    names: dict[str, Any] = {}
    inventory, tasks = _examples()
    exec(inventory, names)  # noqa: S102 - the document's own code
    assert set(names["computes"].inventory.hosts) == set(COMPUTES)
    assert {group.name for group in names["nr"].inventory.hosts["net1"].groups} == {"Network", "nova"}
    names["computes"] = names["computes"].filter(name="cmp2")  # one is enough, they are one server
    exec(tasks.replace(", root=True", ""), names)  # noqa: S102 - this server has no sudo for its login
    (answers,) = names["answers"]["cmp2"]
    assert not answers.failed
    assert set(answers.result) == {"ip -j link", "ovs-vsctl show"}
    assert all(set(one) == {"stdout", "stderr", "status"} for one in answers.result.values())
    (report,) = names["reports"]["cmp2"]
    assert not report.failed
    assert report.result["environment"] == "mycloud"
    assert report.result["status"] == "completed_with_errors"  # the API is gone; the host answered
    assert sshd.connections() == 1
    names["computes"].close_connections()
