# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - answers and documents are of any shape; the guide's classes are told their type
"""What the guide's classes ask and return; each mistake of an author names the place, what is there and expected."""

from __future__ import annotations

import json
import threading
from functools import wraps
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.errors import CalipsoError, CommandFailed, MetadataError
from calipso_nornir.guide import ApiAccess, CliAccess, DbAccess, Fetcher, FindLinks, InventoryMgr, MetadataParser
from calipso_nornir.guide.document import document_of
from calipso_nornir.guide.matching import matches
from calipso_nornir.model.queries import ApiGet, Command, Select
from calipso_nornir.testing import connect, drive, thing, told, view

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOST = thing("host", id="cmp1", name="compute one", zone="nova")
INSTANCE = thing("instance", id="i1", under=HOST, host="cmp1", mac="aa")
OTHER = thing("instance", id="i2", under=HOST, host="cmp2", mac="bb")
THINGS = {"instance": [INSTANCE, OTHER], "host": [HOST]}


def fetcher(get: Callable[[Any, str], Any], base: type[Fetcher] = CliAccess) -> Fetcher:
    """Return a fetcher of the guide's form, as a scan makes it."""
    made: Fetcher = type("CliFetchNewType", (base,), {"get": get})()
    made.told_types("new_type", {"host": (), "instance": ("host",), "new_type": ("host",), "below": ("new_type",)})
    return made


def one(**more: Any) -> list[dict[str, Any]]:
    return [{"id": "n", **more}]


# --- what is asked


def test_a_command_runs_on_the_parents_host_with_sudo_unless_told_otherwise() -> None:
    def get(self: Any, _parent_id: str) -> Any:
        texts = [self.run("a"), self.run("b", "cmp2", use_sudo=False), *self.run_fetch_lines("c")]
        return one(texts=texts)

    driven = drive(fetcher(get), INSTANCE, {"cmp1: a": "1\n", "cmp2: b": "2", "cmp1: c": "x\ny\n\n"})
    assert driven.rounds == [
        [Command("cmp1", "a", root=True)],
        [Command("cmp2", "b")],
        [Command("cmp1", "c", root=True)],
    ]
    assert driven[0].attributes["texts"] == ["1\n", "2", "x", "y"]


def test_several_questions_go_out_at_once() -> None:
    def get(self: Any, parent_id: str) -> Any:
        return one(texts=self.ask(Command(parent_id, "a"), Command(parent_id, "b")))

    driven = drive(fetcher(get), HOST, {"a": "1", "b": "2"})
    assert (driven.asked, driven[0].attributes["texts"]) == ([["a", "b"]], ["1", "2"])


@pytest.mark.parametrize(
    ("query", "parameters", "expected"),
    [
        ("SELECT id FROM neutron.agents", None, Select("neutron", "SELECT id FROM agents")),
        (
            "SELECT a.host\n FROM nova.instances a\n JOIN keystone.project p ON p.a = nova.instances.x WHERE a.x = %s",
            7,
            Select(
                "nova",
                "SELECT a.host FROM instances a JOIN keystone.project p ON p.a = instances.x WHERE a.x = %s",
                (7,),
            ),
        ),
        ("SELECT 'nova.x' FROM `nova`.`hosts`", ("a",), Select("nova", "SELECT 'nova.x' FROM `hosts`", ("a",))),
    ],
)
def test_statements_are_for_the_database_of_their_first_table(query: str, parameters: Any, expected: Select) -> None:
    def get(self: Any, _parent_id: str) -> Any:
        return one(rows=self.get_objects_list_for_id(query, "thing", parameters))

    driven = drive(fetcher(get, DbAccess), HOST, {expected: [{"id": 1}]})
    assert driven.rounds == [[expected]]
    assert driven[0].attributes["rows"] == [{"id": 1, "type": "thing"}]


