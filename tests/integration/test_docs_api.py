# SPDX-License-Identifier: Apache-2.0
"""docs/api.md is true: its examples run, in their order, as readers run them; it lists each operation with its role."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fastapi.routing import APIRoute

from calipso_nornir.api.app import ROUTERS
from calipso_nornir.api.guard import needs_of
from calipso_nornir.api.v1.all_operations import MIRRORED
from calipso_nornir.api.v1.all_operations import ROUTERS as OLDER
from tests.fixtures import needs
from tests.fixtures.processes import serving
from tests.fixtures.recorded import bundle, filled

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| `(GET|PUT|POST|PATCH|DELETE) (\S+)` \| ([^|]+) \|", re.MULTILINE)
URL = "http://127.0.0.1:8000"
SHORT = {
    "/api/v2/environments/{environment}": "E",
    "/api/v2": "",
    "{type}": "TYPE",
    "{id}": "ID",
    "{scan_id}": "ID",
    "{name}": "NAME",
    "{of}": "_ID",
}
AT_THE_ROOT = {"/healthz", "/readyz", "/metrics"}


def operations() -> Iterator[tuple[str, str, str]]:
    """Yield method, path as the page shortens it, and who may."""
    for prefix, router in ROUTERS:
        for route in router.routes:
            if router in (*OLDER, MIRRORED) or not isinstance(route, APIRoute):
                continue
            path = prefix + route.path_format
            for long, short in SHORT.items():
                path = path.replace(long, short)
            needed = needs_of(route.endpoint)
            assert needed is not None
            who = "any user" if needed.role is None else needed.role.word
            if needed.open:
                who = "anyone, without a login"
            elif needed.role is not None and not path.startswith("E"):
                who += " anywhere" if needed.anywhere else " of everything"
            for method in (route.methods or set()) - {"HEAD"}:  # said beside GET
                yield method, path, who


def test_every_operation_is_listed_with_who_may() -> None:
    assert sorted(ROW.findall(PAGE)) == sorted(operations())


@pytest.mark.long
def test_every_example_works_in_its_order(tmp_path: Path) -> None:
    for program in ("curl", "jq"):
        needs.program(program, packages=program)
    recording = bundle(tmp_path / "mycloud.calipso", name="mycloud")
    store = filled(tmp_path / "s.db", recording)
    assert len(BLOCKS) > 10
    with serving(store, "--secrets", str(tmp_path / "secrets")) as (url, process):
        assert process.stdout is not None
        words = {"ONE_TIME": process.stdout.readline().split()[-1], "PASSWORD": "a password of my own"}
        told = "".join(f"echo '### {number}' >&2\n{block}" for number, block in enumerate(BLOCKS, 1))
        done = subprocess.run(  # noqa: S603 - the words of the page
            ["/bin/bash", "-euo", "pipefail", "-c", told.replace(URL, url)],
            cwd=tmp_path,
            env={**os.environ, **words},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    assert done.returncode == 0, f"{done.stderr[-2000:]}\n{done.stdout[-2000:]}"
    assert done.stderr.count("###") == len(BLOCKS)
    assert "}304\n" in done.stdout
    assert '"Critical"' in done.stdout
    assert "the password" not in done.stdout
    for name in ("clique.dot", "mycloud.graphml", "vnics.csv", "metrics.txt"):
        assert (tmp_path / name).stat().st_size > 100, name
