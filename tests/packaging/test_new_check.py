# SPDX-License-Identifier: Apache-2.0
"""``calipso new check``: what it writes is installed beside our wheel, planned, and runs on a host by the playbook."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.fixtures import needs
from tests.packaging.building import build, install
from tests.packaging.deploying import Target

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.packaging.building import Installed

pytestmark = pytest.mark.deployment

NAME = "card_errors"
HOST_PROBE = "/usr/local/bin/calipso-probe"


@pytest.fixture(scope="module")
def with_check(tmp_path_factory: pytest.TempPathFactory, wheel: Path, installed: Installed) -> Installed:
    """An environment with our wheel, and with what ``calipso new check`` of that wheel has written."""
    said = installed.run("calipso", "new", "check", NAME)
    assert said.returncode == 0, said.stderr
    theirs = build(installed.place / f"calipso_{NAME}", tmp_path_factory.mktemp("check"), "wheel")
    made = install(tmp_path_factory.mktemp("with_check"), wheel, theirs)
    shutil.copytree(installed.place / f"calipso_{NAME}" / "tests", made.place / "tests")
    return made


def test_its_own_tests_pass_and_a_recorded_cloud_is_watched_by_it(with_check: Installed) -> None:
    done = with_check.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", "tests")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "7 passed" in done.stdout
    assert with_check.run("calipso", "metadata", "check").returncode == 0
    assert with_check.run("calipso", "demo").returncode == 0
    store = ("--store", "calipso-demo.db")
    planned = with_check.run("calipso", *store, "monitoring", "plan", "-e", "demo-ovs", "-o", "json")
    hosts = json.loads(planned.stdout)["hosts"]
    assert {NAME} < {one["check"] for checks in hosts.values() for one in checks}
    assert all(one["name"].endswith(f"_{NAME}") for one in hosts["cmp1"] if one["check"] == NAME)


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Target]:
    needs.program("visudo", packages="sudo")
    needs.program("sshd", packages="openssh-server")
    with Target(tmp_path) as made:
        yield made


@needs.root("it makes namespaces")
def test_the_playbook_deploys_it_with_the_others(with_check: Installed, target: Target) -> None:
    libraries = with_check.run("python", "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])")
    target.python_path = [target.folder / "theirs", *target.python_path]
    shutil.copytree(
        libraries.stdout.strip(), target.folder / "theirs", ignore=lambda _, names: set(names) - _of_the_check(names)
    )
    row = {"of": "0" * 24, "kind": "inventory", "type": "host_pnic"}
    target.write(
        {**row, "name": "lo", "check": "pnic", "parameters": {"device": "lo"}},
        {**row, "name": f"lo_{NAME}", "check": NAME, "parameters": {"device": "lo"}},
    )
    target.play("deploy_checks.yml")
    said = target.host.run("runuser", "-u", "calipso-probe", "--", HOST_PROBE, "--all").splitlines()
    assert [(one["name"], one["text"]) for one in map(json.loads, said)] == [
        ("lo", "lo is up"),
        (f"lo_{NAME}", "lo has received 0 packets with errors"),
    ]
    assert target.play("deploy_checks.yml")[0] == 0, "a second run changes nothing"


def _of_the_check(names: list[str]) -> set[str]:
    """Return what is the distribution of the check, or in it."""
    return {one for one in names if NAME in one or one in _INSIDE}


_INSIDE = {"__init__.py", "checks.py", "metadata", "monitoring_checks.json", "METADATA", "entry_points.txt", "RECORD"}
