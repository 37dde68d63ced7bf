# SPDX-License-Identifier: Apache-2.0
"""Which links the older API finds by a value of an attribute."""

from __future__ import annotations

import pytest

from calipso_nornir.api.v1.links import has


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("fa:16:3e:00:00:0a", "fa:16:3e:00:00:0a"),
        ("fa:16:3e:00:00:0a", "FA-16-3E-00-00-0A"),
        ("FA:16:3E:00:00:0A", "fa16.3e00.000a"),
        ("fa:16:3e:00:00:0a", "fa163e00000a"),
        ("2001:db8::1", "2001:DB8:0:0::1"),
        ("2001:0db8::0001", "2001:db8::1"),
        (["10.0.0.1", "2001:db8::2"], "2001:db8:0::2"),
        (["web", "db"], "db"),
        (12, "12"),
        (True, "True"),
    ],
)
def test_a_value_counts_however_an_address_is_written(value: object, wanted: str) -> None:
    assert has(value, wanted)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("fa:16:3e:00:00:0a", "fa:16:3e:00:00:0b"),
        ("2001:db8::1", "2001:db8::10"),
        ("10.0.0.1", "10.0.0.10"),
        (["web"], "we"),
        ("web", "WEB"),
        ("fa163e00000a", "fa:16:3e:00:00:0a"),
        (None, "x"),
        ([], "x"),
    ],
)
def test_another_value_does_not(value: object, wanted: str) -> None:
    assert not has(value, wanted)
