# SPDX-License-Identifier: Apache-2.0
"""Names of checks: as in the guide, in the characters that monitoring systems allow, decoded without loss."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from calipso_nornir.model.links import Link
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.monitoring.check_names import decoded, encoded, limited, name_of_link

HOSTILE = st.text(st.sampled_from("-.0458:/|é\ud800")) | st.text() | st.text(st.characters(codec=None))


@given(HOSTILE)
@example("---..58..---")
@example("---..5..-:")
@example("----..58..---")
@example("-:")
@example(":..58..---")
@example("---..9999999..---")
def test_every_text_comes_back(text: str) -> None:
    name = encoded(text)
    assert decoded(name) == text
    assert re.fullmatch(r"[A-Za-z0-9_.-]*", name)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("host_pnic_cmp1-eth0:1", "host_pnic_cmp1-eth0---..58..---1"),
        ("GigabitEthernet0/8/0", "GigabitEthernet0---..47..---8---..47..---0"),
        ("qvo-1_a.b", "qvo-1_a.b"),
    ],
)
def test_encoding_is_the_guides(text: str, name: str) -> None:
    assert encoded(text) == name


def test_a_name_that_nobody_encoded_is_left_as_it_is() -> None:
    assert decoded("x---..1114112..---") == "x---..1114112..---", "there is no such character"


def test_links() -> None:
    link = Link(
        source=ObjectRef("lab", "vnic", "cmp1|tap1"), target=ObjectRef("lab", "vconnector", "cmp1|qbr1"), name=None
    )
    assert decoded(name_of_link(link)) == "link_vnic-vconnector_cmp1|tap1_cmp1|qbr1"


@given(st.text(min_size=80), st.integers(34, 80))
def test_a_long_name_is_cut_and_stays_unique(text: str, longest: int) -> None:
    name = encoded(text)
    assert len(limited(name, longest)) == longest
    assert limited(name, longest) != limited(name + "x", longest)
    assert limited(name, len(name)) == name
