# SPDX-License-Identifier: Apache-2.0
"""What a port concerns: events of ports, routers and floating IPs name it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.event_handlers.looking_up import owner_of, ref, sub_ports_of
from calipso_nornir.event_handlers.payloads import text
from calipso_nornir.event_handlers.tunnels import tunnels_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.stores import StoreView


def about_port(view: StoreView, id_: str, said: Mapping[str, Any]) -> Iterator[ObjectRef]:
    """Yield a port, its sub-ports and what has it: as the picture knows it, and as an event says."""
    port = ref(view, "port", id_)
    yield port
    known = view.get(port)
    if known is not None:  # a port that leaves its server is known by its id only, and its sub-ports go down with it
        yield from sub_ports_of(view, known)
    stored = {} if known is None else {**known.attributes, "binding:host_id": known.get("binding_host_id")}
    for one in (stored, said):
        host, network = text(one, "binding:host_id"), text(one, "network_id")
        owner = text(one, "device_owner")
        yield from owner_of(view, owner=owner, device=text(one, "device_id"), host=host, network=network)
        if host and network:
            yield from tunnels_of(view, [network], host=host)
    network = text(said, "network_id")
    if known is None and network and view.get(ref(view, "network", network)) is None:
        yield ref(view, "network", network)
