# SPDX-License-Identifier: Apache-2.0
"""``objects.json``: errors name the file, the place, what was found and what was expected."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calipso_nornir.checks import objects
from calipso_nornir.checks.objects import BadObjects, chosen, read_file, read_objects

if TYPE_CHECKING:
    from pathlib import Path

ONE: dict[str, Any] = {
    "of": "0" * 23 + "1",
    "kind": "inventory",
    "type": "host_pnic",
    "name": "host_pnic_1",
    "check": "pnic",
    "parameters": {"device": "eth0"},
}
WHOLE = {"version": 1, "environment": "lab", "host": "cmp1", "checks": [ONE]}


def read(document: Any) -> objects.Objects:  # noqa: ANN401 - hostile
    return read_objects(json.dumps(document).encode(), "f.json")


def test_a_good_file() -> None:
    found = read(WHOLE)
    assert (found.environment, found.host) == ("lab", "cmp1")
    [item] = found.items
    assert (item.of, item.kind, item.type, item.name, item.check) == tuple(list(ONE.values())[:5])
    assert item.parameters == {"device": "eth0", "unused": False}
    assert item.known is not None
    assert chosen(found, "host_pnic_1") == chosen(found, ONE["of"]) == [item]
    assert chosen(found, "host_pnic_") == []
    assert read({**WHOLE, "further": 1}) == found, "later releases may add members"
    other = read({**WHOLE, "checks": [{**ONE, "parameters": {"device": "eth1"}}]})
    assert other.items[0].digest != item.digest


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "f.json: the document: found 'list', expected an object"),
        (None, "f.json: the document: found 'NoneType', expected an object"),
        ({}, "f.json: version: found None, expected 1: this probe knows no other"),
        ({**WHOLE, "version": 2}, "f.json: version: found 2"),
        ({**WHOLE, "version": True}, "f.json: version: found True"),
        ({**WHOLE, "checks": {}}, "f.json: checks: found {}, expected a list"),
        ({**WHOLE, "environment": ""}, "f.json: environment: found '', expected 1 to 200 printable characters"),
        ({**WHOLE, "host": "a\nb"}, "f.json: host: found 'a\\nb'"),
        ({**WHOLE, "checks": [7]}, "f.json: checks[0]: found 7, expected an object"),
        ({**WHOLE, "checks": [ONE, {**ONE, "of": "x"}]}, "f.json: checks[1].of: found 'x', expected 24 hexadecimal"),
        ({**WHOLE, "checks": [{**ONE, "of": ["a"]}]}, "f.json: checks[0].of: found ['a']"),
        ({**WHOLE, "checks": [{**ONE, "kind": "x"}]}, "f.json: checks[0].kind: found 'x', expected inventory or links"),
        ({**WHOLE, "checks": [{**ONE, "kind": []}]}, "f.json: checks[0].kind: found []"),
        ({**WHOLE, "checks": [{**ONE, "name": "n" * 1001}]}, "f.json: checks[0].name: found 'nnn"),
        ({**WHOLE, "checks": [{**ONE, "name": "a\x1b[2J"}]}, "f.json: checks[0].name: found 'a\\x1b[2J'"),
        ({**WHOLE, "checks": [{**ONE, "type": 7}]}, "f.json: checks[0].type: found 7"),
        ({**WHOLE, "checks": [ONE, ONE]}, "f.json: checks[1].name: found 'host_pnic_1', expected another than that"),
    ],
)
def test_faults(document: Any, message: str) -> None:  # noqa: ANN401 - hostile
    with pytest.raises(BadObjects) as caught:
        read(document)
    assert str(caught.value).startswith(message)
    assert len(str(caught.value)) < 250
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe{}", b"[" * 100_000, b'{"version": NaN'])
def test_no_json(content: bytes) -> None:
    with pytest.raises(BadObjects, match=r"f\.json: is no JSON"):
        read_objects(content, "f.json")


def test_one_bad_entry_leaves_the_others() -> None:
    bad = [
        {**ONE, "name": "a", "check": "reboot"},
        {**ONE, "name": "b", "parameters": {"device": "a b"}},
        {**ONE, "name": "c", "parameters": []},
        {**ONE, "name": "d", "parameters": {}},
    ]
    found = read({**WHOLE, "checks": [*bad, ONE]}).items
    assert [item.fault for item in found] == [
        "this probe has no check 'reboot'",
        "pnic: parameters.device: found 'a b', expected a name without spaces, of 1 to 255 printable characters",
        "pnic: parameters: expected an object",
        "pnic: parameters.device: is missing",
        "",
    ]
    assert [item.known is None for item in found] == [True, True, True, True, False]


def test_limits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "objects.json"
    path.write_text(json.dumps({**WHOLE, "checks": [{**ONE, "name": str(n)} for n in range(4)]}))
    assert len(read_file(str(path)).items) == 4
    monkeypatch.setattr(objects, "MOST_CHECKS", 3)
    with pytest.raises(BadObjects, match=r"checks: found '4 of them', expected at most 3"):
        read_file(str(path))
    monkeypatch.setattr(objects, "MOST_BYTES", 100)
    with pytest.raises(BadObjects, match=r"objects\.json: expected at most 100 bytes, found more"):
        read_file(str(path))
    with pytest.raises(BadObjects, match=r"no\.json: cannot be read: No such file or directory"):
        read_file(str(tmp_path / "no.json"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(sorted(ONE)), JSON)
def test_any_member_of_an_entry_is_read_or_refused(member: str, value: object) -> None:
    try:
        read({**WHOLE, "checks": [{**ONE, member: value}]})
    except BadObjects as error:
        assert "checks[0]" in str(error)  # noqa: PT017 - most values are refused, some are good
