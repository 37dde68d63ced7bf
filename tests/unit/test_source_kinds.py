# SPDX-License-Identifier: Apache-2.0
"""Kinds of sources: faults are reported at load time; third parties' queries are asked in turn, recorded, and read."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import EntryPoint
from types import MappingProxyType, ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from nornir.core import Nornir
from nornir.core.inventory import Group, Groups, Host, Hosts, Inventory, ParentGroups

from calipso_nornir.errors import (
    BundleInvalid,
    FetcherRaised,
    MetadataError,
    NoSuchSource,
    NotRecorded,
    ParseError,
    PromiseBroken,
    SourceNotConfigured,
)
from calipso_nornir.metadata.environment_section import Section
from calipso_nornir.metadata.loading import load_catalog
from calipso_nornir.metadata.source_kinds import load_source_kinds, sections, source_kinds
from calipso_nornir.model.answers import Answer
from calipso_nornir.model.environment import Environment
from calipso_nornir.model.fetching import Fetched
from calipso_nornir.model.protocols import Reply
from calipso_nornir.model.queries import BY_PLATFORM, ApiGet, Command, HostlessQuery, Lookup, Query, ReachableHosts
from calipso_nornir.model.source_kinds import ORDERS, Opening, SourceKind
from calipso_nornir.parsing.registry import load_parsers
from calipso_nornir.scan.building import environment_source
from calipso_nornir.scan.running_fetching import read_reply
from calipso_nornir.sources import bundle
from calipso_nornir.sources.query_router import QueryRouter
from calipso_nornir.sources.recording import RecordingSource, ReplaySource
from calipso_nornir.sources.secrets import Vault
from tests.fixtures.canned import CannedSource, step
from tests.unit.test_asking import API, Watch, asking, on

if TYPE_CHECKING:
    from pathlib import Path

AT = datetime(2026, 11, 28, tzinfo=UTC)


class AcmeSection(Section):
    """A section of somebody else's."""

    needs = ("url",)
    url: str | None = None


@dataclass(frozen=True, slots=True)
class AcmeGet(HostlessQuery):
    """A question of somebody else's."""

    path: str
    tags: tuple[str, ...] = ()
    source: ClassVar[str] = "acme"

    def __str__(self) -> str:
        return f"acme {self.path}"


@dataclass(frozen=True, slots=True)
class AcmeHead(HostlessQuery):
    """Another one, with the same fields."""

    path: str
    source: ClassVar[str] = "acme"


ACME = SourceKind(
    name="acme",
    title="Acme",
    queries=(AcmeGet, AcmeHead),
    section="Acme",
    schema=AcmeSection,
    without="nothing of Acme is found",
    open=lambda _opening: None,
    check=lambda _trial: [],
)


def offered(monkeypatch: pytest.MonkeyPatch, *kinds: object) -> list[EntryPoint]:
    """Return entry points that lead to these, beside our own."""
    module = ModuleType("acme_kinds")
    points = []
    for number, kind in enumerate(kinds):
        setattr(module, f"KIND{number}", kind)
        points.append(EntryPoint(f"k{number}", f"acme_kinds:KIND{number}", "calipso_nornir.sources"))
    monkeypatch.setitem(sys.modules, "acme_kinds", module)
    own = EntryPoint("api", "calipso_nornir.sources.openstack_kind:API", "calipso_nornir.sources")
    return [*points, own]


class Thawed:
    """Not a dataclass."""


@dataclass(frozen=True)
class Elsewhere(HostlessQuery):
    """A query that names another source."""

    source: ClassVar[str] = "acne"


@dataclass(frozen=True)
class AsAField(HostlessQuery):
    """A query that could name any source."""

    source: str


