# SPDX-License-Identifier: Apache-2.0
"""Finds the names in a recording that users and operators of the cloud have chosen.

Names are replaced wherever they occur as whole words, including the output of commands. A name that is also a word of
the formats themselves ("admin", "nova", "port") cannot be replaced; it is kept, and identifies nobody.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from calipso_nornir.sources.anonymising.words import KEPT

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from calipso_nornir.sources.bundle import Exchange

NAMED: Final = frozenset(
    {
        "availability_zone",
        "availabilityZone",
        "availability_zone_hints",
        "OS-EXT-AZ:availability_zone",
        "OS-EXT-SRV-ATTR:host",
        "OS-EXT-SRV-ATTR:hostname",
        "OS-EXT-SRV-ATTR:hypervisor_hostname",
        "OS-EXT-SRV-ATTR:root_device_name",
        "aggregate",
        "display_name",
        "dns_domain",
        "dns_name",
        "fqdn",
        "host",
        "host_name",
        "hostname",
        "hypervisor_hostname",
        "key_name",
        "name",
        "original_name",
        "provider:physical_network",
        "region",
        "region_id",
        "service_host",
        "tags",
        "user_name",
        "username",
        "zone_name",
        "zoneName",
    }
)
"""Members that are names, in the answers of APIs and databases."""
KEYED: Final = frozenset({"bridge_mappings", "device_mappings", "hosts", "interface_mappings"})
"""Members whose own keys are names: a zone's hosts, an agent's physical networks."""
ERASED: Final = frozenset(
    {
        "OS-EXT-SRV-ATTR:user_data",
        "descr",
        "description",
        "email",
        "fault",
        "locked_reason",
        "metadata",
        "notes",
        "user_data",
    }
)
"""Members with free text, which is erased."""
SHORTEST: Final = 2
STARTS: Final = ("n", "nn", "nnn", "anonymous")
"""Prefixes of new names, before their number: the first one with which no word of the recording begins is used."""
_IDS: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}|[0-9a-f]{32}|^[0-9.:/-]+$|:[0-9a-fA-F]{2}:")
FABRIC: Final = frozenset({"nameAlias", "serial", "sysName"})
"""Members of an APIC's answers that identify somebody, beside ``NAMED``."""
_FABRIC_ELEMENT: Final = re.compile(
    r"(?:^|/)(?:tn|ap|epg|esg|ctx|BD|out|l2out|instP|lnodep|lifp|accbundle|accportgrp|attentp|phys|l2dom|l3dom|dom|prov)"
    r"-([^/\[\]]+)|(?:^|/)pathep-\[(?!eth\d|po\d|tunnel\d)([^\]]+)\]"
)
"""What a distinguished name of an APIC calls by a name: tenants, profiles, groups. Ports and nodes have numbers."""
_FABRIC_WORDS: Final = frozenset(
    {
        *("active", "controller", "commissioned", "discovery", "epg", "fabric", "inactive", "leaf", "local", "paths"),
        *("pod", "spine", "sys", "topology", "uni", "unspecified"),
    }
)
"""Values and elements of names that mean something to a scan, in lower case."""
_DEVICE: Final = re.compile(
    r"(?:br-\w+|(?:eth|ens|eno|enp|em|bond|team|lo|vd|sd|hd|tap|qvo|qvb|qbr|brq|vxlan|genev|gre|vlan)[\d_.a-f:-]*|/dev/\w+|m\d)"
)
_XML: Final = re.compile(r"<nova:(?:name|user|project|flavor)\b[^>]*?(?:name=[\"']([^\"']+)[\"'][^>]*)?>([^<]*)")
_XML_WORDS: Final = re.compile(r"</?([A-Za-z_][\w.-]*)|\b([A-Za-z_][\w-]*)=[\"']")
_URL: Final = re.compile(r"https?://([A-Za-z][\w.-]*)")
_WORD: Final = re.compile(r"[A-Za-z][\w]*")


