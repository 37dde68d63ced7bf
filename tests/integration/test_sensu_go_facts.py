# SPDX-License-Identifier: Apache-2.0
"""Where a real Sensu Go 6.12 does something else than its documentation says: what we do about it, fact by fact.

Each fact is in ``FACTS`` with the tests that show it; those that no other file has are here.
"""

from __future__ import annotations

import ast
import json
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from calipso_nornir.errors import ApiFailed
from calipso_nornir.monitoring.back_ends.base import Wish
from calipso_nornir.monitoring.back_ends.sensu_go import KINDS, Resource, SensuGo
from calipso_nornir.monitoring.back_ends.sensu_go_applying import apply
from calipso_nornir.monitoring.back_ends.sensu_go_client import SensuGoAccess, SensuGoClient
from tests.fixtures.sensu_go import EVENTS, StandIn, sensu_go
from tests.fixtures.watched import planned

if TYPE_CHECKING:
    from collections.abc import Iterator

GO = SensuGo()
HOSTS = Wish(plan=planned(), settings={"receiver_host": "10.77.0.1", "agent_password": "p"})
OBJECTS = Wish(plan=planned(), settings={"mode": "objects", "agent_password": "p"})
HERE, GO_TESTS = "test_sensu_go_facts", "test_monitoring_sensu_go"
RECORDING, DEPLOYING = "test_monitoring_recording", "test_monitoring_deploying"
STORY, ACCEPTANCE = "test_sensu_go_story", "test_monitoring_acceptance"
FACTS: Final = {
    "a token is valid for 300 s, and its session for little longer": {
        GO_TESTS: ["test_after_any_401_it_logs_in_again"]
    },
    "PUT answers 201 without a body, whether or not something changed": {
        GO_TESTS: ["test_everything_is_put_once_and_a_second_time_nothing_changes"],
        HERE: ["test_what_has_changed_is_known_by_reading_and_not_by_answers"],
    },
    "metadata.namespace is required, and that of the path": {
        GO_TESTS: ["test_what_it_refuses_is_told_in_its_words"],
        HERE: ["test_each_resource_names_its_namespace"],
    },
    "errors have three forms, as text/plain": {HERE: ["test_errors_of_all_three_forms_are_told"]},
    "If-Match protects no PUT": {HERE: ["test_requests_have_a_media_type_and_rely_on_no_condition"]},
    "a body without Content-Type is read as a form": {
        HERE: ["test_requests_have_a_media_type_and_rely_on_no_condition"],
    },
    "selectors of lists are ignored": {
        GO_TESTS: ["test_what_is_gone_is_removed_with_its_events_and_nothing_else"],
        HERE: ["test_no_list_is_asked_for_with_a_selector"],
    },
    "a missing namespace: 500 for PUT, an empty list for GET": {
        GO_TESTS: [
            "test_a_missing_namespace_is_made_before_anything_is_put",
            "test_a_user_that_may_not_see_namespaces_works_in_its_own",
        ],
    },
    "a check with an unknown asset runs without it": {HERE: ["test_checks_need_nothing_that_agents_would_do_without"]},
    "the limit of events has no default": {HERE: ["test_an_agent_is_told_all_that_has_another_default"]},
    "the entity of an agent is its own": {
        GO_TESTS: [
            "test_what_it_refuses_is_told_in_its_words",
            "test_what_environments_share_goes_with_the_last_of_them",
        ],
        HERE: ["test_only_proxies_are_put"],
    },
    "first events of a new entity lose each other": {
        GO_TESTS: ["test_entities_are_there_before_the_checks_that_name_them"],
    },
    "events come out of order": {
        RECORDING: ["test_results_that_come_late_change_nothing", "test_a_batch_is_put_in_order"],
    },
    "events go with their entity, and an agent that lives makes it again": {
        GO_TESTS: ["test_what_environments_share_goes_with_the_last_of_them"],
    },
    "an event with a time to live raises alarms after its check is gone": {
        GO_TESTS: [
            "test_what_is_gone_is_removed_with_its_events_and_nothing_else",
            "test_a_check_that_is_overdue_makes_nothing_better_or_worse",
        ],
    },
    "a silence begins and ends late, and ends by itself after a day": {HERE: ["test_nothing_depends_on_silences"]},
    "is_silenced is true where nothing silences": {HERE: ["test_nothing_depends_on_silences"]},
    "a filter that throws lets everything through, and a missing one nothing": {
        HERE: ["test_pipelines_name_only_what_is_put_before_them"],
        RECORDING: ["test_the_first_result_is_stored_and_the_unchanged_ones_are_not"],
    },
    "keys of labels are lower-cased in agent.yml": {HERE: ["test_labels_of_agents_are_in_lower_case"]},
    "the agent's API loses labels of an entity": {
        HERE: ["test_an_agent_is_told_all_that_has_another_default", "test_an_event_without_our_labels_is_refused"],
    },
    "the roles edit and admin have no rights on pipelines": {HERE: ["test_a_missing_right_is_told_with_its_path"]},
    "an agent is deregistered when its keepalive is over, with events that say 0": {
        GO_TESTS: ["test_nothing_becomes_ok_because_an_agent_has_gone"],
    },
    "there is no dashboard, and sensuctl has no prune": {
        GO_TESTS: ["test_what_is_gone_is_removed_with_its_events_and_nothing_else"],
    },
    "the socket 3030 takes 5 s and answers otherwise": {
        HERE: ["test_an_agent_is_told_all_that_has_another_default"],
    },
    "/info is gone, and /health says yes before init": {HERE: ["test_only_the_api_itself_is_asked"]},
    "the tcp handler gets no acknowledgement": {
        DEPLOYING: ["test_all_events_of_sensu_go_are_fetched"],
        STORY: ["test_what_was_lost_is_fetched"],
    },
    "the pipe handler gets one event, without a newline, on its standard input": {
        DEPLOYING: ["test_a_pipe_handler_reads_one_event"],
    },
    "a list has pages, and a bad token gives the first page again": {
        GO_TESTS: [
            "test_lists_are_read_page_by_page",
            "test_events_are_read_page_by_page_whatever_their_number",
        ],
    },
    "TLS of the API, with an authority of its own": {GO_TESTS: ["test_tls_is_verified"]},
    "an event of more than 2 MiB is lost unless its check limits what is stored": {
        GO_TESTS: ["test_the_probe_ends_before_its_agent_ends_it_and_no_event_is_too_large"],
    },
    "a back end that has warned looks again only after another warning time-out": {
        ACCEPTANCE: ["test_a_dead_host_is_told_within_two_periods"],
    },
    "tokens are substituted as text for a shell": {
        GO_TESTS: ["test_nothing_of_the_cloud_reaches_a_shell"],
        HERE: ["test_checks_need_nothing_that_agents_would_do_without"],
    },
    "flapping is a state, and status stays the real one": {HERE: ["test_flapping_is_no_status"]},
}
"""Fact -> file -> its tests."""


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with sensu_go() as one:
        yield one


