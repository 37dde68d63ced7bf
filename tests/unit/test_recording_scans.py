# SPDX-License-Identifier: Apache-2.0
"""Recordings of whole scans: an unfinished scan records nothing, and no recording contains a configured secret."""

from __future__ import annotations

import gzip
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from nornir.core import Nornir
from nornir.core.inventory import ConnectionOptions, Defaults, Group, Groups, Host, Hosts, Inventory, ParentGroups

from calipso_nornir import ScanPlan, run_scan
from calipso_nornir.errors import HostUnreachable, NotAuthenticated, StoreFull
from calipso_nornir.metadata.source_kinds import source_kinds
from calipso_nornir.model.environment import SecretRef
from calipso_nornir.model.source_kinds import Opening
from calipso_nornir.sources.recording import bundle_info
from calipso_nornir.sources.secrets import Vault
from tests.fixtures.canned import CannedSource
from tests.fixtures.scanning import Scanned
from tests.fixtures.tiny_cloud import CLOUD, TinyCloud

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from calipso_nornir.errors import CalipsoError
    from calipso_nornir.model.protocols import Reply
    from calipso_nornir.model.queries import Query


@pytest.fixture
def scanned(tmp_path: Path) -> Scanned:
    return Scanned(tmp_path)


class EndsAt(CannedSource):
    """Answers some rounds, then ends as it was told."""

    def __init__(self, answers: Any, end: BaseException, rounds: int) -> None:  # noqa: ANN401 - answers of any shape
        super().__init__(answers)
        self.end, self.left = end, rounds

    def answer(self, queries: Sequence[Query]) -> dict[Query, Reply | CalipsoError]:
        self.left -= 1
        if self.left == 0:
            raise self.end
        return super().answer(queries)


@pytest.mark.parametrize("rounds", [1, 3])
@pytest.mark.parametrize(
    "end",
    [
        KeyboardInterrupt(),
        SystemExit(1),
        RuntimeError("bug"),
        NotAuthenticated("https://c", "scan", "no"),
        StoreFull("x", "y"),
    ],
)
def test_a_scan_that_is_stopped_leaves_the_recording_of_before(
    scanned: Scanned, tmp_path: Path, end: BaseException, rounds: int
) -> None:
    path = tmp_path / "lab.calipso"
    scanned.scan(record=path)
    good = path.read_bytes()
    source = EndsAt(TinyCloud().answers(), end, rounds)
    try:
        report = run_scan(CLOUD, plan=ScanPlan(record=path), store=scanned.store, source=source)
    except BaseException as error:  # noqa: BLE001 - the one that is raised
        assert error is end  # noqa: PT017 - or none is
    else:
        assert report.status == "failed"
    assert path.read_bytes() == good
    assert not list(tmp_path.glob(".*"))


def test_a_scan_with_failures_is_recorded(scanned: Scanned, tmp_path: Path) -> None:
    """What did not answer is part of what a recording is for."""
    path = tmp_path / "lab.calipso"
    report = scanned.scan({**scanned.cloud.answers(), "cmp1: uname -m": HostUnreachable("cmp1", "a", "x")}, record=path)
    assert report.status == "completed_with_errors"
    assert bundle_info(path).exchanges["cli"]


def test_secrets_that_nobody_needed_are_masked_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A host prints them; a key sufficed to log in, so that nobody has asked for them."""
    monkeypatch.setenv("SSH_PASSWORD", "c4n4ry-of-section")
    monkeypatch.setenv("HOST_PASSPHRASE", "c4n4ry-of-host")
    cli = {
        "user": "scan",
        "key": "~/.ssh/id",
        "pwd": SecretRef("env", "SSH_PASSWORD"),
        "hosts": {"cmp1": {"passphrase": SecretRef("env", "HOST_PASSPHRASE"), "pwd": SecretRef("env", "NOT_THERE")}},
    }
    answers = TinyCloud().answers()
    answers["cmp1: uname -m"] = "x86_64 c4n4ry-of-section c4n4ry-of-host\n"
    environment = replace(CLOUD, configuration={**CLOUD.configuration, "CLI": cli})
    path = tmp_path / "lab.calipso"
    run_scan(
        environment,
        plan=ScanPlan(record=path),
        store=tmp_path / "calipso.db",
        source=CannedSource(answers),
    )
    text = gzip.decompress(path.read_bytes()).decode()
    assert text.count("x86_64 *** ***") == 1
    assert "c4n4ry" not in text
    assert "env:NOT_THERE" in caplog.text


def test_secrets_of_a_nornir_inventory_are_masked_too() -> None:
    options = {"netmiko": ConnectionOptions(password="c4n4ry-of-netmiko", extras={"secret": "c4n4ry-enable"})}  # noqa: S106 - to be found
    group = Group("all", password="c4n4ry-of-group")  # noqa: S106 - as above
    host = Host("cmp1", password="c4n4ry-of-nornir", connection_options=options, groups=ParentGroups([group]))  # noqa: S106 - as above
    inventory = Inventory(Hosts(cmp1=host), Groups(all=group), Defaults(password="c4n4ry-of-defaults"))  # noqa: S106 - as above
    vault = Vault()
    opening = Opening(environment=CLOUD, section=None, secrets=vault, nornir=Nornir(inventory))
    source = source_kinds()["cli"].open(opening)
    assert source is not None
    kinds = ("of-netmiko", "enable", "of-group", "of-nornir", "of-defaults")
    assert vault.scrub([f"it is c4n4ry-{one}" for one in kinds]) == ["it is ***"] * len(kinds)
    source.close()
