# SPDX-License-Identifier: Apache-2.0
"""Finds everything in a text that may identify the cloud, and replaces it in one pass."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.sources.anonymising.addresses import is_special
from calipso_nornir.sources.anonymising.chosen_names import spellings
from calipso_nornir.sources.anonymising.hexadecimal import is_group

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping

    from calipso_nornir.sources.anonymising.addresses import Address, Addresses, Network
    from calipso_nornir.sources.anonymising.hexadecimal import Digits

_H: Final = "[0-9a-fA-F]"
_DEVICES: Final = r"tap|tun|qvo|qvb|qbr|brq|vhu|(?<![0-9a-zA-Z])"
"""Prefixes of device names that precede a part of an id; all other such prefixes end with a dash (``qr-``, ``ns-``)."""
START: Final = 8
"""Digits by which a part of an id is recognised; OVN names its tunnels after the first six of a chassis' id."""
SIX: Final = 6
_IDS: Final = (
    rf"(?P<uuid>(?<!{_H}){_H}{{8}}[-_]{_H}{{4}}[-_]{_H}{{4}}[-_]{_H}{{4}}[-_]{_H}{{12}}(?!{_H}))"
    rf"|(?P<device>{_DEVICES})(?P<start>{_H}{{8}}-{_H}{{1,3}})(?![0-9a-zA-Z-])"
    r"|(?P<chassis>(?<![0-9a-zA-Z])ovn-)(?P<six>[0-9a-f]{6})(?=-\d)"
    rf"|(?P<tunnel>\b(?:vxlan|gre|geneve|stt)-)(?P<hexip>[0-9a-f]{{8}})(?![0-9a-zA-Z])"
    rf"|(?P<mac>(?:(?<![0-9a-fA-F:.-])|(?<=/cep-)|(?<=/mac-))(?:(?:{_H}{{2}}:){{5}}{_H}{{2}}|(?:{_H}{{2}}-){{5}}{_H}{{2}}"
    rf"|{_H}{{4}}\.{_H}{{4}}\.{_H}{{4}})(?![0-9a-fA-F:]|-{_H}))"
    r"|(?P<hex>(?<![0-9a-zA-Z])[0-9a-f]{32,64}(?![0-9a-zA-Z]))"
    r"|(?P<v4>(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d))(?P<len4>/\d{1,2}(?!\d))?"
    rf"|(?P<v6>(?<![\w:.])(?:{_H}{{0,4}}:){{2,7}}{_H}{{0,4}}(?![\w:]))(?P<len6>/\d{{1,3}}(?!\d))?"
)
_FOUND: Final = re.compile(_IDS)


def networks_in(text: str) -> Iterator[Network]:
    """Yield the networks in a text, also those given by an address with a prefix length."""
    for found in _FOUND.finditer(text):
        address, length = _address(found), found["len4"] or found["len6"]
        if address is not None and length:
            try:
                yield ipaddress.ip_network(f"{address}{length}", strict=False)
            except ValueError:
                continue


def addresses_in(text: str) -> Iterator[Address]:
    """Yield the addresses in a text, except those that identify nobody."""
    for found in _FOUND.finditer(text):
        address = ipaddress.IPv4Address(int(found["hexip"], 16)) if found["hexip"] else _address(found)
        if address is not None and not is_special(address):
            yield address


def ids_in(text: str) -> Iterator[str]:
    """Yield the prefixes of the UUIDs in a text."""
    for found in _FOUND.finditer(text):
        if found["uuid"] and not _is_empty(found["uuid"]):
            yield found["uuid"][:START].lower()


def tunnels_in(text: str) -> Iterator[str]:
    """Yield possible prefixes of chassis ids in names of OVN's tunnels."""
    return (found["six"] for found in _FOUND.finditer(text) if found["six"])


def tokens_in(text: str, starts: Container[str] = ()) -> Iterator[str]:
    """Yield the ids and addresses in a text, except those that identify nobody.

    ``starts`` are known prefixes of ids: a text that begins with one is a part of an id.
    """
    for found in _FOUND.finditer(text):
        if found["start"] and found["start"][:START].lower() not in starts:
            continue
        if found["six"] and found["six"] not in starts:
            continue
        if found["v4"] or found["v6"]:
            address = _address(found)
            if address is not None and not is_special(address):
                yield found["v4"] or found["v6"]
        elif not _is_empty(found[0]) and not (found["mac"] and is_group(found["mac"])):
            yield found["start"] or found["six"] or found["hexip"] or found[0]


class Replacing:
    """Replaces ids, addresses and names in texts and JSON."""

    def __init__(
        self, names: Mapping[str, str], addresses: Addresses, digits: Digits, starts: Container[str] = ()
    ) -> None:
        self._starts = starts
        self._names = {spelt: new for name, new in names.items() for spelt in spellings(name)}
        self._addresses = addresses
        self._digits = digits
        self._pattern = re.compile("|".join([_IDS, *_words(self._names)]))

    def text(self, text: str) -> str:
        """Return a text with everything replaced."""
        return self._pattern.sub(self._replaced, text)

    def value(self, value: Any) -> Any:  # noqa: ANN401 - any JSON
        """Return JSON with everything replaced, keys included."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(key): self.value(one) for key, one in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.value(one) for one in value]
        return value

    def _replaced(self, found: re.Match[str]) -> str:
        if (name := found.groupdict().get("name")) is not None:
            return self._names[name]
        if found["v4"] or found["v6"]:
            address = _address(found)
            length = found["len4"] or found["len6"] or ""
            return found[0] if address is None else f"{self._addresses.replaced(address)}{length}"
        if found["tunnel"]:
            address = self._addresses.replaced(ipaddress.IPv4Address(int(found["hexip"], 16)))
            return f"{found['tunnel']}{int(address):08x}"
        if found["mac"]:
            return self._digits.mac(found["mac"])
        return self._id(found)

    def _id(self, found: re.Match[str]) -> str:
        """Return the replacement of an id, or of a prefix of one."""
        if start := found["start"] or found["six"]:
            known = start[:START].lower() in self._starts
            return (found["device"] or found["chassis"] or "") + self._digits.replaced(start) if known else found[0]
        return found[0] if _is_empty(found[0]) else self._digits.replaced(found[0])


def _address(found: re.Match[str]) -> Address | None:
    text = found["v4"] or found["v6"]
    try:
        return ipaddress.ip_address(text) if text else None
    except ValueError:  # a time (12:34:56), a version (1.2.3.400)
        return None


def _is_empty(text: str) -> bool:
    return not text.strip("0-:.fF")


def _words(names: Iterable[str]) -> Iterator[str]:
    ordered = sorted(names, key=lambda one: (-len(one), one))
    if ordered:
        joined = "|".join(re.escape(one) for one in ordered)
        yield rf"(?P<name>(?<![A-Za-z0-9])(?:{joined})(?![A-Za-z0-9]))"
