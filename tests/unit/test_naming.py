# SPDX-License-Identifier: Apache-2.0
"""One style for the names of attributes, and that the sources' own names work for reading."""

from __future__ import annotations

from typing import Any

import pytest

from calipso_nornir.analysis.filtering import condition, told
from calipso_nornir.model.fetching import Fetched
from calipso_nornir.model.naming import in_one_style, snake_case
from calipso_nornir.model.objects import RESERVED
from calipso_nornir.store.documents import object_document, object_of
from calipso_nornir.testing import thing, view


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("mtu", "mtu"),
        ("_private", "_private"),
        ("IP Address", "ip_address"),
        ("IPv6 Address", "ipv6_address"),
        ("Link detected", "link_detected"),
        ("EtherChannel", "ether_channel"),
        ("EtherChannel Master", "ether_channel_master"),
        ("provider:segmentation_id", "provider_segmentation_id"),
        ("OS-EXT-STS:vm_state", "os_ext_sts_vm_state"),
        ("802.3ad info", "802_3ad_info"),
        ("remoteAs", "remote_as"),
        ("MDI-X", "mdi_x"),
        ("@id", "id"),
        ("a  b--c", "a_b_c"),
        ("😀", "😀"),
        ("", ""),
    ],
)
def test_a_name_in_snake_case(name: str, wanted: str) -> None:
    assert snake_case(name) == wanted
    assert snake_case(wanted) == wanted


def test_nothing_is_lost_where_two_names_become_one() -> None:
    given: dict[str, Any] = {"link_detected": 1, "Link detected": 2, "Link-Speed": 3, "link speed": 4, "Type": 5}
    styled = in_one_style(given, reserved=RESERVED)
    assert styled == {"link_detected": 1, "Link detected": 2, "link_speed": 3, "link speed": 4, "Type": 5}
    backwards = dict(reversed(given.items()))
    assert in_one_style(backwards, reserved=RESERVED) == styled, "the order decides nothing"
    plain = {"mtu": 1500}
    assert in_one_style(plain, reserved=RESERVED) is plain


def test_an_object_reads_both() -> None:
    pnic = thing("host_pnic", {"Link detected": "no"}, id="p")
    assert pnic.attributes == {"link_detected": "no"}
    assert pnic["Link detected"] == pnic["link_detected"] == pnic.get("Link detected") == "no"
    assert "Link detected" in pnic
    assert "Speed" not in pnic
    assert pnic.get("Speed", "?") == "?"
    with pytest.raises(KeyError):
        pnic["Speed"]
    assert [one.id for one in view(pnic).look_up("host_pnic", {"Link detected": "no"})] == ["p"]


def test_fetchers_may_name_them_as_their_source_does() -> None:
    assert Fetched(id="x", name="x", attributes={"Link detected": "no"}).attributes == {"link_detected": "no"}


def test_a_store_of_an_older_release_is_read_in_one_style() -> None:
    document = object_document(thing("host_pnic", id="p"))
    assert object_of({**document, "Link detected": "no"}).attributes == {"link_detected": "no"}


def test_conditions_of_the_command_line_take_both() -> None:
    document = {"os": {"name": "Debian"}, "link_detected": "no", "provider_network_type": "vxlan"}
    for text in ("OS.name=debian", "os.name=debian", "Link detected=no", "provider:network_type=vxlan"):
        assert condition(text).fits(document), text
    assert told(document, "Link detected") == "no"
