# SPDX-License-Identifier: Apache-2.0
"""Reads ``objects.json``, the checks of a host, with limits, and with errors that name the place of a fault."""

import hashlib
import json
import re
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple

from .named_checks import CHECKS
from .others import FAULTS
from .parameters import BadParameter, read_parameters
from .values import Check

VERSION = 1
MOST_BYTES = 64 * 1024 * 1024
MOST_CHECKS = 100000
KINDS = ("inventory", "links")
_ID = re.compile(r"[0-9a-f]{24}")
_TEXT = {"environment": 200, "host": 255, "type": 100, "name": 1000, "check": 100}
"""Texts -> characters that they may have."""


class BadObjects(ValueError):
    """An invalid ``objects.json``; ``str()`` gives file, place, what was found and what was expected."""


class Item(NamedTuple):
    """One check of one object or link.

    Attributes:
        of: ``_id`` of its document; ``kind`` "inventory" or "links"; ``type`` that of the object or link.
        name: the check's name in the monitoring system.
        check: the name of the check in the registry, which may lack it: ``fault`` says so.
        fault: why it cannot be run, "" if it can.
        digest: changes with the entry.
    """

    of: str
    kind: str
    type: str
    name: str
    check: str
    parameters: Mapping[str, Any]
    fault: str
    digest: str

    @property
    def known(self) -> Optional[Check]:
        """The check, unless there is a fault."""
        return None if self.fault else CHECKS[self.check]


class Objects(NamedTuple):
    """One file: its host, and all its checks."""

    environment: str
    host: str
    items: Tuple[Item, ...]


def read_file(path: str) -> Objects:
    """Read the file.

    Raises:
        BadObjects: it cannot be read, is too large, or has another form.
    """
    try:
        with open(path, "rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise BadObjects(f"{path}: cannot be read: {error.strerror}") from None
    return read_objects(content, path)


def read_objects(content: bytes, path: str) -> Objects:
    """Read what the file has; ``path`` is for messages.

    Raises:
        BadObjects: as above.
    """
    if len(content) > MOST_BYTES:
        raise BadObjects(f"{path}: expected at most {MOST_BYTES} bytes, found more")
    try:
        document = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadObjects(f"{path}: is no JSON: {error}") from None
    try:
        return _objects(document)
    except _Fault as fault:
        raise BadObjects(f"{path}: {fault}") from None


class _Fault(ValueError):
    def __init__(self, place: str, found: Any, expected: str) -> None:
        super().__init__(f"{place}: found {_shown(found)}, expected {expected}")


def _shown(found: Any) -> str:
    text = ascii(found)
    return text if len(text) <= 80 else text[:77] + "…"  # noqa: PLR2004 - a line


def _objects(document: Any) -> Objects:
    if not isinstance(document, dict):
        raise _Fault("the document", type(document).__name__, "an object")
    if document.get("version") != VERSION or document["version"] is True:
        raise _Fault("version", document.get("version"), f"{VERSION}: this probe knows no other")
    checks = document.get("checks")
    if not isinstance(checks, list):
        raise _Fault("checks", checks, "a list")
    if len(checks) > MOST_CHECKS:
        raise _Fault("checks", f"{len(checks)} of them", f"at most {MOST_CHECKS}")
    items = [_item(f"checks[{number}]", one) for number, one in enumerate(checks)]
    places: Dict[Tuple[str, str], int] = {}
    for number, item in enumerate(items):
        first = places.setdefault((item.of, item.name), number)
        if first != number:
            raise _Fault(f"checks[{number}].name", item.name, f"another than that of checks[{first}]")
    return Objects(_text("environment", document), _text("host", document), tuple(items))


def _text(name: str, members: Mapping[str, Any], place: str = "") -> str:
    value, most = members.get(name), _TEXT[name]
    if not isinstance(value, str) or not 1 <= len(value) <= most or not value.isprintable():
        raise _Fault(place + name, value, f"1 to {most} printable characters")
    return value


def _item(place: str, one: Any) -> Item:
    if not isinstance(one, dict):
        raise _Fault(place, one, "an object")
    of, kind = one.get("of"), one.get("kind")
    if not isinstance(of, str) or not _ID.fullmatch(of):
        raise _Fault(place + ".of", of, "24 hexadecimal digits, in lower case")
    if kind not in KINDS:
        raise _Fault(place + ".kind", kind, " or ".join(KINDS))
    type_, name, check = (_text(member, one, place + ".") for member in ("type", "name", "check"))
    given = one.get("parameters", {})
    digest = hashlib.sha256(json.dumps([check, given], sort_keys=True).encode()).hexdigest()[:16]
    fault = ""
    parameters: Dict[str, Any] = {}
    # One entry that this release cannot run must not keep the others from being run
    if check not in CHECKS:
        broken = "; ".join(f"{name} cannot be used: {why}" for name, why in sorted(FAULTS.items()))
        fault = f"this probe has no check {_shown(check)}" + (f" ({broken})" if broken else "")
    else:
        try:
            parameters = read_parameters(CHECKS[check].parameters, given)
        except BadParameter as error:
            fault = f"{check}: {error}"
    return Item(of, kind, type_, name, check, parameters, fault, digest)


def chosen(objects: Objects, name: str) -> List[Item]:
    """Return the checks with a name, or of the document with an id."""
    return [item for item in objects.items if name in (item.name, item.of)]
