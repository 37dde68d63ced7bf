# SPDX-License-Identifier: Apache-2.0
"""The messages of "lab up", before it does anything, on a machine that lacks something; each case is made with mounts.

All but the first need root: they mount in mount namespaces of their own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fixtures import needs

if TYPE_CHECKING:
    from collections.abc import Iterator

CLOUD = Path(__file__).parents[1] / "lab" / "cloud"
WITHOUT_ROOT = "setpriv --reuid 65534 --regid 65534 --clear-groups"
WITHOUT_NAME_SPACES = "setpriv --bounding-set -sys_admin --inh-caps -sys_admin"


@pytest.fixture
def place() -> Iterator[Path]:
    """A copy of the lab's program, so that a lab that is up from here is not concerned; anybody may read it."""
    folder = Path(tempfile.mkdtemp(prefix="lab-"))
    folder.chmod(0o755)
    shutil.copytree(CLOUD, folder / "cloud", ignore=shutil.ignore_patterns("run", "cache", "__pycache__"))
    (folder / "srv").mkdir()
    yield folder
    shutil.rmtree(folder)


def up(place: Path, before: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run "lab up" after other commands in a mount namespace; if the lab comes up after all, end it."""
    environ = {**os.environ, "LAB": str(place / "srv"), "COMPUTES": "1", "VARIANT": "ovs", **environ}
    program = place / "cloud" / "lab"
    space = ["unshare", "--mount", "--propagation", "private"] if needs.IS_ROOT else []
    done = subprocess.run(  # noqa: S603 - commands of this file
        [*space, "sh", "-c", f"{before} {program} up"],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if done.returncode == 0:
        subprocess.run([program, "down"], env=environ, check=True, timeout=60)  # noqa: S603 - our own script
    return done


def test_not_root(place: Path) -> None:
    before = WITHOUT_ROOT if needs.IS_ROOT else ""
    done = up(place, before)
    assert done.returncode == 1
    assert "lab: must run as root" in done.stderr


@needs.root("it makes mounts")
@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("mount -t tmpfs tmpfs /dev/net;", "/dev/net/tun cannot be opened"),
        (WITHOUT_NAME_SPACES, "this machine does not allow new namespaces"),
        ("mount --bind /var /var;", "/var is a separate file system"),
        ("mount --bind {place}/meminfo /proc/meminfo;", "100 MB of memory are available, COMPUTES=1 needs about"),
        ("mount -t tmpfs tmpfs {place}/srv;", "there is a lab at {place}/srv that did not come up or has broken down"),
        ("mount --bind {place}/meminfo /usr/bin/apt-get;", "this machine has no apt-get"),
    ],
    ids=["tun", "namespaces", "file system", "memory", "half a lab", "apt-get"],
)
def test_what_the_machine_lacks(place: Path, before: str, said: str) -> None:
    (place / "meminfo").write_text("MemAvailable: 102400 kB\n")
    done = up(place, before.format(place=place))
    assert done.returncode == 1
    assert said.format(place=place) in done.stderr
    assert done.stdout == "", "nothing was started"
    assert list((place / "srv").iterdir()) == []