@pytest.fixture
def client(stand_in: StandIn) -> Iterator[SensuGoClient]:
    made = SensuGoClient(SensuGoAccess(url=stand_in.url, key="a-key"))
    yield made
    made.close()


def of_lab(name: str, **labels: str) -> Any:  # noqa: ANN401 - JSON
    """Return a recorded event about an object of ours."""
    made = deepcopy(EVENTS[name])
    ours = {"calipso_env": "lab", "calipso_of": "a" * 24, "calipso_type": "vnic", "calipso_host": "cmp1", **labels}
    made["entity"]["metadata"]["labels"] = ours
    return made


def test_each_fact_has_tests() -> None:
    folder = Path(__file__).parent
    for fact, files in FACTS.items():
        for file, names in files.items():
            tree = ast.parse((folder / f"{file}.py").read_text(encoding="utf-8"))
            there = {one.name for one in tree.body if isinstance(one, ast.FunctionDef)}
            assert set(names) <= there, fact


def test_what_has_changed_is_known_by_reading_and_not_by_answers(stand_in: StandIn, client: SensuGoClient) -> None:
    assert apply(client, GO.resources(HOSTS), environment="lab").put
    before = len(stand_in.requests)
    assert not apply(client, GO.resources(HOSTS), environment="lab")
    assert {one.split()[0] for one in stand_in.requests[before:]} == {"GET"}


def test_each_resource_names_its_namespace() -> None:
    for wish in (HOSTS, Wish(plan=planned(), settings={"namespace": "net", "mode": "objects"})):
        found = {one.body["metadata"]["namespace"] for one in GO.resources(wish)}
        assert found == {wish.settings.get("namespace", "default")}


def test_errors_of_all_three_forms_are_told(stand_in: StandIn, client: SensuGoClient) -> None:
    with pytest.raises(ApiFailed, match="the namespace of the resource"):  # {"message", "code"}
        client.put(Resource("checks", "a", {"metadata": {"name": "a"}}))
    refused = SensuGoClient(SensuGoAccess(url=stand_in.url, key="wrong"))
    with pytest.raises(ApiFailed, match="with 401: invalid credentials"):  # {"Message", "Code"}
        refused.listed("checks")
    refused.close()
    nobody = SensuGoClient(SensuGoAccess(url=stand_in.url, user="a", password="b"))  # noqa: S106 - it is wrong
    with pytest.raises(ApiFailed, match="GET /auth with 401: Unauthorized"):  # a text
        nobody.listed("checks")
    nobody.close()


