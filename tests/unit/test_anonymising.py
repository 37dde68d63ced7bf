# SPDX-License-Identifier: Apache-2.0
"""An anonymised recording: a scan of it gives the same picture under other names; nothing of the old one is left."""

from __future__ import annotations

import gzip
import ipaddress
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest

from calipso_nornir.errors import BundleInvalid
from calipso_nornir.model import ids
from calipso_nornir.resources import data
from calipso_nornir.scan.engine import run_scan
from calipso_nornir.sources.anonymising.addresses import Addresses
from calipso_nornir.sources.anonymising.anonymise import ENVIRONMENT, anonymise, read, replacement
from calipso_nornir.sources.anonymising.chosen_names import Names, erased, pseudonyms
from calipso_nornir.sources.anonymising.hexadecimal import Digits
from calipso_nornir.sources.anonymising.text_tokens import SIX, Replacing, tokens_in
from calipso_nornir.sources.recording import ReplaySource
from calipso_nornir.store import open_store
from tests.fixtures.cli import calipso

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from calipso_nornir.model.stores import StoreView
    from calipso_nornir.sources.anonymising.anonymise import Contents

KEY = b"a key of this test"
UUID = "5b7c0a11-9d1e-4c2b-8a7f-0123456789ab"


# --- whole recordings


