# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - plug-ins yield what they like
"""What link finders may yield, and where objects may be: each mistake is reported, and what was known is kept."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.errors import Misplaced, PromiseBroken
from calipso_nornir.model.fetching import Fetched
from calipso_nornir.model.links import Link
from calipso_nornir.model.queries import Lookup
from calipso_nornir.model.refs import Folder
from calipso_nornir.scan.checked_view import CheckedView, DeclaredTypes
from calipso_nornir.scan.links import MAX_TOLD, find_links
from calipso_nornir.testing import AT, drive, thing, view
from tests.fixtures.canned import Does
from tests.fixtures.scanning import Scanned

if TYPE_CHECKING:
    from pathlib import Path

    from calipso_nornir.errors import CalipsoError
    from calipso_nornir.model.objects import InventoryObject

VNIC, VEDGE, HOST = thing("vnic", id="v1"), thing("vedge", id="e1"), thing("host", id="h1")
GOOD = Link(source=VNIC.ref, target=VEDGE.ref)
OLD = Link(source=VNIC.ref, target=thing("vedge", id="e2").ref, name="known before")
FINDER = "link finder Mine (tests.fixtures.canned:Does)"


def changed(**values: Any) -> Link:
    return replace(GOOD, **values)


def links(yielded: Any, states: Any = ("up", "down")) -> tuple[list[Link], list[str]]:
    """Run a finder that yields this; return the links and what is told."""
    told: list[str] = []

    def trouble(error: CalipsoError, affected: str) -> None:
        assert isinstance(error, PromiseBroken)
        assert (error.plugin, affected) == (FINDER, "links vnic-vedge")
        told.append(error.problem)

    there = view(VNIC, VEDGE, HOST, thing("vedge", id="e2"))
    finder = Does(lambda _view: yielded, "vnic-vedge")
    found = find_links([("Mine", finder)], there, before=lambda _type: [OLD], at=AT, on_trouble=trouble, states=states)
    return found, told


@pytest.mark.parametrize(
    ("link", "problem"),
    [
        ({"source": "v1"}, "yielded a dict of source; a Link is expected: Link(source=one.ref, target=other.ref, …)"),
        (
            changed(source="v1"),
            "yielded a link whose source is 'v1'; a reference is expected: source=one.ref",
        ),
        (
            changed(target=VEDGE),
            "yielded a link whose target is the object vedge e1 itself; a reference is expected: target=one.ref",
        ),
        (
            changed(source=HOST.ref),
            'yielded a link of type "host-vedge"; its link_types are vnic-vedge. Did you mean "vnic-vedge"?',
        ),
        (
            Link(source=VEDGE.ref, target=VNIC.ref),
            (
                'yielded a link of type "vedge-vnic"; its link_types are vnic-vedge. '
                'Did you mean "vnic-vedge", source and target the other way round?'
            ),
        ),
        (
            changed(state="don"),
            "yielded a link in state 'don'; up or down is expected. Did you mean \"down\"?",
        ),
        (changed(state=None), "yielded a link in state None; up or down is expected"),
        (
            changed(target=VNIC.sibling("vedge", "e9")),
            'yielded a "vnic-vedge" whose target is not an object of the view: vedge e9 of cloud',
        ),
        (
            changed(target=replace(VEDGE.ref, environment="other")),
            'yielded a "vnic-vedge" whose target is not an object of the view: vedge e1 of other',
        ),
    ],
    ids=lambda value: value[8:48] if isinstance(value, str) else "",
)
def test_a_link_that_may_not_be_is_told_and_hides_no_other(link: Any, problem: str) -> None:
    found, told = links([link, GOOD])
    assert told == [problem]
    assert [(one.target.id, one.name, one.scanned_at) for one in found] == [
        ("e1", None, AT),
        ("e2", "known before", None),
    ], "what was known is kept, as somebody who is wrong cannot deny it, and is not confirmed"


def test_a_state_of_ones_own_is_one_when_the_constants_say_so() -> None:
    assert links([changed(state="dormant")], states=("up", "down", "dormant"))[1] == []


@pytest.mark.parametrize(
    ("yielded", "problem"),
    [
        (None, "find() gave nothing; links are expected, yielded or in a list"),
        (GOOD, f"find() gave {GOOD!r:.200}…; links are expected, yielded or in a list"),
        (7, "find() gave 7; links are expected, yielded or in a list"),
    ],
)
def test_what_is_nothing_to_go_through(yielded: Any, problem: str) -> None:
    found, told = links(yielded)
    assert told == [problem]
    assert found == [OLD]


def test_many_mistakes_of_one_finder_are_told_in_few_words() -> None:
    _, told = links([changed(target=VNIC.sibling("vedge", f"x{number}")) for number in range(9)] * 2)
    assert len(told) == MAX_TOLD
    assert told[-1].endswith("vedge x4 of cloud (and 4 more)")


@pytest.mark.parametrize(
    ("ask", "problem"),
    [
        (lambda seen: seen.of_type("vedg"), 'view.of_type("vedg"): "vedg" is not an object type'),
        (lambda seen: seen.of_type(None), 'view.of_type("None"): "None" is not an object type'),
        (lambda seen: seen.links("vedge-vnic"), 'view.links("vedge-vnic"): "vedge-vnic" is not a link type'),
        (lambda seen: seen.links(source="v1"), "view.links(source=…) with 'v1'; a reference is expected: one.ref"),
        (
            lambda seen: seen.links(target=VNIC.sibling("vedg", "e1")),
            'view.links(target=…): "vedg" is not an object type. Did you mean "vedge"?',
        ),
        (lambda seen: seen.get("v1"), "view.get(…) with 'v1'; a reference is expected: one.ref"),
        (
            lambda seen: seen.get(VNIC.sibling("vnics", "v1")),
            'view.get(…): "vnics" is not an object type. Did you mean "vnic"?',
        ),
        (
            lambda seen: seen.children(VNIC.sibling("vnics", "v1")),
            'view.children(…): "vnics" is not an object type. Did you mean "vnic"?',
        ),
    ],
)
def test_a_request_to_the_view_that_cannot_have_an_answer(ask: Any, problem: str) -> None:
    told: list[str] = []
    declared = DeclaredTypes({"vnic", "vedge", "host"}, {"vnic-vedge"})
    find_links(
        [("Mine", Does(ask, "vnic-vedge"))],
        view(VNIC, VEDGE),
        before=lambda _type: (),
        at=AT,
        on_trouble=lambda error, _affected: told.append(str(error)),
        declared=declared,
    )
    assert [one.partition(". Did")[0] for one in told] == [f"{FINDER}: called {problem}".partition(". Did")[0]]


def test_questions_to_the_view_that_have_answers() -> None:
    seen = CheckedView(
        view(HOST, links=[GOOD]), DeclaredTypes({"vnic", "vedge", "host"}, {"vnic-vedge"}), plugin="Mine"
    )
    assert (seen.environment, seen.get(HOST.ref), seen.of_type("host"), seen.of_type("vnic")) == (
        "cloud",
        HOST,
        (HOST,),
        (),
    )
    assert (seen.children(HOST.ref), seen.links(), seen.links("vnic-vedge", source=VNIC.ref)) == ([], [GOOD], [GOOD])
    assert seen.once(lambda picture: len(picture.of_type("host"))) == 1


# --- in a scan

HERE = "tests.unit.test_contract"
FILES: dict[str, Any] = {
    "object_types": [
        {"type": "rack", "label": "Rack", "parents": ["region"]},
        {"type": "shelf", "label": "Shelf", "parents": ["racks_folder"]},
        {"type": "racks_folder", "label": "Racks", "parents": ["region"], "folder": True},
    ],
    "link_types": [{"type": "rack-host"}],
    "link_finders": [f"{HERE}:RackHosts", f"{HERE}:NoSuchType"],
    "scanners": {
        "scanners": {
            "ScanHost": [
                {"type": "rack", "fetcher": f"{HERE}:Racks"},
                {"type": "shelf", "fetcher": f"{HERE}:Shelves"},
                {"type": "shelf", "fetcher": f"{HERE}:Dicts"},
                {"type": "shelf", "fetcher": f"{HERE}:LooksUpNoSuchType"},
            ]
        }
    },
}


class Racks:
    """Puts racks below hosts, where they are not declared to be."""

    def get(self, parent: InventoryObject) -> list[Fetched]:
        return [Fetched(id=f"{parent.id}|rack", name="rack")]


class Shelves:
    """Puts shelves into folders that nobody has declared."""

    def get(self, parent: InventoryObject) -> list[Fetched]:
        folder = Folder(type="rack_folder", types_name="racks", text="Racks")
        return [Fetched(id=f"{parent.id}|shelf", name="shelf", folder=folder)]


class Dicts:
    """A generator that returns what the developer guide's fetchers return."""

    def get(self, parent: InventoryObject) -> Any:
        yield []
        return [{"type": "shelf", "id": "1", "parent": parent}]


