# SPDX-License-Identifier: Apache-2.0
"""Levels of provision do what they say and nothing else; secrets stay where they are; ansible-runner; commands."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from calipso_nornir.errors import InvalidRequest
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.monitoring.deploying import deploy
from calipso_nornir.monitoring.forgetting import forget_unplanned
from calipso_nornir.monitoring.machines import Machines, machines_of
from calipso_nornir.monitoring.playbook import HostDone, run_playbook
from calipso_nornir.monitoring.preparing import DeploymentLevel, level_of, prepare
from calipso_nornir.monitoring.result_storing import Recorder
from calipso_nornir.monitoring.writing import write_files
from tests.fixtures.cli import calipso
from tests.fixtures.sensu_go import EVENTS, sensu_go
from tests.fixtures.watched import CATALOG, check_of, planned, result, watched_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.stores import Store
    from calipso_nornir.monitoring.deploying import Deployment
    from calipso_nornir.monitoring.playbook import TaskDone
    from calipso_nornir.monitoring.preparing import Prepared

SECRET = "s3cr3t-of-rabbit"  # noqa: S105 - what must not be found
PLAYBOOK = """
- hosts: all
  connection: local
  gather_facts: false
  tasks:
    - name: Look for the file
      ansible.builtin.stat: {path: "{{ calipso_files }}/host/{{ inventory_hostname }}/objects.json"}
      register: found
    - name: Be changed
      ansible.builtin.command: {argv: ["true"]}
      when: inventory_hostname == "cmp1"
    - name: Fail
      ansible.builtin.fail: {msg: no such thing}
      when: not found.stat.exists
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = watched_store(tmp_path / "store.db")
    yield store
    store.close()


def describe(store: Store, folder: Path, **section: object) -> None:
    """Give the environment a section Monitoring, and a secret in a file."""
    secret = folder / "secret"
    secret.write_text(SECRET + "\n", encoding="utf-8")
    secret.chmod(0o600)
    environments = store.collection("environments_config")
    document = environments.get("lab")
    assert document is not None
    ours = {
        "name": "Monitoring",
        "type": "Sensu",
        "server_ip": "192.0.2.1",
        "rabbitmq_pass": {"file": str(secret)},
        "config_folder": str(folder / "config"),
        **section,
    }
    others = [one for one in document["configuration"] if one["name"] != "Monitoring"]
    environments.put("lab", {**document, "configuration": [*others, ours]})


def prepared(store: Store, folder: Path, **section: object) -> Prepared:
    describe(store, folder, **section)
    return prepare(store, "lab", CATALOG)


class Ran:
    """Stands for a run of the playbook, and knows whether there was one."""

    def __init__(self) -> None:
        self.files: list[str] = []

    def __call__(self, folder: Path, machines: Machines) -> dict[str, HostDone]:
        self.files = sorted(str(one.relative_to(folder)) for one in folder.rglob("objects.json"))
        return {name: HostDone("ok") for name in machines.variables}


@pytest.mark.parametrize(
    ("level", "kept", "written", "ran"),
    [
        ("None", False, False, False),
        ("DB", True, False, False),
        ("Files", True, True, False),
        ("Deploy", True, True, True),
    ],
)
def test_each_level_does_what_it_says_and_nothing_else(  # noqa: PLR0913 - a table
    store: Store, tmp_path: Path, level: str, *, kept: bool, written: bool, ran: bool
) -> None:
    run = Ran()
    before = store.view("lab").revision
    done = deploy(store, prepared(store, tmp_path, provision=level), run)
    assert done.level is level_of(level)
    assert bool(store.collection("monitoring_config").find()) is kept
    assert (tmp_path / "config").exists() is written
    assert bool(run.files) is ran
    assert bool(store.collection("monitoring_deployments").find()) is ran
    assert store.view("lab").revision == before, "the picture is not touched"


def test_a_second_time_nothing_changes_and_what_is_gone_is_removed(store: Store, tmp_path: Path) -> None:
    ready = prepared(store, tmp_path, provision="Files")
    first = deploy(store, ready, Ran())
    assert first.kept == first.written == len(ready.files())
    again = deploy(store, ready, Ran())
    assert (again.kept, again.written) == (0, 0)
    (tmp_path / "config" / "mine.txt").write_text("not Calipso's")
    hosts = {name: checks for name, checks in ready.plan.hosts.items() if name != "cmp1"}
    fewer = replace(ready, wish=replace(ready.wish, plan=replace(ready.plan, hosts=hosts)))
    deploy(store, fewer, Ran())
    assert not list((tmp_path / "config").rglob("host/cmp1/*.json"))
    assert store.collection("monitoring_config").find({"host": "cmp1"}) == []
    assert (tmp_path / "config" / "mine.txt").exists()


