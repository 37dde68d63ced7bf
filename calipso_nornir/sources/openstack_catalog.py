# SPDX-License-Identifier: Apache-2.0
"""The service catalogue of a token: the URL of a service with its API version. Pure functions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from os_service_types import ServiceTypes

from calipso_nornir.errors import ParseError

if TYPE_CHECKING:
    from collections.abc import Iterable

VERSIONS = {"compute": "v2.1", "network": "v2.0", "identity": "v3"}
"""The version of each API that we use. A URL in a catalogue contains it, or leaves it to the client (Neutron)."""
MICROVERSIONS = {"compute": "2.53"}
"""Microversions: fixed, not negotiated, so that answers have one form; 2.53 (Pike) is the first with hypervisor UUIDs.

A query may request another one (``ApiGet.microversion``).
"""

_VERSION = re.compile(r"v(\d+)(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One URL of one service, as the catalogue has it."""

    service: str
    region: str
    interface: str
    url: str


def endpoints(catalog: Any) -> tuple[Endpoint, ...]:  # noqa: ANN401 - JSON of unknown shape
    """Read a catalogue (``token.catalog`` of Identity v3) into endpoints. Raises ParseError."""
    try:
        return tuple(
            Endpoint(
                str(service["type"]),
                str(one.get("region_id") or one.get("region") or ""),
                str(one["interface"]).removesuffix("URL"),
                str(one["url"]),
            )
            for service in catalog
            for one in service.get("endpoints", ())
        )
    except (TypeError, KeyError, AttributeError) as error:
        raise ParseError(
            "service catalogue", f"does not have the form of Identity v3 ({type(error).__name__})"
        ) from None


def matches(wanted: str, found: str) -> bool:
    """Return whether a service type of a catalogue is the requested one or one of its older names."""
    return wanted == found or ServiceTypes().is_match(wanted, found)


def choose(known: Iterable[Endpoint], service: str, *, interface: str, region: str | None) -> Endpoint | None:
    """Return the endpoint of a service; the exact type has precedence over its older names."""
    fits = [
        one
        for one in known
        if one.interface == interface and region in (None, one.region) and matches(service, one.service)
    ]
    return min(fits, key=lambda one: (one.service != service, one.region, one.url), default=None)


def home_region(known: Iterable[Endpoint], *, interface: str) -> str | None:
    """Return the region to use if none is configured: the one with most services, of equal ones the first by name.

    None if there is no endpoint at all.
    """
    services: dict[str, set[str]] = {}
    for one in known:
        if one.interface == interface:
            services.setdefault(one.region, set()).update(wanted for wanted in VERSIONS if matches(wanted, one.service))
    return min(services, key=lambda region: (-len(services[region]), region), default=None)


def listed(known: Iterable[Endpoint]) -> tuple[str, ...]:
    """Return the content of a catalogue, for messages: one text per service and region."""
    groups: dict[tuple[str, str], set[str]] = {}
    for one in known:
        groups.setdefault((one.service, one.region), set()).add(one.interface)
    return tuple(
        f"{service} in {region} ({'/'.join(sorted(groups[service, region]))})" for service, region in sorted(groups)
    )


def versioned(service: str, url: str) -> str:
    """Return the URL with the version that we use, without a slash at its end. Raises ParseError if it is not a URL.

    A URL with the same major version keeps the part after it (Nova's old project id); Identity v2.0 is replaced by v3;
    a missing version is added.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ParseError("service catalogue", f"the address of {service} is not an http(s) URL", line=url[:200])
    version = VERSIONS.get(service)
    if version is None:
        return url.rstrip("/")
    segments = parts.path.rstrip("/").split("/")
    for place in range(len(segments) - 1, 0, -1):
        found = _VERSION.fullmatch(segments[place])
        if found is None:
            continue
        if version.startswith(f"v{found[1]}") or (service == "identity" and place == len(segments) - 1):
            segments[place] = version
        else:
            segments.append(version)
        break
    else:
        segments.append(version)
    return urlunsplit(parts._replace(path="/".join(segments), query="", fragment=""))
