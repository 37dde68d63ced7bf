# SPDX-License-Identifier: Apache-2.0
"""Sends the requests to an API that serves a recorded cloud, and keeps each with its answer, short and lasting.

``python -m tests.api_examples EXAMPLES OBJECTS`` writes the files that the OpenAPI document takes its examples from.
"""

from __future__ import annotations

import base64
import itertools
import json
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from calipso_nornir.live.journal import Entry, Journal
from calipso_nornir.live.standing import LISTENERS
from calipso_nornir.model.notifications import Notification
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.resources import PACKAGE
from calipso_nornir.store import open_store
from calipso_nornir.store.liveness import sign_of_life
from tests.api_examples.requests import ADMIN, REQUESTS, Request
from tests.fixtures.recorded import bundle, filled
from tests.fixtures.serving import Served, served

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import requests

    from calipso_nornir.model.stores import Store

PATIENCE_S: Final = 60.0
MOST: Final = 2
"""Members that are kept of a list."""
MANY: Final = 40
"""Keys from which on an object is a table of alike values, of which a few are enough."""
LONG: Final = 3000
TEMPLATE: Final = {"key": "one", "side": "client", "type": "checks", "order": "1", "config": {}}
_TIME: Final = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)?")
_HEX: Final = re.compile(r"\b[0-9a-f]{32}\b")
_TOKEN: Final = re.compile(r"calipso_[A-Za-z0-9_-]{43}")
_HOOK: Final = re.compile(r"whsec_[A-Za-z0-9+/=]+")
Example = dict[str, Any]
"""``path``, ``query``, ``body``, ``status``, and ``answers`` by media type."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request as it was sent, and the whole text of its answer."""

    operation: str
    path: str
    who: str
    status: int
    text: str
    location: str | None = None


def made(folder: Path) -> tuple[dict[str, Example], dict[str, Any]]:
    """Return the examples by operation, and an object of each type, made with a store of their own."""
    store = open_store(filled(folder / "s.db", bundle(folder / "lab.calipso")))
    with served(store, secrets=folder / "secrets") as api:
        maker = Maker(api, str(folder))
        found, objects = maker.all(), maker.objects()
    store.close()
    return found, objects


class Maker:
    """Sends requests one after the other, and remembers what later ones need.

    Args:
        api: serves a scan of the recorded cloud.
        folder: where its files are; no example shows it.
    """

    def __init__(self, api: Served, folder: str) -> None:
        self._api = api
        self._folder = folder
        self._numbers: dict[str, str] = {}
        self.exchanges: list[Exchange] = []
        api.settings.store.collection("monitoring_config_templates").put("one", TEMPLATE)
        view = api.settings.store.view("lab")
        instance = view.links("instance-vnic")[0].source
        vedge = next(one.ref for one in view.of_type("vedge") if view.links_of(one.ref))
        self._known: dict[str, Any] = {
            "instance": instance.id,
            "vedge": vedge.id,
            "document": instance.document_id,
            "revision": view.revision,
            "done": str(api.settings.store.collection("scans").find({"environment": "lab"})[0]["scan_id"]),
            "time": str(api.settings.store.commits("lab", limit=1)[0].at.isoformat()),
        }
        with api.settings.store.write("lab", cause="event port.update") as writer:
            port = next(one for one in view.documents("inventory") if one["type"] == "port")
            writer.put("inventory", [{**port, "name": "renamed", "digest": "0" * 32}])
        _heard(api.settings.store)
        api.user(ADMIN, everywhere="admin")

    def all(self) -> dict[str, Example]:
        """Send every request; those to one operation make one example with several answers."""
        found: dict[str, Example] = {}
        for request in REQUESTS:
            new = self._example(request)
            before = found.get(request.operation)
            found[request.operation] = new if before is None else {**new, "answers": before["answers"] | new["answers"]}
        return dict(sorted(found.items()))

    def objects(self) -> dict[str, Any]:
        """Return an object of each type, with all that it has."""
        client = self._api.user(ADMIN)
        types = client.get("/environments/lab")["counts"]
        found = {one: client.get("/environments/lab/objects", type=one, limit=1)["items"][0] for one in types}
        lasting: dict[str, Any] = self._lasting(_short(found))
        return lasting

    def _example(self, request: Request) -> Example:
        path, query, body = (self._filled(one) for one in (request.path, request.query, request.body))
        method, _, template = request.operation.partition(" ")
        url = template.format(**{name: quote(value, safe="") for name, value in path.items()})
        client = self._api.user(request.who) if request.who else self._api.nobody
        deadline = time.monotonic() + PATIENCE_S
        while True:
            answer = client.ask(method, f"/{url}", params=query, json=body, stream=True)
            assert answer.ok, f"{request.operation}: {answer.status_code} {answer.text}"
            told, text = _told(answer)
            location = answer.headers.get("location")
            self.exchanges.append(Exchange(request.operation, url, request.who, answer.status_code, text, location))
            if request.until is None or told[request.until[0]] != request.until[1]:
                break
            assert time.monotonic() < deadline, told
            time.sleep(0.05)
        self._known |= {name: str(told[key]) for name, key in request.keeps.items()}
        media = answer.headers.get("content-type", "").partition(";")[0]
        example = {
            **({"path": path} if path else {}),
            **({"query": query} if query else {}),
            **({} if body is None else {"body": body}),
            "status": answer.status_code,
            "answers": {} if told is None else {media: _short(told)},
        }
        lasting: Example = self._lasting(example)
        return lasting

    def _filled(self, value: Any) -> Any:  # noqa: ANN401 - JSON
        match value:
            case str():
                known = re.fullmatch(r"\{(\w+)\}", value)
                return self._known[known[1]] if known else value
            case dict():
                return {name: self._filled(one) for name, one in value.items()}
            case _:
                return value

    def _lasting(self, value: Any) -> Any:  # noqa: ANN401 - JSON
        """Replace what differs in each run: ids, times, secrets, folders."""
        match value:
            case str():
                return self._lasting_text(value)
            case list():
                return [self._lasting(one) for one in value]
            case dict():
                return {self._lasting_text(name): self._lasting(one) for name, one in value.items()}
            case float():
                return round(value, 1)
            case _:
                return value

    def _lasting_text(self, text: str) -> str:
        text = text.replace(self._folder, "/var/lib/calipso").replace(str(PACKAGE.parent), "/opt/calipso")
        text = text.replace(self._api.url, "http://127.0.0.1:8000")
        text = _TIME.sub(lambda found: f"2026-11-28T19:10:00{'.000000' if found[1] else ''}{found[2] or ''}", text)
        text = _HEX.sub(lambda found: self._numbers.setdefault(found[0], f"{len(self._numbers) + 1:032x}"), text)
        text = _TOKEN.sub("calipso_THE-TOKEN", text)
        return _HOOK.sub("whsec_" + base64.b64encode(b"32 bytes that nobody else knows.").decode(), text)


