# SPDX-License-Identifier: Apache-2.0
"""``calipso doctor``: checks that this machine has everything that calipso needs, and tests its back ends.

It changes nothing.
"""

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Final, Literal, TypeAlias

import typer

from calipso_nornir._version import __version__
from calipso_nornir.cli.doctor_back_ends import ServedFrom, try_served
from calipso_nornir.cli.facts import WRONG
from calipso_nornir.cli.output import Format, emit, table
from calipso_nornir.cli.running import FAILED, Run
from calipso_nornir.cli.shared_options import Output
from calipso_nornir.errors import CalipsoError

_STYLE: Final = {"ok": "green", "note": "yellow", "problem": WRONG}

State: TypeAlias = Literal["ok", "note", "problem"]

OLDEST_PYTHON: Final = (3, 11)
DISTRIBUTION: Final = "calipso_nornir"
_GROUPS: Final = ("calipso_nornir.", "nornir.plugins.")


@dataclass(frozen=True, slots=True)
class Examined:
    """The result of one check: "note" may matter, "problem" prevents something from working."""

    what: str
    state: State
    detail: str


def doctor(run: Run, *, served: ServedFrom, output: Output = Format.TABLE) -> None:
    """Check that this machine has everything that calipso needs, and test its back ends.

    By default it uses the store, the LDAP directory and the OpenID Connect issuer of calipso serve, from its variables
    and its part of the settings file.
    """
    found = list(examine(run, served))
    if output is Format.TABLE:
        rows = [(one.what, (one.state, _STYLE[one.state]), one.detail) for one in found]
        table(run.out, ("what", "state", "detail"), rows)
    else:
        emit([asdict(one) for one in found], output)
    if any(one.state == "problem" for one in found):
        raise typer.Exit(FAILED)


def examine(run: Run, served: ServedFrom) -> Iterator[Examined]:
    """Yield what was found."""
    yield _python()
    yield from _packages()
    yield _entry_points()
    yield _metadata()
    for one in try_served(run, served):
        state: State = "ok" if one.ok else "problem" if one.needed else "note"
        yield Examined(f"{one.section} {one.what}", state, " ".join(one.detail.split()))
    yield from _ssh()
    yield _clouds()
    yield _encoding()


def _python() -> Examined:
    version = ".".join(str(part) for part in sys.version_info[:3])
    new_enough = sys.version_info >= OLDEST_PYTHON
    return Examined("Python", "ok" if new_enough else "problem", f"{version} at {sys.executable}")


def _packages() -> Iterator[Examined]:
    found: list[str] = []
    for requirement in metadata.requires(DISTRIBUTION) or ():
        if "extra ==" in requirement:
            continue
        name = re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            yield Examined(f"package {name}", "problem", f"is not installed: pip install '{requirement}'")
    yield Examined("packages", "ok", f"{DISTRIBUTION} {__version__}, {', '.join(found)}")


def _entry_points() -> Examined:
    broken: list[str] = []
    count = 0
    groups = [group for group in metadata.entry_points().groups if group.startswith(_GROUPS)]
    for entry in (entry for group in sorted(groups) for entry in metadata.entry_points(group=group)):
        ours = entry.dist is not None and entry.dist.name.replace("-", "_") == DISTRIBUTION
        if ours or entry.group.startswith(_GROUPS[0]):
            count += 1
            try:
                entry.load()
            except Exception as error:  # noqa: BLE001 - a third party's module may raise anything when it is imported
                broken.append(f"{entry.group} {entry.name} ({entry.value}): {type(error).__name__}: {error}")
    return Examined("entry points", "problem" if broken else "ok", "; ".join(broken) or f"{count}, all of them load")


def _metadata() -> Examined:
    from calipso_nornir.metadata.loading import load_catalog  # noqa: PLC0415 - what takes long comes when needed

    try:
        catalog = load_catalog()
    except CalipsoError as error:
        return Examined("metadata", "problem", " ".join(str(error).split()))
    steps = sum(len(steps) for steps in catalog.scanners.values())
    return Examined("metadata", "ok", f"{len(catalog.object_types)} object types, {steps} scanner steps")


def _ssh() -> Iterator[Examined]:
    from calipso_nornir.sources.cli.ssh_config import SshConfig  # noqa: PLC0415 - as above

    config = Path("~/.ssh/config").expanduser()
    if not config.exists():
        yield Examined("ssh config", "note", f"there is no {config}")
    else:
        try:
            SshConfig(str(config))
            yield Examined("ssh config", "ok", str(config))
        except ValueError as error:
            yield Examined("ssh config", "problem", str(error))
    files = [Path("~/.ssh/known_hosts").expanduser(), Path("/etc/ssh/ssh_known_hosts")]
    there = [str(path) for path in files if path.is_file()]
    nowhere = "no known_hosts file: hosts are refused unless CLI.known_hosts or CLI.host_keys says otherwise"
    yield Examined("known hosts", "ok" if there else "note", ", ".join(there) or nowhere)
    agent = os.environ.get("SSH_AUTH_SOCK")
    if agent and not Path(agent).exists():
        yield Examined("ssh agent", "note", f"SSH_AUTH_SOCK names {agent}, which does not exist")
    else:
        yield Examined("ssh agent", "ok" if agent else "note", agent or "none: SSH_AUTH_SOCK is not set")


def _clouds() -> Examined:
    named = os.environ.get("OS_CLIENT_CONFIG_FILE")
    folders = (Path.cwd(), Path("~/.config/openstack").expanduser(), Path("/etc/openstack"))
    places = [Path(named)] if named else [folder / f"clouds.{end}" for folder in folders for end in ("yaml", "yml")]
    there = [str(path) for path in places if path.is_file()]
    if there:
        return Examined("clouds.yaml", "ok", there[0])
    return Examined("clouds.yaml", "note", "none found; only calipso env import --os-cloud needs one")


def _encoding() -> Examined:
    name = (sys.stdout.encoding or "none").lower()
    well = name.replace("-", "") == "utf8"
    return Examined("text", "ok" if well else "note", name if well else f"{name}: trees are drawn in ASCII")
