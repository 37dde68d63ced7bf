# SPDX-License-Identifier: Apache-2.0
"""``playbooks/deploy_checks.yml`` with a real Ansible, sshd, sudo and visudo, on a host of the test's own."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.fixtures import needs
from tests.packaging.deploying import Target

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.deployment, needs.root("it makes namespaces")]

PROBE = "/usr/local/bin/calipso-probe"


def check(number: int, name: str, check_: str, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401 - any shape
    return {
        "of": f"{number:024x}",
        "kind": "inventory",
        "type": "x",
        "name": name,
        "check": check_,
        "parameters": parameters,
    }


SWITCH = check(1, "vedge", "vedge_ovs")
PORT = check(2, "tap1", "vnic_ovs", device="tap1", bridge="br-int")
INSIDE = check(3, "lo", "vnic", device="lo", netns="qdhcp-1")
CARD = check(4, "eth1", "pnic", device="lo")


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Target]:
    needs.program("visudo", packages="sudo")
    needs.program("sshd", packages="openssh-server")
    with Target(tmp_path) as made:
        made.host.start_openvswitch()
        made.host.sh(
            "ip netns add qdhcp-1; ip netns add qdhcp-2; ip -n qdhcp-1 link set lo up;"
            "ip link add tap1 type veth peer name guest; ip link set tap1 up; ip link set guest up;"
            "ovs-vsctl add-br br-int -- set bridge br-int datapath_type=netdev -- add-port br-int tap1"
        )
        yield made


def as_probe(target: Target, *command: str, ends: tuple[int, ...] = (0,)) -> str:
    """Run a command as the probe's account."""
    return target.host.run("runuser", "-u", "calipso-probe", "--", *command, ends=ends)


def found(target: Target) -> dict[str, tuple[int, str]]:
    lines = as_probe(target, PROBE, "--all").splitlines()
    return {one["name"]: (one["status"], one["text"]) for one in map(json.loads, lines)}


def test_checks_are_deployed_again_changed_and_removed(target: Target) -> None:
    target.write(SWITCH, PORT, INSIDE, CARD)
    changed, said = target.play("deploy_checks.yml", "--check", "--diff")
    assert changed > 3
    assert '+{"version": 1' in said, "the difference is shown"
    assert "+calipso-probe ALL=(root) NOPASSWD: /usr/bin/ovs-vsctl" in said
    target.host.run("test", "!", "-e", PROBE)
    target.host.run("test", "!", "-e", "/etc/sudoers.d/calipso-probe")

    changed, said = target.play("deploy_checks.yml")
    assert changed == 5, said
    assert {name: status for name, (status, _) in found(target).items()} == {"vedge": 0, "tap1": 0, "lo": 0, "eth1": 0}
    assert target.play("deploy_checks.yml")[0] == 0, "a second run changes nothing"
    assert target.play("deploy_checks.yml", "--check", "--diff")[0] == 0

    target.host.sh("ip link set tap1 down")
    assert found(target)["tap1"] == (2, "tap1 is switched off")

    # Least privilege: the commands of the checks, and nothing beside them
    allowed = target.host.run("cat", "/etc/sudoers.d/calipso-probe")
    rules = [line.partition("NOPASSWD: ")[2].split()[0] for line in allowed.splitlines() if "NOPASSWD" in line]
    assert rules == ["/usr/bin/ovs-appctl", "/usr/bin/ovs-appctl", "/usr/bin/ovs-vsctl", "/usr/sbin/ip"]
    for forbidden in (
        ("id",),
        ("ip", "-n", "qdhcp-2", "-j", "-d", "link", "show"),
        ("ip", "-n", "qdhcp-1", "-j", "-d", "link", "show", "dev", "lo"),
        ("ip", "netns", "exec", "qdhcp-1", "id"),
        ("ovs-vsctl", "show"),
        ("ovs-appctl", "exit"),
        ("visudo",),
    ):
        as_probe(target, "sudo", "-n", "--", *forbidden, ends=(1,))
    as_probe(target, "sh", "-c", f"echo >> {PROBE}", ends=(2,))
    as_probe(target, "sh", "-c", "echo >> /etc/calipso/objects.json", ends=(2,))

    target.write(SWITCH, CARD)
    changed, said = target.play("deploy_checks.yml")
    assert changed == 2, said
    assert found(target).keys() == {"vedge", "eth1"}
    assert "ovs-vsctl" not in target.host.run("cat", "/etc/sudoers.d/calipso-probe")
    as_probe(target, "sudo", "-n", "--", "ip", "-n", "qdhcp-1", "-j", "-d", "link", "show", ends=(1,))

    # A host that is watched no more has no files, and is told so by its own variable
    (target.files / "host" / "cmp1" / "objects.json").unlink()
    hosts = {"cmp1": {**target.connection(), "calipso_former": True}}
    target.inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
    assert target.play("deploy_checks.yml", "--check")[0] > 0
    target.host.run("test", "-e", PROBE)
    changed, said = target.play("deploy_checks.yml")
    assert changed > 0, said
    ours = (PROBE, "/etc/calipso/objects.json", "/etc/sudoers.d/calipso-probe")
    assert not target.host.run("find", *ours, "-maxdepth", "0", ends=(1,))
    assert target.play("deploy_checks.yml")[0] == 0


def test_a_host_without_files_is_left_alone_and_a_bad_file_reaches_no_host(target: Target) -> None:
    target.write(SWITCH, host="other")
    changed, said = target.play("deploy_checks.yml")
    assert changed == 0, said
    target.host.run("test", "!", "-e", PROBE)
    target.write({**SWITCH, "of": "x"})
    _, said = target.play("deploy_checks.yml", ends=2)
    assert "objects.json: checks[0].of: found" in said
    target.host.run("test", "!", "-e", "/etc/calipso/objects.json")
    _, said = target.play("deploy_checks.yml", ends=2, calipso_files=str(target.folder / "nothing"))
    assert "Say where the rendered files are" in said


def test_a_service_runs_it_where_there_is_no_systemd(target: Target) -> None:
    """The init script; the machine that tests run on has no systemd."""
    for name in ("start-stop-daemon", "update-rc.d"):
        needs.program(name, packages="dpkg init-system-helpers")
    target.write(SWITCH, CARD)
    variables: dict[str, Any] = {"probe_service": "sysvinit", "probe_interval": 0.2}
    changed, said = target.play("deploy_checks.yml", **variables)
    assert changed >= 6, said
    textfile = "/var/lib/calipso-probe/calipso.prom"
    target.host.wait_for("grep", 'name="vedge",check="vedge_ovs"} 0', textfile)
    first = target.host.run("cat", "/run/calipso-probe.pid")
    assert target.play("deploy_checks.yml", **variables)[0] == 0
    assert target.host.run("ps", "-o", "user:20=", "-p", first.strip()).strip() == "calipso-probe"

    target.write(SWITCH, CARD, PORT)
    target.play("deploy_checks.yml", **variables)
    assert target.host.run("cat", "/run/calipso-probe.pid") == first, "checks are read again without a restart"
    target.host.wait_for("grep", 'name="tap1",check="vnic_ovs"} 0', textfile)
    target.play("deploy_checks.yml", **{**variables, "probe_interval": 0.3})
    assert target.host.run("cat", "/run/calipso-probe.pid") != first
    target.host.sh("ip link set tap1 down")
    target.host.wait_for("grep", 'name="tap1",check="vnic_ovs"} 2', textfile)
    assert stat.S_IMODE(int(target.host.run("stat", "-c", "%a", textfile), 8)) == 0o644
    target.host.run("/etc/init.d/calipso-probe", "stop")
