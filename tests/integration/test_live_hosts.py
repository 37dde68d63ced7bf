# SPDX-License-Identifier: Apache-2.0
"""Watching a host over a real sshd: with the devices of a network namespace, and a database of Open vSwitch."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from calipso_nornir.live.arrivals import Inbox
from calipso_nornir.live.host_watch import HostWatch
from calipso_nornir.live.host_watch_kind import HOSTS
from calipso_nornir.live.listener_base import Post
from calipso_nornir.live.station import Station
from calipso_nornir.metadata.loading import installed_catalog
from calipso_nornir.model.notifications import Notification
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.preflight.sections import try_sections
from calipso_nornir.scan.engine import run_scan
from calipso_nornir.store import open_store
from calipso_nornir.store.environments import save_environment
from tests.fixtures import linux, needs
from tests.fixtures.living import Changing, eventually, listening
from tests.fixtures.sshd import Sshd
from tests.fixtures.tiny_cloud import CLOUD, TinyCloud

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.stores import Store, StoreView

pytestmark = needs.root("makes network namespaces")
SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"


def run(*words: str) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout  # noqa: S603 - the test's own


class Machine:
    """A host: a network namespace, a database of Open vSwitch, and an sshd that lets in there."""

    def __init__(self, folder: Path) -> None:
        self.name = f"calipso-{os.getpid()}-{folder.name[-20:]}"[:60]
        self.folder = folder
        ip = needs.program("ip", packages="iproute2")
        run(ip, "netns", "add", self.name)
        inside = f'{ip} netns exec {self.name} env OVS_RUNDIR={folder} sh -c "$SSH_ORIGINAL_COMMAND"'
        self.sshd = Sshd(folder / "sshd", options=[f"ForceCommand {inside}"])

    def ip(self, *words: str) -> None:
        run("ip", "-n", self.name, *words)

    def vsctl(self, *words: str) -> None:
        run("ovs-vsctl", f"--db=unix:{self.folder}/db.sock", "--no-wait", *words)

    def programs(self) -> list[str]:
        """Return what runs there."""
        pids = run("ip", "netns", "pids", self.name).split()
        found = []
        for pid in pids:
            try:
                with open(f"/proc/{pid}/cmdline", encoding="utf-8") as file:  # noqa: PTH123 - as proc(5) has it
                    found.append(file.read().replace("\0", " "))
            except OSError:
                continue
        return [one for one in found if " monitor " in one and not one.startswith("sh ")]

    def section(self) -> dict[str, object]:
        return {"host": "127.0.0.1", "port": self.sshd.port, "user": self.sshd.user, "key": str(self.sshd.key)}


@contextmanager
def with_switch(folder: Path) -> Iterator[None]:
    """Run the server of Open vSwitch's database."""
    server = needs.program("ovsdb-server", packages="openvswitch-switch")
    if not (folder / "conf.db").exists():
        run("ovsdb-tool", "create", f"{folder}/conf.db", SCHEMA)
    words = [server, f"--remote=punix:{folder}/db.sock", f"--unixctl={folder}/ctl", f"{folder}/conf.db"]
    with subprocess.Popen(words, stderr=subprocess.DEVNULL) as process:  # noqa: S603 - Debian's program
        try:
            eventually((folder / "db.sock").exists)
            yield
        finally:
            process.terminate()


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    (tmp_path / "machine").mkdir()
    one = Machine(tmp_path / "machine")
    try:
        with with_switch(one.folder), one.sshd:
            one.vsctl("init")
            yield one
    finally:
        run("ip", "netns", "delete", one.name)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "calipso.db")
    yield opened
    opened.close()


def described(machine: Machine, **more: object) -> Environment:
    """Return the small cloud, of which cmp1 is the machine; cmp2 is out of reach, the others are not to be watched."""
    hosts = {"cmp1": machine.section(), "cmp2": {"host": "127.0.0.1", "port": 1}}
    section = {"watch": True, "hosts": hosts, "host_keys": "accept-new", "exclude": ("ctl", "net*"), **more}
    section |= {"known_hosts": str(machine.folder / "known"), "ssh_config": False, "agent": False}
    return replace(CLOUD, configuration={**CLOUD.configuration, "CLI": section}, extra={"listen": True})


class Watched:
    """A watch, and what it has handed over."""

    def __init__(self, store: Store, environment: Environment) -> None:
        self.inbox = Inbox()
        post = Post(environment=environment, catalog=installed_catalog(), store=store, inbox=self.inbox)
        self.listener = HOSTS.make(post)
        assert isinstance(self.listener, HostWatch)
        self.station = Station("hosts", self.listener)
        self.told: list[Notification] = []
        self.missed: list[str] = []

    def hears(self, type_: str, name: str = "") -> bool:
        """Return whether an event of a type, about a device, has come since this was last true."""
        found, missed = self.inbox.take(at_most=100, wait_s=0.05)
        self.told += [one.body for one in found if isinstance(one.body, Notification)]
        self.missed += missed
        is_told = any(one.type == type_ and (not name or name in one.payload["names"]) for one in self.told)
        if is_told:
            self.told.clear()
        return is_told


@contextmanager
def watching(store: Store, environment: Environment) -> Iterator[Watched]:
    assert HOSTS.wanted(environment)
    one = Watched(store, environment)
    one.station.start()
    try:
        yield one
    finally:
        one.station.stop()
        one.station.join(20)
    assert not one.station.is_alive()


