# SPDX-License-Identifier: Apache-2.0
"""Environments made from clouds.yaml and OS_* variables, through openstacksdk's own loader."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calipso_nornir.errors import EnvironmentInvalid, SecretUnavailable
from calipso_nornir.metadata.environment_openstack import OpenStackSection
from calipso_nornir.metadata.environments import read_environment
from calipso_nornir.metadata.os_cloud import import_os_cloud
from calipso_nornir.model.environment import SecretRef
from calipso_nornir.sources.openstack_settings import settings
from calipso_nornir.sources.secrets import Vault

if TYPE_CHECKING:
    from pathlib import Path

# openstacksdk 4.22 announces the end of its InfluxDB support whenever a cloud is loaded.
pytestmark = pytest.mark.filterwarnings("ignore:Support for InfluxDB:PendingDeprecationWarning")

CANARY = "c4n4ry-Xy7"
CLOUDS = """
clouds:
  lab:
    auth:
      auth_url: http://192.0.2.10:5000
      username: admin
      project_name: ops
      user_domain_name: Default
      project_domain_name: Default
    region_name: RegionOne
    interface: internal
    cacert: /etc/ssl/lab.pem
    compute_endpoint_override: http://192.0.2.10:8774/v2.1
    load_balancer_endpoint_override: http://192.0.2.10:9876
    api_timeout: 20
  insecure: {auth: {auth_url: "https://c:5000", username: u, password: "we{ird}", project_id: p1}, verify: false}
  app:
    auth_type: v3applicationcredential
    auth: {auth_url: "https://c:5000/v3", application_credential_id: i1, application_credential_secret: SECRET}
  federated:
    auth_type: v3oidcpassword
    auth: {auth_url: "https://c:5000/v3", username: u, password: SECRET, identity_provider: i, protocol: p,
           client_id: c, client_secret: SECRET, discovery_endpoint: "https://i/d"}
  system: {auth: {auth_url: "https://c:5000/v3", username: u, password: SECRET, system_scope: all}}
  regions: {auth: {auth_url: "https://c:5000/v3", username: u, password: SECRET}, regions: [One, Two]}
  incomplete: {auth_type: v3password, auth: {username: u}}
  broken: {auth_type: nonsense, auth: {auth_url: "https://c", password: SECRET}}
""".replace("SECRET", CANARY)
SECURE = f"clouds: {{lab: {{auth: {{password: {CANARY}}}}}}}\n"
RC = {
    "OS_AUTH_URL": "http://192.0.2.10:5000/v3",
    "OS_USERNAME": "admin",
    "OS_PASSWORD": CANARY,
    "OS_PROJECT_NAME": "admin",
    "OS_USER_DOMAIN_NAME": "Default",
    "OS_PROJECT_DOMAIN_NAME": "Default",
    "OS_REGION_NAME": "RegionOne",
    "OS_INTERFACE": "internal",
    "OS_IDENTITY_API_VERSION": "3",
    "OS_CACERT": "",
}


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "clouds.yaml").write_text(CLOUDS)
    (tmp_path / "secure.yaml").write_text(SECURE)
    return {
        "OS_CLIENT_CONFIG_FILE": str(tmp_path / "clouds.yaml"),
        "OS_CLIENT_SECURE_FILE": str(tmp_path / "secure.yaml"),
    }


def test_a_cloud_with_its_password_in_secure_yaml(environ: dict[str, str]) -> None:
    document = import_os_cloud("lab", environ=environ)
    assert document == {
        "name": "lab",
        "type": "environment",
        "environment_type": "OpenStack",
        "configuration": [
            {
                "name": "OpenStack",
                "auth_type": "password",
                "auth_url": "http://192.0.2.10:5000",
                "user": "admin",
                "pwd": {"cloud": "lab"},
                "admin_project": "ops",
                "user_domain": "Default",
                "project_domain": "Default",
                "region": "RegionOne",
                "interface": "internal",
                "cacert": "/etc/ssl/lab.pem",
                "timeout_s": 20.0,
                "endpoint_overrides": {
                    "compute": "http://192.0.2.10:8774/v2.1",
                    "load-balancer": "http://192.0.2.10:9876",
                },
            }
        ],
    }
    read_environment(document, where="import")
    assert Vault(environ=environ).resolve(SecretRef("cloud", "lab")) == CANARY


def test_variables(environ: dict[str, str]) -> None:
    document = import_os_cloud(environ=RC, environment="prod")
    (section,) = document["configuration"]
    assert document["name"] == "prod"
    assert section["pwd"] == {"env": "OS_PASSWORD"}
    assert section["region"] == "RegionOne"
    assert "cacert" not in section
    read_environment(document, where="import")
    assert CANARY not in str(document)
    assert import_os_cloud("lab", environ={**RC, **environ})["configuration"][0]["pwd"] == {"cloud": "lab"}
    assert import_os_cloud(environ={**environ, "OS_CLOUD": "app"})["name"] == "app"


@pytest.mark.parametrize(
    ("cloud", "expected"),
    [
        ("insecure", {"verify": False, "project_id": "p1", "pwd": {"cloud": "insecure"}}),
        ("app", {"application_credential_id": "i1", "application_credential_secret": {"cloud": "app"}}),
        ("federated", {"os_cloud": "federated"}),
        ("system", {"os_cloud": "system"}),
        ("regions", {"region": "One"}),
    ],
)
def test_other_ways_to_log_in(environ: dict[str, str], cloud: str, expected: dict[str, object]) -> None:
    document = import_os_cloud(cloud, environ=environ)
    (section,) = document["configuration"]
    assert expected.items() <= section.items()
    assert CANARY not in str(document)
    read_environment(document, where="import")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("labb", 'is not in any clouds.yaml; known clouds: .*Did you mean "lab"'),
        ("incomplete", "incomplete: .*domain"),
        ("broken", "cannot be used"),
        ("envvars", "no OS_AUTH_URL or similar variable is set"),
        (None, "no OS_AUTH_URL or similar variable is set"),
    ],
)
def test_clouds_that_cannot_be_used(environ: dict[str, str], name: str | None, said: str) -> None:
    with pytest.raises(EnvironmentInvalid, match=said) as caught:
        import_os_cloud(name, environ=environ)
    assert CANARY not in str(caught.value)
    assert caught.value.__context__ is None


def test_a_cloud_as_a_secret(environ: dict[str, str]) -> None:
    vault = Vault(environ=environ)
    assert vault.resolve(SecretRef("cloud", "insecure")) == "we{ird}"
    assert vault.resolve(SecretRef("cloud", "app")) == CANARY
    with pytest.raises(SecretUnavailable, match=r"cloud:nope cannot be read: is not in any clouds\.yaml"):
        vault.resolve(SecretRef("cloud", "nope"))


def test_settings_of_a_cloud_by_name(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "lab.pem").touch()
    (tmp_path / "clouds.yaml").write_text(CLOUDS.replace("/etc/ssl/lab.pem", str(tmp_path / "lab.pem")))
    vault = Vault(environ=environ)
    section = OpenStackSection.model_validate({"os_cloud": "lab", "interface": "public"})
    made = settings(section, vault, environ=environ)
    assert (made.user, made.region, made.interface) == ("admin", "RegionOne", "public")
    assert made.verify == str(tmp_path / "lab.pem")
    assert made.overrides["compute"] == "http://192.0.2.10:8774/v2.1"
    assert vault.scrub(f"so {CANARY} it is") == "so *** it is"
    assert CANARY not in repr(made)