@pytest.mark.parametrize(
    ("service", "path", "expected"),
    [
        (
            "nova",
            "/servers/detail?all_tenants=1",
            ApiGet("compute", "/servers/detail", "servers", (("all_tenants", "1"),), "R1"),
        ),
        ("neutron", "/v2.0/networks", ApiGet("network", "/networks", "networks", region="R1")),
        ("network", "/v2.0/networks/0a1b2c3d-0000-0000-0000-000000000001", None),
        ("nova", "/os-aggregates", ApiGet("compute", "/os-aggregates", "aggregates", region="R1")),
    ],
)
def test_addresses_of_the_apis_need_no_token(service: str, path: str, expected: ApiGet | None) -> None:
    wanted = expected or ApiGet("network", path.removeprefix("/v2.0"), "network", region="R1")

    def get(self: Any, _parent_id: str) -> Any:
        token = self.v2_auth_pwd("admin")
        answer = self.get_url(
            self.get_region_url(self.parent["zone"] and "R1", service) + path, {"X-Auth-Token": token["id"]}
        )
        return one(answer=answer)

    driven = drive(fetcher(get, ApiAccess), HOST, {wanted: [{"id": "x"}]})
    assert driven.rounds == [[wanted]]
    assert driven[0].attributes["answer"] == {wanted.key: [{"id": "x"}]}


# --- the inventory


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (lambda inv, env: inv.get_by_id(env, "i1")["mac"], "aa"),
        (lambda inv, env: inv.get_by_id(env, "nobody"), None),
        (lambda inv, env: [row["id"] for row in inv.get(env, "instance", None)], ["i1", "i2"]),
        (lambda inv, env: inv.get_single(env, "instance", "i2")["mac"], "bb"),
        (lambda inv, env: inv.get_by_field(env, "instance", "mac", "bb", get_single=True)["id"], "i2"),
        (lambda inv, env: [row["id"] for row in inv.get_children(env, "instance", "cmp1")], ["i1", "i2"]),
        (
            lambda inv, _env: inv.find_items({"type": {"$in": ["instance"]}, "host": {"$ne": "cmp1"}}, ["mac"]),
            [{"_id": OTHER.ref.document_id, "mac": "bb"}],
        ),
        (lambda inv, env: inv.find_one({"environment": env, "type": "instance", "mac": "bb"})["Host"], "cmp2"),
        (lambda inv, _env: inv.find_items({"type": "instance"}, get_single=True)["id"], "i1"),
    ],
)
def test_the_inventory_shows_what_the_scan_has_found(read: Any, expected: Any) -> None:
    def get(self: Any, _parent_id: str) -> Any:
        return one(read=read(InventoryMgr(), self.env))

    assert drive(fetcher(get), HOST, THINGS)[0].attributes["read"] == expected


def test_a_field_can_be_read_by_the_name_that_its_source_uses() -> None:
    document = document_of(thing("host_pnic", {"Link detected": "yes"}, id="p"))
    assert (document["Link detected"], document["link_detected"], document.get("Link detected")) == ("yes",) * 3
    assert ("Link detected" in document, "Speed" in document, document.get("Speed", 7)) == (True, False, 7)
    with pytest.raises(KeyError, match="speed"):
        _ = document["Speed"]


@pytest.mark.parametrize(
    ("search", "met"),
    [
        ({"a": 1}, True),
        ({"a": 2}, False),
        ({"list": "x"}, True),
        ({"deep.key": 3}, True),
        ({"none": None}, True),
        ({"a": {"$gt": 0, "$lte": 1}}, True),
        ({"a": {"$lt": "text"}}, False),
        ({"none": {"$exists": False}, "a": {"$exists": True}}, True),
        ({"a": {"$nin": [1, 2]}}, False),
        ({"name": {"$regex": "^ca"}}, True),
        ({"$or": [{"a": 2}, {"name": "calipso"}]}, True),
        ({"$nor": [{"a": 1}]}, False),
        ({"$and": [{"a": {"$eq": 1}}, {"a": {"$gte": 2}}]}, False),
    ],
)
def test_searches_are_mongodbs(search: Any, met: bool) -> None:  # noqa: FBT001
    assert matches({"a": 1, "list": ["x"], "deep": {"key": 3}, "name": "calipso"}, search) is met


# --- the objects that come back


