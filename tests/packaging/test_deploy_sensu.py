# SPDX-License-Identifier: Apache-2.0
"""``playbooks/deploy_checks.yml`` for Sensu: Go's resources over its API, its agents' files, and those of Core."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from calipso_nornir.monitoring.back_ends.base import Wish
from calipso_nornir.monitoring.back_ends.sensu_core import SensuCore
from calipso_nornir.monitoring.back_ends.sensu_go import SensuGo
from calipso_nornir.monitoring.writing import write_files
from tests.fixtures import needs
from tests.fixtures.sensu_go import agents_event, sensu_go
from tests.fixtures.watched import planned
from tests.packaging.building import ROOT
from tests.packaging.deploying import PLAYBOOKS, Target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.monitoring.back_ends.base import BackEnd

pytestmark = [pytest.mark.deployment]

KEY, RABBIT = "a-key", "pass-of-rabbit"
ONE_HOST = replace(planned(), hosts={"cmp1": planned().hosts["cmp1"]})


def write(folder: Path, system: BackEnd, **settings: Any) -> None:  # noqa: ANN401 - settings of any shape
    wish = Wish(plan=ONE_HOST, settings={"agent_password": "of-an-agent", **settings})
    write_files(folder, list(system.render(wish)), environment="lab")


# --- the API of Sensu Go


def play(folder: Path, *options: str, ends: int = 0, **variables: object) -> tuple[int, str]:
    """Run the playbook with no hosts, so only what is done from here; return the changes, and what it said."""
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,", *options]
    command += [
        "-e",
        json.dumps({"calipso_files": str(folder / "files"), **variables}),
        str(PLAYBOOKS / "deploy_checks.yml"),
    ]
    environment = {**os.environ, "ANSIBLE_HOME": str(folder / "ansible"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(  # noqa: S603 - this playbook
        command, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode == ends, said
    assert KEY not in said
    recap = re.search(r"localhost .* changed=(\d+) ", said)
    return int(recap[1]) if recap else 0, said


def test_resources_are_put_shown_and_removed(tmp_path: Path) -> None:
    with sensu_go() as stand_in:
        settings = {"api_url": stand_in.url, "api_token": KEY, "namespace": "net", "mode": "objects"}
        write(tmp_path / "files", SensuGo(), **settings)
        changed, said = play(tmp_path, "--check", "--diff")
        assert (changed, stand_in.resources, stand_in.namespaces) == (1, {}, {"default"})
        assert '+  "handlers/calipso": {' in said
        assert play(tmp_path)[0] == 1
        assert stand_in.namespaces == {"default", "net"}
        assert sum(key.startswith("checks/") for key in stand_in.resources) == len(ONE_HOST.hosts["cmp1"])
        assert play(tmp_path)[0] == 0, "a second run changes nothing"
        stand_in.resources["checks/theirs"] = {"metadata": {"name": "theirs", "namespace": "net"}}
        labels = {"managed_by": "calipso", "calipso_env": "lab"}
        agent = {"entity_class": "agent", "metadata": {"name": "cmp1", "namespace": "net", "labels": labels}}
        stand_in.resources["entities/cmp1"] = agent
        inventory = tmp_path / "hosts.yml"
        gone = {"cmp1": {"calipso_former": True, "ansible_connection": "local"}}
        inventory.write_text(yaml.safe_dump({"all": {"hosts": gone}}))
        only_here = ("-i", str(inventory), "--limit", "localhost")
        assert play(tmp_path, *only_here)[0] == 1
        assert "entities/cmp1" not in stand_in.resources, "its host is gone"
        assert play(tmp_path, *only_here)[0] == 0
        stand_in.resources["entities/cmp1"] = agent
        assert play(tmp_path, "--check", calipso_state="absent")[0] == 1
        assert "entities/cmp1" in stand_in.resources
        _, said = play(tmp_path, calipso_state="absent")
        assert stand_in.resources.keys() == {"checks/theirs"}, said


def test_what_the_back_end_refuses_is_told_in_its_words(tmp_path: Path) -> None:
    with sensu_go() as stand_in:
        write(tmp_path / "files", SensuGo(), api_url=stand_in.url, api_token="wrong")  # noqa: S106 - what it says
        _, said = play(tmp_path, ends=2)
        assert "Sensu Go answered GET /api/core/v2/namespaces/default with 401: invalid credentials" in said
        assert "wrong" not in said
        stand_in.managed_by_agent.clear()
        (tmp_path / "files" / "server" / "sensu-go" / "access.json").write_text('{"urll": "secret-thing"}')
        _, said = play(tmp_path, ends=2)
        assert "cannot be read: TypeError" in said
        assert "secret-thing" not in said


# --- on a host


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Target]:
    with Target(tmp_path) as made:
        made.host.sh("useradd --system --shell /usr/sbin/nologin sensu")
        yield made


NOT_INSTALLED: dict[str, Any] = {"sensu_agent_package": "", "sensu_agent_service": ""}
OURS = ("/usr/local/bin/calipso-probe", "/etc/calipso/objects.json", "/etc/sudoers.d/calipso-probe")
CORE: dict[str, Any] = {"sensu_core_package": "", "sensu_core_services": []}


def rights(target: Target, path: str) -> str:
    return target.host.run("stat", "-c", "%U %G %a", path).strip()


@needs.root("it makes namespaces")
def test_an_agent_of_sensu_go(target: Target) -> None:
    ca = target.folder / "ca.pem"
    ca.write_text("a certificate\n")
    write(target.files, SensuGo(), agent_password=RABBIT, ca_file=str(ca))
    variables = NOT_INSTALLED
    changed, said = target.play("deploy_checks.yml", "--check", "--diff", **variables)
    assert changed > 3
    assert RABBIT not in said
    changed, said = target.play("deploy_checks.yml", **variables)
    assert changed > 5, said
    assert RABBIT not in said
    agent = yaml.safe_load(target.host.run("cat", "/etc/sensu/agent.yml"))
    for path, mode in ((agent["allow-list"], "root sensu 640"), (agent["trusted-ca-file"], "root root 644")):
        assert rights(target, path) == mode
    assert rights(target, "/etc/sensu/agent.yml") == "root sensu 640"
    assert target.host.run("grep", "-c", "^sensu ALL=", "/etc/sudoers.d/calipso-probe")
    # As the agent does it: what it may run, through a shell; and its entity has the labels of its configuration
    resources = json.loads((target.files / "server" / "sensu-go" / "resources.json").read_text())["resources"]
    everything = next(one["body"] for one in resources if one["name"] == "calipso-objects-all")
    rows = json.loads(target.host.run("cat", "/etc/sensu/check-allow-list.yaml"))
    assert everything["command"] in {" ".join([one["exec"], *one["args"]]) for one in rows}
    said = target.host.run("runuser", "-u", "sensu", "--", "sh", "-c", everything["command"])
    received = SensuGo().receive(agents_event(agent["labels"], said, at=1795953600))
    assert (len(received.results), received.refused) == (1 + len(ONE_HOST.hosts["cmp1"]), ())
    assert {(one.environment, one.host) for one in received.results} == {("lab", "cmp1")}
    assert target.play("deploy_checks.yml", **variables)[0] == 0
    absent = {**variables, "calipso_state": "absent"}
    assert target.play("deploy_checks.yml", "--check", **absent)[0] > 0
    changed, said = target.play("deploy_checks.yml", **absent)
    assert changed > 0, said
    gone = [*(f"/etc/sensu/{one}" for one in ("agent.yml", "check-allow-list.yaml", "calipso-ca.pem")), *OURS]
    assert not target.host.run("find", *gone, "-maxdepth", "0", ends=(1,))
    assert target.play("deploy_checks.yml", **absent)[0] == 0


@needs.root("it makes namespaces")
def test_a_client_and_the_server_of_sensu_core(target: Target) -> None:
    hosts = {"cmp1": target.connection()}
    groups: dict[str, Any] = {"calipso_server": {"hosts": {"cmp1": {}}}}
    target.inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts, "children": groups}}))
    key = target.folder / "key.pem"
    key.write_text("KEY-OF-TLS")
    write(target.files, SensuCore(), server_ip="192.0.2.1", rabbitmq_pass=RABBIT)
    variables = {**CORE, "sensu_core_key": str(key)}
    changed, said = target.play("deploy_checks.yml", "--check", "--diff", **variables)
    assert changed > 3, said
    assert RABBIT not in said
    changed, said = target.play("deploy_checks.yml", **variables)
    assert changed > 8, said
    assert RABBIT not in said
    assert "KEY-OF-TLS" not in said
    client, server = "/etc/sensu/conf.d/calipso-client", "/etc/sensu/conf.d/calipso-server"
    listed = {one: {*target.host.run("ls", one).split()} for one in (client, server)}
    assert listed[client] == {"checks.json", "client.json", "rabbitmq.json", "transport.json"}
    assert listed[server] == {
        *("api.json", "filters.json", "handlers.json", "rabbitmq.json", "redis.json", "transport.json")
    }, "its own client.json would be merged into the client's"
    for path in (f"{client}/rabbitmq.json", f"{server}/rabbitmq.json", "/etc/sensu/ssl/key.pem"):
        assert rights(target, path) == "root sensu 640"
    checks = json.loads(target.host.run("cat", f"{client}/checks.json"))["checks"]
    assert len(checks) == len(ONE_HOST.hosts["cmp1"])
    name, check = next(iter(sorted(checks.items())))
    said = target.host.run("runuser", "-u", "sensu", "--", *check["command"].split(), ends=(0, 1, 2, 3))
    assert json.loads(said.splitlines()[-1])["name"] == check["calipso"]["name"], name
    assert target.play("deploy_checks.yml", **variables)[0] == 0, "a second run changes nothing"

    target.host.sh(f"echo '{{}}' >{client}/of-before.json")
    (target.files / "server" / "sensu-core" / "redis.json").unlink()
    changed, said = target.play("deploy_checks.yml", **variables)
    assert changed == 2, said
    target.host.run("test", "!", "-e", f"{client}/of-before.json")
    target.host.run("test", "!", "-e", f"{server}/redis.json")

    absent = {**variables, "calipso_state": "absent"}
    changed, said = target.play("deploy_checks.yml", **absent)
    assert changed > 0, said
    assert not target.host.run("find", client, server, *OURS, "-maxdepth", "0", ends=(1,))
    assert target.play("deploy_checks.yml", **absent)[0] == 0
