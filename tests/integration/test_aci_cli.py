# SPDX-License-Identifier: Apache-2.0
"""A fabric as its administrator meets it: the section of an environment, ``env check``, faults of the description."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fixtures.aci_cloud import fabric
from tests.fixtures.apic import PASSWORD, Controller, refused, serving
from tests.fixtures.cli import calipso

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DESCRIBED = """\
name: lab
distribution: Debian
distribution_version: Zed
mechanism_drivers: [OVS]
type_drivers: vxlan
configuration:
- name: ACI
  host: {host}
  port: {port}
  user: scanner
  pwd: {{file: {folder}/password}}
  cacert: {cacert}
"""


@pytest.fixture
def controller(tmp_path: Path) -> Iterator[Controller]:
    with serving(fabric(), tmp_path) as served:
        (tmp_path / "password").write_text(PASSWORD)
        (tmp_path / "password").chmod(0o600)
        section = served.section()
        (tmp_path / "lab.yaml").write_text(DESCRIBED.format(folder=tmp_path, **section))
        yield served


def test_a_check_tries_the_login_and_each_class(controller: Controller, tmp_path: Path) -> None:
    controller.apic.first = lambda one: refused(403, "no rights for it") if "vpcIf" in one.path else None
    said = calipso("env", "check", tmp_path / "lab.yaml", "--section", "ACI", store=tmp_path / "s.db")
    assert f"{controller.apic.url}, an APIC 6.0(9c)" in said.out
    assert "class fvCEp" in said.out
    assert "refused /api/class/vpcIf.json (403): no rights for it" in said.out
    assert said.status == 1
    assert PASSWORD not in said.out
    assert controller.apic.tokens == set()


def test_faults_of_the_description_name_the_place(controller: Controller, tmp_path: Path) -> None:
    path = tmp_path / "lab.yaml"
    text = path.read_text().replace("user: scanner", "usr: scanner")
    path.write_text(text)
    said = calipso("env", "check", path, store=tmp_path / "s.db")
    told = said.out + said.err
    assert "configuration/ACI/user: is missing" in told
    assert 'configuration/ACI/usr: unknown key. Did you mean "user"?' in told
    path.write_text("name: lab\naci_enabled: true\nconfiguration: []\n")
    said = calipso("env", "check", path, store=tmp_path / "s.db")
    assert "aci_enabled: needs a section ACI" in said.out + said.err
    assert controller.apic.requests == []
