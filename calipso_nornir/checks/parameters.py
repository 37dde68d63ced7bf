# SPDX-License-Identifier: Apache-2.0
"""Parameters of checks: their types, and the validation of values.

Names are compared with the output of tools, so any printable name is valid. Those that become part of a command have
the stricter types ``namespace``, ``address`` and ``source``.
"""

import ipaddress
import re
from typing import Any, Callable, Dict, List, Mapping, Tuple

from .values import Parameter

_NAME = re.compile(r"[^\s\x00-\x1f\x7f]{1,255}")
_NAMESPACE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}")
_DEVICE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,14}")
_MAC = re.compile(r"(?:[0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}")
_MOST = 1000


class BadParameter(ValueError):
    """An invalid value of a parameter; ``str()`` gives the value and the reason."""


def _text(pattern: "re.Pattern[str]", what: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value) or not value.isprintable():
            raise BadParameter(what)
        return value

    return read


_name = _text(_NAME, "a name without spaces, of 1 to 255 printable characters")
_device = _text(_DEVICE, "a device's name: 1 to 15 letters, digits and _ . @ -, the first no sign")
_namespace = _text(_NAMESPACE, "a namespace's name: letters, digits and _ . -, the first no sign")
_mac_text = _text(_MAC, "a MAC address such as fa:16:3e:00:00:01")


def _mac(value: Any) -> str:
    return _mac_text(value).lower()


def _address(value: Any) -> str:
    try:
        # Python 3.9 and later take a zone ("fe80::1%eth0"), of any text
        return str(ipaddress.ip_address(value if isinstance(value, str) and "%" not in value else ""))
    except ValueError:
        raise BadParameter("an IPv4 or IPv6 address") from None


def _source(value: Any) -> str:
    try:
        return _address(value)
    except BadParameter:
        return _device(value)


def _number(least: float, most: float, *, whole: bool = False) -> Callable[[Any], Any]:
    what = "{} from {:g} to {:g}".format("a whole number" if whole else "a number", least, most)

    def read(value: Any) -> Any:
        good = isinstance(value, int) if whole else isinstance(value, (int, float))
        if not good or isinstance(value, bool) or not least <= value <= most:
            raise BadParameter(what)
        return value

    return read


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadParameter("true or false")
    return value


def _names(value: Any) -> Tuple[str, ...]:
    if not isinstance(value, list) or len(value) > _MOST:
        raise BadParameter("a list of names")
    return tuple(_name(one) for one in value)


def _pairs(value: Any) -> Tuple[Tuple[str, str], ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= _MOST:
        raise BadParameter('a list of {"mac": …, "ip": …}, with at least one')
    found: List[Tuple[str, str]] = []
    for one in value:
        if not isinstance(one, dict) or "mac" not in one or set(one) - {"mac", "ip"}:
            raise BadParameter('a list of {"mac": …, "ip": …}')
        found.append((_mac(one["mac"]), _address(one["ip"]) if one.get("ip") else ""))
    return tuple(found)


TYPES: Dict[str, Callable[[Any], Any]] = {
    "address": _address,
    "addresses": _pairs,
    "count": _number(1, 100, whole=True),
    "flag": _flag,
    "bytes": _number(16, 65000, whole=True),
    "mac": _mac,
    "milliseconds": _number(0, 60000),
    "name": _name,
    "names": _names,
    "namespace": _namespace,
    "number": _number(0, 2**32 - 1, whole=True),
    "percent": _number(0, 100),
    "seconds": _number(0.2, 10),
    "source": _source,
}
"""Type of a parameter -> the function that reads a value, or raises BadParameter with what is expected."""


def read_parameters(declared: Mapping[str, Parameter], given: Any) -> Dict[str, Any]:
    """Return the values of all declared parameters.

    Raises:
        BadParameter: one is missing, unknown, or invalid.
    """
    if not isinstance(given, dict):
        raise BadParameter("parameters: expected an object")
    unknown = sorted(str(name) for name in given if name not in declared)
    if unknown:
        known = ", ".join(sorted(declared)) or "none"
        raise BadParameter(f"parameters: unknown {unknown[0][:50]!r}; known are {known}")
    values: Dict[str, Any] = {}
    for name, parameter in declared.items():
        if given.get(name) is None:
            if parameter.required:
                raise BadParameter(f"parameters.{name}: is missing")
            values[name] = parameter.default
            continue
        try:
            values[name] = TYPES[parameter.type](given[name])
        except BadParameter as error:
            found = ascii(given[name])[:60]
            raise BadParameter(f"parameters.{name}: found {found}, expected {error}") from None
    return values