@pytest.fixture(scope="module", params=["lb", "ovn"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Contents]:
    """A recorded cloud, its anonymised copy, and what it contained."""
    source = data("demo") / f"{request.param}.calipso"
    target = tmp_path_factory.mktemp("anonymous") / f"{request.param}.calipso"
    anonymise(source, target, key=KEY)
    return source, target, read(source)


def scanned(bundle: Path, folder: Path) -> StoreView:
    source = ReplaySource(bundle)
    store = open_store(folder / f"{source.environment.name}.db")
    run_scan(source.environment, store=store, source=source)
    return store.view(source.environment.name)


def picture(view: StoreView, named: Callable[[str], str]) -> dict[str, list[Any]]:
    """Return the picture as a graph, with the ids that ``named`` gives."""

    def node(ref: Any) -> str:  # noqa: ANN401 - a reference, or None
        return "" if ref is None else f"{ref.type} {named(ref.id)}"

    objects = [one for type_ in _types(view) for one in view.of_type(type_)]
    return {
        "objects": sorted((node(one.ref), node(one.parent), sorted(one.attributes)) for one in objects),
        "links": sorted(
            (node(one.source), node(one.target), one.state, len(one.networks or ())) for one in view.links()
        ),
        "cliques": sorted(
            (node(clique.focal_point), len(clique.links)) for one in objects for clique in view.cliques(one.ref)
        ),
    }


def _types(view: StoreView) -> list[str]:
    return sorted({one["type"] for one in view.documents("inventory")})


def test_the_copy_is_isomorphic(made: tuple[Path, Path, Contents], tmp_path: Path) -> None:
    """The isomorphism is the replacement itself: applied to the ids of one picture it gives those of the other."""
    source, target, contents = made
    before, after = scanned(source, tmp_path), scanned(target, tmp_path)
    replacing = replacement(source, contents, KEY)

    def named(id_: str) -> str:
        if id_.split("|", maxsplit=1)[0] == before.environment:
            return "|".join([ENVIRONMENT, *id_.split("|")[1:]])
        return "|".join(ids.escaped(replacing.text(unquote(part))) for part in id_.split("|"))

    was, became = picture(before, named), picture(after, str)
    assert was["objects"] == became["objects"]
    assert was["links"] == became["links"]
    assert was["cliques"] == became["cliques"]
    assert len(was["links"]) > 100, "there is something to compare"


def test_nothing_of_the_original_is_left(made: tuple[Path, Path, Contents]) -> None:
    _, target, contents = made
    text = gzip.decompress(target.read_bytes()).decode()
    words = set(re.findall(r"[0-9A-Za-z:.]+|[0-9a-f-]{36}", text))
    assert not words & {one for one in contents.tokens if ":" in one or "." in one or len(one) > 30}
    assert not [one for one in contents.starts if len(one) > SIX and one in text]
    assert not {f"ovn-{one}-" for one in contents.starts} & set(re.findall(r"ovn-[0-9a-f]{6}-", text))
    for name in contents.names.replaced:
        assert re.search(rf"(?<![A-Za-z0-9]){re.escape(json.dumps(name)[1:-1])}(?![A-Za-z0-9])", text) is None, name
    assert {"cmp1", "cmp2", "ctl", "net1", "tor1", "physnet1"} <= set(contents.names.replaced)
    assert set(contents.names.kept) < {
        *("RegionOne", "admin", "glance", "internal", "keystone", "neutron", "nova", "null", "placement", "public"),
        *("service", "external"),
    }


def test_two_copies_have_nothing_in_common(made: tuple[Path, Path, Contents], tmp_path: Path) -> None:
    """The key is another one for each copy."""
    source, first, contents = made
    if source.stem == "lb":
        anonymise(source, tmp_path / "again")
        one, other = (read(path).tokens for path in (first, tmp_path / "again"))
        assert len(one) == len(other) == len(contents.tokens)
        assert len(one & other) < len(one) / 20, "but for a few numbers that are equal by chance"


# --- addresses


NETWORKS = [ipaddress.ip_network(one) for one in ("10.0.0.0/16", "10.0.1.0/24", "192.168.4.0/22", "2001:db8:7::/64")]


def addresses(key: bytes = KEY) -> Addresses:
    return Addresses(key, NETWORKS, Digits(key))


def inside(network: Any) -> Iterator[Any]:  # noqa: ANN401 - of both versions
    hosts = [0, 1, 2, 77, 200, min(network.num_addresses, 1 << 20) - 1]
    return (network.network_address + number for number in hosts)


@pytest.mark.parametrize("number", range(20))
def test_networks_contain_what_they_contained(number: int) -> None:
    made = addresses(bytes([number]))
    new = [ipaddress.ip_network(f"{made.replaced(one.network_address)}/{one.prefixlen}") for one in NETWORKS]
    for network in NETWORKS:
        for other, its in zip(NETWORKS, new, strict=True):
            if network.version == other.version:
                for address in inside(network):
                    assert (address in other) == (made.replaced(address) in its), (address, other)
    everything = {one for network in NETWORKS for one in inside(network)} | {
        ipaddress.ip_address(f"{first}.1.2.3") for first in range(1, 224)
    }
    assert len({made.replaced(one) for one in everything}) == len(everything), "no two become one"


@pytest.mark.parametrize("text", ["127.0.0.1", "255.255.255.0", "169.254.169.254", "224.0.0.5", "::1", "ff02::1"])
def test_what_is_the_same_everywhere_is_kept(text: str) -> None:
    assert str(addresses().replaced(ipaddress.ip_address(text))) == text
    assert list(tokens_in(text)) == []


def test_an_address_made_of_a_mac_address_becomes_that_of_its_replacement() -> None:
    digits = Digits(KEY)
    mac = digits.mac("fa:16:3e:01:02:03")
    plain = [int(part, 16) for part in mac.split(":")]
    words = (plain[0] ^ 2) << 8 | plain[1], plain[2] << 8 | 0xFF, 0xFE00 | plain[3], plain[4] << 8 | plain[5]
    expected = "fe80::" + ":".join(f"{word:x}" for word in words)
    assert addresses().replaced(ipaddress.ip_address("fe80::f816:3eff:fe01:203")) == ipaddress.ip_address(expected)
    globally = addresses().replaced(ipaddress.ip_address("2001:db8:7::f816:3eff:fe01:203"))
    assert int(globally) & ((1 << 64) - 1) == int(ipaddress.ip_address(expected)) & ((1 << 64) - 1)


# --- ids


def test_equal_beginnings_stay_equal() -> None:
    digits = Digits(KEY)
    whole = digits.replaced(UUID)
    assert [digits.replaced(UUID[:length]) for length in (8, 10, 11)] == [whole[:8], whole[:10], whole[:11]]
    assert len({digits.replaced(f"{number:03x}") for number in range(4096)}) == 4096


@pytest.mark.parametrize("text", ["fa:16:3e:01:02:ab", "FA:16:3E:01:02:AB", "fa-16-3e-01-02-ab", "fa16.3e01.02ab"])
def test_each_notation_of_a_mac_address(text: str) -> None:
    digits = Digits(KEY)
    made, plain = digits.mac(text), digits.mac("fa:16:3e:01:02:ab").replace(":", "")
    assert re.sub("[^0-9a-f]", "", made.lower()) == plain
    assert [sign for sign in made if not sign.isalnum()] == [sign for sign in text if not sign.isalnum()]
    tap = digits.mac("fe:16:3e:01:02:ab").replace(":", "")
    assert tap[2:] == plain[2:], "a tap device has the address of its vNIC with another first octet"


@pytest.mark.parametrize("text", ["01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00", "01:80:c2:00:00:0e"])
def test_mac_addresses_of_groups_are_kept(text: str) -> None:
    assert Digits(KEY).mac(text) == text
    assert list(tokens_in(text)) == []


# --- texts


def replacing(*names: str) -> Replacing:
    digits = Digits(KEY)
    return Replacing(pseudonyms(names, ()), addresses(), digits, {UUID[:8]})


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (f"tap{UUID[:11]}: <UP>", r"tap[0-9a-f]{8}-[0-9a-f]{2}: <UP>"),
        (f"ns-{UUID[:11]} qr-{UUID[:11]}", r"ns-([0-9a-f]{8}-[0-9a-f]{2}) qr-\1"),
        (f"qvb{UUID[:11]} rfp-{UUID[:10]}", r"qvb([0-9a-f]{8}-[0-9a-f])[0-9a-f] rfp-\1"),
        ("vxlan-0a000001 remote_ip=10.0.0.1", None),
        ("inet 10.0.1.5/24 brd 10.0.1.255", r"inet ([\d.]+)\.1\.5/24 brd \1\.1\.255"),
        ("at 12:34:56, version 1.2.3.400, 20260102-12", "at 12:34:56, version 1.2.3.400, 20260102-12"),
        ("acme acme-web acme_x xacme acme.lab", r"n001 n002 n001_x xacme n001\.lab"),
        ("a &lt;b&gt; <b> %3Cb%3E", "a n003 n003 n003"),
    ],
)
def test_what_is_found_in_a_text(text: str, form: str | None) -> None:
    made = replacing("acme", "acme-web", "<b>").text(text)
    if form is None:
        address = addresses().replaced(ipaddress.ip_address("10.0.0.1"))
        form = f"vxlan-{int(address):08x} remote_ip={address}"
    ordered = {"n001": "n002", "n002": "n003", "n003": "n001"}  # "<b>" is the first in order
    assert re.fullmatch(re.sub(r"n00\d", lambda found: ordered[found[0]], form), made), made