@dataclass(frozen=True)
class Lacking:
    """A dataclass without what a query has."""

    source: ClassVar[str] = "acme"


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        (5, "a SourceKind was expected, found int"),
        (replace(ACME, name="api"), 'the name "api" is taken by entry point calipso_nornir.sources: api'),
        (replace(ACME, section="OpenStack"), 'the section "OpenStack" is taken'),
        (replace(ACME, section="AMQP"), 'the section "AMQP" is taken'),
        (replace(ACME, order="late"), 'order is "late", not one of before hosts, hosts, after hosts'),  # type: ignore[arg-type]
        (replace(ACME, schema=dict), "not a subclass of calipso_nornir.metadata.environment_section.Section"),
        (replace(ACME, queries=()), "queries is empty: the source could not be asked anything"),
        (replace(ACME, queries=(Thawed,)), "Thawed'> is not a frozen dataclass, which a query must be"),
        (replace(ACME, queries=(Elsewhere,)), "Elsewhere does not name this source; a class variable is expected"),
        (replace(ACME, queries=(AsAField,)), 'is expected: source: ClassVar[str] = "acme"'),
        (replace(ACME, queries=(Lacking,)), "Lacking has no host, request, which a query must have"),
    ],
)
def test_what_is_wrong_with_a_kind_is_told(monkeypatch: pytest.MonkeyPatch, kind: object, problem: str) -> None:
    with pytest.raises(MetadataError) as caught:
        load_source_kinds(offered(monkeypatch, kind))
    assert {one.where for one in caught.value.faults} == {"entry point calipso_nornir.sources: k0 = acme_kinds:KIND0"}
    assert any(problem in one.problem for one in caught.value.faults)


def test_all_faults_come_at_once_and_imports_that_fail_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = EntryPoint("x", "no_such_module_at_all:X", "calipso_nornir.sources")
    with pytest.raises(MetadataError) as caught:
        load_source_kinds([broken, *offered(monkeypatch, 5, replace(ACME, queries=()))])
    assert len(caught.value.faults) == 3
    assert "cannot be loaded: ModuleNotFoundError" in str(caught.value)


def test_kinds_come_in_the_order_in_which_they_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    late = replace(ACME, order="after hosts")
    found = load_source_kinds(offered(monkeypatch, late))
    assert list(found) == ["api", "acme"]
    orders = [ORDERS.index(kind.order) for kind in source_kinds().values()]
    assert orders == sorted(orders)
    assert {"OpenStack", "mysql", "CLI", "AMQP"} <= sections().keys()


def test_an_installation_that_is_older_than_the_code_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("calipso_nornir.metadata.source_kinds.entry_points", lambda **_group: [])
    with pytest.raises(MetadataError, match="the installation is older than its code; install it again"):
        source_kinds.__wrapped__()


# --- asked in rounds


def test_a_question_that_no_kind_answers_is_an_error_of_that_fetching_only() -> None:
    watch = Watch({}, step("a", asking(AcmeGet("/x"))), step("b", asking(API)))
    watch.rounds._source = QueryRouter({"api": CannedSource({API: [1]})})  # noqa: SLF001 - what a scan has
    watch.run()
    assert watch.errors == {"ScanEnvironment/a": NoSuchSource("acme", tuple(source_kinds()))}
    assert watch.found_by == {"ScanEnvironment/b of environment cloud": ["1-[1]"]}


def test_a_source_that_cannot_be_opened_fails_its_own_questions_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_opening: Opening) -> None:
        raise RuntimeError("c4n4ry")

    kinds = {"acme": replace(ACME, open=broken)}
    monkeypatch.setattr("calipso_nornir.scan.building.source_kinds", lambda: kinds)
    router = environment_source(
        Environment(name="x"), Vault(), catalog=load_catalog(), nornir=None, progress=lambda _event: None
    )
    answers = router.answer([AcmeGet("/x"), API])
    assert answers[AcmeGet("/x")] == FetcherRaised("source acme, when it was opened,", "RuntimeError")
    assert answers[API] == SourceNotConfigured("OpenStack")
    router.close()


def test_answers_that_are_none_are_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    canned = SimpleNamespace(answer=lambda queries: {query: [1] for query in queries})
    [answer] = QueryRouter({"acme": canned}).answer([AcmeGet("/x")]).values()
    assert answer == FetcherRaised("source acme", "nothing: it answered with a list, not a Reply")
    unusable = replace(ACME, usable=lambda _query, data: data["x"])
    monkeypatch.setattr("calipso_nornir.scan.running_fetching.source_kinds", lambda: {"acme": unusable})
    error = read_reply(AcmeGet("/x"), Reply([], AT), {})
    assert isinstance(error, FetcherRaised)
    assert error.plugin == "source acme"


