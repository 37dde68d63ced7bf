# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - attributes are JSON of any shape
"""Placing: paths, folders, joining and keeping; in isolation, without rounds, sources and store."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.errors import CalipsoError, DuplicateObject, FieldMissing, ParentUnknown
from calipso_nornir.metadata.catalog import ObjectType
from calipso_nornir.model.evidence import Evidence
from calipso_nornir.model.fetching import Fetched
from calipso_nornir.model.objects import root_of
from calipso_nornir.model.refs import Folder, ObjectRef, Witness
from calipso_nornir.scan.before import Before
from calipso_nornir.scan.focus import Focus
from calipso_nornir.scan.placing import ON_DEMAND, Origin, Placer
from calipso_nornir.scan.progress_events import SILENT
from calipso_nornir.scan.report import ScanReport, Troubles
from calipso_nornir.scan.surroundings import Surroundings
from calipso_nornir.scan.working import ObjectState, Working
from calipso_nornir.testing import AT, thing, view
from tests.fixtures.canned import step

if TYPE_CHECKING:
    from calipso_nornir.metadata.catalog import Step
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.scan.placing import Placement

ROOT = root_of("cloud")
HOSTS, VNICS, DETAILS = (
    step(type_, lambda _: [], name=f"S/{name}")
    for type_, name in (("host", "hosts"), ("vnic", "vnics"), ("host", "details"))
)
DHCP = Folder(type="dhcps_folder", types_name="dhcps", text="DHCP servers")
LATER = AT.replace(hour=9)
ANYWHERE = ("environment", "host", "vnic", "dhcps_folder")


class Placing:
    """A placer, what it was told before, and what it tells."""

    def __init__(self, *before: InventoryObject, focus: Focus | None = None, small: bool = False) -> None:
        self.working = Working("cloud")
        self.focus = focus
        self.looked_at: set[ObjectRef] = set()
        store: Any = view(*before)  # as much of a store's view as is needed
        known = Before(store)
        surroundings = Surroundings(self.working, known, lambda one: one.ref in self.looked_at)
        self.arrived: list[Placement] = []
        self._report = ScanReport(scan_id="s", environment="cloud", started_at=LATER)
        self.placer = Placer(
            self.working,
            known,
            started_at=LATER,
            surroundings=surroundings if small else None,
            troubles=Troubles(self._report, SILENT),
            object_types={one: ObjectType(one, one, ANYWHERE) for one in ANYWHERE},
        )
        self.placer.add_context(ROOT)

    def place(self, id_: str, attributes: Any = None, *, by: Step = HOSTS, on: Any = ROOT, **more: Any) -> None:
        partial = more.pop("partial", False)
        evidence = more.pop("evidence", ())
        fetched = Fetched(id=id_, name=more.pop("name", id_), attributes=attributes or {}, **more)
        self._note(self.placer.place(fetched, Origin(by, Witness(by.name, on.ref), evidence, partial, self.focus)))

    def keep(self, old: InventoryObject, by: Step = HOSTS, on: Any = ROOT) -> None:
        self._note(self.placer.keep(old, by, Witness(by.name, on.ref)))

    def _note(self, placements: list[Placement]) -> None:
        self.arrived += placements

    @property
    def new(self) -> list[str]:
        return [f"{one.id} by {by.name}" for one, by in self.arrived]

    @property
    def troubles(self) -> list[CalipsoError]:
        return [one.error for one in self._report.failures]

    def one(self, type_: str, id_: str) -> InventoryObject:
        found = self.working.get(ObjectRef("cloud", type_, id_))
        assert found is not None
        return found

    def orphans(self) -> list[str]:
        return [str(error) for _, error in self.placer.orphans()]


def known(type_: str, id_: str, *by: tuple[Step, Any], under: Any = ROOT, **more: Any) -> InventoryObject:
    on_demand = more.pop("on_demand", False)
    witnesses = frozenset(Witness(one.name, parent.ref) for one, parent in by)
    return replace(thing(type_, id=id_, under=under, **more), found_by=witnesses, on_demand=on_demand)


# --- places


def test_an_object_stands_under_the_parent_of_its_fetching() -> None:
    placing = Placing()
    placing.place("h1", {"a": 1}, evidence=(Evidence("api", "GET x", None, AT),))
    host = placing.one("host", "h1")
    assert (host.parent, host.id_path, host.name_path) == (ROOT.ref, "/cloud/h1", "/cloud/h1")
    assert (host.found_by, host.scanned_at) == (frozenset({Witness("S/hosts", ROOT.ref)}), LATER)
    assert (host.handed_down, host.show_in_tree, host.evidence[0].query) == ("h1", True, "GET x")
    assert placing.new == ["h1 by S/hosts"]
    assert placing.working.state(host.ref) is ObjectState.FOUND


def test_names_in_paths_are_escaped_and_may_be_others() -> None:
    placing = Placing()
    placing.place("h1", name="a/b.c 100%", object_name="x/y")
    host = placing.one("host", "h1")
    assert (host.name, host.object_name, host.name_path) == ("a/b.c 100%", "x/y", "/cloud/x%2Fy")
    placing.place("v1", name="$(reboot)", by=VNICS, on=host)
    assert placing.one("vnic", "v1").name_path == "/cloud/x%2Fy/$(reboot)"


def test_who_comes_before_its_parent_waits_for_it() -> None:
    placing = Placing()
    host = ObjectRef("cloud", "host", "h1")
    placing.place("v1", by=VNICS, under=host)
    assert (placing.placer.waiting_types["vnic"], len(placing.working)) == (1, 1)
    placing.place("h1")
    assert placing.placer.waiting_types["vnic"] == 0
    assert (placing.one("vnic", "v1").id_path, placing.orphans()) == ("/cloud/h1/v1", [])
    assert placing.new == ["h1 by S/hosts", "v1 by S/vnics"]


def test_who_waits_in_vain_is_an_orphan() -> None:
    placing = Placing()
    placing.place("v1", by=VNICS, under=ObjectRef("cloud", "host", "h9"))
    assert placing.orphans() == [str(ParentUnknown("vnic", "v1", "host", "h9"))]
    assert ObjectRef("cloud", "vnic", "v1") not in placing.working


def test_an_orphan_below_a_type_that_is_none_is_told_the_nearest() -> None:
    placing = Placing()
    placing.place("v1", by=VNICS, under=ObjectRef("cloud", "hosts", "h9"))
    (told,) = placing.orphans()
    assert told.endswith('which is not known; "hosts" is not an object type. Did you mean "host"?')


def test_hidden_by_the_fetcher_or_by_metadata() -> None:
    placing = Placing()
    placing.place("h1", show_in_tree=False)
    placing.place("h2", by=step("host", lambda _: [], show_in_tree=False))
    assert [placing.one("host", id_).show_in_tree for id_ in ("h1", "h2")] == [False, False]


# --- what is handed down


@pytest.mark.parametrize(("field", "handed"), [("id", "h1"), ("name", "Host 1"), ("uuid", "u-1"), ("number", "7")])
def test_the_field_that_children_get(field: str, handed: str) -> None:
    placing = Placing()
    placing.place("h1", {"uuid": "u-1", "number": 7}, name="Host 1", by=step("host", lambda _: [], hand_down=field))
    assert (placing.one("host", "h1").handed_down, placing.troubles) == (handed, [])


@pytest.mark.parametrize("attributes", [{}, {"uuid": None}, {"uuid": ""}])
def test_a_field_to_hand_down_that_is_missing_is_told(attributes: Any) -> None:
    placing = Placing()
    placing.place("h1", attributes, by=step("host", lambda _: [], name="S/x", hand_down="uuid"))
    assert placing.troubles == [FieldMissing("S/x", "uuid", "host h1")]
    assert placing.one("host", "h1").handed_down == "h1"


def test_each_step_hands_down_its_own_field() -> None:
    by_uuid, by_rack = (step("host", lambda _: [], name=f"S/{one}", hand_down=one) for one in ("uuid", "rack"))
    placing = Placing()
    placing.place("h1", {"uuid": "u-1"}, by=by_uuid)
    placing.place("h1", {"rack": "r-1"}, by=by_rack)
    placing.place("h1", {}, by=step("host", lambda _: [], name="S/x", hand_down="nothing"))
    assert [(one.handed_down, by.name) for one, by in placing.arrived] == [
        ("u-1", "S/uuid"),
        ("r-1", "S/rack"),
        ("h1", "S/x"),
    ]
    assert placing.arrived[1].one.attributes == {"uuid": "u-1", "rack": "r-1"}, "children see what is known by then"
    assert placing.troubles == [FieldMissing("S/x", "nothing", "host h1")]


# --- folders on demand


def test_a_folder_is_made_for_what_is_put_into_it() -> None:
    placing = Placing()
    placing.place("h1", {"host": "h1", "region": "R1", "other": 1})
    host = placing.one("host", "h1")
    placing.place("v1", by=VNICS, on=host, folder=DHCP)
    placing.place("v2", by=VNICS, on=host, folder=DHCP)
    folder = placing.one("dhcps_folder", "h1|dhcps")
    assert (folder.parent, folder.name, folder.id_path) == (host.ref, "DHCP servers", "/cloud/h1/h1|dhcps")
    assert folder.attributes == {"text": "DHCP servers", "create_object": True, "host": "h1", "region": "R1"}
    assert (folder.on_demand, folder.found_by, folder.evidence) == (True, frozenset(), ON_DEMAND)
    assert placing.one("vnic", "v2").parent == folder.ref
    assert placing.new == ["h1 by S/hosts", "v1 by S/vnics", "v2 by S/vnics"]


# --- several who tell of one


def test_a_step_that_finds_its_own_parent_enriches_it() -> None:
    placing = Placing()
    placing.place("h1", {"a": 1, "b": 1}, evidence=(Evidence("api", "q"),))
    host = placing.one("host", "h1")
    placing.place("h1", {"b": 2, "c": 2}, by=DETAILS, on=host, evidence=(Evidence("cli", "p", "h1"),))
    host = placing.one("host", "h1")
    assert host.attributes == {"a": 1, "b": 2, "c": 2}
    assert {one.step for one in host.found_by} == {"S/hosts", "S/details"}
    assert [one.query for one in host.evidence] == ["q", "p"]
    assert placing.new == ["h1 by S/hosts", "h1 by S/details"], "each step has children of its own"


def test_what_two_tell_of_one_object_adds_up() -> None:
    placing = Placing()
    other = step("host", lambda _: [], name="S/other")
    placing.place("s1", {"heard": [{"b": 2}], "same": 1, "mine": 1})
    placing.place("s1", {"heard": [{"a": 1}, {"b": 2}], "same": 1, "yours": 2}, by=other)
    one = placing.one("host", "s1")
    assert one.attributes == {"heard": [{"a": 1}, {"b": 2}], "same": 1, "mine": 1, "yours": 2}
    assert (len(one.found_by), placing.troubles) == (2, [])


def test_it_does_not_matter_who_tells_first() -> None:
    rows = [({"heard": [1, 2], "x": 1}, HOSTS), ({"heard": [3], "y": 2}, DETAILS)]
    seen = []
    for order in (rows, rows[::-1]):
        placing = Placing()
        for number, (attributes, by) in enumerate(order):
            placing.place("s1", attributes, by=by, evidence=(Evidence("cli", by.name, str(number and "h")),))
        one = placing.one("host", "s1")
        seen.append((one.attributes, one.found_by, {e.query for e in one.evidence}))
    assert seen[0] == seen[1]


@pytest.mark.parametrize("other", [{"a": 2}, {"a": [1]}, {"a": None}])
def test_two_different_objects_of_one_id_are_told(other: Any) -> None:
    placing = Placing()
    placing.place("h1", {"a": 1})
    placing.place("h1", other, by=step("host", lambda _: [], name="S/other"))
    assert placing.troubles == [DuplicateObject("host", "h1", "/cloud/h1", "/cloud/h1")]
    assert placing.one("host", "h1").attributes == {"a": 1}


def test_one_object_in_two_places_is_told() -> None:
    placing = Placing()
    placing.place("h1")
    placing.place("h2")
    for host in ("h1", "h2"):
        placing.place("v1", {"same": 1}, by=VNICS, on=placing.one("host", host))
    assert placing.troubles == [DuplicateObject("vnic", "v1", "/cloud/h1/v1", "/cloud/h2/v1")]
    assert placing.one("vnic", "v1").parent == placing.one("host", "h1").ref


# --- kept


def test_what_could_not_be_looked_at_is_kept_as_it_was() -> None:
    old = known("host", "h1", (HOSTS, ROOT), a=1)
    placing = Placing(old)
    placing.keep(old)
    assert (placing.one("host", "h1"), placing.new) == (old, ["h1 by S/hosts"])
    assert placing.working.state(old.ref) is ObjectState.KEPT
    placing.keep(old)
    assert placing.new == ["h1 by S/hosts"]


def test_what_is_kept_waits_for_its_parent_and_goes_with_it() -> None:
    host = known("host", "h1", (HOSTS, ROOT))
    old = known("vnic", "v1", (VNICS, host), under=host)
    placing = Placing(host, old)
    placing.keep(old, VNICS, host)
    assert (len(placing.working), placing.orphans()) == (1, [])
    placing.place("h1")
    assert placing.working.state(old.ref) is ObjectState.KEPT


def test_what_is_found_after_it_was_kept_is_found() -> None:
    old = known("host", "h1", (HOSTS, ROOT), a=1)
    placing = Placing(old)
    placing.keep(old)
    placing.place("h1", {"b": 2})
    assert placing.one("host", "h1").attributes == {"b": 2}
    assert set(placing.new) == {"h1 by S/hosts"}
    assert placing.working.state(old.ref) is ObjectState.FOUND


@pytest.mark.parametrize("kept_first", [True, False])
def test_an_object_of_two_witnesses_keeps_what_the_blind_one_had_told(kept_first: bool) -> None:  # noqa: FBT001
    other = step("host", lambda _: [], name="S/other")
    old = known("host", "s1", (HOSTS, ROOT), (other, ROOT), mine=1, yours=1)
    placing = Placing(old)
    if kept_first:
        placing.keep(old, other)
        placing.place("s1", {"mine": 2})
        placing.keep(old, other)
    else:
        placing.place("s1", {"mine": 2})
        placing.keep(old, other)
    one = placing.one("host", "s1")
    assert one.attributes == {"mine": 2, "yours": 1}
    assert {witness.step for witness in one.found_by} == {"S/hosts", "S/other"}


def test_an_object_that_was_not_seen_completely_keeps_what_it_lacks() -> None:
    old = replace(known("host", "h1", a=1, b=1), evidence=(Evidence("cli", "old", "h1", AT),))
    placing = Placing(old)
    placing.place("h1", {"b": 2}, partial=True, evidence=(Evidence("api", "new"),))
    one = placing.one("host", "h1")
    assert one.attributes == {"a": 1, "b": 2}
    assert [evidence.query for evidence in one.evidence] == ["new", "old"]


def test_an_object_that_was_seen_completely_does_not() -> None:
    placing = Placing(known("host", "h1", a=1, b=1))
    placing.place("h1", {"b": 2})
    assert placing.one("host", "h1").attributes == {"b": 2}


def test_a_name_that_nobody_could_tell_stays_what_it_was() -> None:
    old = thing("host", id="h1", name="Host 1")
    placing = Placing(replace(old, object_name="one"))
    placing.place("h1", name="h1", named=False)
    placing.place("h2", name="h2", named=False)
    one = placing.one("host", "h1")
    assert (one.name, one.object_name, one.name_path) == ("Host 1", "one", "/cloud/one")
    assert placing.one("host", "h2").name == "h2"


def test_a_blind_enrichment_keeps_what_it_had_added() -> None:
    placing = Placing(known("host", "h1", (HOSTS, ROOT), (DETAILS, ROOT), a=1, os={"x": 1}, ram=7))
    placing.place("h1", {"a": 2})
    placing.place("h1", {"RAM": 8}, by=DETAILS, on=placing.one("host", "h1"), partial=True)
    assert placing.one("host", "h1").attributes == {"a": 2, "os": {"x": 1}, "ram": 8}


def test_enriching_a_kept_object_does_not_find_it() -> None:
    old = known("host", "h1", (HOSTS, ROOT), a=1)
    placing = Placing(old)
    placing.keep(old)
    placing.place("h1", {"OS": "x"}, by=DETAILS, on=old)
    one = placing.one("host", "h1")
    assert (one.attributes, placing.working.state(one.ref)) == ({"a": 1, "os": "x"}, ObjectState.KEPT)


def test_a_folder_on_demand_is_there_again_with_what_was_in_it() -> None:
    host = known("host", "h1")
    folder = known("dhcps_folder", "h1|dhcps", under=host, on_demand=True)
    old = known("vnic", "v1", (VNICS, host), under=folder)
    placing = Placing(host, folder, old)
    placing.place("h1")
    placing.keep(old, VNICS, host)
    assert placing.working.state(old.ref) is ObjectState.KEPT
    assert placing.working.state(folder.ref) is ObjectState.KEPT


def test_a_folder_of_a_host_that_is_gone_stays_away() -> None:
    host = known("host", "h1")
    folder = known("dhcps_folder", "h1|dhcps", under=host, on_demand=True)
    old = known("vnic", "v1", (VNICS, host), under=folder)
    placing = Placing(host, folder, old)
    placing.keep(old, VNICS, host)
    assert len(placing.working) == 1


# --- small scans


def small(focus: Focus | None = None) -> Placing:
    host, other = known("host", "h1"), known("host", "h2")
    folder = known("vnics_folder", "h1|vnics", under=host)
    return Placing(host, other, folder, focus=focus, small=True)


H1 = ObjectRef("cloud", "host", "h1")


@pytest.mark.parametrize(
    ("focus", "placed"),
    [
        (None, ["h1", "h2", "v1", "v2"]),
        (Focus(H1), ["h1"]),
        (Focus(H1, None), ["v1"]),
        (Focus(H1, "on"), ["v2"]),
    ],
    ids=["everything", "the object", "what is below it", "what concerns it"],
)
def test_only_what_a_fetching_is_about_is_placed(focus: Focus | None, placed: list[str]) -> None:
    placing = small(focus)
    placing.place("h1", {"new": 1})
    placing.place("h2", {"new": 1})
    placing.place("v1", by=VNICS, under=H1)
    placing.place("v2", {"on": "h1"}, by=VNICS, under=ObjectRef("cloud", "host", "h2"))
    assert sorted(one.id for one in placing.working.in_state(ObjectState.FOUND)) == placed
    assert (placing.orphans(), placing.placer.waiting_types["vnic"]) == ([], 0)


def test_what_something_is_found_under_is_there_as_it_was() -> None:
    placing = small()
    placing.place("v1", by=VNICS, under=ObjectRef("cloud", "vnics_folder", "h1|vnics"))
    assert placing.one("vnic", "v1").id_path == "/cloud/h1/h1|vnics/v1"
    assert [one.id for one in placing.working.in_state(ObjectState.CONTEXT)] == ["cloud", "h1", "h1|vnics"]


def test_what_is_looked_at_itself_is_waited_for() -> None:
    placing = small()
    placing.looked_at.add(H1)
    placing.place("v1", by=VNICS, under=ObjectRef("cloud", "vnics_folder", "h1|vnics"))
    assert [str(ref) for ref in placing.placer.unplaced()] == ["vnic v1"]


def test_what_belongs_under_something_unknown_is_no_orphan_of_a_small_scan() -> None:
    placing = small()
    placing.place("v1", by=VNICS, under=ObjectRef("cloud", "host", "new elsewhere"))
    assert placing.orphans() == []