def test_names_keep_their_order_and_are_not_taken_yet() -> None:
    assert pseudonyms(["b", "a", "c"], ()) == {"a": "n001", "b": "n002", "c": "n003"}
    assert pseudonyms(["a"], {"n", "nn"}) == {"a": "nnn001"}


def test_free_text_is_erased() -> None:
    given: dict[str, Any] = {
        "servers": [
            {"name": "x", "description": "of Ms Doe", "metadata": {"cost": "centre"}, "tags": [], "fault": None}
        ]
    }
    assert erased(given) == {"servers": [{"name": "x", "description": "", "metadata": {}, "tags": [], "fault": None}]}


def test_words_of_the_formats_are_no_names() -> None:
    names = Names()
    names._walk({"name": "status", "status": "x", "hosts": {"cmp1.lab.example.org": {}}})  # noqa: SLF001 - a part of it
    assert (names.replaced, names.kept) == (["cmp1", "lab"], ["example", "org", "status"])


@pytest.mark.parametrize(
    "text",
    ['[{"link": "eth0", "acme": {}}]', '{"acme": [{"lldp": 1, "link": 2}]}', "<domain acme='1'><link/></domain>"],
)
def test_words_that_commands_print_are_no_names_either(text: str) -> None:
    """Else a project called "link" would change what ``ip address`` prints."""
    names = Names()
    for name in ("acme", "link", "mtu", "Debian", "globex"):
        names._name(name)  # noqa: SLF001 - a part of it
    names._text(text)  # noqa: SLF001 - as above
    assert names.replaced == ["globex"]


def test_names_of_switches_are_names() -> None:
    names = Names()
    printed = {"lldp": {"interface": {"eth1": {"chassis": {"tor1": {"name": "tor1", "descr": "x"}}}}}}
    names._text(json.dumps(printed))  # noqa: SLF001 - as above
    assert names.replaced == ["tor1"]


# --- the command


def test_the_command(tmp_path: Path) -> None:
    target = tmp_path / "given.calipso"
    said = calipso("bundle", "anonymise", data("demo") / "lb.calipso", target)
    assert (said.status, said.err) == (0, "")
    assert re.match(
        rf"{re.escape(str(target))}: \d+ names, \d+ ids and addresses replaced\nkept, as words of", said.out
    )
    shown = calipso("bundle", target, "--output", "json").json
    assert (shown["environment"], shown["note"]) == (ENVIRONMENT, "anonymised")
    assert calipso("bundle", "show", target).out == calipso("bundle", target).out
    again = calipso("bundle", "anonymise", data("demo") / "lb.calipso", target)
    assert again.status != 0
    assert "exists already; give another name" in again.err


def test_a_damaged_recording(tmp_path: Path) -> None:
    whole = (data("demo") / "lb.calipso").read_bytes()
    (tmp_path / "cut.calipso").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BundleInvalid, match="is cut short"):
        anonymise(tmp_path / "cut.calipso", tmp_path / "new.calipso")
    assert [one.name for one in tmp_path.iterdir()] == ["cut.calipso"]


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    said = calipso("bundle", "anonymise", data("demo") / "lb.calipso", tmp_path / "no" / "new.calipso")
    assert said.status != 0
    assert str(tmp_path / "no" / "new.calipso") in said.err