def test_requests_have_a_media_type_and_rely_on_no_condition(stand_in: StandIn, client: SensuGoClient) -> None:
    apply(client, GO.resources(HOSTS), environment="lab")
    assert stand_in.headers
    for method, headers in stand_in.headers:
        assert (headers.get("Content-Type") == "application/json") is (method in ("PUT", "POST"))
        assert not [one for one in headers if one.lower().startswith("if-")]
    assert "PATCH" not in {method for method, _ in stand_in.headers}


def test_no_list_is_asked_for_with_a_selector(stand_in: StandIn, client: SensuGoClient) -> None:
    apply(client, GO.resources(OBJECTS), environment="lab")
    assert stand_in.queries
    assert not [one for one in stand_in.queries if "Selector" in one]


def test_checks_need_nothing_that_agents_would_do_without() -> None:
    checks = [one.body for wish in (HOSTS, OBJECTS) for one in GO.resources(wish) if one.kind == "checks"]
    assert checks
    for one in checks:
        assert not {"runtime_assets", "env_vars", "secrets", "check_hooks", "proxy_requests"} & one.keys()
        assert "{{" not in json.dumps(one), "no token that an agent would put into a command"


def _agent() -> dict[str, Any]:
    files = {one.path: one.text for one in GO.render(HOSTS)}
    return dict(json.loads(files["host/cmp1/sensu-go/agent.yml"]))


def test_an_agent_is_told_all_that_has_another_default() -> None:
    agent = _agent()
    assert agent["events-rate-limit"] == 0
    assert agent["disable-sockets"] is True
    assert agent["disable-api"] is True
    assert agent["keepalive-critical-timeout"] > 0, "else it warns for ever"
    assert agent["agent-managed-entity"] is True


def test_only_proxies_are_put(stand_in: StandIn, client: SensuGoClient) -> None:
    apply(client, GO.resources(OBJECTS), environment="lab")
    classes = {one["entity_class"] for key, one in stand_in.resources.items() if key.startswith("entities/")}
    assert classes == {"proxy"}


@pytest.mark.parametrize(("name", "status"), [("silenced-critical", 2), ("silenced-eor-recovery", 0)])
def test_nothing_depends_on_silences(name: str, status: int) -> None:
    """A silenced event is a result like any other; nothing of ours is silenced, or looks whether it is."""
    event = of_lab(name)
    assert event["check"]["is_silenced"] is True
    event["timestamp"] = 1795369593
    [one] = GO.receive(event).results
    assert one.status == status
    assert "silenced" not in KINDS
    assert "silenced" not in json.dumps([one.body for one in GO.resources(HOSTS)])


def test_pipelines_name_only_what_is_put_before_them() -> None:
    for wish in (HOSTS, OBJECTS):
        known: set[tuple[str, str]] = set()
        for one in GO.resources(wish):
            for flow in one.body.get("workflows", ()):
                for named in (*flow["filters"], flow["handler"]):
                    assert (named["type"], named["name"]) in known
            for named in one.body.get("pipelines", ()):
                assert (named["type"], named["name"]) in known
            known.add((KINDS[one.kind], one.name))


def test_labels_of_agents_are_in_lower_case() -> None:
    labels = _agent()["labels"]
    assert all(key == key.lower() for key in labels)
    assert labels["calipso_host"] == "cmp1", "values stay as they are"


def test_an_event_without_our_labels_is_refused() -> None:
    received = GO.receive(EVENTS["local-api-proxy-entity"])
    assert received.results == ()
    assert "names no environment" in str(received.refused[0])


def test_a_missing_right_is_told_with_its_path(stand_in: StandIn, client: SensuGoClient) -> None:
    stand_in.forbidden = {"pipelines"}
    with pytest.raises(ApiFailed, match=r"/pipelines.* with 403: unauthorized to perform action"):
        apply(client, GO.resources(HOSTS), environment="lab")


def test_only_the_api_itself_is_asked(stand_in: StandIn) -> None:
    client = SensuGoClient(SensuGoAccess(url=stand_in.url, user="calipso", password="secret"))  # noqa: S106 - the stand-in's
    apply(client, GO.resources(HOSTS), environment="lab")
    client.events()
    client.close()
    paths = [one.split()[1] for one in stand_in.requests]
    assert paths[0] == "/auth"
    assert all(one == "/auth" or one.startswith("/api/core/v2/namespaces/default") for one in paths)


def test_flapping_is_no_status() -> None:
    event = of_lab("state-flapping")
    assert event["check"]["state"] == "flapping"
    event["timestamp"] = 1795369593
    [one] = GO.receive(event).results
    assert one.status == event["check"]["status"]
