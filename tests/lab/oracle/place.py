# SPDX-License-Identifier: Apache-2.0
"""The location of the lab (run/lab.json), and commands inside a host: through its console, which needs no sshd."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

CLOUD = Path(os.environ.get("CALIPSO_LAB_CLOUD", str(Path(__file__).parents[1] / "cloud")))


@dataclass(frozen=True, slots=True)
class Place:
    """The contents of lab.json."""

    variant: str
    controller: str
    password: str
    hosts: tuple[str, ...]
    """Every host that OpenStack runs on."""
    switches: tuple[str, ...]
    folder: str
    """Folder of the hosts' files: LAB in the lab's program."""


@cache
def here() -> Place:
    """Read the location of the lab. Raises FileNotFoundError if no lab is up."""
    told = json.loads((CLOUD / "run" / "lab.json").read_text("utf-8"))
    switches = tuple(name for name, host in told["hosts"].items() if "switch" in host["roles"])
    return Place(
        variant=told["variant"],
        controller=told["controller"],
        password=told["password"],
        hosts=tuple(name for name in told["hosts"] if name not in switches),
        switches=switches,
        folder=told["folder"],
    )


def inside(host: str, script: str, *, timeout_s: float = 180) -> str:
    """Run a shell script as root inside a host, and return its output. Raises RuntimeError with its error output."""
    done = subprocess.run(  # noqa: S603 - the lab's own program
        [str(CLOUD / "lab"), "exec", host, "sh", "-s"],
        input=script,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        env={**os.environ, "LAB": here().folder},
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{host}: status {done.returncode}: {done.stderr.strip() or script}")
    return done.stdout
