# SPDX-License-Identifier: Apache-2.0
"""``calipso_nornir.testing``: the tools with which third parties test their fetchers and link finders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.errors import CommandFailed, ParseError
from calipso_nornir.model.fetching import Fetched
from calipso_nornir.model.links import Link
from calipso_nornir.model.protocols import Reply
from calipso_nornir.model.queries import ApiGet, Command, Lookup, Select
from calipso_nornir.testing import AT, connect, drive, thing, told, view

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import View
    from calipso_nornir.model.queries import Query

HOST = thing("host", id="h1", host="h1")


class Asking:
    """Asks one query and gives its value as an attribute."""

    def __init__(self, *queries: Query) -> None:
        self._queries = queries

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask."""
        answers = yield list(self._queries)
        return [Fetched(id=parent.id, name="x", attributes={"values": [answers[query] for query in self._queries]})]


def values(query: Query, answers: dict[Any, Any]) -> Any:  # noqa: ANN401 - JSON of any shape
    (found,) = drive(Asking(query), HOST, answers)
    return next(iter(dict[str, Any](found.attributes)["values"]))


UPTIME = Command("h1", "uptime", "lines")
SERVERS = ApiGet("compute", "/servers", "servers", (("all", "1"),), region="R1")
ROWS = Select("neutron", "SELECT a.x FROM agents a LEFT JOIN ports p ON p.id = a.id", (1,))
PORTS = Lookup.of("port", {"mac": "m1"})


@pytest.mark.parametrize("key", [UPTIME, "h1: uptime", "uptime", "h1:", "cli"], ids=str)
def test_names_of_a_command(key: Any) -> None:  # noqa: ANN401 - a query or its name
    assert values(UPTIME, {key: "a\nb\n"}) == ("a", "b")


@pytest.mark.parametrize("key", [SERVERS, "GET compute /servers?all=1 [R1]", "GET compute /servers", "api"], ids=str)
def test_names_of_an_api_request(key: Any) -> None:  # noqa: ANN401 - as above
    assert values(SERVERS, {key: [1]}) == [1]


@pytest.mark.parametrize("key", [ROWS, str(ROWS), "agents", "ports", "db"], ids=str)
def test_names_of_a_statement(key: Any) -> None:  # noqa: ANN401 - as above
    assert values(ROWS, {key: [{"x": 1}]}) == [{"x": 1}]


@pytest.mark.parametrize("key", [PORTS, str(PORTS), "port", "inventory"], ids=str)
def test_names_of_a_look_up_which_takes_what_fits(key: Any) -> None:  # noqa: ANN401 - as above
    known = [thing("port", id="p1", mac="m1"), thing("port", id="p2", mac="m2")]
    assert values(PORTS, {key: known}) == [known[0]]


@pytest.mark.parametrize("answer", ['{"servers": [1]}', "[1]", {"servers": [1]}, [1], Reply({"servers": [1]}, AT)])
def test_forms_of_an_apis_answer(answer: Any) -> None:  # noqa: ANN401 - as above
    assert values(SERVERS, {"api": answer}) == [1]


def test_forms_of_a_commands_answer(tmp_path: Path) -> None:
    (tmp_path / "uptime.txt").write_text("a\n")
    assert values(UPTIME, {"uptime": tmp_path / "uptime.txt"}) == ("a",)
    assert values(UPTIME, {"uptime": {"parsed": True}}) == {"parsed": True}
    assert values(UPTIME, {"uptime": Reply("a\n", AT)}) == ("a",)


def test_errors_are_raised_as_in_a_scan() -> None:
    failed = CommandFailed("h1", "uptime", 1)
    with pytest.raises(CommandFailed) as caught:
        values(UPTIME, {"uptime": failed})
    assert caught.value is failed
    unread = Command("h1", "uptime", "json")
    with pytest.raises(ParseError, match='h1: "uptime": json cannot read it') as parsed:
        values(unread, {"uptime": "no json"})
    assert (parsed.value.query, parsed.value.host) == ("uptime", "h1")


def test_a_third_partys_own_parsers() -> None:
    (found,) = drive(Asking(Command("h1", "x", "mine")), HOST, {"x": "7"}, parsers={"mine": int})
    assert found.attributes["values"] == [7]


