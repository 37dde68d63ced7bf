# SPDX-License-Identifier: Apache-2.0
"""Descriptions of environments: what is accepted, and that all faults come at once without repeating a value."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calipso_nornir.errors import EnvironmentInvalid
from calipso_nornir.metadata.environment_openstack import OpenStackSection
from calipso_nornir.metadata.environment_sections import MysqlSection
from calipso_nornir.metadata.environments import (
    environment_document,
    read_environment,
    read_recorded,
    recorded_document,
    shipped_constants,
)
from calipso_nornir.metadata.source_kinds import sections
from calipso_nornir.model.environment import Environment, SecretRef

CANARY = "c4n4ry-Xy7"
OPENSTACK = {"name": "OpenStack", "auth_url": "https://cloud.example:5000", "user": "admin", "pwd": "env:OS_PASSWORD"}


def full() -> dict[str, Any]:
    """Every key of spec 1.9, and the new ones that are likely to be used."""
    return {
        "name": "lab",
        "type": "environment",
        "environment_type": "OpenStack",
        "distribution": "Kolla",
        "distribution_version": "2024.1",
        "mechanism_drivers": ["OVS", "LXB"],
        "type_drivers": "vxlan",
        "operational": "stopped",
        "listen": True,
        "scanned": False,
        "last_scanned": "2026-11-22T14:44:02+00:00",
        "enable_monitoring": False,
        "monitoring_setup_done": False,
        "aci_enabled": False,
        "app_path": "/etc/calipso",
        "user": "4711",
        "auth": {"view-env": ["a"], "edit-env": ["b"]},
        "management_ip": "192.0.2.1",
        "configuration": [
            {
                **OPENSTACK,
                "admin_project": "admin",
                "user_domain": "Default",
                "region": "RegionOne",
                "interface": "internal",
                "endpoint_overrides": {"compute": "https://nova.example/v2.1"},
                "admin_roles": ["admin", "auditor"],
                "timeout_s": 30,
                "retries": 2,
            },
            {
                "name": "mysql",
                "host": "192.0.2.7",
                "port": 3307,
                "user": "calipso",
                "pwd": {"file": "/etc/calipso/db"},
                "schema": "nova",
                "schemas": {"neutron": "ovs_neutron"},
                "cells": ["nova_cell1", "nova_cell2"],
            },
            {
                "name": "CLI",
                "user": "calipso",
                "key": "~/.ssh/id_ed25519",
                "passphrase": {"keyring": "calipso:key"},
                "host": "jump.example",
                "hosts": {"cmp1": {"host": "192.0.2.21", "pwd": {"command": "pass show cmp1"}}},
                "host_keys": "accept-new",
                "ssh_config": False,
                "exclude": ["ctl*"],
                "prefixes": [{"program": "ovs-vsctl", "prefix": ["docker", "exec", "openvswitch_vswitchd"]}],
            },
            {"name": "AMQP", "host": "192.0.2.7", "port": 5672, "user": "listener", "pwd": {"env": "AMQP_PASSWORD"}},
            {
                "name": "Monitoring",
                "type": "Sensu",
                "provision": "Deploy",
                "env_type": "production",
                "server_ip": "192.0.2.8",
                "rabbitmq_pass": {"env": "SENSU"},
            },
            {"name": "NFV_provider", "host": "192.0.2.9", "nfv_token": {"env": "NFV"}},
            {"name": "ACI", "host": "apic.example", "user": "admin", "pwd": {"cloud": "aci"}},
            {"name": "Kubernetes", "host": "192.0.2.10", "port": 6443, "token": {"env": "KUBE"}},
        ],
    }


def faults_of(data: object, **options: Any) -> dict[str, str]:  # noqa: ANN401 - keywords of the function
    with pytest.raises(EnvironmentInvalid) as caught:
        read_environment(data, where="lab.yml", **options)
    return {fault.where.removeprefix("lab.yml: "): fault.problem for fault in caught.value.faults}


def attempt(data: object) -> Environment | EnvironmentInvalid:
    try:
        return read_environment(data, where="x")
    except EnvironmentInvalid as error:
        return error


def openstack_faults(**changes: object) -> dict[str, str]:
    section = {key: value for key, value in {**OPENSTACK, **changes}.items() if value != "-"}
    return faults_of({"name": "x", "configuration": [section]})


def test_every_key_of_the_specification_is_read_and_comes_back_as_it_was() -> None:
    environment = read_environment(full(), where="lab.yml")
    assert environment.name == "lab"
    assert environment.mechanism_drivers == ("OVS", "LXB")
    assert environment.type_drivers == "vxlan"
    assert environment.extra["management_ip"] == "192.0.2.1"
    assert "type" not in environment.extra
    openstack = environment.section("OpenStack")
    assert openstack is not None
    assert openstack["pwd"] == SecretRef("env", "OS_PASSWORD")
    assert openstack["retries"] == 2
    assert "verify" not in openstack, "defaults are not written down"
    document = environment_document(environment)
    assert read_environment(json.loads(json.dumps(document)), where="store") == environment
    for section in full()["configuration"]:
        stored = next(one for one in document["configuration"] if one["name"] == section["name"])
        expected = {**section, "pwd": {"env": "OS_PASSWORD"}} if section["name"] == "OpenStack" else section
        assert stored == expected


def test_a_name_is_enough() -> None:
    environment = read_environment({"name": "bare"}, where="x")
    assert environment == Environment(name="bare")


def test_a_recording_holds_neither_secrets_nor_their_places() -> None:
    environment = read_environment({**full(), "my_token": {"env": "MY_TOKEN"}}, where="lab.yml")
    document = recorded_document(environment)
    text = json.dumps(document)
    for place in ("OS_PASSWORD", "/etc/calipso/db", "calipso:key", "pass show", "AMQP_PASSWORD", "SENSU", "MY_TOKEN"):
        assert place not in text
    assert OPENSTACK["auth_url"] not in text
    replayed = read_recorded(document, digest="d1")
    assert (replayed.mechanism_drivers, replayed.configuration) == (environment.mechanism_drivers, {})
    stored = environment_document(replayed)
    assert "came with a recording" in faults_of(stored)["recorded"]
    assert read_environment(stored, where="store", complete=False) == replayed


REFERENCE = {"command": "touch /tmp/c4n4ry"}


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"configuration": [{"name": "OpenStack", "pwd": REFERENCE}]}, "configuration/0/pwd"),
        ({"configuration": [{"name": "OpenStack", "pwd": "command:touch x"}]}, "configuration/0/pwd"),
        ({"configuration": [{"name": "OpenStack", "pwd": "plain text"}]}, "configuration/0/pwd"),
        ({"configuration": [{"name": "CLI", "hosts": {"h": {"passphrase": REFERENCE}}}]}, "0/hosts/h/passphrase"),
        ({"configuration": [{"name": "Acme", "api_key": REFERENCE}]}, "configuration/0/api_key"),
        ({"configuration": {"pwd": {"file": "/etc/shadow"}}}, "configuration/pwd"),
        ({"listener_kwargs": {"deep": [{"password": {"keyring": "a:b"}}]}}, "listener_kwargs/deep/0/password"),
        ({"my_token": {"env": "HOME"}}, "my_token"),
        ({"anything": {"cloud": "prod"}}, "anything"),
    ],
)
def test_a_recording_brings_no_secret_and_no_reference_to_one(more: dict[str, Any], place: str) -> None:
    with pytest.raises(EnvironmentInvalid) as caught:
        read_recorded({"name": "lab", **more}, digest="d1")
    assert f"names secrets ({place}" in str(caught.value) or place in str(caught.value)
    assert "c4n4ry" not in str(caught.value)


def test_how_a_recorded_cloud_is_reached_is_not_read() -> None:
    """Also without a secret: an os_cloud of the reader's own, with a stranger's address for its token."""
    section = {"name": "OpenStack", "os_cloud": "prod", "endpoint_overrides": {"compute": "http://stranger:1"}}
    read = read_recorded({"name": "lab", "configuration": [section, {"name": "Unknown"}, 5]}, digest="d1")
    assert read.configuration == {}


@pytest.mark.parametrize(
    ("given_as", "kind", "locator"),
    [
        ({"env": "OS_PASSWORD"}, "env", "OS_PASSWORD"),
        ("env:OS_PASSWORD", "env", "OS_PASSWORD"),
        ("file: /etc/calipso/db", "file", "/etc/calipso/db"),
        ({"keyring": "https://cloud:5000:admin"}, "keyring", "https://cloud:5000:admin"),
        ({"command": "pass show 'cloud x'"}, "command", "pass show 'cloud x'"),
        ("cloud:lab", "cloud", "lab"),
        (SecretRef("env", "X"), "env", "X"),
    ],
)
def test_secrets_are_references(given_as: object, kind: str, locator: str) -> None:
    environment = read_environment({"name": "x", "configuration": [{**OPENSTACK, "pwd": given_as}]}, where="x")
    section = environment.section("OpenStack")
    assert section is not None
    assert (section["pwd"].kind, section["pwd"].locator) == (kind, locator)


@pytest.mark.parametrize(
    "literal",
    [
        CANARY,
        f"x:{CANARY}",
        4711,
        1.5,
        True,
        [CANARY],
        {"envv": CANARY},
        {"env": CANARY, "file": CANARY},
        {"env": [CANARY]},
        {"env": f"{CANARY} !"},
        {"keyring": CANARY},
        {CANARY: "env"},
        "env:",
        "",
        {},
    ],
)
def test_a_literal_secret_is_refused_and_not_repeated(literal: object) -> None:
    data = {"name": "x", "configuration": [{**OPENSTACK, "pwd": literal}]}
    with pytest.raises(EnvironmentInvalid) as caught:
        read_environment(data, where="lab.yml")
    error = caught.value
    assert [fault.where for fault in error.faults] == ["lab.yml: configuration/OpenStack/pwd"]
    for text in (str(error), repr(error), repr(error.args), json.dumps(error.data()), repr(vars(error))):
        assert CANARY not in text
    assert error.__cause__ is None
    assert error.__context__ is None


SECRET_KEYS = [
    (name, key)
    for name, kind in sections().items()
    for key, info in kind.model_fields.items()
    if "SecretRef" in str(info.annotation)
]


def test_the_list_of_secret_keys_is_that_of_the_specification() -> None:
    assert {("OpenStack", "admin_token"), ("Kubernetes", "token"), ("CLI", "passphrase")} < set(SECRET_KEYS)
    assert {("Monitoring", "rabbitmq_pass"), ("Monitoring", "ssh_password"), ("mysql", "pwd")} < set(SECRET_KEYS)
    assert {("NFV_provider", "nfv_token"), ("OpenStack", "application_credential_secret")} < set(SECRET_KEYS)


@pytest.mark.parametrize(("section", "key"), SECRET_KEYS)
def test_no_section_takes_a_literal_secret(section: str, key: str) -> None:
    found = faults_of({"name": "x", "configuration": [{"name": section, key: CANARY}]}, complete=False)
    assert list(found) == [f"configuration/{section}/{key}"]
    assert "{env: NAME}" in found[f"configuration/{section}/{key}"]


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:  # noqa: ANN401 - any JSON
    if isinstance(value, dict) and value:
        return [deep for key, one in value.items() for deep in leaves(one, (*path, key))]
    if isinstance(value, list) and value:
        return [deep for number, one in enumerate(value) for deep in leaves(one, (*path, number))]
    return [path]


@pytest.mark.parametrize("path", leaves(full()), ids=lambda path: "/".join(map(str, path)))
def test_no_fault_repeats_a_value_wherever_it_stands(path: tuple[Any, ...]) -> None:
    data: Any = full()
    place = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = CANARY
    outcome = attempt(data)
    if isinstance(outcome, EnvironmentInvalid):
        assert CANARY not in str(outcome)
        assert CANARY not in json.dumps(outcome.data())


def test_all_faults_come_at_once_each_with_its_place() -> None:
    found = faults_of(
        {
            "name": "a/b",
            "mechanism_drivers": ["OVSS"],
            "mechanism_driver": "OVS",
            "type_drivers": "vxlann",
            "listen": True,
            "distribution_version": 9.1,
            "configuration": [
                {"name": "OpenStak"},
                {"name": "OpenStack", "auth_ulr": "x", "user": 5, "port": 0, "interface": "publik"},
                {"name": "OpenStack"},
                "CLI",
                {"name": "CLI", "hosts": {"cmp1": {"passwd": "x"}}, "ssh_config": True, "workers": 0},
            ],
        }
    )
    assert found["name"].startswith("is used in paths")
    assert found["mechanism_drivers"].endswith('Did you mean "OVS"?')
    assert found["mechanism_driver"] == 'unknown key. Did you mean "mechanism_drivers"?'
    assert found["type_drivers"].endswith('Did you mean "vxlan"?')
    assert found["listen"] == "needs a section AMQP or Kafka"
    assert "quotes" in found["distribution_version"]
    assert found["configuration/0/name"].endswith('Did you mean "OpenStack"?')
    assert found["configuration/OpenStack/auth_ulr"] == 'unknown key. Did you mean "auth_url"?'
    assert found["configuration/OpenStack/auth_url"].startswith("is missing")
    assert found["configuration/OpenStack/pwd"] == "is missing"
    assert found["configuration/OpenStack/user"] == "must be text; write it in quotes"
    assert found["configuration/OpenStack/port"] == "must be 1 or more"
    assert found["configuration/OpenStack/interface"].endswith('Did you mean "public"?')
    assert found["configuration/2/name"] == "a second section OpenStack; one is enough"
    assert found["configuration/3"].startswith("must be a section with a name")
    assert found["configuration/CLI/hosts/cmp1/passwd"].startswith("unknown key")
    assert found["configuration/CLI/ssh_config"] == "must be a path, or false for none"
    assert found["configuration/CLI/workers"] == "must be 1 or more"
    assert len(found) == 18


@pytest.mark.parametrize("name", ["", " x", "x ", "a/b", "a\\b", "..", ".x", "-x", "a\nb", "x\0", "x" * 101, 5, None])
def test_names_that_do_not_go_into_paths(name: object) -> None:
    assert "name" in faults_of({"name": name})


@pytest.mark.parametrize("name", ["lab", "Mirantis Liberty", "prod-2.1_x", "wolke-ä", "x" * 100])
def test_names_that_do(name: str) -> None:
    assert read_environment({"name": name}, where="x").name == name


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"auth_url": "-"}, "auth_url"),
        ({"auth_url": "cloud:5000"}, "auth_url"),
        ({"auth_url": "https://admin:pw@cloud:5000"}, "auth_url"),
        ({"auth_url": "https://[::1:5000"}, "auth_url"),
        ({"auth_url": "https://cloud:5000/v2.0/"}, "auth_url"),
        ({"host": "cloud"}, "auth_url"),
        ({"auth_url": "-", "host": "cloud", "cacert": "/ca.pem"}, "auth_url"),
        ({"auth_url": "-", "host": "http://cloud"}, "host"),
        ({"pwd": "-"}, "pwd"),
        ({"user": "-"}, "user"),
        ({"auth_type": "v3applicationcredential"}, "application_credential_secret"),
        ({"application_credential_secret": "env:X", "pwd": "-", "user": "-"}, "application_credential_name"),
        ({"auth_type": "v3token"}, "token"),
        ({"auth_type": "v3oidcpassword"}, "auth_type"),
        ({"os_cloud": "lab"}, "pwd"),
        ({"client_key": "/key.pem"}, "cert"),
        ({"retries": -1}, "retries"),
        ({"timeout_s": 0}, "timeout_s"),
        ({"timeout_s": float("nan")}, "timeout_s"),
        ({"endpoint_overrides": {"compute": "nova"}}, "endpoint_overrides/compute"),
    ],
)
def test_what_an_openstack_section_cannot_work_with(changes: dict[str, object], key: str) -> None:
    assert f"configuration/OpenStack/{key}" in openstack_faults(**changes)


@pytest.mark.parametrize(
    ("section", "method", "url"),
    [
        ({"host": "192.0.2.1", "user": "u", "pwd": "env:X"}, "password", "http://192.0.2.1:5000/v3"),
        ({"host": "2001:db8::1", "port": 35357, "user": "u"}, "password", "http://[2001:db8::1]:35357/v3"),
        ({"auth_url": "https://c/identity/"}, "password", "https://c/identity/v3"),
        ({"auth_url": "https://c:5000/v3/"}, "password", "https://c:5000/v3"),
        ({"auth_url": "https://c", "token": "env:X"}, "token", "https://c/v3"),
        ({"auth_url": "https://c", "application_credential_id": "i"}, "application_credential", "https://c/v3"),
        ({"os_cloud": "lab"}, "password", ""),
    ],
)
def test_how_and_where_to_log_in(section: dict[str, str], method: str, url: str) -> None:
    made = OpenStackSection.model_validate(section)
    assert (made.method, made.keystone_url) == (method, url)


def test_schemas_of_databases() -> None:
    given_names = MysqlSection.model_validate({"schema": "nova_x", "schemas": {"neutron": "ovs_neutron"}})
    assert given_names.schemas_of("nova") == ("nova_x",)
    assert given_names.schemas_of("neutron") == ("ovs_neutron",)
    assert given_names.schemas_of("nova_api") == ("nova_api",)
    assert MysqlSection.model_validate({"cells": ["c1", "c2"]}).schemas_of("nova") == ("c1", "c2")


def test_constants_of_overlays_count_and_missing_ones_are_not_checked() -> None:
    data = {"name": "x", "mechanism_drivers": ["Midonet"]}
    assert "mechanism_drivers" in faults_of(data)
    constants = {**shipped_constants(), "mechanism_drivers": ["Midonet"]}
    assert read_environment(data, where="x", constants=constants).mechanism_drivers == ("Midonet",)
    assert read_environment(data, where="x", constants={}).mechanism_drivers == ("Midonet",)


def test_top_level_keys_that_nobody_declared_are_kept_unless_they_look_like_a_slip() -> None:
    environment = read_environment({"name": "x", "description": "ours", "copy": 1, "model_fields": [1]}, where="x")
    assert environment.extra == {"description": "ours", "copy": 1, "model_fields": [1]}
    assert set(faults_of({"name": "x", "type_driver": "vxlan", "Distribution": "x"})) == {"type_driver", "Distribution"}


def test_a_secret_at_an_unknown_place_is_refused_as_well() -> None:
    found = faults_of({"name": "x", "vendor": {"deep": [{"api_token": CANARY}]}, "listener_kwargs": {"password": "x"}})
    assert set(found) == {"vendor/deep/0/api_token", "listener_kwargs/password"}


@pytest.mark.parametrize("data", [None, [], "text", 5, {1: "x", "name": "y"}, {"name": "x", "configuration": {"a": 1}}])
def test_what_is_no_description_at_all(data: object) -> None:
    assert faults_of(data)


def test_few_lines_that_mean_very_much_are_refused() -> None:
    bomb: list[Any] = ["x"] * 10
    for _ in range(12):
        bomb = [bomb] * 10
    assert "values" in next(iter(faults_of({"name": "x", "bomb": bomb}).values()))
    loop: list[Any] = []
    loop.append(loop)
    assert "nested" in next(iter(faults_of({"name": "x", "loop": loop}).values()))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(
    top=st.dictionaries(st.sampled_from([*full(), "other"]) | st.text(max_size=5), json_values, max_size=4),
    sections=st.lists(
        st.dictionaries(st.sampled_from(["name", "host", "port", "pwd", "hosts", "prefixes", "schemas"]), json_values)
        | st.fixed_dictionaries({"name": st.sampled_from(list(sections()))}, optional={"pwd": json_values})
        | json_values,
        max_size=3,
    ),
)
def test_whatever_comes_is_read_or_refused(top: dict[str, Any], sections: list[Any]) -> None:
    outcome = attempt({**top, "configuration": sections})
    if isinstance(outcome, EnvironmentInvalid):
        assert outcome.faults
        assert str(outcome)
    else:
        assert attempt(environment_document(outcome)) == outcome