@pytest.mark.parametrize(
    ("returned", "under", "folder", "id_"),
    [
        ([{"id": 7}], None, None, "7"),
        ({"rows": [{"id": "n"}]}, None, None, "n"),
        ('[{"id": "n", "create_object": true}]', None, None, "n"),
        ([{"id": "n", "parent_id": "cmp1"}], None, None, "n"),
        ([{"id": "n", "parent_id": "f", "parent_type": "vnics_folder"}], ("vnics_folder", "f"), None, "n"),
        ([{"id": "n", "parent": {"id": "i1", "type": "instance"}}], ("instance", "i1"), None, "n"),
        (
            [
                {
                    "id": "n",
                    "master_parent_type": "instance",
                    "master_parent_id": "i1",
                    "parent_type": "vnics_folder",
                    "parent_id": "i1-vnics",
                    "parent_text": "vNICs",
                }
            ],
            ("instance", "i1"),
            ("vnics_folder", "vnics", "vNICs"),
            "n",
        ),
    ],
)
def test_the_place_of_an_object(returned: Any, under: Any, folder: Any, id_: str) -> None:
    [found] = drive(fetcher(lambda _self, _id: returned), HOST, {})
    assert found.id == found.name == id_
    assert (found.under and (found.under.type, found.under.id)) == under
    assert (found.folder and (found.folder.type, found.folder.types_name, found.folder.text)) == folder
    assert found.attributes == {}


def test_what_is_not_to_be_created_is_left_out() -> None:
    assert drive(fetcher(lambda _self, _id: [{"id": "n", "create_object": False}]), HOST, {}) == []


def test_each_run_has_a_copy_of_its_own() -> None:
    """What a fetcher keeps in ``self`` while it waits is not another host's when it goes on."""

    def get(self: Any, parent_id: str) -> Any:
        self.kept = parent_id
        self.run("a", parent_id)
        return one(kept=self.kept)

    made = fetcher(get)
    first, second = made.get(HOST), made.get(thing("host", id="cmp2"))
    assert [next(run)[0].host for run in (first, second)] == ["cmp1", "cmp2"]
    first.close()
    second.close()
    assert not hasattr(made, "kept")


def test_a_stopped_scan_ends_what_waits() -> None:
    ended = []

    def get(self: Any, parent_id: str) -> Any:
        try:
            self.run("a", parent_id)
        finally:
            ended.append(parent_id)

    run = fetcher(get).get(HOST)
    next(run)
    run.close()
    assert ended == ["cmp1"]


def test_an_error_that_the_author_catches_leaves_a_gap() -> None:
    def get(self: Any, _parent_id: str) -> Any:
        try:
            self.run("a")
        except CalipsoError:
            return []
        return one()

    driven = drive(fetcher(get), HOST, {"a": CommandFailed("cmp1", "a", 1, "no")})
    assert list(driven) == []
    assert list(driven.gaps) == ["a"], "nothing that it had found before counts as gone"


def test_a_fetcher_based_on_another() -> None:
    base = type("Base", (CliAccess,), {"get": lambda _self, parent_id: one(seen=parent_id)})

    class Based(base):  # type: ignore[misc, valid-type]
        def get(self, parent_id: str) -> Any:
            return [{**row, "more": self.run("a")} for row in super().get(parent_id)]

    assert drive(Based(), HOST, {"a": "1"})[0].attributes == {"seen": "cmp1", "more": "1"}


def test_a_get_that_comes_from_beside() -> None:
    """It may be that of a class that knows nothing of calipso, or decorated."""

    def counted(get: Any) -> Any:
        return wraps(get)(lambda self, parent_id: one(count=len(get(self, parent_id))))

    beside = type("Beside", (), {"get": lambda _self, parent_id: one(seen=parent_id)})
    both: Any = type("Both", (beside, CliAccess), {})
    below = type("Below", (both,), {})
    decorated = type("Decorated", (CliAccess,), {"get": counted(lambda _self, _id: one())})
    again = type("Again", (both,), {"get": counted(both.get)})
    found = [drive(made(), HOST, {})[0].attributes for made in (both, below, decorated, again)]
    assert found == [{"seen": "cmp1"}, {"seen": "cmp1"}, {"count": 1}, {"count": 1}]


def test_a_fetcher_without_get() -> None:
    with pytest.raises(NotImplementedError, match=r"Empty has no get\(self, parent_id\)"):
        type("Empty", (CliAccess,), {})().get(HOST)


