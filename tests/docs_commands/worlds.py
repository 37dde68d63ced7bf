# SPDX-License-Identifier: Apache-2.0
"""What the commands of each page meet: a home, files that the page names, a stand-in for a cloud or a cluster."""

from __future__ import annotations

import json
import re
import shutil
import tarfile
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import yaml

from calipso_nornir.model.protocols import Reply
from calipso_nornir.model.queries import Command
from calipso_nornir.sources.bundle import Reader
from calipso_nornir.sources.evidence.file_names import file_name
from tests.docs_commands.blocks import ROOT, blocks
from tests.fixtures.captured import ANSWERS
from tests.fixtures.cli import Said, calipso
from tests.fixtures.cloud import PASSWORD, PROJECT, USER, Response, running
from tests.fixtures.kubernetes_api import KubernetesApi, kubeconfig, serving
from tests.fixtures.kubernetes_objects import node, pod
from tests.fixtures.recorded import bundle, filled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

SERVICES: Final = {
    "/identity/v3": ("projects",),
    "/compute/v2.1": ("availabilityZoneInfo", "hypervisors", "services", "aggregates", "servers"),
    "/network/v2.0": ("networks", "subnets", "ports", "routers", "floatingips", "agents"),
}
PATHS: Final = {
    "availabilityZoneInfo": "os-availability-zone/detail",
    "hypervisors": "os-hypervisors/detail",
    "services": "os-services",
    "aggregates": "os-aggregates",
    "servers": "servers/detail",
}
FLANNEL: Final = {"flannel.alpha.coreos.com/backend-type": "vxlan"}


@dataclass
class World:
    """The reader's home, which is also the current folder.

    Attributes:
        variables: of the reader's shell.
        printed: words in the text of a page -> what stands for them, from what was printed before.
    """

    home: Path
    variables: dict[str, str] = field(default_factory=dict)
    printed: dict[str, str] = field(default_factory=dict)

    @property
    def store(self) -> Path:
        """The reader's store."""
        return self.home / "store.db"

    def run(self, words: list[str], *, store: Path | None = None) -> Said:
        """Run a command of calipso."""
        where = {"HOME": str(self.home), "EDITOR": "true", "CALIPSO_STORE": str(store or self.store)}
        return calipso(*words, **{**where, **self.variables})

    def write(self, name: str, text: str) -> Path:
        """Write a file."""
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path


def shown(page: str, mark: str) -> str:
    """Return the text of the block of YAML on a page that contains a mark."""
    return next(one.text for one in blocks() if one.page == page and one.language == "yaml" and mark in one.text)


@contextmanager
def cloud(world: World) -> Iterator[None]:
    """Serve the captured answers of OpenStack's API on loopback, with an entry in clouds.yaml and OS_* variables."""
    with running() as served:
        for prefix, keys in SERVICES.items():
            for key in keys:
                text = (ANSWERS / "ovs" / "api" / f"{key}.json").read_text(encoding="utf-8")
                served.answers(f"{prefix}/{PATHS.get(key, key)}", Response(json.loads(text)))
        auth = {"auth_url": served.auth_url, "username": USER, "password": PASSWORD, "project_name": PROJECT}
        world.write(".config/openstack/clouds.yaml", yaml.safe_dump({"clouds": {"mycloud": {"auth": auth}}}))
        world.variables |= {f"OS_{key.upper()}": value for key, value in auth.items()}
        world.variables["OS_CLIENT_CONFIG_FILE"] = str(world.home / ".config/openstack/clouds.yaml")
        world.write(".ssh/id_ed25519", "a key")
        world.write("mycloud.yaml", shown("docs/getting-started.md", "name: mycloud"))
        yield


@contextmanager
def known(world: World) -> Iterator[None]:
    """A cloud that was scanned before, with its hosts, and is not described any more."""
    filled(world.store, bundle(world.home / "mycloud.calipso", name="mycloud"))
    assert world.run(["env", "remove", "mycloud"]).status == 0
    with cloud(world):
        yield