def test_secrets_are_in_files_of_their_owner_and_nowhere_else(store: Store, tmp_path: Path) -> None:
    deploy(store, prepared(store, tmp_path, provision="Files"), Ran())
    holding = [path for path in (tmp_path / "config").rglob("*") if path.is_file() and SECRET in path.read_text()]
    assert {path.name for path in holding} == {"rabbitmq.json"}
    assert {path.stat().st_mode & 0o777 for path in holding} == {0o600}
    assert SECRET not in json.dumps(store.collection("monitoring_config").find(), default=str)


def test_check_changes_nothing(store: Store, tmp_path: Path) -> None:
    run = Ran()
    done = deploy(store, prepared(store, tmp_path, provision="Deploy"), run, check=True)
    assert run.files
    assert (done.kept, done.written, store.collection("monitoring_config").find()) == (0, 0, [])
    assert not (tmp_path / "config").exists()
    assert store.collection("monitoring_deployments").find() == []


def test_enable_monitoring_is_honoured(store: Store, tmp_path: Path) -> None:
    describe(store, tmp_path, provision="Deploy")
    environments = store.collection("environments_config")
    environments.put("lab", {**(environments.get("lab") or {}), "enable_monitoring": False})
    run = Ran()
    assert deploy(store, prepare(store, "lab", CATALOG), run).level is DeploymentLevel.NONE
    assert run.files == []


def test_what_is_missing_is_told(store: Store, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="has no section Monitoring"):
        prepare(store, "lab", CATALOG)
    with pytest.raises(InvalidRequest, match="names no config_folder"):
        deploy(store, prepared(store, tmp_path, provision="Files", config_folder=None), Ran())
    with pytest.raises(InvalidRequest, match=r'"fles" is no level.*Did you mean "files"'):
        level_of("fles")


def test_no_path_leads_out_of_the_folder(store: Store, tmp_path: Path) -> None:
    ready = prepared(store, tmp_path)
    with pytest.raises(InvalidRequest, match="leads out of the folder"):
        write_files(tmp_path / "x", [replace(ready.files()[0], path="host/../../x")], environment="lab")


def test_two_environments_do_not_share_a_folder(store: Store, tmp_path: Path) -> None:
    ready = prepared(store, tmp_path, provision="Files")
    deploy(store, ready, Ran())
    before = sorted((tmp_path / "config").rglob("*"))
    with pytest.raises(InvalidRequest, match=r"config has the files of environment lab: give other a folder"):
        write_files(tmp_path / "config", ready.files()[:1], environment="other")
    assert sorted((tmp_path / "config").rglob("*")) == before


def test_how_hosts_are_reached(store: Store, tmp_path: Path) -> None:
    environments = store.collection("environments_config")
    document = environments.get("lab") or {}
    hosts = {"cmp1": {"host": "192.0.2.21", "user": "ops", "port": 2222}}
    cli = {"name": "CLI", "user": "stack", "key": "/keys/id", "known_hosts": "/keys/known", "hosts": hosts}
    environments.put("lab", {**document, "configuration": [*document["configuration"], cli]})
    machines = machines_of(prepared(store, tmp_path))
    found = machines.variables
    assert found["cmp1"] == {
        "probe_interval": 60,
        "sensu_core_package": "",
        "ansible_host": "192.0.2.21",
        "ansible_user": "ops",
        "ansible_port": 2222,
        "ansible_ssh_private_key_file": "/keys/id",
        "ansible_ssh_common_args": "-o UserKnownHostsFile=/keys/known",
    }
    assert found["net1"]["ansible_user"] == "stack"
    assert machines.servers == ("192.0.2.1",), "of Sensu Core"
    assert found["192.0.2.1"]["ansible_user"] == "stack"


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ({"type": "Sensu Go"}, {"sensu_agent_package": ""}),
        ({"type": "Sensu Go", "install_monitoring_client": True}, {}),
        ({"type": "Sensu"}, {"sensu_core_package": ""}),
        ({"type": "Prometheus"}, {}),
    ],
)
def test_an_agent_is_installed_only_if_that_is_wanted(
    store: Store, tmp_path: Path, section: dict[str, Any], expected: dict[str, str]
) -> None:
    machines = machines_of(prepared(store, tmp_path, **section))
    packages = {name: one for name, one in machines.variables["cmp1"].items() if name.endswith("_package")}
    assert packages == expected


