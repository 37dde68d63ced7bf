# SPDX-License-Identifier: Apache-2.0
"""Finds the host of a chassis, and where the gateways of a router are."""

from __future__ import annotations

from ipaddress import ip_address, ip_interface
from typing import TYPE_CHECKING

from calipso_nornir.model.queries import Lookup
from calipso_nornir.parsing.ovn_northbound import REDIRECT

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence

    from calipso_nornir.model.answers import Answers
    from calipso_nornir.model.queries import Query
    from calipso_nornir.parsing.ovn_northbound import Nat, Router, RouterPort
    from calipso_nornir.parsing.ovn_southbound import Binding, Southbound


def hosts_of(chassis: Iterable[str | None], south: Southbound) -> Generator[Sequence[Query], Answers, dict[str, str]]:
    """Look up the host of each chassis by Neutron's agent, which has the same id; without one, use OVN's host name."""
    agents = {name: Lookup.of("network_agent", {"agent_id": name}) for name in sorted({one for one in chassis if one})}
    if not agents:
        return {}
    answers = yield list(agents.values())
    told = {name: answers.or_blank(lookup, ()) for name, lookup in agents.items()}
    return {name: host for name, found in told.items() if (host := found[0]["host"] if found else south.hostname(name))}


def gateways_of(router: Router, south: Southbound) -> Iterator[tuple[RouterPort, Binding]]:
    """Yield the gateway ports of a router, each with the binding to its chassis."""
    for port in router.ports:
        binding = south.bindings.get(REDIRECT + port.name)
        if binding is not None:
            yield port, binding


def way_out(one: Nat, router: Router, south: Southbound) -> tuple[RouterPort, Binding] | None:
    """Return the gateway whose network contains an outer address, else the only one; None if several are possible."""
    gateways = list(gateways_of(router, south))
    fitting = [each for each in gateways if _is_near(one.external_ip, each[0])]
    found = fitting or gateways
    return found[0] if len(found) == 1 else None


def _is_near(ip: str, port: RouterPort) -> bool:
    try:
        return any(ip_address(ip) in ip_interface(cidr).network for cidr in port.networks)
    except ValueError:
        return False