class LooksUpNoSuchType:
    """A slip in the type of a look-up."""

    def get(self, parent: InventoryObject) -> Any:
        answers = yield [Lookup.of("instances", {"host": parent.id})]
        return list(answers)


class NoSuchType:
    """A slip in the type that it goes over: it would never find anything."""

    link_types = ("rack-host",)

    def find(self, seen: Any) -> Any:
        return [Link(source=one.ref, target=one.parent) for one in seen.of_type("raks")]


class RackHosts:
    """Links by ids."""

    link_types = ("rack-host",)

    def find(self, seen: Any) -> Any:
        return [Link(source=one.id, target=one.parent.id) for one in seen.of_type("rack")]


def test_mistakes_that_only_a_scan_can_see(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    for stem, data in FILES.items():
        (folder / f"{stem}.json").write_text(json.dumps(data), encoding="utf-8")
    scanned = Scanned(tmp_path)
    report = scanned.scan(metadata=(folder,))
    assert report.status == "completed_with_errors"
    told = sorted(str(one.error).replace(f"{folder}/", "") for one in report.failures)
    assert told == [
        (
            f"ScanHost/rack/{HERE}:Racks (scanners.json: scanners/ScanHost/0): rack under host: its parents are region "
            "(object_types.json: object_types/0). Put it there, or declare in object_types.json "
            '{"type": "rack", "parents": ["host"]}'
        ),
        (
            f"ScanHost/shelf/{HERE}:Shelves (scanners.json: scanners/ScanHost/1): rack_folder under host: "
            '"rack_folder" is not an object type. Did you mean "racks_folder"?'
        ),
        (
            f"ScanHost/shelf/{HERE}:Shelves (scanners.json: scanners/ScanHost/1): shelf under rack_folder: its parents "
            "are racks_folder (object_types.json: object_types/1). Put it there, or declare in object_types.json "
            '{"type": "shelf", "parents": ["rack_folder"]}'
        ),
        (
            f"fetcher ScanHost/shelf/{HERE}:Dicts (scanners.json: scanners/ScanHost/2): returned a dict of type, "
            "id, parent at position 0 of a list; a list of Fetched is expected: return [Fetched(id=…, name=…, "
            "attributes={…})]"
        ),
        (
            f"fetcher ScanHost/shelf/{HERE}:LooksUpNoSuchType (scanners.json: scanners/ScanHost/3): looks up "
            '"instances", which is not an object type. Did you mean "instance"?'
        ),
        (
            f'link finder {HERE}:NoSuchType: called view.of_type("raks"): "raks" is not an object type. '
            'Did you mean "rack"?'
        ),
        *(
            f"link finder {HERE}:RackHosts: yielded a link whose source is '{host}|rack'; a reference is expected: "
            "source=one.ref"
            for host in ("cmp1", "cmp2", "ctl", "net1")
        ),
    ]
    [returned] = [one for one in report.failures if "Dicts" in str(one.error)]
    assert len(returned.affected) == 4, "one mistake, told once, of every host"
    assert "rack cmp1|rack" in scanned.objects(), "it is there, wherever it hangs"
    assert {type(one.error) for one in report.failures} == {Misplaced, PromiseBroken}


def test_a_fetchers_own_test_knows_the_names_of_parsers() -> None:
    from calipso_nornir.model.queries import Command  # noqa: PLC0415 - of this test alone

    def get(parent: InventoryObject) -> Any:
        yield [Command(parent.id, "uname -m", "uname_machin")]

    with pytest.raises(AssertionError, match="which does not exist"):
        drive(Does(get), HOST, {"uname -m": "x86_64\n"})


def test_the_mistake_of_a_folders_plug_in_names_its_file(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "fetchers.py").write_text(
        "from calipso_nornir.model.queries import Command\n\n\nclass Mine:\n    def get(self, parent):\n"
        "        yield Command(parent.id, 'uname -m')\n",
        encoding="utf-8",
    )
    steps = {"scanners": {"ScanHost": [{"type": "host", "fetcher": "fetchers.py:Mine"}]}}
    (folder / "scanners.json").write_text(json.dumps(steps), encoding="utf-8")
    (failure,) = Scanned(tmp_path).scan(metadata=(folder,)).failures
    assert str(failure.error).replace(f"{folder}/", "") == (
        "fetcher ScanHost/host/fetchers.py:Mine (fetchers.py:Mine; scanners.json: scanners/ScanHost/0): "
        'yielded Command "uname -m"; a list of queries is expected: yield [query]'
    )
    assert len(failure.affected) == 4, "told once, of every host"


@pytest.mark.parametrize(("where", "value"), [("under", "h1"), ("under", HOST), ("folder", "racks")])
def test_a_place_is_a_reference(where: str, value: Any) -> None:
    with pytest.raises(TypeError, match=f"{where} is a "):
        Fetched(id="x", name="x", **{where: value})