@pytest.mark.parametrize(
    ("section", "servers", "login"),
    [
        ({"type": "Prometheus"}, ("192.0.2.1",), {"ansible_host": "192.0.2.1"}),
        (
            {"type": "Sensu", "ssh_user": "root", "ssh_port": 20022},
            ("192.0.2.1",),
            {"ansible_host": "192.0.2.1", "ansible_user": "root", "ansible_port": 20022},
        ),
        ({"type": "Prometheus", "server_ip": "127.0.0.1"}, ("127.0.0.1",), {"ansible_connection": "local"}),
        ({"type": "Prometheus", "server_ip": "net1"}, ("net1",), {"probe_interval": 60}),
        ({"type": "Prometheus", "install_monitoring_server": False}, (), {}),
        ({"type": "Sensu Go"}, (), {}),
    ],
)
def test_what_the_monitoring_system_itself_runs_on(
    store: Store, tmp_path: Path, section: dict[str, Any], servers: tuple[str, ...], login: dict[str, Any]
) -> None:
    machines = machines_of(prepared(store, tmp_path, **section))
    assert machines.servers == servers
    for one in servers:
        assert login.items() <= machines.variables[one].items()
    assert machines.inventory()["all"]["children"]["calipso_server"]["hosts"].keys() == {*servers}
    assert planned().hosts.keys() <= machines.variables.keys()


def test_a_host_that_is_gone_is_cleaned_once_if_it_can_be_reached(store: Store, tmp_path: Path) -> None:
    runs: list[Machines] = []

    def run(_folder: Path, machines: Machines) -> dict[str, HostDone]:
        runs.append(machines)
        return {one: HostDone("unreachable" if one in machines.former else "ok") for one in machines.variables}

    def deployed() -> Deployment:
        return deploy(store, prepared(store, tmp_path), run, level=DeploymentLevel.DEPLOY)

    address = "192.0.2.77"
    environments = store.collection("environments_config")
    document = environments.get("lab") or {}
    cli = {"name": "CLI", "user": "stack", "hosts": {"net1": {"host": address}}}
    environments.put("lab", {**document, "configuration": [*document["configuration"], cli]})
    deployed()
    with store.write("lab") as writer:
        writer.remove("inventory", [ObjectRef("lab", "host", "net1").document_id])
    environments.put("lab", document)
    done = deployed()
    assert runs[-1].former == {"net1"}
    assert runs[-1].variables["net1"]["calipso_former"] is True
    assert runs[-1].variables["net1"]["ansible_host"] == address, "as it was"
    assert "calipso_former" not in runs[-1].variables["cmp1"]
    assert (done.hosts["net1"].state, done.failed) == ("unreachable", []), "a machine that is gone is no failure"
    deployed()
    assert runs[-1].former == frozenset()
    assert "net1" not in runs[-1].variables


def test_a_host_that_is_excluded_is_not_touched(store: Store, tmp_path: Path) -> None:
    ran = Ran()
    deploy(store, prepared(store, tmp_path), ran, level=DeploymentLevel.DEPLOY)
    environments = store.collection("environments_config")
    document = environments.get("lab") or {}
    cli = {"name": "CLI", "user": "stack", "exclude": ["net1"]}
    environments.put("lab", {**document, "configuration": [*document["configuration"], cli]})
    done = deploy(store, prepared(store, tmp_path), ran, level=DeploymentLevel.DEPLOY)
    assert "net1" not in done.hosts


def test_what_runs_no_more_is_forgotten(store: Store) -> None:
    nic, tunnels = (
        check_of(planned(), host="cmp1", check="pnic"),
        [one for one in planned().hosts["cmp1"] if one.name.startswith("otep_")],
    )
    old = replace(tunnels[0], name="otep_of_before")
    Recorder(store, CATALOG.monitoring).record([result(nic, 2), result(old, 2), *(result(one, 0) for one in tunnels)])
    otep = store.view("lab").status(old.of)
    assert otep is not None
    assert otep.label == "Warning"
    hosts = {name: tuple(one for one in rows if one != nic) for name, rows in planned().hosts.items()}
    assert forget_unplanned(store, replace(planned(), hosts=hosts), any_of=frozenset({"otep"})) == 2
    otep = store.view("lab").status(old.of)
    assert otep is not None
    assert (otep.label, len(otep.attributes["checks"])) == ("OK", len(tunnels))
    assert store.view("lab").status(nic.of) is None
    assert forget_unplanned(store, replace(planned(), hosts=hosts)) == 0