def test_what_happens_on_a_host_is_told(store: Store, machine: Machine) -> None:
    environment = described(machine)
    assert run_scan(environment, store=store, source=Changing(TinyCloud())).status == "completed"
    machine.ip("link", "add", "br0", "type", "bridge")
    machine.ip("link", "add", "tap1", "type", "veth", "peer", "name", "peer1")
    machine.ip("link", "set", "tap1", "master", "br0")
    machine.ip("link", "set", "tap1", "up")
    machine.ip("link", "add", "vx5", "type", "vxlan", "id", "5", "dstport", "4789", "local", "127.0.0.1")
    with watching(store, environment) as watched:
        eventually(lambda: watched.hears("") or watched.missed, lambda: watched.station.problem)
        eventually(lambda: "Connection refused" in watched.station.told or "connection refused" in watched.station.told)
        assert "1 of 2 hosts: cmp2" in watched.station.told
        eventually(lambda: len(machine.programs()) == 5, machine.programs)
        for happens, type_, name in (
            (("link", "set", "tap1", "nomaster"), "link", "tap1"),
            (("link", "delete", "br0"), "link", "br0"),
            (("link", "set", "tap1", "down"), "link", "tap1"),
        ):
            machine.ip(*happens)
            eventually(lambda: watched.hears(f"host.{type_}.changed", name), lambda: watched.told)  # noqa: B023 - called now
        for act in ("append", "delete"):
            run("bridge", "-n", machine.name, "fdb", act, "00:00:00:00:00:00", "dev", "vx5", "dst", "192.0.2.7")
            eventually(lambda: watched.hears("host.link.changed", "vx5"), lambda: watched.told)
        machine.vsctl("add-br", "br-int", "--", "add-port", "br-int", "tap9")
        eventually(lambda: watched.hears("host.switch.changed", "tap9"))
        machine.vsctl("del-port", "tap9")
        eventually(lambda: watched.hears("host.switch.changed", "tap9"))
        machine.vsctl("del-br", "br-int")
        eventually(lambda: watched.hears("host.switch.changed", "br-int"))
        machine.sshd.kill_sessions()
        eventually(lambda: watched.hears("host.watch.begun"), lambda: watched.station.told)
        machine.ip("link", "delete", "tap1")
        eventually(lambda: watched.hears("host.link.changed", "tap1"))
        eventually(lambda: len(machine.programs()) == 5, machine.programs)
    eventually(lambda: not machine.programs(), machine.programs)


def test_a_switch_that_comes_later_or_again_is_watched(store: Store, machine: Machine) -> None:
    """Its database's server is restarted with every upgrade."""
    environment = described(machine, exclude=("ctl", "net*", "cmp2"))
    assert run_scan(environment, store=store, source=Changing(TinyCloud())).status == "completed"
    with watching(store, environment) as watched:
        eventually(lambda: watched.hears("") or watched.missed)
        eventually(lambda: len(machine.programs()) == 5)
        run("ovs-appctl", "-t", f"{machine.folder}/ctl", "exit")
        eventually(lambda: len(machine.programs()) == 2)
        with with_switch(machine.folder):
            eventually(lambda: len(machine.programs()) == 5)
            eventually(lambda: not watched.station.told, lambda: watched.station.told)
            machine.vsctl("add-br", "br-int")
            eventually(lambda: watched.hears("host.switch.changed", "br-int"))


def test_the_right_to_watch_is_tried(machine: Machine) -> None:
    environment = described(machine, exclude=("ctl", "net*", "cmp2"))
    found = {one.what: one for one in try_sections(environment, only="CLI")}
    assert (found["cmp1: watch"].ok, found["cmp1: watch"].needed) == (True, True), "the login is root"
    assert "cmp2: watch" not in found
    configuration = {**environment.configuration, "CLI": {**(environment.section("CLI") or {}), "watch": False}}
    unwatched = replace(environment, configuration=configuration)
    assert not [one for one in try_sections(unwatched, only="CLI") if "watch" in one.what]


def state_of(view: StoreView, card: ObjectRef) -> object:
    found = view.get(card)
    return found and found.get("link_detected")


def test_the_picture_follows_a_host(store: Store, machine: Machine) -> None:
    cloud = TinyCloud()
    source = Changing(cloud)
    environment = described(machine, exclude=("ctl", "net*", "cmp2"))
    save_environment(store, environment)
    assert run_scan(environment, store=store, source=source).status == "completed"
    bridge = ObjectRef("cloud", "vconnector", "cmp1|brq1")
    view = store.view("cloud")
    machine.ip("link", "add", "eth1", "type", "veth", "peer", "name", "tor1")
    for name in ("eth1", "tor1"):
        machine.ip("link", "set", name, "up")
    with listening(store, source):
        eventually(lambda: len(machine.programs()) == 5)
        cloud.extra_links["cmp1"] = [linux.link("brq1", "02:00:00:00:00:99", kind="bridge")]
        machine.ip("link", "add", "brq1", "type", "bridge")
        eventually(lambda: view.get(bridge) is not None, wait_s=10)
        cloud.extra_links.clear()
        machine.ip("link", "delete", "brq1")
        eventually(lambda: view.get(bridge) is None, wait_s=10)
        card = ObjectRef("cloud", "host_pnic", "cmp1|eth1")
        assert state_of(view, card) == "yes"
        source.also = {"cmp1: ethtool eth1": "Settings for eth1:\n\tSpeed: Unknown!\n\tLink detected: no\n"}
        machine.ip("link", "set", "tor1", "down")  # the cable is pulled at its other end
        eventually(lambda: state_of(view, card) == "no", lambda: view.get(card), wait_s=10)
    causes = [one.cause for one in store.commits("cloud")]
    assert any("host.link.changed" in one for one in causes), causes
