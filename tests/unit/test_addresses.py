# SPDX-License-Identifier: Apache-2.0
"""Addresses, however they are written."""

from __future__ import annotations

import pytest

from calipso_nornir.store.addresses import as_address, in_every_form, meant_by, other_form, usual_form


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("FA-16-3E-00-00-01", "fa:16:3e:00:00:01"),
        ("fa16.3e00.0001", "fa:16:3e:00:00:01"),
        ("fa:16:3e:00:00:01", "fa:16:3e:00:00:01"),
        ("2001:DB8::1", "2001:db8::1"),
        ("2001:db8:0:0:0:0:0:1", "2001:db8::1"),
        ("10.0.0.1", "10.0.0.1"),
        ("fa163e000001", None),
        ("10.0.0", None),
        ("web-1", None),
    ],
)
def test_an_address_has_one_form(text: str, address: str | None) -> None:
    assert as_address(text) == address


def test_the_usual_form_of_what_a_value_may_be() -> None:
    assert other_form("2001:DB8::/32") == "2001:db8::/32"
    assert other_form("FA-16-3E-00-00-01") == "fa:16:3e:00:00:01"
    for text in ("2001:db8::1", "10.0.0.1", "fa:16:3e:00:00:01", "a:b:c", "123456789012", "x" * 60, "::ffff:1.2.3.4.5"):
        assert other_form(text) is None, text
        assert usual_form(text) == text


def test_what_may_be_meant() -> None:
    assert meant_by("FA163E000001") == ("FA163E000001", "fa:16:3e:00:00:01")
    assert meant_by("fa-16-3e") == ("fa-16-3e", "fa:16:3e")
    assert meant_by("2001:DB8:0::1") == ("2001:DB8:0::1", "2001:db8::1")
    assert meant_by("web-1") == ("web-1",)


@pytest.mark.parametrize(
    ("usual", "forms"),
    [
        ("2001:db8::1", ["2001:0DB8:0000:0000:0000:0000:0000:0001", "2001:db8::0.0.0.1"]),
        ("64:ff9b::a00:1", ["64:ff9b::10.0.0.1", "0064:ff9b:0:0:0:0:0a00:0001"]),
        ("fa:16:3e:00:00:01", ["FA-16-3E-00-00-01", "fa16.3e00.0001"]),
        ("16:3e:00", ["FA-16-3E-00-00-01", "fa16.3e00.0001"]),
        ("::1", ["0:0:0:0:0:0:0:1"]),
        ("db8::/32", ["2001:0db8:0000::/32"]),
    ],
)
def test_a_part_is_in_every_form(usual: str, forms: list[str]) -> None:
    part = in_every_form(usual)
    assert all(part in form.casefold() for form in forms)
    assert in_every_form("web:1x") == "web:1x"
