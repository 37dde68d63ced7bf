# SPDX-License-Identifier: Apache-2.0
"""Deployment of the checks of many hosts in one run, compared with a bare playbook that copies the same files.

The hosts are folders of this machine, so the work of Ansible and of the roles is compared. It must run as root, because
the files belong to root. CALIPSO_BENCH_DEPLOY=HOSTS/OBJECTS sets another size, such as 100/10000.
"""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from benchmarks.figures import Figure
from calipso_nornir.checks.archive import archive
from calipso_nornir.checks.objects import read_objects
from calipso_nornir.checks.rights import sudoers
from calipso_nornir.monitoring.machines import Machines
from calipso_nornir.monitoring.planning import MonitoringPlan, PlannedCheck
from calipso_nornir.monitoring.playbook import run_playbook

if TYPE_CHECKING:
    from collections.abc import Mapping

SIZE: Final = "10/1000"
LIMIT: Final = 4.0
"""Limit; single runs vary with the load, but a higher ratio means that something has become slower."""
GOAL: Final = 2.0
MINUTES: Final = 5.0
"""Goal for 100 hosts with 10,000 objects on two cores."""
FILES: Final = (
    ("{{ calipso_files }}/calipso-probe.pyz", "{{ probe_program }}", "0755"),
    ("{{ calipso_files }}/host/{{ inventory_hostname }}/sudoers", "{{ checks_sudoers }}", "0440"),
    ("{{ calipso_files }}/host/{{ inventory_hostname }}/objects.json", "{{ probe_etc }}/objects.json", "0644"),
)


def run() -> list[Figure]:
    """Deploy, and copy, each to empty hosts."""
    hosts, objects = (int(one) for one in os.environ.get("CALIPSO_BENCH_DEPLOY", SIZE).split("/"))
    with TemporaryDirectory(prefix="calipso-bench-") as folder:
        root = Path(folder)
        names = _render(root / "files", hosts, objects)
        (root / "bare.yml").write_text(json.dumps(_bare()))
        copied = _run(root, names, "bare", playbook=root / "bare.yml")
        deployed = _run(root, names, "ours")
    rate = objects / deployed
    whole = 10_000 / rate / 60
    detail = (
        f"{objects} objects on {hosts} hosts: {deployed:.0f} s, copied by a bare playbook {copied:.0f} s; "
        f"10,000 in {whole:.1f} min at this rate (goal {MINUTES:.0f})"
    )
    return [Figure("deployment: all roles / copying the same files", deployed / copied, LIMIT, detail, goal=GOAL)]


def _render(folder: Path, hosts: int, objects: int) -> list[str]:
    """Write the files of all hosts, and the program."""
    plan = MonitoringPlan(
        environment="bench",
        hosts={
            f"h{number:03}": tuple(_check(number, index) for index in range(objects // hosts))
            for number in range(1, hosts + 1)
        },
    )
    for host in plan.hosts:
        path = folder / "host" / host / "objects.json"
        path.parent.mkdir(parents=True)
        path.write_text(plan.objects_json(host))
        rules = sudoers(read_objects(path.read_bytes(), str(path)).items, "root")
        (path.parent / "sudoers").write_text(rules)
    (folder / "calipso-probe.pyz").write_bytes(archive())
    return [*plan.hosts]


def _check(host: int, index: int) -> PlannedCheck:
    parameters: Mapping[str, Any] = {"device": f"tap{index}", "bridge": "br-int", "netns": f"qdhcp-{index}"}
    return PlannedCheck(
        of=f"{host * 100_000 + index:024x}",
        kind="inventory",
        type="vnic",
        name=f"vnic_{index}",
        check="vnic_ovs",
        parameters=parameters,
    )


def _bare() -> list[dict[str, Any]]:
    copies = [
        {"name": f"Copy {mode}", "ansible.builtin.copy": {"src": src, "dest": dest, "mode": mode, "owner": "root"}}
        for src, dest, mode in FILES
    ]
    return [{"hosts": "all", "gather_facts": False, "tasks": copies}]


def _run(root: Path, names: list[str], what: str, *, playbook: Path | None = None) -> float:
    """Run a playbook on all hosts; return the seconds that it took."""
    machines = Machines({name: _variables(root / what / name) for name in names})
    begun = time.perf_counter()
    ended = run_playbook(
        root / "files",
        machines,
        stop=threading.Event(),
        progress=lambda _done: None,
        variables={"calipso_become": False, "calipso_account": "root", "calipso_monitoring": "none"},
        playbook=playbook,
    )
    took = time.perf_counter() - begun
    bad = {name: one for name, one in ended.items() if one.state != "changed"}
    if bad or len(ended) != len(names):
        raise RuntimeError(f"{what}: {len(ended)} of {len(names)} hosts: {next(iter(bad.items()), None)}")
    return took


def _variables(folder: Path) -> dict[str, Any]:
    """Return the variables of a host that is a folder; create its folders, for both playbooks."""
    for one in ("etc", "sudoers.d", "bin"):
        (folder / one).mkdir(parents=True)
    return {
        "ansible_connection": "local",
        "ansible_python_interpreter": "/usr/bin/python3",
        "probe_program": str(folder / "bin" / "calipso-probe"),
        "probe_etc": str(folder / "etc"),
        "probe_state": str(folder / "state"),
        "checks_etc": str(folder / "etc"),
        "checks_sudoers": str(folder / "sudoers.d" / "calipso-probe"),
    }
