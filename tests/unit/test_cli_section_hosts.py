# SPDX-License-Identifier: Apache-2.0
"""The CLI section of an environment, and the Nornir hosts that are made from it."""

from __future__ import annotations

from typing import Any

import pytest

from calipso_nornir.errors import EnvironmentInvalid
from calipso_nornir.metadata.environments import read_environment
from calipso_nornir.model.environment import SecretRef
from calipso_nornir.sources.cli import CliSource
from calipso_nornir.sources.cli.section_hosts import SectionHosts
from calipso_nornir.sources.cli.ssh import CONNECTION
from calipso_nornir.sources.cli.ssh_options import Reach

CANARY = "canary-4711"


def read(**section: Any) -> SectionHosts:  # noqa: ANN401 - what a section may hold
    return SectionHosts.of(section, secret=lambda ref: f"{ref.locator}-revealed")


def reach(section: SectionHosts, name: str) -> Reach:
    options = section.nornir_host(name).connection_options[CONNECTION]
    return Reach.of(options.extras or {})


def faults(**section: Any) -> dict[str, str]:  # noqa: ANN401 - as above
    with pytest.raises(EnvironmentInvalid) as raised:
        read(**section)
    assert CANARY not in str(raised.value) + repr(raised.value) + str(raised.value.data())
    return {fault.where: fault.problem for fault in raised.value.faults}


def test_an_empty_section_is_openssh_as_it_is() -> None:
    host = read().nornir_host("node-1")
    assert (host.name, host.hostname, host.port, host.username, host.platform) == ("node-1", "node-1", None, None, None)
    found = reach(read(), "node-1")
    assert (found.host_keys, found.known_hosts, found.ssh_config, found.jump) == ("strict", None, None, None)


def test_what_the_table_says_goes_before_what_the_section_says() -> None:
    section = read(
        user="scan",
        key="/k",
        port=2200,
        pwd=SecretRef("env", "A"),
        hosts={"one": {"host": "10.0.0.1", "user": "root", "port": 22, "key": "/own", "pwd": SecretRef("env", "B")}},
    )
    one, two = section.nornir_host("one"), section.nornir_host("two")
    assert (one.hostname, one.username, one.port) == ("10.0.0.1", "root", 22)
    assert (two.hostname, two.username, two.port) == ("two", "scan", 2200)
    assert (reach(section, "one").credentials.key, reach(section, "two").credentials.key) == ("/own", "/k")
    passwords = [reach(section, name).credentials.password for name in ("one", "two")]
    assert [password and password.reveal() for password in passwords] == ["B-revealed", "A-revealed"]


def test_a_gateway_is_a_jump_host_with_the_port_and_login_of_the_section() -> None:
    section = read(
        host="gate", port=2022, user="scan", key="/k", hosts={"far": {"jump": "other"}, "near": {"jump": "none"}}
    )
    host, found = section.nornir_host("node"), reach(section, "node")
    assert (host.hostname, host.port) == ("node", None)
    assert (found.jump, found.jump_user) == ("gate:2022", "scan")
    assert found.jump_credentials is not None
    assert found.jump_credentials.key == "/k"
    assert (reach(section, "far").jump, reach(section, "near").jump) == ("other", "none")


def test_a_gateway_behind_a_jump_host_and_with_an_ipv6_address() -> None:
    assert reach(read(host="fd00::1", jump="outer"), "node").jump == "outer,[fd00::1]:22"


def test_the_gateway_itself_is_no_host_behind_itself() -> None:
    section = read(
        host="10.0.0.10", port=2022, hosts={"ctl": {"host": "10.0.0.10"}, "box": {"host": "10.0.0.10", "port": 22}}
    )
    assert (section.nornir_host("ctl").port, reach(section, "ctl").jump) == (2022, None)
    assert (section.nornir_host("10.0.0.10").port, reach(section, "10.0.0.10").jump) == (2022, None)
    assert (section.nornir_host("box").port, reach(section, "box").jump) == (22, "10.0.0.10:2022")


def test_limits() -> None:
    section = read(host_timeout_s=7, max_output_mib=3, workers=5, connect_timeout_s=2, exclude=["a*"], sudo=False)
    assert (section.limits.host_timeout_s, section.limits.max_output_bytes) == (7, 3 * 2**20)
    assert (section.section.workers, section.section.exclude, section.section.sudo) == (5, ("a*",), False)
    assert reach(section, "x").connect_timeout_s == 2


def test_all_faults_at_once_and_no_secret_in_them() -> None:
    found = faults(
        user=7,
        pwd=CANARY,
        prot=22,
        workers="many",
        hosts={"one": {"passphrase": CANARY, "port": 0}, "two": CANARY.split("-")},
    )
    assert set(found) == {
        "CLI/user",
        "CLI/pwd",
        "CLI/prot",
        "CLI/workers",
        "CLI/hosts/one/passphrase",
        "CLI/hosts/one/port",
        "CLI/hosts/two",
    }
    assert found["CLI/pwd"].startswith("holds a literal value; write where it is kept instead")
    assert found["CLI/hosts/one/port"] == "must be 1 or more"
    assert found["CLI/prot"] == 'unknown key. Did you mean "port"?'


@pytest.mark.parametrize(
    ("key", "value"),
    [("host_keys", "lax"), ("known_hosts", []), ("known_hosts", [7]), ("hosts", ["x"]), ("exclude", "x")],
)
def test_values_that_no_host_could_use(key: str, value: Any) -> None:  # noqa: ANN401 - as above
    assert any(key in where or key in problem for where, problem in faults(**{key: value}).items())


def test_a_section_that_the_environment_check_lets_through_is_understood() -> None:
    environment = read_environment(
        {
            "name": "lab",
            "configuration": [
                {
                    "name": "CLI",
                    "user": "scan",
                    "key": "~/.ssh/id_ed25519",
                    "pwd": "env:PASSWORD",
                    "passphrase": {"file": "/run/phrase"},
                    "port": 22,
                    "host": "gate.example",
                    "jump": "outer",
                    "platform": "linux",
                    "hosts": {
                        "one": {"host": "10.0.0.1", "user": "root", "port": 2222, "pwd": "env:OTHER", "jump": "none"}
                    },
                    "host_keys": "accept-new",
                    "known_hosts": "/etc/known",
                    "ssh_config": False,
                    "agent": False,
                    "sudo": False,
                    "exclude": ["tor*"],
                    "connect_timeout_s": 3,
                    "host_timeout_s": 60,
                    "max_output_mib": 8,
                    "workers": 4,
                    "prefixes": [{"program": "virsh", "prefix": ["podman", "exec", "libvirt"]}],
                }
            ],
        },
        where="lab.yaml",
    )
    given = environment.section("CLI")
    assert given is not None
    section = SectionHosts.of(given, secret=str)
    found = reach(section, "one")
    assert found.credentials.password is not None
    assert found.credentials.password.reveal() == "env:OTHER"
    assert (found.host_keys, found.known_hosts, found.ssh_config) == ("accept-new", ("/etc/known",), False)
    assert (section.section.workers, section.section.exclude, section.section.sudo) == (4, ("tor*",), False)
    CliSource.for_section(given, secret=str, distribution="Kolla").close()
