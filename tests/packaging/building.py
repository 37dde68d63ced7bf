# SPDX-License-Identifier: Apache-2.0
"""Builds distributions, and virtual environments that hold them."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
THIRD_PARTY = ROOT / "tests" / "fixtures" / "third_party"
TIME_LIMIT = 300


def run(*command: object, cwd: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; what it says comes back as text."""
    return subprocess.run(  # noqa: S603 - programs of this test
        [str(word) for word in command],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=TIME_LIMIT,
        check=False,
    )


def must(*command: object, cwd: Path) -> str:
    """Run a program that has to succeed; return what it said."""
    done = run(*command, cwd=cwd)
    assert done.returncode == 0, f"{command}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def build(source: Path, folder: Path, kind: str) -> Path:
    """Build the "wheel" or the "sdist" of a source folder, with the build backend that is installed here."""
    must(sys.executable, "-m", "build", f"--{kind}", "--no-isolation", "--outdir", folder, source, cwd=folder)
    [made] = list(folder.iterdir())
    return made


@dataclass(frozen=True)
class Installed:
    """A virtual environment, and an empty folder to work in."""

    folder: Path
    place: Path

    @property
    def bin(self) -> Path:
        """Where its programs are."""
        return self.folder / ("Scripts" if os.name == "nt" else "bin")

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.bin / "python"

    def run(self, program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run one of its programs, as a user would who has nothing else of ours."""
        home = self.place / "home"
        home.mkdir(exist_ok=True)
        kept = {key: value for key, value in os.environ.items() if key in ("LANG", "LC_ALL", "TERM", "TMPDIR")}
        env = {**kept, "PATH": f"{self.bin}{os.pathsep}{os.defpath}", "HOME": str(home), "PYTHONUTF8": "1"}
        return run(self.bin / program, *arguments, cwd=self.place, env=env)


def install(folder: Path, *wheels: Path) -> Installed:
    """Install wheels into a new virtual environment.

    What they depend on is not installed again: it is found behind them, where this test's interpreter has it. This
    test's own calipso_nornir is not among it, which ``test_wheel`` proves.
    """
    place = folder / "place"
    place.mkdir(parents=True)
    made = Installed(folder / "venv", place)
    venv.create(made.folder, with_pip=False, symlinks=os.name != "nt")
    pip = [sys.executable, "-m", "pip", "--python", made.python, "--disable-pip-version-check"]
    must(*pip, "install", "--quiet", "--no-deps", "--no-index", *wheels, cwd=place)
    own = must(made.python, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])", cwd=place).strip()
    others = sorted({sysconfig.get_paths()["purelib"], sysconfig.get_paths()["platlib"]})
    Path(own, "zz_dependencies.pth").write_text("\n".join(others) + "\n", encoding="utf-8")
    return made
