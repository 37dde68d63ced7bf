# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - answers of the API are JSON
"""The ACI source against a stand-in for an APIC, over HTTPS."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.errors import (
    AnswerTooLarge,
    AnswerTooSlow,
    ApiFailed,
    ApiUnreachable,
    CalipsoError,
    ControllerRefused,
    NotAuthorized,
    ParseError,
)
from calipso_nornir.model.aci import NEIGHBOURS, NODES, AciGet, endpoints_of
from calipso_nornir.model.environment import SecretRef
from calipso_nornir.model.protocols import Reply
from calipso_nornir.sources.aci.source import AciSource
from calipso_nornir.sources.secrets import Vault
from tests.fixtures.apic import INVALID, PASSWORD, Apic, Controller, child, mo, refused, serving
from tests.fixtures.cloud import Request, Response

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PWD = SecretRef("env", "APIC")
MAC = "02:00:5e:00:00:07"


def node(number: int) -> dict[str, Any]:
    return mo("fabricNode", f"topology/pod-1/node-{number}", id=str(number), name=f"leaf{number}", role="leaf")


@pytest.fixture
def controller(tmp_path: Path) -> Iterator[Controller]:
    with serving(Apic(*map(node, range(101, 108))), tmp_path) as served:
        yield served


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def source(controller: Controller, vault: Vault | None = None, clock: Clock | None = None, **more: Any) -> AciSource:
    section = controller.section(pwd=PWD, **more)
    own = vault or Vault(environ={"APIC": PASSWORD})
    return AciSource(section, own, sleep=lambda _seconds: None, **({"clock": clock} if clock else {}))


def asked(
    controller: Controller, *queries: AciGet, vault: Vault | None = None, **more: Any
) -> list[Reply | CalipsoError]:
    with closing(source(controller, vault, **more)) as opened:
        answers = opened.answer(queries)
    return [answers[query] for query in queries]


def data(answer: Reply | CalipsoError) -> Any:
    assert isinstance(answer, Reply), answer
    return answer.data


def error(answer: Reply | CalipsoError, kind: type[CalipsoError], said: str) -> None:
    assert isinstance(answer, kind), repr(answer)
    assert said in str(answer)


def names(answer: Reply | CalipsoError) -> list[str]:
    return [one["fabricNode"]["attributes"]["name"] for one in data(answer)]


SEVEN = [f"leaf{number}" for number in range(101, 108)]


def test_a_list_is_joined_from_its_pages(controller: Controller) -> None:
    assert names(asked(controller, NODES, page_size=3)[0]) == SEVEN
    pages = [(one.query["page"], one.query["page-size"]) for one in controller.apic.asked("class/fabricNode")]
    assert pages == [("0", "3"), ("1", "3"), ("2", "3")]
    assert len(controller.apic.asked("aaaLogin")) == 1
    assert controller.apic.tokens == set()  # it has logged out


def test_only_what_is_used_is_kept(controller: Controller) -> None:
    text = json.dumps(data(asked(controller, NODES)[0]))
    assert "modTs" not in text
    assert "token" not in text


def test_all_of_an_object_is_kept_for_who_asks_for_it_by_name(controller: Controller) -> None:
    (answer,) = asked(controller, AciGet("mo/topology/pod-1/node-103"))
    assert data(answer)[0]["fabricNode"]["attributes"]["modTs"]


def test_filters_and_children(controller: Controller) -> None:
    there = child("fvRsCEpToPathEp", "x", tDn="topology/pod-1/paths-101/pathep-[eth1/7]")
    other = child("fvIp", "ip-[192.0.2.7]", addr="192.0.2.7")
    controller.apic.objects += [
        mo("fvCEp", f"uni/tn-a/ap-b/epg-c/cep-{mac}", there, other, mac=mac, encap="vlan-20")
        for mac in (MAC.upper(), "02:00:5E:00:00:08")
    ]
    (answer,) = asked(controller, endpoints_of([MAC, "02:00:5e:00:00:99"]))
    (one,) = data(answer)
    assert one["fvCEp"]["attributes"]["mac"] == MAC.upper()
    assert [list(each) for each in one["fvCEp"]["children"]] == [["fvRsCEpToPathEp"]]


# --- the login


def test_a_password_that_the_apic_does_not_accept_is_tried_once(controller: Controller) -> None:
    vault = Vault(environ={"APIC": "c4n4ry-wrong"})
    with closing(source(controller, vault)) as opened:
        first, second = opened.answer([NODES])[NODES], opened.answer([NEIGHBOURS])[NEIGHBOURS]
    for answer in (first, second):
        error(answer, ControllerRefused, "refused the login of scanner: Username or password is incorrect - FAILED")
        assert f"{controller.apic.url} " in str(answer)
        assert "Check ACI.user, ACI.pwd and ACI.domain" in str(answer)
    assert [one.path for one in controller.apic.requests] == ["/api/aaaLogin.json"]


def test_a_login_domain(controller: Controller) -> None:
    assert names(asked(controller, NODES, domain="tacacs")[0]) == SEVEN
    (login,) = controller.apic.asked("aaaLogin")
    assert login.body["aaaUser"]["attributes"]["name"] == "apic:tacacs\\scanner"


def test_a_token_is_refreshed_before_it_expires(controller: Controller) -> None:
    clock = Clock()
    with closing(source(controller, clock=clock)) as opened:
        opened.answer([NODES])
        clock.now = 449
        opened.answer([NODES])
        assert not controller.apic.asked("aaaRefresh")
        clock.now = 451
        assert names(opened.answer([NODES])[NODES]) == SEVEN
    assert len(controller.apic.asked("aaaRefresh")) == 1
    assert len(controller.apic.asked("aaaLogin")) == 1
    assert controller.apic.requests[-2].headers["cookie"] == "APIC-cookie=c4n4ry-token-2"


def test_a_token_that_cannot_be_refreshed_is_fetched_anew(controller: Controller) -> None:
    clock = Clock()
    controller.apic.refreshable = False
    with closing(source(controller, clock=clock)) as opened:
        opened.answer([NODES])
        clock.now = 600
        assert names(opened.answer([NODES])[NODES]) == SEVEN
    assert len(controller.apic.asked("aaaLogin")) == 2


def test_a_token_that_has_expired_is_fetched_anew_and_the_page_asked_again(controller: Controller) -> None:
    def expires(request: Request) -> Response | None:
        if request.query.get("page") == "1" and len(controller.apic.asked("aaaLogin")) == 1:
            controller.apic.tokens.clear()
        return None

    controller.apic.first = expires
    vault = Vault(environ={"APIC": PASSWORD})
    assert names(asked(controller, NODES, page_size=3, vault=vault)[0]) == SEVEN
    assert len(controller.apic.asked("aaaLogin")) == 2
    assert vault.scrub("c4n4ry-token-1 c4n4ry-token-2") == "*** ***"


def test_a_token_that_is_never_accepted_fails_after_one_more_login(controller: Controller) -> None:
    controller.apic.first = lambda one: refused(403, INVALID) if "class" in one.path else None
    error(asked(controller, NODES)[0], NotAuthorized, f"/api/class/fabricNode.json (403): {INVALID}")
    assert len(controller.apic.asked("aaaLogin")) == 2


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"imdata": []}, "found 0 objects:"),
        ({"imdata": [{"aaaLogin": {"attributes": {"token": ""}}}]}, "found 1 objects: aaaLogin without a token"),
        ({"imdata": [{"aaaLogin": "c4n4ry-lost-token"}]}, "found JSON of another form"),
        (b"<html>gateway</html>", "found a text of 20 characters that is not JSON"),
        ([], "found JSON of another form"),
    ],
)
def test_a_login_of_another_form(controller: Controller, body: Any, said: str) -> None:
    controller.apic.first = lambda _request: Response(body)
    answer = asked(controller, NODES)[0]
    error(answer, ParseError, f"expected aaaLogin with attributes and a token, {said}")
    assert "/api/aaaLogin.json" in str(answer)
    assert "c4n4ry" not in str(answer)


def test_the_next_controller_is_used_if_one_cannot_be_reached(controller: Controller) -> None:
    section = {**controller.section(pwd=PWD), "host": "127.0.0.2", "hosts": ("127.0.0.1",), "retries": 0}
    with closing(AciSource(section, Vault(environ={"APIC": PASSWORD}))) as opened:
        assert names(opened.answer([NODES])[NODES]) == SEVEN


def test_without_a_controller_that_can_be_reached_the_last_one_is_told(controller: Controller) -> None:
    section = {**controller.section(pwd=PWD), "host": "127.0.0.2", "hosts": ("127.0.0.3",), "retries": 0}
    with closing(AciSource(section, Vault(environ={"APIC": PASSWORD}))) as opened:
        error(opened.answer([NODES])[NODES], ApiUnreachable, "https://127.0.0.3:")


# --- what an APIC refuses, and what it does not finish


def test_a_class_that_the_user_may_not_read_does_not_affect_the_others(controller: Controller) -> None:
    text = "Access restricted to L3Out interface only"
    controller.apic.first = lambda one: refused(403, text) if "lldpAdjEp" in one.path else None
    neighbours, nodes = asked(controller, NEIGHBOURS, NODES)
    error(neighbours, NotAuthorized, f"APIC {controller.apic.url} refused /api/class/lldpAdjEp.json (403): {text}")
    assert names(nodes) == SEVEN
    assert len(controller.apic.asked("aaaLogin")) == 1


@pytest.mark.parametrize(
    ("query", "answer", "said"),
    [
        (
            AciGet("class/faultInf"),
            None,
            "answered /api/class/faultInf.json with 400: Request failed, unresolved class for faultInf",
        ),
        (AciGet("mo/uni/tn-gone"), None, "/api/mo/uni/tn-gone.json with 404: Request failed, the DN uni/tn-gone is"),
        (NODES, refused(122, "class fabricNod not found", status=400), "with 400: class fabricNod not found"),
        (NODES, refused(503, "Busy", status=200), "with 503: Busy"),
        (NODES, Response(b"<h1>Bad gateway</h1>", 502), "with 502: <h1>Bad gateway</h1>"),
        (NODES, Response({}, 302, {"Location": "https://elsewhere.example/"}), "a redirect, which is not followed"),
    ],
)
def test_an_apics_own_words_are_told(controller: Controller, query: AciGet, answer: Response | None, said: str) -> None:
    controller.apic.first = lambda one: answer if "aaa" not in one.path else None
    found = asked(controller, query, page_size=50)[0]
    error(found, ApiFailed, said)
    assert f"APIC {controller.apic.url}" in str(found)


@pytest.mark.parametrize("busy", [refused(500, "Internal Server Error"), Response(abort=True)], ids=["500", "closed"])
def test_what_may_pass_is_asked_again(controller: Controller, busy: Response) -> None:
    controller.apic.first = lambda one: (
        busy if "class" in one.path and len(controller.apic.asked("class/fabricNode")) == 1 else None
    )
    assert names(asked(controller, NODES)[0]) == SEVEN


def test_what_does_not_pass_is_told(controller: Controller) -> None:
    controller.apic.first = lambda one: refused(500, f"no {PASSWORD}") if "class" in one.path else None
    error(asked(controller, NODES, retries=2)[0], ApiFailed, "/api/class/fabricNode.json with 500: no ***")
    assert len(controller.apic.asked("class/fabricNode")) == 3


def test_a_page_that_an_apic_does_not_finish_is_asked_in_smaller_ones(controller: Controller) -> None:
    def busy(request: Request) -> Response | None:
        large = int(request.query.get("page-size", "0")) > 100
        return refused(503, "Unable to deliver the message, Resolve timeout") if large else None

    controller.apic.first = busy
    assert names(asked(controller, NODES, retries=0)[0]) == SEVEN
    assert [one.query["page-size"] for one in controller.apic.asked("class/fabricNode")] == ["1000", "250", "62"]


# --- half an answer, and answers without end


def test_a_list_that_changes_while_it_is_read_is_read_again(controller: Controller) -> None:
    def grows(request: Request) -> Response | None:
        if request.query.get("page") == "1" and len(controller.apic.objects) == 7:
            controller.apic.objects.insert(0, node(100))
        return None

    controller.apic.first = grows
    assert names(asked(controller, NODES, page_size=3)[0]) == ["leaf100", *SEVEN]


def test_a_list_that_always_changes_is_told(controller: Controller) -> None:
    def grows(request: Request) -> Response | None:
        if "class" in request.path:
            controller.apic.objects.append(node(200 + len(controller.apic.objects)))
        return None

    controller.apic.first = grows
    error(asked(controller, NODES, page_size=3)[0], ApiFailed, "the list changed 4 times while it was read")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"totalCount": "60", "imdata": []}, "imdata: expected 60 objects in all, found 0"),
        ({"totalCount": "0", "imdata": [node(1)]}, "$.totalCount: expected at least 1, found 0"),
        ({"totalCount": "many", "imdata": []}, "$.totalCount: expected a number, found 'many'"),
        ({"totalCount": 1, "imdata": []}, "$.totalCount: expected a text, found 1"),
        ({"imdata": []}, '$: "totalCount" is missing'),
        ({"totalCount": "1"}, "imdata: expected a list, found null"),
        ({"totalCount": "1", "imdata": ["x"]}, 'imdata[0]: expected an object, found "x"'),
        ([], "$: expected an object, found []"),
        (b"<html>gateway</html>", "it is not JSON (application/json, 20 bytes)"),
    ],
)
def test_answers_of_another_form(controller: Controller, body: Any, said: str) -> None:
    controller.apic.first = lambda one: Response(body) if "class" in one.path else None
    answer = asked(controller, NODES)[0]
    error(answer, ParseError, said)
    assert "GET aci /api/class/fabricNode.json" in str(answer)


def test_a_list_without_end(controller: Controller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("calipso_nornir.sources.aci.pages.MAX_PAGES", 5)

    def another(request: Request) -> Response | None:
        if "class" not in request.path:
            return None
        return Response({"totalCount": "100000", "imdata": [node(1000 + int(request.query["page"]))]})

    controller.apic.first = another
    error(asked(controller, NODES)[0], ParseError, "expected at most 5 pages, and there are more (100000 objects)")


def test_an_answer_that_is_too_large(controller: Controller) -> None:
    controller.apic.first = lambda one: Response(b" " * (1 << 21)) if "class" in one.path else None
    error(asked(controller, NODES, max_answer_mib=1)[0], AnswerTooLarge, "ACI.max_answer_mib")


def test_an_answer_that_was_cut_short(controller: Controller) -> None:
    cut = Response(b'{"totalCount": "7", "imdata": [', 200, {"Content-Length": "4000"})
    controller.apic.first = lambda one: cut if "class" in one.path else None
    error(asked(controller, NODES, retries=0)[0], ApiUnreachable, "the answer was cut short")


def test_an_answer_that_takes_too_long(controller: Controller) -> None:
    import threading  # noqa: PLC0415 - for this test only

    waiting = threading.Event()

    def slow(request: Request) -> Response | None:
        if "class" in request.path:
            waiting.wait(5)
        return None

    controller.apic.first = slow
    answer = asked(controller, NODES, answer_timeout_s=0.2, retries=0)[0]
    waiting.set()
    error(answer, AnswerTooSlow, "ACI.answer_timeout_s")


# --- TLS


def test_the_certificate_is_checked(controller: Controller, tmp_path: Path) -> None:
    (other := tmp_path / "other").mkdir()
    with serving(Apic(), other) as stranger:
        section = {**controller.section(pwd=PWD), "cacert": str(stranger.pki.ca)}
        with closing(AciSource(section, Vault(environ={"APIC": PASSWORD}))) as opened:
            answer = opened.answer([NODES])[NODES]
    error(answer, ApiUnreachable, "TLS: ")
    assert "Name the authority's file in ACI.cacert" in str(answer)
    assert controller.apic.requests == []


def test_an_unverified_apic_is_used_if_the_section_says_so(controller: Controller) -> None:
    section = {**controller.section(pwd=PWD, verify=False), "cacert": None}
    with closing(AciSource(section, Vault(environ={"APIC": PASSWORD}))) as opened:
        assert names(opened.answer([NODES])[NODES]) == SEVEN


def test_a_file_without_certificates(controller: Controller, tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_text("something else")
    answer = asked(controller, NODES, cacert=str(tmp_path / "no.pem"))[0]
    assert "ACI.cacert: contains no certificates in PEM" in str(answer)
