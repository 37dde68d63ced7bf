# SPDX-License-Identifier: Apache-2.0
"""Runs one case: scans the cloud that it describes, and returns sentences about what is not as expected."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calipso_nornir import run_scan
from calipso_nornir.errors import EndpointMissing, HostUnreachable
from calipso_nornir.model.environment import Environment
from calipso_nornir.model.queries import ApiGet, Command
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.scan.cloud import open_cloud
from calipso_nornir.scan.plan import ScanPlan
from calipso_nornir.store import open_store
from tests.fixtures.narrowing import Narrowing
from tests.fixtures.tiny_cloud import TinyCloud

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from calipso_nornir import ScanReport
    from calipso_nornir.errors import CalipsoError
    from calipso_nornir.model.protocols import Reply
    from calipso_nornir.model.queries import Query
    from calipso_nornir.model.stores import StoreView

FOLDER = Path(__file__).parent
CASES = tuple(sorted(path.parent.name for path in FOLDER.glob("*/input.json")))
HOST = "cmp1"
"""The host on which ``counts`` counts."""
UNCHANGED = (0, 0, 0)


class Cloud(Narrowing):
    """Answers as the case says; some hosts cannot be reached, some regions lack services."""

    def __init__(self, answers: Mapping[Any, Any], case: Mapping[str, Any]) -> None:
        super().__init__(answers)
        self._unreachable = frozenset(case.get("unreachable", ()))
        self._without: Mapping[str, list[str]] = case.get("regions_without", {})

    def _answer(self, query: Query) -> Reply | CalipsoError:
        if isinstance(query, Command) and query.host in self._unreachable:
            return HostUnreachable(query.host, query.host, "[Errno -2] Name or service not known")
        if isinstance(query, ApiGet) and query.service in self._without.get(query.region or "", ()):
            return EndpointMissing(query.service, "public", query.region or "", ())
        return super()._answer(query)


class Outcome:
    """What the last scan of a case said and left behind."""

    def __init__(self, report: ScanReport, view: StoreView) -> None:
        self.report = report
        self.inventory: list[Mapping[str, Any]] = list(view.documents("inventory"))
        self.objects = {f"{one['type']} {one['id']}": one for one in self.inventory}
        links = {one["_id"]: one for one in view.documents("links")}
        self.links = {_named(one): one for one in links.values()}
        self.cliques = {str(one.focal_point): [_named(links[id_]) for id_ in one.links] for one in view.cliques()}


def _named(link: Mapping[str, Any]) -> str:
    return f"{link['link_type']}: {link['source_id']} > {link['target_id']}"


def scanned(name: str, look: Callable[[StoreView], None] = lambda _: None) -> Outcome:
    """Scan the cloud of a case, twice where it changes, and let ``look`` see what is stored in the end."""
    case = json.loads((FOLDER / name / "input.json").read_text("utf-8"))
    environment = Environment(
        name="cloud",
        distribution="Debian",
        type_drivers="vxlan",
        mechanism_drivers=tuple(case.get("mechanism_drivers", ["OVS"])),
    )
    answers = {**TinyCloud().answers(), **case["answers"]}
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder) / "calipso.db")
        report = run_scan(environment, plan=ScanPlan(), store=store, source=Cloud(answers, case))
        if "then" in case:
            changed = Cloud({**answers, **case["then"]}, case)
            report = run_scan(environment, plan=ScanPlan(), store=store, source=changed)
        again = [ObjectRef("cloud", *one) for one in case.get("again", ())]
        if again:
            with open_cloud(environment, store=store, source=Cloud(answers, case)) as cloud:
                small = cloud.rescan(again)
            for counted in (small.objects, small.links, small.cliques):
                assert (counted.new, counted.changed, counted.removed) == UNCHANGED, counted
        view = store.view("cloud")
        look(view)
        outcome = Outcome(report, view)
        store.close()
    return outcome


def differences(name: str) -> list[str]:
    """Scan the cloud of a case and return what is not as expected."""
    want = json.loads((FOLDER / name / "expected.json").read_text("utf-8"))
    outcome = scanned(name)
    return [
        *_of_scan(want, outcome),
        *_of_objects(want, outcome),
        *_of_links(want, outcome),
        *_of_link_attributes(want, outcome),
        *_of_cliques(want, outcome),
    ]


def _of_scan(want: Mapping[str, Any], outcome: Outcome) -> Iterator[str]:
    status = outcome.report.status
    told = [str(one.error) for one in outcome.report.notices]
    yield from (f"no notice says {text!r}" for text in want.get("notices", ()) if not any(text in one for one in told))
    if want.get("status", status) != status:
        yield f"status {status}: {[str(one.error) for one in outcome.report.failures]}"


def _of_objects(want: Mapping[str, Any], outcome: Outcome) -> Iterator[str]:
    objects = outcome.objects
    yield from (f"no object {one}" for one in want.get("objects", ()) if one not in objects)
    yield from (f"wrong object {one}" for one in want.get("no_objects", ()) if one in objects)
    yield from (f"all of {group}" for group in want.get("not_both", ()) if all(one in objects for one in group))
    for one, key, value in want.get("attributes", ()):
        found = objects.get(one, {}).get(key)
        if found != value:
            yield f"{one}: {key} is {found!r}, not {value!r}"
    for one, key, value in want.get("not_attributes", ()):
        if objects.get(one, {}).get(key) == value:
            yield f"{one}: {key} is {value!r}"
    for kind, number in want.get("counts", ()):
        count = sum(one["type"] == kind and one.get("host") == HOST for one in outcome.inventory)
        if count != number:
            yield f"{count} {kind} on {HOST}, not {number}"


def _of_links(want: Mapping[str, Any], outcome: Outcome) -> Iterator[str]:
    links = outcome.links
    yield from (f"no link {one}" for one in want.get("links", ()) if one not in links)
    yield from (f"wrong link {one}" for one in want.get("no_links", ()) if one in links)
    for group in want.get("any_link", ()):
        if not any(one in links for one in group):
            yield f"none of the links {group}"
    for one, state in want.get("link_states", ()):
        found = links.get(one, {}).get("state")
        if found != state:
            yield f"{one} is {found}, not {state}"
    for one, label in want.get("link_names", ()):
        found = links.get(one, {}).get("link_name")
        if found != label:
            yield f"{one} is called {found}, not {label}"
    for one, label in want.get("link_names_not", ()):
        if links.get(one, {}).get("link_name") == label:
            yield f"{one} is called {label}"


def _of_link_attributes(want: Mapping[str, Any], outcome: Outcome) -> Iterator[str]:
    links = outcome.links
    for one, networks in want.get("link_networks", ()):
        found = links.get(one, {}).get("attributes", {}).get("network")
        if found != networks:
            yield f"{one} serves {found}, not {networks}"
    for one, key, value in want.get("link_attributes", ()):
        found = links.get(one, {}).get("attributes", {}).get(key)
        if found != value:
            yield f"{one}: {key} is {found!r}, not {value!r}"


def _of_cliques(want: Mapping[str, Any], outcome: Outcome) -> Iterator[str]:
    for focal_point, links in want.get("cliques", {}).items():
        found = outcome.cliques.get(focal_point, [])
        yield from (f"the clique of {focal_point} lacks {one}" for one in links if one not in found)
        yield from (f"the clique of {focal_point} has {one}" for one in found if one not in links)