def test_kinds_are_asked_before_hosts_with_them_or_after(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = MappingProxyType({**source_kinds(), "acme": replace(ACME, order="after hosts")})
    monkeypatch.setattr("calipso_nornir.scan.asking.source_kinds", lambda: kinds)
    answers = {"acme": 1, "cli": "x", "api": [], ReachableHosts(): []}
    steps = [asking(AcmeGet("/x")), asking(on("h1")), asking(API), asking(ReachableHosts())]
    watch = Watch(answers, *(step(f"t{number}", get) for number, get in enumerate(steps))).run()
    assert watch.asked == [["GET compute /x", "hosts that can be reached"], ["h1: cmd"], ["acme /x"]]
    assert [(one.source, one.hosts) for one in watch.told] == [("api", 0), ("cli", 0), ("cli", 1), ("acme", 0)]


def test_a_question_that_is_another_each_time_is_refused() -> None:
    @dataclass(frozen=True, eq=False)
    class Restless(HostlessQuery):
        source: ClassVar[str] = "acme"

        @property
        def request(self) -> Any:  # noqa: ANN401 - it is the mistake
            return Restless()

    watch = Watch({}, step("a", asking(Restless()))).run()
    [error] = watch.errors.values()
    assert isinstance(error, PromiseBroken)
    assert "whose request differs each time" in str(error)


# --- recorded


@pytest.fixture
def acme(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = MappingProxyType({**source_kinds(), "acme": ACME})
    monkeypatch.setattr(bundle, "source_kinds", lambda: kinds)


def recorded(path: Path, answers: dict[Query, Any]) -> Path:
    source = RecordingSource(CannedSource(answers), path, environment=Environment(name="x"), scrub=Vault().scrub)
    source.answer(list(answers))
    source.complete()
    source.close()
    return path


@pytest.mark.usefixtures("acme")
def test_foreign_questions_and_all_classes_of_a_kind_are_recorded(tmp_path: Path) -> None:
    answers: dict[Query, Any] = {
        AcmeGet("/x", ("a", "b")): Reply([{"id": 1}], AT),
        AcmeGet("/x"): Reply("get", AT),
        AcmeHead("/x"): Reply("head", AT),
        ReachableHosts(): Reply([{"host": "sw1", "platform": "cisco_nxos"}], AT),
        Command("sw1", "show clock"): Reply("12:00", AT, platform="cisco_nxos"),
    }
    replay = ReplaySource(recorded(tmp_path / "b", answers))
    assert replay.answer(list(answers)) == answers


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize("data", [{1, 2}, object(), [AT]])
def test_what_is_not_json_is_left_out_and_ends_nothing(tmp_path: Path, data: object) -> None:
    query = AcmeGet("/x")
    replay = ReplaySource(recorded(tmp_path / "b", {query: Reply(data, AT), API: Reply([], AT)}))
    found = replay.answer([query, API])
    assert found[query] == NotRecorded("acme /x", str(tmp_path / "b"))
    assert found[API] == Reply([], AT)


def test_a_recording_of_a_source_that_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(bundle, "source_kinds", lambda: {**source_kinds(), "acme": ACME})
        path = recorded(tmp_path / "b", {AcmeGet("/x"): Reply([], AT)})
        head = recorded(tmp_path / "c", {AcmeHead("/x"): Reply([], AT)})
    with pytest.raises(BundleInvalid, match="the source 'acme' is not installed here"):
        ReplaySource(path)
    monkeypatch.setattr(bundle, "source_kinds", lambda: {"acme": replace(ACME, queries=(AcmeGet,))})
    with pytest.raises(BundleInvalid, match="the source acme has no queries 'AcmeHead'"):
        ReplaySource(head)


# --- read by platform


CLOCK = "*18:57:38.177 UTC Mon Oct 18 2021\n"


@pytest.mark.parametrize(
    ("platform", "command", "text", "first"),
    [
        ("cisco_ios", "show clock", CLOCK, {"timezone": "UTC", "year": "2021"}),
        ("ios", "show clock", CLOCK, {"timezone": "UTC", "year": "2021"}),  # NAPALM's name
        (None, "ethtool -i eth0", "driver: e1000\nversion: 1\n", {"key": "driver", "value": "e1000"}),
        ("linux", "ethtool -i eth0", "driver: e1000\nversion: 1\n", {"key": "driver", "value": "e1000"}),
    ],
)
def test_the_platform_chooses_the_template(
    platform: str | None, command: str, text: str, first: dict[str, str]
) -> None:
    reply = Reply(text, AT, platform=platform)
    answer = read_reply(Command("h", command, BY_PLATFORM), reply, load_parsers())
    assert isinstance(answer, Answer)
    assert first.items() <= answer.value[0].items()


@pytest.mark.parametrize(
    ("platform", "command", "problem"),
    [
        ("cisco_ios", "show no-such-thing", "no template reads"),
        ("no_such_os", "show clock", "no template reads"),
        ("cisco_ios", "show clock", "the template knows none of its lines"),
        ("cisco_ios", "show vlan", "the template knows none of its lines"),  # strict, but not from the first line on
        ("cisco_nxos", "show version", "cannot read it"),
        (None, "no-such-tool", 'no template reads "no-such-tool"; name a parser'),
    ],
)
def test_what_no_template_reads_is_an_error_and_never_an_empty_table(
    platform: str | None, command: str, problem: str
) -> None:
    error = read_reply(Command("h", command, BY_PLATFORM), Reply("% what?\n", AT, platform=platform), load_parsers())
    assert isinstance(error, ParseError)
    assert problem in str(error)
    assert error.host == "h"


# --- hosts that only an inventory knows


def rows(opening: Opening) -> list[tuple[Any, ...]]:
    source = source_kinds()["cli"].open(opening)
    assert source is not None
    query = ReachableHosts()
    reply = source.answer([query])[query]
    source.close()
    assert isinstance(reply, Reply)
    return [tuple(row.values()) for row in reply.data]


def test_the_hosts_of_a_nornir_inventory() -> None:
    group = Group("leaves", platform="cisco_nxos")
    hosts = Hosts(
        sw2=Host("sw2", hostname="192.0.2.2", groups=ParentGroups([group])), cmp1=Host("cmp1", platform="linux")
    )
    nornir = Nornir(Inventory(hosts, Groups(leaves=group)))
    opening = Opening(environment=Environment(name="x"), section=None, secrets=Vault(), nornir=nornir)
    assert rows(opening) == [("cmp1", "", "cmp1", []), ("sw2", "cisco_nxos", "192.0.2.2", ["leaves"])]


def test_the_hosts_of_the_section() -> None:
    section = {"user": "scan", "hosts": {"sw1": {"host": "192.0.2.1", "platform": "arista_eos"}, "cmp1": {}}}
    opening = Opening(environment=Environment(name="x"), section=section, secrets=Vault())
    assert rows(opening) == [("cmp1", "", "cmp1", []), ("sw1", "arista_eos", "192.0.2.1", [])]


def test_queries_are_told_from_anything_else() -> None:
    for query in (API, on("h"), Lookup("host"), ReachableHosts(), AcmeGet("/x"), ApiGet("a", "/b", "c")):
        assert isinstance(query, Query)
    for other in ("text", 5, Fetched(id="a", name="a")):
        assert not isinstance(other, Query)


def test_to_read_a_description_takes_no_driver() -> None:
    """Nor do fetchers, or loading all metadata: what does I/O is imported when a source is opened."""
    code = (
        "import sys\n"
        "from calipso_nornir.metadata.environments import read_environment\n"
        "from calipso_nornir.metadata.loading import load_catalog\n"
        "read_environment({'name': 'x', 'configuration': [{'name': 'CLI', 'user': 'u'}]}, where='x')\n"
        "assert load_catalog().scanners\n"
        "io = {'asyncssh', 'keystoneauth1', 'netmiko', 'nornir', 'openstack', 'paramiko', 'pymysql', 'requests'}\n"
        "print(sorted(io & sys.modules.keys()))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - code of ours
    assert done.stdout == "[]\n"