class Names:
    """The names of one recording, collected from its exchanges."""

    def __init__(self) -> None:
        self.found: set[str] = set()
        """Labels: the parts of names between dots."""
        self.words: set[str] = set()
        """Words of the formats, in lower case: keys of JSON, and words of commands."""

    @property
    def replaced(self) -> list[str]:
        """The names that are replaced, in their order."""
        return sorted(one for one in self.found if one.lower() not in self.words | KEPT)

    @property
    def kept(self) -> list[str]:
        """The names that are kept, because they are words of the formats."""
        return sorted(self.found - set(self.replaced))

    def add(self, exchange: Exchange, query: Mapping[str, Any], data: Any) -> None:  # noqa: ANN401 - any JSON
        """Collect the names of an exchange: of its query, and of its answer as JSON."""
        host = exchange.query.host
        if host:
            self._name(host)
        if isinstance(query.get("region"), str):
            self._name(query["region"])
        if query["source"] in ("api", "db"):
            self._walk(data)
        elif query["source"] == "aci":
            self._walk(data)
            self._fabric(data)
            self.words |= _FABRIC_WORDS
        elif isinstance(data, str):
            self._text(data)
        self.words |= {key.lower() for key in _keys(query) if key}

    def _walk(self, value: Any, key: str = "") -> None:  # noqa: ANN401 - any JSON
        if isinstance(value, Mapping):
            for name, one in value.items():
                if key in KEYED:
                    self._name(str(name))
                elif _WORD.fullmatch(str(name)):
                    self.words.add(str(name).lower())
                self._walk(one, str(name))
        elif isinstance(value, (list, tuple)):
            for one in value:
                self._walk(one, key)
        elif isinstance(value, str):
            if key in NAMED:
                self._name(value)
            for host in _URL.findall(value):
                self._name(host)

    def _text(self, text: str) -> None:
        """Collect the names in the output of a command, and the words of its format."""
        begin = text.lstrip()[:1]
        if begin == "<":
            self.words |= {word.lower() for pair in _XML_WORDS.findall(text) for word in pair if word}
        for attribute, content in _XML.findall(text):
            self._name(attribute)
            self._name(content)
        if begin and begin in "[{":
            try:
                value = json.loads(text)
            except (ValueError, RecursionError):
                return
            self._keys(value)
            if isinstance(value, Mapping) and "lldp" in value:
                self._lldp(value)

    def _keys(self, value: Any, key: str = "") -> None:  # noqa: ANN401 - any JSON
        if isinstance(value, Mapping):
            for name, one in value.items():
                if key != "chassis" and _WORD.fullmatch(name):
                    self.words.add(name.lower())
                self._keys(one, name)
        elif isinstance(value, list):
            for one in value:
                self._keys(one, key)

    def _fabric(self, value: Any, key: str = "") -> None:  # noqa: ANN401 - any JSON
        """Take the names from the answers of an APIC: some members, and the elements of distinguished names."""
        if isinstance(value, Mapping):
            for name, one in value.items():
                self._fabric(one, str(name))
        elif isinstance(value, list):
            for one in value:
                self._fabric(one, key)
        elif isinstance(value, str):
            if key in FABRIC or (key == "portDesc" and "/" not in value):
                self._name(value)
            for found in _FABRIC_ELEMENT.finditer(value):
                self._name(found[1] or found[2])

    def _lldp(self, value: Any, key: str = "") -> None:  # noqa: ANN401 - as above
        """Collect the names of switches: a member ``name``, or the key below ``chassis``."""
        if isinstance(value, Mapping):
            for name, one in value.items():
                if key == "chassis" and isinstance(one, Mapping):
                    self._name(name)
                if name == "name":
                    for found in one if isinstance(one, list) else [one]:
                        self._name(str(found.get("value", "")) if isinstance(found, Mapping) else str(found))
                self._lldp(one, name)
        elif isinstance(value, list):
            for one in value:
                self._lldp(one, key)

    def _name(self, name: str) -> None:
        if _IDS.search(name) or _DEVICE.fullmatch(name):
            return
        for label in name.split("."):
            plain = label.strip()
            if len(plain) >= SHORTEST and any(sign.isalpha() for sign in plain) and not _DEVICE.fullmatch(plain):
                self.found.add(plain)


def spellings(name: str) -> set[str]:
    """Return a name as it is, and as it is written in XML, JSON and URLs."""
    return {name, escape(name), escape(name, quote=False), json.dumps(name)[1:-1], quote(name, safe="")}


def pseudonyms(names: Iterable[str], taken: Container[str]) -> dict[str, str]:
    """Return a new name for each, in the same order; ``taken`` are the prefixes in ``STARTS`` that cannot be used."""
    ordered = sorted(names)
    width = max(3, len(str(len(ordered))))
    start = next(one for one in STARTS if one not in taken)
    return {name: f"{start}{number:0{width}d}" for number, name in enumerate(ordered, 1)}


def erased(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return the JSON of an API or a database without free texts."""
    if isinstance(value, Mapping):
        return {key: _empty(one) if key in ERASED else erased(one) for key, one in value.items()}
    if isinstance(value, list):
        return [erased(one) for one in value]
    return value


def _empty(value: Any) -> Any:  # noqa: ANN401 - as above
    if isinstance(value, Mapping):
        return {}
    if isinstance(value, list):
        return []
    return "" if isinstance(value, str) else value


def _keys(query: Mapping[str, Any]) -> Iterator[str]:
    """Yield the words of a query that are not values: of a path or a statement, and the program of a command."""
    text = str(query.get("path") or query.get("sql") or "")
    yield from _WORD.findall(text)
    yield str(query.get("key", ""))
    for program in re.findall(r"^[\w-]+", str(query.get("text", ""))):
        yield from (program, *program.split("-"))
