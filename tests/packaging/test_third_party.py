# SPDX-License-Identifier: Apache-2.0
"""A third party's distribution installed beside our wheel: what it adds is present, found, linked and grouped."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.errors import MetadataError
from calipso_nornir.metadata.loading import load_catalog
from tests.packaging.building import THIRD_PARTY, build, install

if TYPE_CHECKING:
    from pathlib import Path

    from tests.packaging.building import Installed

pytestmark = pytest.mark.deployment


@pytest.fixture(scope="session")
def with_bgp(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Installed:
    """An environment with our wheel and the third party's."""
    theirs = build(THIRD_PARTY, tmp_path_factory.mktemp("third_party"), "wheel")
    return install(tmp_path_factory.mktemp("with_bgp"), wheel, theirs)


def test_its_own_tests_pass_where_only_wheels_are(with_bgp: Installed) -> None:
    """They scan a canned cloud and find the object, the link and the clique."""
    shutil.copytree(THIRD_PARTY / "tests", with_bgp.place / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    done = with_bgp.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", "tests")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "12 passed" in done.stdout
    where = with_bgp.run(
        "python", "-c", "import calipso_nornir, calipso_bgp as b; print(calipso_nornir.__file__, b.__file__)"
    )
    assert all(path.startswith(str(with_bgp.folder)) for path in where.stdout.split()), where.stdout


def counts(installed: Installed) -> dict[str, Any]:
    done = installed.run("calipso", "metadata", "check", "--output", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(json.loads(done.stdout))


def test_what_it_adds_is_counted(installed: Installed, with_bgp: Installed) -> None:
    before, after = counts(installed), counts(with_bgp)
    added = {name: after[name] - before[name] for name in after if isinstance(after[name], int) and name != "ok"}
    assert added == {
        "object_types": 3,
        "link_types": 1,
        "scanner_steps": 3,
        "link_finders": 1,
        "clique_types": 1,
        "parsers": 2,
        "sources": 1,
    }


def test_the_doctor_looks_at_it_too(with_bgp: Installed) -> None:
    done = with_bgp.run("calipso", "doctor")
    assert done.returncode == 0, done.stdout + done.stderr


def test_without_packaging_a_folder_and_full_names_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same files, with ``package.module:Class`` in place of entry points' names."""
    shutil.copytree(THIRD_PARTY / "calipso_bgp", tmp_path / "calipso_bgp")
    folder = tmp_path / "calipso_bgp" / "metadata"
    with pytest.raises(MetadataError, match='"BgpSessions" names no fetcher'):
        load_catalog([folder])
    for name, old, new in (
        ("scanners.json", '"BgpSessions"', '"calipso_bgp.fetchers:BgpSessions"'),
        ("scanners.json", '"RouteServers"', '"calipso_bgp.fetchers:RouteServers"'),
        ("link_finders.json", '"BgpPeers"', '"calipso_bgp.links:BgpPeers"'),
    ):
        text = (folder / name).read_text(encoding="utf-8")
        (folder / name).write_text(text.replace(old, new), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    catalog = load_catalog([folder])
    assert catalog.scanners["ScanHost"][-1].type == "bgp_session"
    assert catalog.link_finders[-1][1].link_types == ("bgp_session-host_pnic",)
    assert catalog.clique_types[-1].name == "bgp session"