@contextmanager
def scanned(world: World) -> Iterator[None]:
    """A cloud that was scanned before, and that can be scanned."""
    with known(world):
        imported = world.run(["env", "import", "--os-cloud", "mycloud", "--type-driver", "vxlan"])
        assert imported.status == 0, imported.err
        yield


@contextmanager
def operated(world: World) -> Iterator[None]:
    """As ``scanned``, with what hosts printed in files, and a sosreport."""
    with scanned(world):
        for _, exchange in Reader(world.home / "mycloud.calipso"):
            if isinstance(exchange.query, Command) and isinstance(exchange.answer, Reply):
                world.write(f"files/{exchange.query.host}/{file_name(exchange.query.text)}", exchange.answer.data)
        report = world.home / "report"
        shutil.copytree(world.home / "files/cmp1", report / "sos_commands/all", ignore=shutil.ignore_patterns("etc"))
        (report / "sos_commands/host").mkdir()
        (report / "sos_commands/host/hostname").write_text("cmp1\n", encoding="utf-8")
        with tarfile.open(world.home / "sosreport-cmp1.tar.xz", "w:xz") as archive:
            archive.add(report, "sosreport-cmp1")
        yield


@contextmanager
def cluster(world: World) -> Iterator[None]:
    """A cluster behind ~/.kube/config."""
    nodes = [node("worker-1", "192.0.2.12", annotations=FLANNEL)]
    api = KubernetesApi(nodes=nodes, pods=[pod("web-7d9f", "default", "worker-1", "10.244.1.2")])
    with serving(api, world.home) as served:
        told = kubeconfig(api.url, served.pki)
        context = {**told["contexts"][0], "name": "scanner@prod"}
        told |= {"contexts": [*told["contexts"], context]}
        world.write(".kube/config", yaml.safe_dump(told))
        world.write(".ssh/id_ed25519", "a key")
        yield


@contextmanager
def plugin(world: World) -> Iterator[None]:
    """The folder of the plug-in that the page shows, file by file."""
    page = (ROOT / "docs/extending.md").read_text(encoding="utf-8")
    for name, text in re.findall(r"^<!-- bgp/(\S+) -->\n```\w*\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        world.write(f"bgp/{name}", text)
    with scanned(world):
        yield


@contextmanager
def with_inventory(world: World) -> Iterator[None]:
    """A Nornir inventory, that of this repository."""
    shutil.copytree(ROOT / "inventory", world.home / "inventory")
    shutil.copyfile(ROOT / "inventory/config.yaml", world.home / "config.yaml")
    with scanned(world):
        yield


@contextmanager
def monitored(world: World) -> Iterator[None]:
    """An environment that is monitored, as the page describes it."""
    filled(world.store, bundle(world.home / "lab.calipso", name="lab"))
    described = yaml.safe_load(world.run(["env", "show", "lab"]).out)
    described.pop("recorded", None)
    section = next(
        yaml.safe_load(one.text)["configuration"]
        for one in blocks()
        if one.page == "docs/monitoring.md" and "type: Prometheus" in one.text
    )
    world.variables["CALIPSO_RECEIVER_TOKEN"] = "a token"  # noqa: S105 - of a test
    described["configuration"] = [*described["configuration"], *section]
    path = world.write("lab.yaml", yaml.safe_dump(described))
    added = world.run(["env", "add", str(path), "--replace"])
    assert added.status == 0, added.err
    yield


WORLDS: Final[dict[str, Callable[[World], AbstractContextManager[None]]]] = {
    "README.md": known,
    "docs/extending.md": plugin,
    "docs/getting-started.md": known,
    "docs/kubernetes.md": cluster,
    "docs/monitoring.md": monitored,
    "docs/nornir.md": with_inventory,
    "docs/operations.md": operated,
}
"""Page -> what its commands meet. On other pages they meet an empty home."""


def world_of(page: str) -> Callable[[World], AbstractContextManager[None]]:
    """Return what the commands of a page meet."""
    return WORLDS.get(page, lambda _world: nullcontext())
