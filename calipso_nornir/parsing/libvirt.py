# SPDX-License-Identifier: Apache-2.0
"""Domains of libvirt, from ``virsh``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError as XmlError

from defusedxml import DefusedXmlException, ElementTree

from calipso_nornir.errors import ParseError
from calipso_nornir.parsing.common_values import mac_or_none
from calipso_nornir.parsing.rows import Domain, DomainInterface
from calipso_nornir.parsing.templates import one, tool_rows

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_PARSER = "virsh_dumpxml"
_DEEPEST = 16
"""Maximum nesting below an <interface>; libvirt's schema has five levels."""


def uuids(text: str) -> tuple[str, ...]:
    """Read ``virsh list --all --uuid``, which prints one empty line when there are no domains."""
    if not text:
        raise ParseError("virsh_uuids", "the text is empty, but virsh ends its list with an empty line")
    return tuple(one(row, "uuid").lower() for row in tool_rows("linux_virsh_list_uuid", text))


def domain(text: str) -> Domain:
    """Read ``virsh dumpxml DOMAIN`` (https://libvirt.org/formatdomain.html).

    Entity and document type declarations are rejected: libvirt prints none, and with them a few lines of XML can
    exhaust all memory.
    """
    try:
        root = ElementTree.fromstring(text, forbid_dtd=True)
    except XmlError as error:
        line = error.position[0]
        shown = (text.split("\n")[line - 1 : line] or [""])[0][:200]
        problem = f"not an XML document: {error.msg}" if text.strip() else "the text is empty"
        raise ParseError(_PARSER, problem, line, shown) from None
    except DefusedXmlException:
        raise ParseError(_PARSER, "it declares a document type or entities, which libvirt never does") from None
    except ValueError as error:
        raise ParseError(_PARSER, f"not a usable XML document: {error}") from None
    if root.tag != "domain":
        raise ParseError(_PARSER, f"expected <domain>, found <{root.tag[:80]}>")
    return Domain(
        _text_of(root, "uuid").lower(),
        _text_of(root, "name"),
        tuple(_interface(element) for element in root.findall("./devices/interface")),
        tuple(
            pci
            for address in root.findall("./devices/hostdev[@type='pci']/source/address")
            if (pci := _pci(address)) is not None
        ),
    )


def _text_of(root: Element, tag: str) -> str:
    text = (root.findtext(tag) or "").strip()
    if not text:
        raise ParseError(_PARSER, f"<domain> has no <{tag}>")
    return text


def _interface(element: Element) -> DomainInterface:
    kind = element.get("type")
    if not kind:
        raise ParseError(_PARSER, '<interface> has no attribute "type"')
    return DomainInterface(
        type=kind,
        mac=mac_or_none(_attribute(element, "mac", "address")),
        device=_attribute(element, "target", "dev"),
        bridge=_attribute(element, "source", "bridge"),
        element=_plain(element, 0),
        pci=_pci(element.find("./source/address[@type='pci']")),
    )


def _pci(address: Element | None) -> str | None:
    """Return a PCI address as the kernel and Neutron's ``pci_slot`` write it; None when it is incomplete."""
    if address is None:
        return None
    parts = [
        re.fullmatch(r"0x([0-9a-f]{1,4})", address.get(name, "")) for name in ("domain", "bus", "slot", "function")
    ]
    numbers = [int(part[1], 16) for part in parts if part is not None]
    return "{:04x}:{:02x}:{:02x}.{:x}".format(*numbers) if len(numbers) == len(parts) else None


def _attribute(element: Element, tag: str, name: str) -> str | None:
    child = element.find(tag)
    return None if child is None else child.get(name)


def _plain(element: Element, depth: int) -> dict[str, object]:
    """Return an element as a dictionary: attributes as ``@name``, text as ``#text``, same-named children as a list."""
    if depth > _DEEPEST:
        raise ParseError(_PARSER, f"<interface> is nested deeper than {_DEEPEST} levels")
    plain: dict[str, object] = {f"@{name}": value for name, value in element.items()}
    text = (element.text or "").strip()
    if text:
        plain["#text"] = text
    children: dict[str, list[dict[str, object]]] = {}
    for child in element:
        children.setdefault(child.tag, []).append(_plain(child, depth + 1))
    return plain | {tag: found[0] if len(found) == 1 else found for tag, found in children.items()}
