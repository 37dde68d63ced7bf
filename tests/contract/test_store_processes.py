# SPDX-License-Identifier: Apache-2.0
"""Several processes and one store: what readers see meanwhile, concurrent writers, writers that are killed."""

from __future__ import annotations

import contextlib
import json
import random
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from calipso_nornir.store.documents import object_document
from calipso_nornir.testing.store_samples import host
from tests.contract.store_worker import ENVIRONMENT, check, generation_of, write

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.places import Place

pytest_plugins = ["tests.fixtures.stores"]
pytestmark = pytest.mark.chaos

ROOT = Path(__file__).parents[2]


@contextlib.contextmanager
def worker(action: str, place: Place, *arguments: int) -> Iterator[subprocess.Popen[str]]:
    """Run a worker; it is killed at the end."""
    command = [sys.executable, "-m", "tests.contract.store_worker", action, place.kind, place.uri]
    with subprocess.Popen(  # noqa: S603 - a program of our own
        [*command, *map(str, arguments)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[str]) -> dict[str, int]:
    """Return the next thing that a worker says."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, f"the worker ended with {process.wait()}"
    answer: dict[str, int] = json.loads(line)
    return answer


def test_readers_of_another_process_see_one_whole_generation(place: Place) -> None:
    size = 4000
    store = place.open()
    write(store, 1, size)
    with worker("read", place) as reader, ThreadPoolExecutor(1) as beside:
        answers = [said(reader)]
        told = beside.submit(_all_until, reader, {"documents": 4})
        for generation in (2, 3, 4):
            write(store, generation, size)
            time.sleep(0.5)
        answers += told.result(timeout=120)
        assert reader.wait() == 0  # it raises, and ends, when it sees a mixture
    for way in ("of_type", "documents", "links", "found"):
        numbers = [answer[way] for answer in answers if way in answer]
        assert numbers == sorted(numbers), "no reader goes back in time"
        assert set(numbers) <= {1, 2, 3, 4}
    assert {answer["documents"] for answer in answers if "documents" in answer} >= {4}
    assert len({number for answer in answers for way, number in answer.items() if way != "count"}) >= 2
    assert {answer["count"] for answer in answers if "count" in answer} == {size + 6}


def _all_until(reader: subprocess.Popen[str], last: dict[str, int]) -> list[dict[str, int]]:
    """Return all that a reader says, which is let go when it has said ``last``."""
    assert reader.stdin is not None
    assert reader.stdout is not None
    answers = []
    for line in reader.stdout:
        answers.append(json.loads(line))
        if answers[-1] == last:
            reader.stdin.close()
    return answers


def test_a_writer_killed_at_any_moment_leaves_one_whole_generation(place: Place) -> None:
    """A few times; ``make soak`` does so 200 times."""
    size, kills = 1500, 6
    chance = random.Random(0)  # noqa: S311 - moments, no secrets
    write(place.open(), 1, size)
    generation = 1
    for _ in range(kills):
        with worker("write", place, size, generation + 1) as writer:
            assert said(writer) == {"begun": generation + 1}
            last = _killed_after(writer, chance.uniform(0.0, 1.2)) or generation
        found = check(place.open(), size)
        assert found in (last, last + 1), "a generation that was reported as written is there"
        write(place.open(), found + 1, size)
        assert check(place.open(), size) == found + 1
        generation = found + 1
        place.close()


def _killed_after(writer: subprocess.Popen[str], seconds: float) -> int | None:
    """Kill a writer after some time; return the last generation that it reported as done."""
    timer = threading.Timer(seconds, writer.kill)
    timer.start()
    assert writer.stdout is not None
    lines = [json.loads(line) for line in writer.stdout if line.endswith("\n")]
    timer.join()
    done = [line["done"] for line in lines if "done" in line]
    return done[-1] if done else None


def test_writers_of_one_environment_never_mix(place: Place) -> None:
    size = 200
    faults: list[BaseException] = []

    def run(first: int) -> None:
        try:
            store = place.open(wait_s=60)
            for generation in range(first, first + 5):
                write(store, generation, size)
        except BaseException as error:  # noqa: BLE001 - handed to the test
            faults.append(error)

    threads = [threading.Thread(target=run, args=(first,)) for first in (100, 200, 300)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    documents = list(place.open().view(ENVIRONMENT).documents("inventory"))
    numbers = [document["generation"] for document in documents if "generation" in document]
    assert len(set(numbers)) == 1
    assert len(documents) == size + 6


def test_writers_of_different_environments_do_not_wait_for_each_other(place: Place) -> None:
    store = place.open(wait_s=2)
    with store.write("a") as one, store.write("b") as other:
        one.put("inventory", [object_document(host("h1", environment="a"))])
        other.put("inventory", [object_document(host("h1", environment="b"))])
        store.collection("scans").put("1", {"status": "running"})
        assert place.open().collection("scans").get("1") == {"status": "running"}
    assert store.environments() == ["a", "b"]


def test_a_view_may_be_used_by_several_threads(place: Place) -> None:
    store = place.open()
    write(store, 1, 300)
    view = store.view(ENVIRONMENT)
    faults: list[BaseException] = []

    def run() -> None:
        try:
            for _ in range(5):
                assert generation_of(list(view.documents("inventory")), "inventory") == 1
                assert len(view.of_type("host")) == 306
        except BaseException as error:  # noqa: BLE001 - handed to the test
            faults.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_processes_may_open_a_new_store_at_the_same_time(place: Place) -> None:
    with contextlib.ExitStack() as stack:
        writers = [stack.enter_context(worker("write", place, 5, first)) for first in (100, 200, 300, 400)]
        for writer in writers:
            assert "begun" in said(writer)
            assert "done" in said(writer)
