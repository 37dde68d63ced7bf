# SPDX-License-Identifier: Apache-2.0
"""Every shell command of the documentation is run, page by page and in its order, or ``reasons.py`` says why not."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from calipso_nornir.store import open_store
from tests.docs_commands.blocks import ROOT, Block, blocks
from tests.docs_commands.reasons import BEFORE, ELSEWHERE, ENDS, HERE, NO_COMMANDS, NOT_RUN, OWN_STORE, longest
from tests.docs_commands.worlds import World, world_of
from tests.fixtures import needs
from tests.fixtures.recorded import bundle, filled
from tests.fixtures.serving import PASSWORD, served

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore:Support for InfluxDB:PendingDeprecationWarning")
ALL = list(blocks())
SHELL = [one for one in ALL if one.kind == "shell"]
EXCUSED = {**ELSEWHERE, **NOT_RUN}


def run_here(block: Block) -> list[str]:
    """Return the commands of a block that have no entry in ``reasons.py``."""
    if block.page in ELSEWHERE:
        return []
    return [one for one in block.commands() if longest(one, EXCUSED) is None]


PAGES = sorted({block.page for block in SHELL if run_here(block)})


@pytest.mark.parametrize("block", [one for one in ALL if one.kind == "unknown"], ids=str)
def test_a_block_is_a_command_or_data(block: Block) -> None:
    """A block that is neither needs a language (```sh, ```text …)."""
    assert any(str(block).startswith(key) for key in NO_COMMANDS)


def test_there_are_commands() -> None:
    assert len(SHELL) > 30
    assert len(PAGES) == 7


@pytest.mark.long
@pytest.mark.parametrize("page", PAGES)
def test_commands_run(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tmp_path / "home")
    world.home.mkdir()
    monkeypatch.chdir(world.home)
    with world_of(page)(world):
        for block in SHELL:
            for command in run_here(block) if block.page == page else ():
                run(world, command)


def run(world: World, command: str) -> None:
    """Run one command; its exit status must be 0, or that of ``ENDS``."""
    if (first := longest(command, BEFORE)) is not None:
        run(world, BEFORE[first])
    words = [world.printed.get(word, HERE.get(word, word)) for word in shlex.split(command)]
    words = [word.replace("~", str(world.home), 1) if word.startswith("~/") else word for word in words]
    if words[0] == "visudo":
        check_sudo_rules(command, world)
        return
    assert words[0] == "calipso", f"{command}: say in reasons.py why it cannot be run, or run it"
    own = longest(command, OWN_STORE) is not None
    said = world.run(words[1:], store=world.home / f"{len(command)}.db" if own else None)
    ends = longest(command, ENDS)
    wanted = 0 if ends is None else ENDS[ends][0]
    assert said.status == wanted, f"{command}: ended with {said.status}\n{said.out}\n{said.err}"
    if command.startswith(("calipso scans submit", "calipso schedules add")):
        world.printed["ID"] = said.out.split()[-1]


def check_sudo_rules(command: str, world: World) -> None:
    """Run visudo on a copy of the file, and install it in a folder here."""
    needs.program("visudo", packages="sudo")
    shutil.copyfile(ROOT / "docs/scan-account.sudoers", world.home / "scan-account.sudoers")
    (world.home / "etc/sudoers.d").mkdir(parents=True)
    bash(command.replace("/etc/sudoers.d", "etc/sudoers.d"))
    assert (world.home / "etc/sudoers.d/calipso").stat().st_mode & 0o777 == 0o440


def bash(script: str) -> str:
    done = subprocess.run(  # noqa: S603 - the words of a page
        ["/bin/bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.long
def test_the_commands_of_the_older_api_run(tmp_path: Path) -> None:
    needs.program("curl", packages="curl")
    store = open_store(filled(tmp_path / "s.db", bundle(tmp_path / "mycloud.calipso", name="mycloud")))
    with served(store, secrets=tmp_path / "secrets") as api:
        api.user("ann", mycloud="viewer")
        (block,) = [one for one in SHELL if one.page == "docs/older-api.md"]
        log_in, ask = (one.replace("http://127.0.0.1:8000", api.url) for one in block.commands())
        made = json.loads(bash(log_in.replace("…", PASSWORD).replace("curl", "curl -fsS")))
        asked = bash(ask.replace("TOKEN", made["token"]).replace("curl", "curl -fsS"))
    store.close()
    assert json.loads(asked)["id"] == "cmp1"


@pytest.mark.parametrize("key", ELSEWHERE)
def test_what_is_run_elsewhere_is_there(key: str) -> None:
    file, words = ELSEWHERE[key]
    assert words in (ROOT / file).read_text(encoding="utf-8"), f"{file} does not run it"


def test_no_reason_is_left_over() -> None:
    commands = [command for block in SHELL for command in block.commands()]
    used = {longest(one, EXCUSED) for one in commands} | {block.page for block in SHELL}
    assert set(EXCUSED) - used == set()
    assert set(ENDS) - {longest(one, ENDS) for one in (*commands, *BEFORE.values())} == set()
    assert {key for key in NO_COMMANDS if not any(str(one).startswith(key) for one in ALL)} == set()
    texts = "\n".join(commands)
    assert [key for key in (*HERE, *BEFORE, *OWN_STORE) if key not in texts] == []