# --- mistakes in what is returned, and in what is called


@pytest.mark.parametrize(
    ("returned", "expected"),
    [
        (None, "CliFetchNewType: get() returned nothing; a list of dictionaries is expected"),
        (7, "get() returned 7; a list of dictionaries is expected"),
        ("[", "get() returned a text that is no JSON"),
        ([7], "get() returned at position 0 7; a list of dictionaries is expected"),
        ([{"id": "a"}, {"Id": "b"}], "at position 1 an object without an id; it has Id. A text is expected"),
        ([{"id": None, "name": "x"}], "at position 0 an object without an id; it has id, name"),
        ([{"id": 1.5}], "an object whose id is 1.5. A text is expected"),
        ([{"id": "a/b"}], "object a/b: 'a/b' is not an id"),
        ([{"id": "a", "type": "host"}], 'an object of type "host"; its step is for type "new_type"'),
        ([{"id": "a", "parent": "cmp1"}], "whose \"parent\" is 'cmp1'; the parent's document is expected"),
        ([{"id": "a", "parent": None}], 'has "parent": None: self.inv.get_by_id(…) found no such object'),
        ([{"id": "a", "parent_id": "x"}], '"parent_id": "x" without "parent_type"'),
        ([{"id": "a", "master_parent_type": "host"}], 'lacks "master_parent_id" and "parent_type"'),
        ([{"id": "a", "evidence": 1}], "attributes may not be called evidence"),
    ],
)
def test_mistakes_in_what_is_returned(returned: Any, expected: str) -> None:
    with pytest.raises(CalipsoError) as raised:
        drive(fetcher(lambda _self, _id: returned), HOST, {})
    assert expected in str(raised.value)


@pytest.mark.parametrize(
    ("base", "call", "expected"),
    [
        (CliAccess, lambda self: self.run("a", on_gateway=True), "there is no gateway"),
        (CliAccess, lambda self: self.inv.get_by_id("other", "i1"), 'asks for environment "other", but "'),
        (
            CliAccess,
            lambda self: self.inv.set({"type": "x", "id": "y"}),
            "inv.set(x y) cannot be done in a scan: return",
        ),
        (CliAccess, lambda self: self.inv.find_items({}, collection="links"), "only link finders can read them"),
        (CliAccess, lambda self: self.inv.find_items({}, collection="scans"), 'collection "scans" cannot be read here'),
        (
            CliAccess,
            lambda self: self.inv.find_items({"type": "host", "a": {"$iN": []}}),
            "$iN is not an operator. Did you mean",
        ),
        (CliAccess, lambda self: self.inv.find_items({"type": "host", "$o": []}), "$o is not an operator"),
        (
            DbAccess,
            lambda self: self.get_objects_list("SELECT 1", ""),
            "does not say which database it is for; expected",
        ),
        (ApiAccess, lambda self: self.get_url("http://x/servers"), "begin with self.get_region_url"),
        (ApiAccess, lambda self: self.get_region_url("R1", "Nova"), '"Nova" is not a service. Did you mean "nova"'),
        (ApiAccess, lambda self: self.get_url(self.get_region_url("R1", "nova")), "names nothing below the service"),
    ],
)
def test_mistakes_in_what_is_called(base: type[Fetcher], call: Any, expected: str) -> None:
    with pytest.raises((CalipsoError, ValueError, TypeError)) as raised:
        drive(fetcher(lambda self, _id: one(got=call(self)), base), HOST, THINGS)
    assert expected in str(raised.value)


def test_a_command_without_a_host() -> None:
    with pytest.raises(ValueError, match=r'run\("a"\) names no host, and project p is on none'):
        drive(fetcher(lambda self, _id: one(got=self.run("a"))), thing("project", id="p"), {})


def test_questions_outside_of_a_run() -> None:
    made = fetcher(lambda self, _id: one(got=self.env))
    for outside in (lambda: made.env, lambda: made.ask(Command("h", "a")), lambda: made.inv.get_by_id("e", "i")):
        with pytest.raises(RuntimeError, match="works only while a scan runs"):
            outside()

    def in_a_thread(self: Any, _parent_id: str) -> Any:
        raised: list[BaseException] = []

        def ask() -> None:
            try:
                self.run("a", "cmp1")
            except RuntimeError as error:
                raised.append(error)

        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
        return one(told=str(raised[0]))

    assert "in other threads" in str(drive(fetcher(in_a_thread), HOST, {})[0].attributes["told"])


