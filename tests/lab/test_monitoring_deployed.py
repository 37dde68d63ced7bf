# SPDX-License-Identifier: Apache-2.0
"""The whole way through Prometheus: deployed by the command; three faults on the hosts, and their repair, show."""

from __future__ import annotations

import os
import socket
import subprocess
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.fixtures import lab, needs
from tests.fixtures.cli import calipso, program
from tests.lab.faults import cable_pulled, wait_until
from tests.lab.oracle.place import inside
from tests.lab.test_monitoring import ERROR, KILL, OK, WARNING, Watched, down

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from calipso_nornir import ScanReport
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.stores import Store

pytestmark = pytest.mark.lab

PORT = 3335
TOKEN = "token-of-the-lab"  # noqa: S105 - a test's
SERVER = "ctl"
PROGRAMS = ("prometheus", "prometheus-alertmanager", "prometheus-node-exporter", "calipso-probe")
PATIENCE_S = 120.0
FOLDER = "/run/calipso-probe"


class Story(Watched):
    """The lab, watched by its own Prometheus."""

    def await_status(self, one: InventoryObject, *wanted: int) -> None:
        """Wait until an object has one of some statuses."""
        wait_until(f"{one.type} {one.name} is {wanted}", lambda: self.status(one.ref) in wanted, limit_s=PATIENCE_S)


@pytest.fixture(scope="module")
def story(
    store: Store, first_scan: ScanReport, known_hosts: Path, password: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Story]:
    """Deploy everything, and receive."""
    for one in PROGRAMS[:3]:
        needs.program(one, packages=one)
    token = tmp_path_factory.mktemp("monitoring") / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as towards:
        towards.connect((lab.here().controller, 9))
        ours = towards.getsockname()[0]
    described = lab.environment_data(known_hosts, name=first_scan.environment, user="root")
    described["configuration"].append(
        {
            "name": "Monitoring",
            "type": "Prometheus",
            "server_ip": lab.here().hosts[SERVER],
            "provision": "Deploy",
            "interval": 5,
            "receiver_url": f"http://{ours}:{PORT}/prometheus",
            "receiver_token": {"file": str(token)},
        }
    )
    environments = store.collection("environments_config")
    before = environments.get(first_scan.environment)
    environments.put(first_scan.environment, described)
    environment = {**os.environ, "CALIPSO_RECEIVER_TOKEN": TOKEN, lab.PASSWORD_VARIABLE: password}
    receive = [program(), "--store", store.uri, "monitoring", "receive", "--http", f"{ours}:{PORT}"]
    with ExitStack() as stack:
        stack.callback(_ended, first_scan.environment, store, before)
        said = calipso(
            *("--store", store.uri, "monitoring", "deploy", first_scan.environment, "-o", "json"),
            *("--var", "ansible_python_interpreter=/usr/bin/python3"),
        )
        assert said.status == 0, said.err
        assert {one["state"] for one in said.json["hosts"]} == {"changed"}, said.out
        receiver = subprocess.Popen(receive, env=environment)  # noqa: S603 - this program
        stack.callback(receiver.wait, 30)
        stack.callback(receiver.terminate)
        yield Story(store, first_scan.environment)


def _ended(environment: str, store: Store, before: dict[str, object] | None) -> None:
    """Restore the lab and the store."""
    for host in lab.here().hosts:
        inside(host, "".join(f"/etc/init.d/{one} stop >/dev/null 2>&1 || true\n" for one in PROGRAMS))
    environments = store.collection("environments_config")
    if before is None:
        environments.delete(environment)
    else:
        environments.put(environment, before)


AGAIN = """
touch {folder}/kills
setsid sh -c 'while [ -e {folder}/kills ]; do
  for pid in $(ip netns pids {namespace}); do
    [ "$(cat /proc/$pid/comm)" != dnsmasq ] || kill -KILL $pid
  done
  sleep 0.5
done' >/dev/null 2>&1 </dev/null &
"""


@contextmanager
def dhcp_killed(service: InventoryObject) -> Iterator[None]:
    """Kill a DHCP server, and again whenever Neutron's agent, which looks once a minute, has started it."""
    host, at = service["host"], {"namespace": service["local_service_id"], "folder": FOLDER}
    inside(host, f"mkdir -p {FOLDER}\n{KILL.format(**at)}{AGAIN.format(**at)}")
    try:
        yield
    finally:
        namespace = at["namespace"]
        runs = f"ip netns pids {namespace} | xargs -r ps -o comm= -p | grep -q dnsmasq"
        start = f"xargs -0 ip netns exec {namespace} <{FOLDER}/dnsmasq"
        inside(host, f"rm {FOLDER}/kills; sleep 1; {runs} || {start} || {{ sleep 2; {runs}; }}")


def test_faults_are_told_up_to_the_clique_and_so_is_their_mend(story: Story) -> None:
    view = story.store.view(story.environment)
    running = {one.id: one for one in view.of_type("instance") if one["status"] == "ACTIVE"}
    vnic = next(one for one in view.of_type("vnic") if one.get("instance_id") in running and one["state"] == "UP")
    instance = running[vnic["instance_id"]]
    endpoint = next(one for one in view.of_type("otep") if one["host"] not in (vnic["host"], SERVER, "net1"))
    plug = next(one for one in view.of_type("switch_pnic") if one.name == f"t-{endpoint['host']}")
    [card] = [link.source for link in view.links("host_pnic-switch_pnic", target=plug.ref)]
    nic = view.get(card)
    assert nic is not None
    service = next(one for one in view.of_type("vservice") if one["service_type"] == "dhcp" and one.get("host"))

    with down(vnic["host"], vnic.name), cable_pulled(plug.name), dhcp_killed(service):
        for one in (vnic, nic, endpoint, service):
            story.await_status(one, ERROR)
        texts = {one.ref: _text(story, one) for one in (vnic, nic, service)}
        assert texts == {
            vnic.ref: f"{vnic.name} is switched off",
            nic.ref: f"{nic['local_name']} has no carrier",
            service.ref: "dnsmasq does not run",
        }, "the checks' own words"
        for one in (vnic, nic, service):
            wait_until(f"a link of {one.name} fails", lambda one=one: ERROR in story.links_of(one.ref), limit_s=60)  # type: ignore[misc]
        found = story.clique(instance.ref)
        assert found["value"] == ERROR
        assert found["member"]["id"] in {vnic.id, service.id}
        assert story.clique(service.ref)["value"] == ERROR

    for one in (vnic, nic, endpoint, service):
        story.await_status(one, OK)
    well = {OK, WARNING}
    wait_until("its links are well again", lambda: set(story.links_of(vnic.ref)) <= well, limit_s=60)
    for ref in (instance.ref, service.ref):
        wait_until(f"the clique of {ref} is well", lambda ref=ref: story.clique(ref)["value"] in well, limit_s=60)  # type: ignore[misc]


def _text(story: Story, one: InventoryObject) -> str:
    status = story.store.view(story.environment).status(one.ref.document_id)
    assert status is not None
    return status.text
