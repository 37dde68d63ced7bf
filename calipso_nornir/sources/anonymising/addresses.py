# SPDX-License-Identifier: Apache-2.0
"""Replaces IP addresses so that each network still contains the same addresses.

As in Crypto-PAn (Xu, Fan, Ammar, Moon 2002), whether a bit is inverted depends on a key and the bits before it: two
addresses have as many leading bits in common as before. In networks that the recording names, the last part of an
address is kept, so that a network's own address, its first host and its broadcast address keep their roles.
"""

from __future__ import annotations

import hashlib
import ipaddress
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calipso_nornir.sources.anonymising.hexadecimal import Digits

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

KEPT_BITS: Final = {4: 4, 6: 8}
"""Leading bits that stay: 10.0.0.1 does not become a multicast address, nor a global address a local one."""
WIDEST: Final = {4: 8, 6: 16}
"""Wider networks (0.0.0.0/0, 2000::/3) are not networks of a cloud."""
_SPECIAL: Final[tuple[Network, ...]] = tuple(
    ipaddress.ip_network(one)
    for one in ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "::/8", "ff00::/8")
)
_LINK_LOCAL: Final = ipaddress.ip_network("fe80::/10")
_EUI_64: Final = 0xFFFE
_LOCAL_BIT: Final = 1 << 57


def is_special(address: Address) -> bool:
    """Return whether an address identifies nobody: loopback, multicast, a netmask, the metadata service."""
    return any(address.version == one.version and address in one for one in _SPECIAL)


class Addresses:
    """Replaces the addresses of one recording whose networks are known."""

    def __init__(self, key: bytes, networks: Iterable[Network], digits: Digits) -> None:
        self._key = key
        self._digits = digits
        self._widest: dict[int, set[tuple[int, int]]] = {4: set(), 6: set()}
        for one in sorted(networks, key=lambda one: one.prefixlen):
            if one.prefixlen >= WIDEST[one.version] and not is_special(one.network_address):
                self._widest[one.version].add((one.prefixlen, int(one.network_address) >> _host_bits(one)))
        self._lengths = {version: sorted({length for length, _ in of}) for version, of in self._widest.items()}
        self._made: dict[Address, Address] = {}

    def replaced(self, address: Address) -> Address:
        """Return another address."""
        if is_special(address):
            return address
        if address not in self._made:
            self._made[address] = self._replaced(address)
        return self._made[address]

    def _replaced(self, address: Address) -> Address:
        bits = address.max_prefixlen
        value = int(address)
        if address.version == 6 and (value >> 24) & 0xFFFF == _EUI_64:  # noqa: PLR2004 - IPv6; it holds a MAC address
            value = value >> 64 << 64 | self._by_mac(value & ((1 << 64) - 1))
            return type(address)(
                self._inverted(value, 6, 0 if address in _LINK_LOCAL else min(self._length(address), 64))
            )
        if address in _LINK_LOCAL:
            return type(address)(self._inverted(value, 6, bits, kept=64))
        return type(address)(self._inverted(value, address.version, self._length(address)))

    def _length(self, address: Address) -> int:
        """Return how many leading bits may change: those of the widest known network, or all."""
        value, bits = int(address), address.max_prefixlen
        for length in self._lengths[address.version]:
            if (length, value >> (bits - length)) in self._widest[address.version]:
                return length
        return bits

    def _inverted(self, value: int, version: int, length: int, *, kept: int | None = None) -> int:
        bits = 32 if version == 4 else 128  # noqa: PLR2004 - of an address
        made = value
        for place in range(KEPT_BITS[version] if kept is None else kept, length):
            before = f"{version}:{place}:{value >> (bits - place)}"
            if hashlib.blake2b(before.encode(), key=self._key, digest_size=1).digest()[0] & 1:
                made ^= 1 << (bits - place - 1)
        return made

    def _by_mac(self, interface: int) -> int:
        """Return the interface identifier that the replaced MAC address gives (RFC 4291, appendix A)."""
        mac = (interface ^ _LOCAL_BIT) >> 40 << 24 | interface & 0xFFFFFF
        replaced = int(self._digits.mac(f"{mac:012x}"), 16)
        return ((replaced >> 24) << 40 | _EUI_64 << 24 | replaced & 0xFFFFFF) ^ _LOCAL_BIT


def _host_bits(network: Network) -> int:
    return network.max_prefixlen - network.prefixlen