def test_a_question_without_an_answer_is_named() -> None:
    with pytest.raises(AssertionError) as caught:
        drive(Asking(UPTIME, SERVERS), HOST, {"uptime": "a", "hostname": "h"})
    assert str(caught.value) == (
        "no answer for api: GET compute /servers?all=1 [R1]\nThere are answers for:\n  hostname\n  uptime"
    )


def test_rounds_gaps_and_blanks() -> None:
    failed = CommandFailed("h1", "uptime", 1)

    class Patient:
        def get(self, parent: InventoryObject) -> Fetching:
            answers = yield [UPTIME, UPTIME]
            answers.or_gap(UPTIME)
            answers = yield (SERVERS,)
            answers.or_blank(SERVERS)
            return [Fetched(id=parent.id, name="x")]

    driven = drive(Patient(), HOST, {"uptime": failed, "api": failed})
    assert driven.rounds == [[UPTIME], [SERVERS]]
    assert driven.asked == [["uptime"], [str(SERVERS)]]
    assert (driven.gaps, driven.blanks) == ({"uptime": failed}, {str(SERVERS): failed})
    assert list(driven.by_id) == ["h1"]


@pytest.mark.parametrize("result", [None, {"id": 1}, ["x"], "text"])
@pytest.mark.parametrize("generator", [True, False])
def test_a_result_that_a_scan_would_refuse(result: Any, generator: bool) -> None:  # noqa: ANN401, FBT001 - as above
    class Wrong:
        def get(self, _parent: InventoryObject) -> Any:  # noqa: ANN401 - the point of this test
            return self._ask() if generator else result

        def _ask(self) -> Any:  # noqa: ANN401 - as above
            yield [UPTIME]
            return result

    with pytest.raises(AssertionError, match="a fetcher returns a list of Fetched, not"):
        drive(Wrong(), HOST, {"uptime": ""})


def test_ids_that_are_given_twice_are_seen() -> None:
    class Twice:
        def get(self, _parent: InventoryObject) -> list[Fetched]:
            return [Fetched(id="a", name="a"), Fetched(id="a", name="b")]

    with pytest.raises(AssertionError, match="duplicate ids"):
        assert drive(Twice(), HOST, {}).by_id


# --- views


def test_things_have_places() -> None:
    folder = thing("pnics_folder", id="h1|pnics", name="pNICs", under=HOST)
    pnic = thing("host_pnic", {"ip_address": "192.0.2.1"}, id="h1|a", name="a/b", under=folder, mtu=1500)
    assert (pnic.id_path, pnic.name_path) == ("/cloud/h1/h1|pnics/h1|a", "/cloud/h1/pNICs/a%2Fb")
    assert pnic.attributes == {"ip_address": "192.0.2.1", "mtu": 1500}
    assert (thing("region").id, thing("region", environment="e").ref.environment) == ("region", "e")
    assert thing("port", id="p", under=pnic.sibling("ports_folder", "f")).parent == pnic.sibling("ports_folder", "f")
    picture = view(HOST, folder, pnic)
    assert picture.children(HOST.ref) == [folder]
    assert picture.get(pnic.ref) == pnic


def test_a_view_is_of_one_environment() -> None:
    with pytest.raises(ValueError, match="not of a, b"):
        view(thing("x", environment="a"), thing("x", environment="b"))


class Pairs:
    """Links every a with every b."""

    link_types = ("a-b",)

    def find(self, picture: View) -> Iterator[Link]:
        """Find them."""
        for a in picture.of_type("a"):
            yield from (Link(source=a.ref, target=b.ref, state="down") for b in picture.of_type("b"))


def test_links_are_found_and_told() -> None:
    picture = view(thing("a", id="1"), thing("b", id="2"), thing("b", id="3"))
    assert told(connect(picture, Pairs())) == ["a-b: 1 > 2 (down)", "a-b: 1 > 3 (down)"]
    assert len(picture.links("a-b")) == 2


def test_a_finder_that_raises_fails_the_test() -> None:
    class Broken:
        link_types = ("a-b",)

        def find(self, _picture: View) -> Iterator[Link]:
            raise KeyError("host")

    with pytest.raises(AssertionError, match=r"links a-b: link finder Broken raised KeyError\('host'\)"):
        connect(view(), Broken())