def _heard(store: Store) -> None:
    """Let notifications have come: one whose work is done, one that is a dead letter."""
    journal = Journal(store, "lab")
    at = datetime(2026, 11, 28, 19, 10, tzinfo=UTC)
    port = Notification(id="one", source="neutron", type="port.create.end", at=at, payload={"port": {"id": "p"}})
    journal.note([Entry(port, "stored", received=at, refs=[ObjectRef("lab", "port", "p")])])
    lame = Notification(id="two", source="nova", type="compute.instance.update", at=at)
    journal.bury(lame, received=at, attempts=10, problem="cmp1 did not answer")
    figures = {"received": 3, "handled": 1, "lag_p95_s": 0.5}
    state = {"environment": "lab", "state": "running", "status": "running", **figures, **sign_of_life()}
    store.collection(LISTENERS).put("lab", state)


def _told(answer: requests.Response) -> tuple[Any, str]:
    """Return what an answer holds, and its text: JSON, text, the first event of a stream, or nothing."""
    media = answer.headers.get("content-type", "")
    if media.startswith("text/event-stream"):
        lines = answer.iter_lines(chunk_size=1, decode_unicode=True)
        event = list(itertools.takewhile(bool, lines))
        answer.close()
        text = "\n".join([*event, "", ""])
        return text, text
    if not answer.content:
        return None, ""
    return answer.json() if media.startswith("application/json") else answer.text, answer.text


def _short(value: Any) -> Any:  # noqa: ANN401 - JSON
    match value:
        case list():
            return [_short(one) for one in value[:MOST]]
        case dict():
            kept = list(value.items())
            is_table = len(kept) > MANY and "_id" not in value
            return {name: _short(one) for name, one in (kept[:MOST] if is_table else kept)}
        case str() if len(value) > LONG:
            return value[: value.rindex("\n", 0, LONG) + 1] if "\n" in value[:LONG] else value[:LONG]
        case _:
            return value


def differs(one: Any, other: Any, *, at: str = "") -> str | None:  # noqa: ANN401 - JSON
    """Return where two answers differ in form: in their keys, or in the kinds of values; None if they do not.

    Lists are compared by their first members: how far something has got may differ.
    """
    if _kind(one) != _kind(other):
        return at
    if isinstance(one, dict):
        if one.keys() != other.keys():
            return f"{at}: {sorted(one.keys() ^ other.keys())}"
        found = (differs(one[name], other[name], at=f"{at}/{name}") for name in one)
        return next((place for place in found if place is not None), None)
    if isinstance(one, list) and one and other:
        return differs(one[0], other[0], at=f"{at}/0")
    return None


def _kind(value: Any) -> str:  # noqa: ANN401 - JSON
    match value:
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case _:
            return type(value).__name__


def written(examples: Mapping[str, Any]) -> str:
    """Return the text of a file: one line for each example."""
    lines = (f"{json.dumps(name)}: {json.dumps(one, ensure_ascii=False)}" for name, one in examples.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"