def test_all_events_of_sensu_go_are_fetched(store: Store, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("a-key")
    key.chmod(0o600)
    with sensu_go() as stand_in:
        lost = json.loads(json.dumps(EVENTS["keepalive-critical-net1"]))
        lost["entity"]["metadata"]["labels"] = {"calipso_env": "lab", "calipso_host": "net1"}
        stand_in.events = [lost, EVENTS["api-posted-with-labels"]]
        section = {"type": "Sensu Go", "api_url": stand_in.url, "api_token": {"file": str(key)}}
        describe(store, tmp_path, **section)
        stand_in.resources["checks/calipso-objects-all"] = {}
        said = calipso("--store", store.uri, "monitoring", "sync")
        assert said.out == "1 results, 1 changed\n"
        assert stand_in.requests[-1].endswith("/checks/calipso-objects-all/execute")
    [finding] = json.loads(calipso("--store", store.uri, "status", "-o", "json").out)
    assert (finding["type"], finding["name"], finding["label"]) == ("host", "net1", "Error")
    describe(store, tmp_path)
    assert "has no api_url" in calipso("--store", store.uri, "monitoring", "sync").err


# --- ansible-runner


def test_a_playbook_is_run_with_progress_and_each_host_told(tmp_path: Path) -> None:
    (tmp_path / "play.yml").write_text(PLAYBOOK)
    for host in ("cmp1", "cmp2"):
        (tmp_path / "files" / "host" / host).mkdir(parents=True)
        (tmp_path / "files" / "host" / host / "objects.json").write_text("{}")
    seen: list[TaskDone] = []
    ended = run_playbook(
        tmp_path / "files",
        Machines(
            {
                host: {"ansible_password": SECRET, "ansible_python_interpreter": sys.executable}
                for host in ("cmp1", "cmp2", "cmp3")
            }
        ),
        stop=threading.Event(),
        progress=seen.append,
        playbook=tmp_path / "play.yml",
    )
    assert ended == {
        "cmp1": HostDone("changed"),
        "cmp2": HostDone("ok"),
        "cmp3": HostDone("failed", "Fail: no such thing"),
    }
    assert ("cmp1", "Be changed", "changed") in {(one.host, one.task, one.state) for one in seen}
    left = [path for path in tmp_path.rglob("*") if path.is_file() and SECRET in path.read_text(errors="replace")]
    assert left == []


def test_a_run_that_is_stopped_ends_soon_with_all_that_it_has_started(tmp_path: Path) -> None:
    """The first task is done on both hosts, the second one runs."""
    begun, done = tmp_path / "begun", tmp_path / "done"
    script = f"echo $$ >> {begun}; sleep 600; touch {done}"
    tasks = [{"name": "first", "command": "true"}, {"name": "second", "shell": script}]
    play = {"hosts": "all", "connection": "local", "gather_facts": False, "tasks": tasks}
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    stop = threading.Event()
    seen: list[TaskDone] = []

    def stopping() -> None:
        while not begun.exists() or len(begun.read_text().split()) < 2:
            time.sleep(0.02)
        stop.set()

    waiter = threading.Thread(target=stopping)
    waiter.start()
    variables = {"ansible_python_interpreter": sys.executable}
    hosts = {"cmp1": variables, "cmp2": variables}
    ended = run_playbook(tmp_path, Machines(hosts), stop=stop, progress=seen.append, playbook=tmp_path / "play.yml")
    waiter.join()
    assert ended == {}, "no host has come to its end"
    assert sorted((one.host, one.task, one.state) for one in seen) == [
        (n, "first", "changed") for n in ("cmp1", "cmp2")
    ]
    until = time.monotonic() + 30
    while any(Path(f"/proc/{number}").exists() for number in begun.read_text().split()):
        assert time.monotonic() < until, "what a task has started goes on"
        time.sleep(0.05)
    assert not done.exists()


# --- commands


def test_plan_and_render(store: Store, tmp_path: Path) -> None:
    where = store.uri
    said = calipso("--store", where, "monitoring", "plan")
    assert said.status == 0
    assert any(line.startswith("cmp1  ") and "2 vedge_pnic" in line for line in said.out.splitlines())
    shown = json.loads(calipso("--store", where, "monitoring", "plan", "-o", "json").out)
    assert shown["hosts"]["cmp1"] == json.loads(planned().objects_json("cmp1"))["checks"]
    describe(store, tmp_path)
    said = calipso("--store", where, "monitoring", "render", tmp_path / "out")
    assert (said.status, "files for sensu_core" in said.out) == (0, True)
    assert (tmp_path / "out" / "host" / "cmp1" / "objects.json").read_text() == planned().objects_json("cmp1")
    said = calipso("--store", where, "monitoring", "deploy", "--provision", "db")
    assert said.out.startswith("level db: ")
    assert calipso("--store", where, "monitoring", "deploy", "--provision", "dbb").status == 2
    for bad, told in (("x", "expected NAME=VALUE"), ("a b=1", "expected NAME=VALUE"), ("a=[", "is no YAML")):
        said = calipso("--store", where, "monitoring", "deploy", "--var", bad)
        assert (said.status, told in said.err) == (2, True), said.err


def test_templates_are_written_listed_and_removed(store: Store, tmp_path: Path) -> None:
    where, file = store.uri, tmp_path / "mine.json"
    config = {"api": {"bind": "0.0.0.0"}}  # noqa: S104 - text
    file.write_text(json.dumps({"type": "api.json", "side": "server", "order": "2", "config": config}))
    assert calipso("--store", where, "monitoring", "templates", "--put", file).out == "1 templates written\n"
    assert "monitoring_config_templates/server-api.json-2" in calipso("--store", where, "monitoring", "templates").out
    made = {one.path: one.text for one in prepared(store, tmp_path).files()}
    api = json.loads(made["server/sensu-core/api.json"])["api"]
    assert (api["bind"], api["host"]) == ("0.0.0.0", "127.0.0.1")  # noqa: S104 - text
    assert calipso("--store", where, "monitoring", "templates", "--remove", "server-api.json-2").status == 0
    assert calipso("--store", where, "monitoring", "templates", "--remove", "server-api.json-2").status == 2
    file.write_text('[{"type": "api.json", "side": "left", "config": {}}]')
    said = calipso("--store", where, "monitoring", "templates", "--put", file)
    assert (said.status, "side is 'left'" in said.err) == (2, True)


def test_receive_stores_what_it_has_taken_when_it_is_told_to_end(store: Store) -> None:
    nic = check_of(planned(), host="cmp1", check="pnic")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-c", "from calipso_nornir.cli import main; main()"]
    process = subprocess.Popen(  # noqa: S603 - this program
        [*command, "--store", store.uri, "monitoring", "receive", "--http", str(port)],
        env={**os.environ, "CALIPSO_RECEIVER_TOKEN": "t0ken"},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if "receiving on" in line:
                break
        row = {"environment": "lab", "of": nic.of, "name": nic.name, "status": 2, "checked_at": 1.0, "text": "down"}
        url = f"http://127.0.0.1:{port}/results"
        answer = requests.post(url, json=[row], headers={"Authorization": "Bearer t0ken"}, timeout=10)
        assert answer.status_code == 204
        process.send_signal(signal.SIGTERM)
        rest = process.stderr.read()
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.stderr.close()
    assert "stopped: 1 changed, 1 received" in rest
    status = store.view("lab").status(nic.of)
    assert status is not None
    assert (status.label, status.text) == ("Error", "down")


def test_a_pipe_handler_reads_one_event(store: Store) -> None:
    event = {
        "client": {"environment": "lab", "name": "lab-cmp1", "calipso_host": "cmp1"},
        "check": {"name": "keepalive", "status": 2, "output": "no keepalive", "executed": 1795953600},
    }
    said = calipso("--store", store.uri, "monitoring", "receive", "--stdin", "sensu_core", stdin=json.dumps(event))
    assert said.status == 0
    assert json.loads(calipso("--store", store.uri, "status", "-o", "json").out)[0]["type"] == "host"
    go = json.loads(json.dumps(EVENTS["pipe-handler-stdin"]))
    nic = check_of(planned(), host="net1", check="pnic")
    ours = {"env": "lab", "host": "net1", "of": nic.of, "type": nic.type, "check": nic.check, "name": nic.name}
    go["entity"]["metadata"]["labels"] = {f"calipso_{key}": value for key, value in ours.items()}
    go["check"] |= {"executed": 1795953600, "status": 2, "output": "gone"}
    said = calipso("--store", store.uri, "monitoring", "receive", "--stdin", "sensu_go", stdin=json.dumps(go))
    assert said.status == 0, said.err
    status = store.view("lab").status(nic.of)
    assert status is not None
    assert (status.label, status.text) == ("Error", "gone")