def test_a_name_that_the_package_does_not_have() -> None:
    import calipso_nornir.guide  # noqa: PLC0415 - of this test

    with pytest.raises(AttributeError, match=r"has no CliAcess; it has .*CliAccess"):
        _ = calipso_nornir.guide.CliAcess


# --- link finders


def finder(**change: Any) -> FindLinks:
    class FindLinksForInstances(FindLinks):
        def add_links(self) -> None:
            for row in self.inv.find_items({"environment": self.env, "type": "instance", "host": "cmp1"}):
                host = self.inv.get_by_id(self.get_env(), row["host"])
                assert host is not None
                link = {
                    "env": self.get_env(),
                    "source": row["_id"],
                    "source_id": row["id"],
                    "target": host["_id"],
                    "target_id": host["id"],
                    "link_type": "instance-host",
                    "link_name": "runs on",
                    "state": "up",
                    "link_weight": 0,
                }
                self.create_links([{**link, **change}])

    made = FindLinksForInstances()
    made.told_types(["environment", "host", "instance"], ["instance-host"])
    return made


def test_a_finder_of_the_guides_form() -> None:
    links = connect(view(HOST, INSTANCE, OTHER), finder(extra_attributes={"network": ["n"]}, source_label="a"))
    assert told(links) == ["instance-host: i1 > cmp1"]
    assert (links[0].name, links[0].networks, links[0].source_label) == ("runs on", ("n",), "a")
    assert links[0].evidence[0].query == "link finder FindLinksForInstances"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"env": "other"}, 'create_link(env="other"): "'),
        ({"source": "x"}, "create_link(source='x', source_id=\"i1\"): this is not the _id of instance i1"),
        (
            {"link_type": "host-instance"},
            'this is not the _id of host i1: the source of the link type is of type "host"',
        ),
        ({"link_type": "instance"}, '"instance" is not a link type: expected <source type>-<target type>'),
        ({"state": "on"}, "yielded a link in state 'on'; up or down is expected"),
    ],
)
def test_mistakes_of_a_finder(change: dict[str, Any], expected: str) -> None:
    with pytest.raises((AssertionError, ValueError)) as raised:
        told(
            finder(**change).find(view(HOST, INSTANCE))
            if "state" not in change
            else connect(view(HOST, INSTANCE), finder(**change))
        )
    assert expected in str(raised.value)


def test_a_finder_without_add_links() -> None:
    with pytest.raises(NotImplementedError, match=r"Empty has no add_links\(self\)"):
        type("Empty", (FindLinks,), {})().find(view(HOST))


# --- metadata files of one's own


class Parser(MetadataParser):
    """Wants one key."""

    def get_required_fields(self) -> list[str]:
        """Return it."""
        return ["handlers_package"]


def test_a_metadata_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text('{"handlers_package": "a"}', encoding="utf-8")
    assert Parser().parse_metadata_file(file) == {"handlers_package": "a"}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            '{"handler_package": 1}',
            '"handlers_package" is missing; found handler_package. Did you mean "handler_package"',
        ),
        ("[]", "holds a list; an object with keys is expected"),
        ("{", "is not readable JSON"),
        (None, "is not readable JSON"),
    ],
)
def test_mistakes_in_a_metadata_file(tmp_path: Path, content: str | None, expected: str) -> None:
    file = tmp_path / "mine.json"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(MetadataError) as raised:
        Parser().parse_metadata_file(file)
    assert str(file) in str(raised.value)
    assert expected in str(raised.value)


def test_a_parser_that_only_says_no(tmp_path: Path) -> None:
    class No(Parser):
        def validate_metadata(self, metadata: dict[str, Any]) -> bool:
            return "good" in metadata

    file = tmp_path / "mine.json"
    file.write_text(json.dumps({"bad": 1}), encoding="utf-8")
    with pytest.raises(MetadataError, match="says that it is not valid"):
        No().parse_metadata_file(file)
