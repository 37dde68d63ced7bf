# SPDX-License-Identifier: Apache-2.0

"""Switches of all platforms in one scan, asked over SSH: terminals with banner, pages, privileged mode, slow start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.errors import CommandFailed, HostUnreachable, LoginRefused
from calipso_nornir.metadata.loading import load_catalog
from calipso_nornir.model.environment import SecretRef
from calipso_nornir.model.source_kinds import Opening, Trial
from calipso_nornir.scan.engine import run_scan
from calipso_nornir.sources.cli import CliSource
from calipso_nornir.sources.cli_kind import HOSTS
from calipso_nornir.sources.secrets import Vault
from calipso_nornir.testing import CannedSource
from tests.fixtures.cli_sections import ask
from tests.fixtures.scanning import Scanned
from tests.fixtures.sshd import LOOPBACK
from tests.fixtures.switch_cloud import PLATFORMS, REACHABLE, SwitchCloud
from tests.fixtures.switch_stand_in import ENABLE, PASSWORD, StandIn, StandIns, programs
from tests.fixtures.switch_texts import WRITERS
from tests.fixtures.tiny_cloud import CLOUD
from tests.unit.test_switch_cloud import EXPECTED, lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from calipso_nornir.errors import CalipsoError
    from calipso_nornir.model.protocols import Reply
    from calipso_nornir.model.queries import Query

pytestmark = pytest.mark.usefixtures("own_home")

SECRETS = {"pass": PASSWORD, "enable": ENABLE, "wrong": "no-pass-4711"}


def secret(ref: SecretRef) -> str:
    return SECRETS[ref.locator]


def stand_ins(folder: Path) -> StandIns:
    """Return the switches of the cloud: one slow, one that does not turn pages off, two with a privileged mode."""
    texts = {name: WRITERS[PLATFORMS[name]](switch) for name, switch in SwitchCloud().switches.items()}
    ios = frozenset({"show interfaces switchport", "show lldp neighbors detail"})
    return StandIns(
        StandIn(name="leaf1", platform="arista_eos", answers=texts["leaf1"], slow_s=1.5, enable=ENABLE),
        StandIn(name="leaf2", platform="cisco_nxos", answers=texts["leaf2"]),
        StandIn(name="leaf3", platform="juniper_junos", answers=texts["leaf3"]),
        StandIn(
            name="leaf4",
            platform="cisco_xe",
            answers=texts["leaf4"],
            obeys=False,
            enable=ENABLE,
            privileged=ios,
        ),
        StandIn(name="tor1", platform="linux_switch", answers=programs(folder / "tor1", texts["tor1"])),
    )


def section(found: StandIns, folder: Path) -> dict[str, Any]:
    """Return the section CLI that reaches them."""
    (folder / "known").write_text(found.known_hosts())
    hosts = {
        name: {
            "host": LOOPBACK,
            "port": one.port,
            "platform": one.platform,
            **({"enable": SecretRef("env", "enable")} if one.enable else {}),
        }
        for name, one in found.switches.items()
    }
    return {
        "user": "admin",
        "pwd": SecretRef("env", "pass"),
        "known_hosts": str(folder / "known"),
        "ssh_config": False,
        "agent": False,
        "hosts": hosts,
    }


def source_of(settings: Mapping[str, Any]) -> CliSource:
    return CliSource.for_section(settings, secret=secret, shells=("linux_switch",))


@pytest.fixture(scope="module")
def switches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[StandIns, Path]]:
    folder = tmp_path_factory.mktemp("stand-ins")
    with stand_ins(folder) as found:
        yield found, folder


class Both:
    """The cloud's API and hosts are canned, switches are asked over SSH."""

    def __init__(self, canned: CannedSource, real: CliSource) -> None:
        self._canned, self._real = canned, real

    def answer(self, queries: Sequence[Query]) -> Mapping[Query, Reply | CalipsoError]:
        real = [one for one in queries if one.host in PLATFORMS or str(one) == REACHABLE]
        canned = [one for one in queries if one not in real]
        return {**(self._real.answer(real) if real else {}), **self._canned.answer(canned)}

    def close(self) -> None:
        self._real.close()


def test_switches_of_all_platforms_are_scanned_over_ssh(switches: tuple[StandIns, Path], tmp_path: Path) -> None:
    found, folder = switches
    cloud = SwitchCloud()
    canned = CannedSource({k: v for k, v in cloud.answers().items() if str(k).split(":")[0] not in PLATFORMS})
    source = Both(canned, source_of(section(found, folder)))
    scanned = Scanned(tmp_path, cloud=cloud)
    report = run_scan(CLOUD, store=scanned.store, source=source)
    source.close()
    assert (report.status, [str(one.error) for one in report.failures]) == ("completed", [])
    assert lines(scanned) == EXPECTED.read_text("utf-8").splitlines()
    assert {name: one.logins for name, one in found.switches.items() if name != "tor1"} == dict.fromkeys(
        ("leaf1", "leaf2", "leaf3", "leaf4"), 1
    )
    assert all(len(one.asked) == len(set(one.asked)) for one in found.switches.values()), "nothing is asked twice"


def test_what_a_switch_refuses(switches: tuple[StandIns, Path]) -> None:
    found, folder = switches
    settings = section(found, folder)
    del settings["hosts"]["leaf4"]["enable"]
    source = source_of(settings)
    unknown, known = ask(source, "leaf2", "show colours", "show version | json")
    (unprivileged,) = ask(source, "leaf4", "show interfaces switchport")
    source.close()
    assert isinstance(unknown, CommandFailed)
    assert "% Invalid command at" in unknown.stderr
    assert not isinstance(known, Exception)
    assert isinstance(unprivileged, CommandFailed)


def test_a_password_of_privileged_mode_that_is_wrong(switches: tuple[StandIns, Path]) -> None:
    found, folder = switches
    settings = section(found, folder)
    settings["hosts"]["leaf4"]["enable"] = SecretRef("env", "wrong")
    source = source_of(settings)
    (error,) = ask(source, "leaf4", "show version")
    source.close()
    assert isinstance(error, LoginRefused)
    assert "privileged mode (enable) is refused" in error.cause
    assert SECRETS["wrong"] not in str(error)


def test_env_check_tries_switches(switches: tuple[StandIns, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    found, folder = switches
    settings = section(found, folder)
    settings["hosts"]["leaf3"]["pwd"] = SecretRef("env", "wrong")
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    opening = Opening(environment=CLOUD, section=settings, secrets=Vault(), documents=load_catalog().documents)
    findings = list(HOSTS.check(Trial(opening=opening, hosts={})))
    told = {one.what: (one.ok, one.detail) for one in findings}
    assert told["leaf1: commands"] == (True, "show version | json")
    assert told["tor1: commands"] == (True, "lldpcli -f json show chassis")
    assert told["leaf3: login"][0] is False


def test_a_switch_that_is_not_there(tmp_path: Path) -> None:
    with StandIns(StandIn(name="leaf1", platform="arista_eos", answers={})) as found:
        settings = section(found, tmp_path)
    source = source_of(settings)
    (error,) = ask(source, "leaf1", "show version | json")
    source.close()
    assert isinstance(error, HostUnreachable)
