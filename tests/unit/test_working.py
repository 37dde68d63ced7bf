# SPDX-License-Identifier: Apache-2.0
"""The scan's own picture: look-ups return what was put last."""

from __future__ import annotations

from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.scan.working import ObjectState, Working
from calipso_nornir.testing import thing


def test_a_look_up_follows_what_is_put_after_it() -> None:
    working = Working("cloud")
    working.put(thing("host", {"zone": "a"}, id="h1"), ObjectState.FOUND)
    assert [one.id for one in working.look_up("host", {"zone": "a"})] == ["h1"]
    working.put(thing("host", {"zone": "b", "rack": [1]}, id="h1"), ObjectState.FOUND)
    working.put(thing("host", {"zone": "a"}, id="h2"), ObjectState.FOUND)
    assert [one.id for one in working.look_up("host", {"zone": "a"})] == ["h2"]
    assert [one.id for one in working.look_up("host", {"zone": "b", "rack": [1]})] == ["h1"]
    assert working.look_up("host", {"zone": "b", "rack": [2]}) == []


def test_children_follow_what_is_put_after_they_were_asked_for() -> None:
    working = Working("cloud")
    host = ObjectRef("cloud", "host", "h1")
    working.put(thing("host", id="h1"), ObjectState.FOUND)
    assert working.children(host) == []
    working.put(thing("vedge", id="v1", under=thing("host", id="h1")), ObjectState.FOUND)
    assert [one.id for one in working.children(host)] == ["v1"]


def test_a_look_up_no_longer_finds_what_was_removed() -> None:
    working = Working("cloud")
    gone = thing("host", {"zone": "a"}, id="h1")
    for one in (gone, thing("host", {"zone": "a"}, id="h2")):
        working.put(one, ObjectState.FOUND)
    assert len(working.look_up("host", {"zone": "a"})) == 2
    working.remove(gone.ref)
    assert [one.id for one in working.look_up("host", {"zone": "a"})] == ["h2"]
    assert [one.id for one in working.of_type("host")] == ["h2"]
    assert gone.ref not in working
