# SPDX-License-Identifier: Apache-2.0
"""The compose file, as far as it can be judged without a container engine.

``docker-compose config`` checks each key and value by its schema of the Compose specification, and that volumes and
services that are named are declared. Checked here are networks and secrets, and what only we know: commands and
options, paths of secrets, the image's volume, ports, and the health check, which runs against an API. No container is
started.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.fixtures.cli import program as calipso
from tests.fixtures.needs import program
from tests.fixtures.serving import served_lab

if TYPE_CHECKING:
    from collections.abc import Iterator

FILES = Path(__file__).parents[2] / "playbooks" / "files"
COMPOSE: dict[str, Any] = yaml.safe_load((FILES / "compose.yml").read_text())
CONTAINERFILE = (FILES / "Containerfile").read_text()
OURS = {name: one for name, one in COMPOSE["services"].items() if one["image"] == "calipso"}
SECRETS = "/run/secrets/"
"""Where a secret without an absolute target is mounted (Compose specification, "secrets")."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the files, and the secrets made."""
    for name in ("compose.yml", "compose-secrets.sh"):
        shutil.copy(FILES / name, tmp_path)
    subprocess.run(["/bin/sh", "compose-secrets.sh"], cwd=tmp_path, check=True, timeout=60)
    return tmp_path


def config(folder: Path) -> subprocess.CompletedProcess[str]:
    """Let docker-compose read the file of a folder; it asks no engine for that."""
    command = [program("docker-compose", packages="docker-compose"), "-f", str(folder / "compose.yml"), "config"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)  # noqa: S603 - as found


def test_docker_compose_takes_it(folder: Path) -> None:
    judged = config(folder)
    assert judged.returncode == 0, judged.stderr
    assert yaml.safe_load(judged.stdout)["services"].keys() == COMPOSE["services"].keys()


@pytest.mark.parametrize(
    ("there", "instead", "said"),
    [
        ("read_only: true", "readonly: true", "readonly"),
        ("cap_drop: [ALL]", "cap_drop: ALL", "cap_drop"),
        ('volumes: ["calipso:', 'volumes: ["nosuch:', "nosuch"),
        ("mongo: {condition: service_healthy}", "nosuch: {condition: service_healthy}", "nosuch"),
        ("interval: 10s", "interval: soon", "healthcheck"),
    ],
)
def test_docker_compose_would_refuse_mistakes(folder: Path, there: str, instead: str, said: str) -> None:
    """So that what the test before shows is worth something."""
    file = folder / "compose.yml"
    text = file.read_text()
    assert there in text
    file.write_text(text.replace(there, instead))
    judged = config(folder)
    assert judged.returncode != 0
    assert said in judged.stderr


@pytest.mark.parametrize("service", OURS)
def test_commands_and_options_are_ours(service: str) -> None:
    """The parser reads all options before it shows help, and ends with an error for one that it does not know."""
    command = [calipso(), *OURS[service]["command"]]
    told = subprocess.run([*command, "--help"], capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - our program
    assert told.returncode == 0, told.stderr
    wrong = subprocess.run([*command, "--nosuch", "--help"], capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - as above
    assert wrong.returncode != 0


def secrets_of(service: dict[str, Any]) -> Iterator[str]:
    """Yield the paths of a service's secrets."""
    for one in service.get("secrets", ()):
        yield one["target"] if isinstance(one, dict) else f"{SECRETS}{one}"


@pytest.mark.parametrize("service", OURS)
def test_what_our_services_read_and_write_is_mounted(service: str) -> None:
    one = OURS[service]
    assert one["command"][one["command"].index("--mongo_config") + 1] in set(secrets_of(one))
    (volume,) = re.findall(r"^VOLUME (\S+)$", CONTAINERFILE, re.MULTILINE)
    assert [mount.partition(":")[2] for mount in one["volumes"]] == [volume], "all else is read-only"
    assert f"HOME={volume}" in CONTAINERFILE, "where commands keep what has no place of its own"


def test_mongod_gets_its_password_from_a_secret() -> None:
    mongo = COMPOSE["services"]["mongo"]
    assert mongo["environment"]["MONGO_INITDB_ROOT_PASSWORD_FILE"] in set(secrets_of(mongo))


def test_mongod_is_reached_by_our_services_only() -> None:
    """Each network that a service names is declared; the one of mongod leads nowhere else."""
    networks = {name: set(one["networks"]) for name, one in COMPOSE["services"].items()}
    assert set.union(*networks.values()) == COMPOSE["networks"].keys()
    assert networks["mongo"] == {"inside"}
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert all("inside" in networks[name] for name in OURS)


def test_each_secret_is_made_and_used(folder: Path) -> None:
    made = {f"./secrets/{one.name}" for one in (folder / "secrets").iterdir()}
    assert {one["file"] for one in COMPOSE["secrets"].values()} == made
    named = {
        one["source"] if isinstance(one, dict) else one
        for service in COMPOSE["services"].values()
        for one in service.get("secrets", ())
    }
    assert named == COMPOSE["secrets"].keys()


def test_the_image_is_the_one_that_the_guide_builds() -> None:
    guide = (FILES.parents[1] / "docs" / "deployment.md").read_text()
    assert "-f playbooks/files/Containerfile -t calipso ." in guide
    assert OURS.keys() == {"api", "scan-manager", "event-manager"}


def test_the_health_check_tells_whether_the_api_is_ready(tmp_path: Path) -> None:
    """It is run as it stands, but for the port; the port is the one that the API listens on, and is published."""
    api = OURS["api"]
    (published,) = api["ports"]
    bind = api["command"][api["command"].index("--bind") + 1]
    assert published.rpartition(":")[2] == bind.rpartition(":")[2] == "8000"
    kind, interpreter, *rest = api["healthcheck"]["test"]
    assert (kind, interpreter) == ("CMD", "python")

    def healthy(port: str) -> bool:
        command = [sys.executable, *(part.replace(":8000/", f":{port}/") for part in rest)]
        return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0  # noqa: S603 - ours

    with served_lab(tmp_path) as running:
        port = running.url.rpartition(":")[2]
        assert healthy(port)
    assert not healthy(port), "it has ended"
