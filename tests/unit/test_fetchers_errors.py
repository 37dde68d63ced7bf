# SPDX-License-Identifier: Apache-2.0
"""Every query of every fetcher fails once, in every way: nothing is invented, overwritten or silently skipped."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.errors import (
    ApiFailed,
    CalipsoError,
    CommandFailed,
    CommandMissing,
    CommandTimedOut,
    DatabaseUnavailable,
    HostUnreachable,
    NotAuthorized,
    ParseError,
    ViewRestricted,
)
from calipso_nornir.model.protocols import Reply
from calipso_nornir.model.queries import Command
from calipso_nornir.testing import AT, drive
from tests.fixtures.captured import everything
from tests.unit.test_fetchers_captured import HOST_FETCHERS, VARIANTS, in_region, on_hosts

if TYPE_CHECKING:
    from collections.abc import Callable

    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import Fetcher
    from calipso_nornir.model.queries import Query
    from calipso_nornir.testing import Driven


@dataclass(frozen=True)
class Case:
    """A fetcher on one parent, with all that it asks when all is well."""

    name: str
    fetcher: Fetcher
    parent: InventoryObject
    answers: dict[Any, Any]
    driven: Driven

    def without(self, query: Query, instead: Any) -> Driven:  # noqa: ANN401 - an error, or another answer
        return drive(self.fetcher, self.parent, {**self.answers, query: instead})


@cache
def cases() -> list[Case]:
    found = []
    for variant in VARIANTS:
        answers = everything(variant)
        hosts = on_hosts(variant, answers)
        rows = list(in_region(variant))
        rows += [(f"{name} of {host}", hosts[name](host)) for name in HOST_FETCHERS for host in ("net1", "cmp1")]
        for name, (fetcher, parents) in rows:
            for parent in parents[:1]:
                driven = drive(fetcher, parent, answers)
                found.append(Case(f"{variant} {name}", fetcher, parent, answers, driven))
    return found


def questions(*sources: str) -> list[Any]:
    return [
        pytest.param(case, query, id=f"{case.name}: {query}")
        for case in cases()
        for queries in case.driven.rounds
        for query in queries
        if query.source in sources
    ]


def no_more_than(found: Driven, whole: Driven) -> None:
    """Check that objects and attributes may be missing, but that none is another than when all is well."""
    known = whole.by_id
    for one in found:
        assert one.id in known
        told = known[one.id]
        assert one.name == told.name or not one.named
        assert (one.under, one.folder) == (told.under, told.folder)
        for key, value in one.attributes.items():
            assert value == told.attributes[key], f"{key} of {one.id}"


def expect_noted(case: Case, query: Query, error: CalipsoError) -> None:
    """Check that an error is raised, or noted; or that another answer told the same; or that nobody needed it."""
    try:
        driven = case.without(query, error)
    except CalipsoError as raised:
        assert raised == error  # noqa: PT017 - either it is raised, or it is noted
        return
    noted = {**driven.gaps, **driven.blanks}
    assert noted in ({}, {str(query): error})
    if not noted and case.driven:
        assert isinstance(query, Command) or list(driven) == list(case.driven)  # a list that only a doubt is about
        assert driven.by_id.keys() == case.driven.by_id.keys()
    if "ovs-vsctl" not in str(query):  # its text tells less, see test_old_hosts_tell_the_same_by_text
        no_more_than(driven, case.driven)


@pytest.mark.parametrize("error", [ApiFailed("any", "/any", 500, "oops"), NotAuthorized("any", "/any", "no")], ids=repr)
@pytest.mark.parametrize(("case", "query"), questions("api"))
def test_an_api_that_fails(case: Case, query: Query, error: CalipsoError) -> None:
    expect_noted(case, query, error)


@pytest.mark.parametrize(("case", "query"), questions("db"))
def test_a_database_that_is_down(case: Case, query: Query) -> None:
    expect_noted(case, query, DatabaseUnavailable("db", "down"))


def test_questions_to_the_database_are_there() -> None:
    assert {str(one.values[1]).split()[-1] for one in questions("db")} >= {"l.level", "ml2_vxlan_endpoints"}


COMMAND_ERRORS: list[Callable[[Command], CalipsoError]] = [
    lambda query: CommandMissing(query.host, query.text, 127, "not found"),
    lambda query: CommandFailed(query.host, query.text, 1, "refused"),
    lambda query: CommandTimedOut(query.host, query.text, 124),
    lambda query: HostUnreachable(query.host, "192.0.2.1", "no route to host"),
    lambda query: ParseError(query.parser or "", "unknown shape", query=query.text, host=query.host),
]


@pytest.mark.parametrize("error_of", COMMAND_ERRORS, ids=["missing", "failed", "timed out", "unreachable", "unread"])
@pytest.mark.parametrize(("case", "query"), questions("cli"))
def test_a_command_that_fails(case: Case, query: Command, error_of: Callable[[Command], CalipsoError]) -> None:
    expect_noted(case, query, error_of(query))


@pytest.mark.parametrize(("case", "query"), [one for one in questions("cli") if one.values[1].parser])
def test_half_an_answer_is_no_answer(case: Case, query: Command) -> None:
    texts = (query.text, query.formerly)
    whole = next(case.answers[key] for text in texts if (key := f"{query.host}: {text}") in case.answers)
    text = whole if isinstance(whole, str) else whole.read_text()
    for instead in (text[: len(text) // 2], text[:-2], text + "{", "\x1b[31m"):
        try:
            driven = case.without(query, instead)
        except ParseError as error:
            assert (error.query, error.host) == (query.text, query.host)  # noqa: PT017 - either raised, or noted
            continue
        if not driven.gaps and not driven.blanks and set(driven.by_id) != set(case.driven.by_id):
            assert query.text in CANNOT_BE_TOLD, "half an answer passed for a whole one"


CANNOT_BE_TOLD = frozenset(
    {
        "ls -l /sys/class/net",
        "ip netns list",
        "cat /etc/os-release",
        "virsh -c qemu:///system list --all --uuid",
    }
)
"""Lists without an end mark: that all of it came is known by the exit status of the command only."""


@pytest.mark.parametrize(("case", "query"), [one for one in questions("api") if one.values[1].cloud_wide])
def test_what_a_member_sees_is_no_proof_of_absence(case: Case, query: Query) -> None:
    gap = ViewRestricted("joe", "acme", ("member",), ("admin",))
    driven = case.without(query, Reply([], AT, gap))
    noted = {**driven.gaps, **driven.blanks}
    assert noted == {str(query): gap} or (list(driven) == list(case.driven) and not noted)
    missing = case.driven.by_id.keys() - driven.by_id.keys()
    assert not missing or driven.gaps, "objects are missing, and nothing says that they may be there"
    assert not any(one.attributes.get("orphaned") for one in driven)


def test_an_unreachable_host_is_not_asked_in_another_way() -> None:
    asked = 0
    for case in cases():
        hosts = {query.host for queries in case.driven.rounds for query in queries if query.host}
        for host in hosts:
            error = HostUnreachable(host, "192.0.2.1", "down")
            down = {**case.answers, **{key: error for key in case.answers if str(key).startswith(f"{host}: ")}}
            try:
                driven = drive(case.fetcher, case.parent, down)
            except HostUnreachable:
                asked += 1
            else:
                assert list(driven.gaps.values()) == [error]
                assert sum(any(query.host for query in queries) for queries in driven.rounds) == 1
    assert asked > 20


def test_a_reply_can_be_half_known(  # the tool itself: a Reply's gap comes through whatever the kind of question
) -> None:
    case = next(case for case in cases() if case.name == "ovs hosts")
    reply = Reply({"agents": []}, AT, ViewRestricted("joe", "acme", (), ("admin",)))
    driven = drive(case.fetcher, case.parent, {**case.answers, "GET network /agents": reply})
    assert list(driven.gaps) == ["GET network /agents [RegionOne]"]
    assert replace(driven[0], attributes={}) == replace(case.driven[0], attributes={})
