# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: D102, S101 - this module is tests: names say what they show, assertions are what it is for
"""Tests that every store must pass: collections of plain documents (see ``store_contract``)."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, TypeAlias

from calipso_nornir.errors import InvalidRequest
from calipso_nornir.model.finding import Range
from calipso_nornir.testing.store_samples import AT, ODD_ATTRIBUTES, expected

if TYPE_CHECKING:
    from collections.abc import Callable

    from calipso_nornir.model.stores import Collection, Document, Store

    Opened: TypeAlias = Callable[[], Store]


class CollectionContract:
    """The contract. Each test opens the store as often as it likes."""

    def test_plain_documents_by_key(self, opened: Opened) -> None:
        scans = opened().collection("scans")
        assert scans.get("1") is None
        document = {
            "_id": 7,
            "key": "own",
            "a.b": [1, {"$c": AT}],
            "status": "running",
            "n": 2**70,
            "odd": ODD_ATTRIBUTES,
        }
        scans.put("1", document)
        assert opened().collection("scans").get("1") == document
        scans.put("1", {"status": "completed"})
        assert opened().collection("scans").get("1") == {"status": "completed"}
        assert opened().collection("messages").get("1") is None
        assert scans.delete("1") is True
        assert scans.delete("1") is False
        assert scans.get("1") is None

    def test_several_collections_in_one_round_trip(self, opened: Opened) -> None:
        document = {"_id": 7, "key": "own", "a.b": [1, {"$c": AT}], "n": 2**70, "odd": ODD_ATTRIBUTES}
        opened().collection("scans").put("1", document)
        opened().collection("messages").put("é", {"level": "info"})
        wanted = [("of_nobody", "1"), ("scans", "1"), ("scans", "2"), ("messages", "é"), ("scans", "1")]
        found = [None, document, None, {"level": "info"}, document]
        assert list(opened().plain_documents(wanted)) == found
        assert list(opened().plain_documents(wanted[::-1])) == found[::-1]
        assert list(opened().plain_documents(())) == []

    def test_many_at_once(self, opened: Opened) -> None:
        scans = opened().collection("scans")
        scans.put("1", {"status": "old", "gone": True})
        scans.put_all({"1": {"status": "new"}, "2": {"a.b": 1}, "é": {}})
        assert {key: opened().collection("scans").get(key) for key in ("1", "2", "é")} == {
            "1": {"status": "new"},
            "2": {"a.b": 1},
            "é": {},
        }
        scans.put_all({})
        assert len(scans.find()) == len("12é")

    def test_plain_documents_by_value(self, opened: Opened) -> None:
        scans = opened().collection("scans")
        rows: dict[str, Document] = {
            "c": {"environment": "lab", "n": 1, "tags": ["x", "y"], "sub": {"a": 1, "b": 2}},
            "a": {"environment": "lab", "n": True, "none": None},
            "b": {"environment": "Lab", "n": 1.0, "a.b": "dotted", "tags": "x", "sub": {"b": 2, "a": 1}},
            "d": {"environment": ["lab"], "key": "own", "n": 2**70},
        }
        for key, row in rows.items():
            scans.put(key, row)

        def keys(**equal: Any) -> list[str]:  # noqa: ANN401 - JSON
            wanted = [
                next(key for key, row in rows.items() if row is each or row == each) for each in scans.find(equal)
            ]
            assert wanted == sorted(wanted)
            return wanted

        assert scans.find() == [rows[key] for key in sorted(rows)]
        assert keys(environment="lab") == ["a", "c"]
        assert keys(environment=["lab"]) == ["d"]
        assert keys(n=1) == ["b", "c"], "true is not one"
        assert keys(n=True) == ["a"]
        assert keys(n=2**70) == ["d"]
        assert keys(tags=["x", "y"]) == ["c"]
        assert keys(tags="x") == ["b"], "a list is not one of its members"
        assert keys(sub={"a": 1, "b": 2}) == ["b", "c"]
        assert keys(none=None) == ["a"], "what is missing is not null"
        assert keys(key="own") == ["d"]
        assert keys(**{"a.b": "dotted"}) == ["b"]
        assert keys(environment="lab", n=1) == ["c"]
        assert keys(nowhere="x") == []

    def test_plain_documents_by_condition_and_order(self, opened: Opened) -> None:
        queue = opened().collection("scheduled_scans")
        for n in (3, 1, 2):
            queue.put(f"k{n}", {"n": n, "kind": "even" if n == 2 else "odd"})  # noqa: PLR2004 - one of three
        assert [one["n"] for one in queue.find(order=("n",))] == [1, 2, 3]
        assert [one["n"] for one in queue.find({"kind": "odd"}, order=("n",), limit=1)] == [1]
        assert [one["n"] for one in queue.find(where=(Range("n", 2),), order=("kind", "n"))] == [2, 3]
        assert [one["n"] for one in queue.find(limit=0)] == []

    def test_pages_of_a_list_are_those_of_the_whole_list(self, opened: Opened) -> None:
        """Also where not every document has a text to be sorted by, and where some are equal."""
        messages = opened().collection("messages")
        times: list[Any] = ["2026-01-02", "2026-01-01", "2026-01-02", "", "\U0001f680", "z", "{", "2026-01-02"]
        for number, at in enumerate(times):
            messages.put(f"k{number}", {"id": f"k{number}", "environment": "lab", "timestamp": at})
        messages.put("other", {"id": "other", "environment": "prod", "timestamp": "2026-01-02"})
        for odd in ({}, {"timestamp": None}, {"timestamp": 7}, {"timestamp": AT}, {"timestamp": ["x"]}):
            for way in ("", "-"):
                order = (f"{way}timestamp",)
                for equal in ({"environment": "lab"}, {"environment": "lab", "id": "k2"}, {}):
                    whole = messages.find(equal, order=order)
                    assert [one["id"] for one in whole] == self._listed(messages, equal, order)
                since = (Range("timestamp", at_least="2026-01-02", below="z"),)
                found = messages.find({"environment": "lab"}, where=since, order=order)
                expected = ["k0", "k2", "k7"]
                assert [one["id"] for one in found] == (expected[::-1] if way else expected)
            messages.put("odd", {"id": "odd", "environment": "lab", **odd})
        assert [one["id"] for one in messages.find(after=("k1",), limit=2)] == ["k2", "k3"]

    @staticmethod
    def _listed(messages: Collection, equal: dict[str, Any], order: tuple[str]) -> list[str]:
        """Read a list page by page, two documents at a time."""
        found: list[str] = []
        after: tuple[Any, ...] | None = None
        while page := messages.find(equal, order=order, after=after, limit=2):
            found += [one["id"] for one in page]
            after = (page[-1].get("timestamp"), page[-1]["id"])
        assert len(set(found)) == len(found)
        return found

    def test_a_document_is_changed_only_if_all_of_it_is_as_before(self, opened: Opened) -> None:
        scans = opened().collection("scans")
        one: Document = {"n": 1, "_id": 7, "odd": ODD_ATTRIBUTES}
        assert scans.change_if("1", one, {"n": 2}) is False, "it is not there"
        assert scans.change_if("1", None, None) is True, "nothing was wanted to become of nothing"
        assert scans.change_if("1", None, one) is True
        assert scans.change_if("1", None, {"n": 2}) is False, "it is there"
        assert scans.change_if("1", {"n": 1}, {"n": 2}) is False, "a part is not all of it"
        assert scans.change_if("1", {**one, "n": True}, None) is False, "true is not 1"
        assert opened().collection("scans").get("1") == one
        assert scans.change_if("1", one, {"m": 2}) is True
        assert opened().collection("scans").get("1") == {"m": 2}, "all of it was replaced"
        assert scans.change_if("1", one, None) is False
        assert scans.change_if("1", {"m": 2}, None) is True
        assert scans.get("1") is None

    def test_of_two_changes_of_the_same_document_one_is_refused(self, opened: Opened) -> None:
        opened().collection("scans").put("1", {"by": []})
        refused: list[str] = []

        def work(name: str) -> None:
            scans = opened().collection("scans")
            done = 0
            while done < 20:  # noqa: PLR2004 - each one's changes
                before = scans.get("1")
                assert before is not None
                if scans.change_if("1", before, {"by": [*before["by"], f"{name}{done}"]}):
                    done += 1
                else:
                    refused.append(name)

        threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        document = opened().collection("scans").get("1")
        assert document is not None
        assert sorted(document["by"]) == sorted(f"{name}{number}" for name in "abc" for number in range(20))

    def test_insert_does_not_replace(self, opened: Opened) -> None:
        queue = opened().collection("scheduled_scans")
        assert queue.insert("1", {"a": 1}) is True
        assert opened().collection("scheduled_scans").insert("1", {"a": 2}) is False
        assert queue.get("1") == {"a": 1}

    def test_update_if_changes_what_is_as_expected(self, opened: Opened) -> None:
        queue = opened().collection("scheduled_scans")
        queue.put("1", {"status": "pending", "n": 1, "x.y": ODD_ATTRIBUTES})
        assert queue.update_if("1", {"status": "running"}, {"n": 2}) is None
        assert queue.update_if("2", {}, {"n": 2}) is None
        wanted = {"status": "running", "n": 1, "x.y": ODD_ATTRIBUTES, "at": AT}
        assert queue.update_if("1", {"status": "pending", "n": 1}, {"status": "running", "at": AT}) == wanted
        assert queue.get("1") == wanted

    def test_what_is_claimed_goes_to_one(self, opened: Opened) -> None:
        queue = opened().collection("scheduled_scans")
        for n in range(20):
            queue.put(f"k{n}", {"status": "pending", "n": -n})
        first = queue.claim({"status": "pending"}, {"status": "running"}, order=("n",))
        assert first is not None
        taken: list[Document] = [first]

        def take(owner: int) -> None:
            mine = opened().collection("scheduled_scans")
            while one := mine.claim({"status": "pending"}, {"status": "running", "by": owner}, order=("n",)):
                taken.append(one)

        takers = [threading.Thread(target=take, args=(owner,)) for owner in range(3)]
        for each in takers:
            each.start()
        for each in takers:
            each.join()
        assert first["n"] == -19  # noqa: PLR2004 - the first in this order
        assert sorted(one["n"] for one in taken) == sorted(-n for n in range(20))
        assert all(queue.get(f"k{-one['n']}") == one for one in taken)

    def test_an_unknown_collection_is_empty(self, opened: Opened) -> None:
        unknown = opened().collection("never_heard_of")
        assert (unknown.get("x"), unknown.find(), unknown.delete("x")) == (None, [], False)
        unknown.put("x", {"y": 1})
        assert opened().collection("never_heard_of").find() == [{"y": 1}]

    def test_collections_of_generations_are_no_plain_ones(self, opened: Opened) -> None:
        for name in ("inventory", "links", "implicit_links", "cliques", "generations", "", "a b", "$x", "system.users"):
            with expected(InvalidRequest):
                opened().collection(name)
