# SPDX-License-Identifier: Apache-2.0
"""Anonymises a recording: reads it to learn what it contains, again to replace this, and then checks what is left.

The key is made for one recording and discarded, so the originals cannot be computed, and two anonymised recordings of
one cloud cannot be compared.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.errors import BundleInvalid, RecordingFailed
from calipso_nornir.sources import bundle
from calipso_nornir.sources.anonymising.addresses import Addresses, is_special
from calipso_nornir.sources.anonymising.chosen_names import STARTS, Names, erased, pseudonyms, spellings
from calipso_nornir.sources.anonymising.hexadecimal import Digits
from calipso_nornir.sources.anonymising.text_tokens import (
    SIX,
    START,
    Replacing,
    addresses_in,
    ids_in,
    networks_in,
    tokens_in,
    tunnels_in,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.sources.anonymising.addresses import Address, Network

ENVIRONMENT: Final = "anonymous"
"""The name of every anonymised environment."""
ATTEMPTS: Final = 500
"""How many keys are tried until no address or prefix of an id is replaced by one that occurs in the recording."""
_NUMBERED: Final = re.compile(rf"(?<![A-Za-z0-9])({'|'.join(STARTS)})\d{{3}}")


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything in a recording that may identify the cloud or its owner."""

    names: Names
    tokens: frozenset[str]
    addresses: frozenset[Address]
    networks: frozenset[Network]
    starts: frozenset[str]
    """Prefixes of UUIDs, as they occur in the names of devices."""
    taken: frozenset[str]


@dataclass(frozen=True, slots=True)
class Anonymised:
    """The result: how many names, ids and addresses were replaced, and which names were kept."""

    path: str
    names: int
    tokens: int
    kept: tuple[str, ...]


def anonymise(source: Path, target: Path, *, key: bytes | None = None) -> Anonymised:
    """Write an anonymised copy of a recording.

    Raises BundleInvalid if the recording is damaged, or contains something that cannot be replaced; RecordingFailed if
    the copy cannot be written.
    """
    contents = read(source)
    _write(source, target, replacement(source, contents, key))
    left = _left(target, contents)
    if left:
        target.unlink()
        raise BundleInvalid(str(source), f"cannot be anonymised: {left!r} would remain in it. Please report this")
    return Anonymised(str(target), len(contents.names.replaced), len(contents.tokens), tuple(contents.names.kept))


def read(path: Path) -> Contents:
    """Read a recording and return what it contains."""
    names, tokens, addresses, networks = Names(), set[str](), set[Any](), set[Any]()
    starts, tunnels, taken = set[str](), set[str](), set[str]()
    for line, exchange in bundle.Reader(path):
        value: dict[str, Any] = json.loads(line)
        names.add(exchange, value["query"], value.get("reply", {}).get("data"))
        for text in _texts(value):
            tokens.update(tokens_in(text))
            addresses.update(addresses_in(text))
            networks.update(networks_in(text))
            starts.update(ids_in(text))
            tunnels.update(tunnels_in(text))
            taken.update(_NUMBERED.findall(text))
    starts |= tunnels & {one[:SIX] for one in starts}
    return Contents(
        names, frozenset(tokens), frozenset(addresses), frozenset(networks), frozenset(starts), frozenset(taken)
    )


def replacement(path: Path, contents: Contents, key: bytes | None = None) -> Replacing:
    """Return the replacement of a recording's contents; the same key gives the same replacement."""
    names = pseudonyms(contents.names.replaced, contents.taken)
    for tried in [key] if key is not None else (secrets.token_bytes(32) for _ in range(ATTEMPTS)):
        digits = Digits(tried)
        addresses = Addresses(tried, contents.networks, digits)
        if any(digits.replaced(one) in contents.starts for one in contents.starts):
            continue
        made = {addresses.replaced(one) for one in contents.addresses}
        if not made & contents.addresses and not any(map(is_special, made)):
            return Replacing(names, addresses, digits, contents.starts)
    raise BundleInvalid(str(path), "cannot be anonymised: its addresses or ids cannot be told from their replacements")


def _write(source: Path, target: Path, replacing: Replacing) -> None:
    """Write the copy; it appears when it is complete."""
    reader = bundle.Reader(source)
    digest = hashlib.sha256()
    count = 0
    try:
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as file:
                line = bundle.line_of(_header(reader.header, replacing))
                file.write(line)
                digest.update(line)
                for given, _ in reader:
                    line = bundle.line_of(_exchange(json.loads(given), replacing))
                    file.write(line)
                    digest.update(line)
                    count += 1
                file.write(bundle.line_of({"count": count, "sha256": digest.hexdigest()}))
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise RecordingFailed(str(target), error.strerror or type(error).__name__) from None


def _header(header: dict[str, Any], replacing: Replacing) -> dict[str, Any]:
    environment = header.get("environment")
    described = replacing.value(environment) if isinstance(environment, dict) else {}
    return {**header, "environment": {**described, "name": ENVIRONMENT}, "note": "anonymised"}


def _exchange(value: dict[str, Any], replacing: Replacing) -> dict[str, Any]:
    """Replace the values of an exchange, not the keywords of the format."""
    query = value["query"]
    free = query["source"] in ("api", "db", "aci")

    def part(name: str, kept: tuple[str, ...]) -> dict[str, Any]:
        return {key: one if key in kept else replacing.value(one) for key, one in value[name].items()}

    made = {"query": part("query", ("source", "class")), "at": value["at"]}
    if "error" in value:
        return {**made, "error": part("error", ("error",))}
    reply = dict(value["reply"])
    reply["data"] = replacing.value(erased(reply["data"]) if free else reply["data"])
    if "gap" in reply:
        reply["gap"] = {key: one if key == "error" else replacing.value(one) for key, one in reply["gap"].items()}
    return {**made, "reply": reply}


def _left(target: Path, contents: Contents) -> str:
    """Return an original value that is left in the copy; "" if there is none."""
    names = {spelt for name in contents.names.replaced for spelt in spellings(name)}
    words = re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(map(re.escape, names))})(?![A-Za-z0-9])") if names else None
    reader = bundle.Reader(target)
    for text in _texts(reader.header["environment"]):
        if words is not None and (found := words.search(text)):
            return found[0]
    for line, _ in reader:
        for text in _texts(json.loads(line)):
            found_in = set(tokens_in(text, contents.starts))
            if same := found_in & contents.tokens or {
                one for one in found_in if one[:START].lower() in contents.starts
            }:
                return min(same)
            if words is not None and (found := words.search(text)):
                return found[0]
    return ""


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield key
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
