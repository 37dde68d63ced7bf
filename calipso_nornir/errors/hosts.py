# SPDX-License-Identifier: Apache-2.0
"""What a host cannot tell, although it answers."""

from __future__ import annotations

from dataclasses import dataclass

from calipso_nornir.errors.fetch import FetchError


@dataclass(eq=False)
class DeviceGivenAway(FetchError):
    """A whole NIC was given to a server: the host's kernel does not show it any more."""

    host: str
    pci: str
    instance: str

    def __str__(self) -> str:
        return (
            f"{self.host}: the NIC {self.pci} belongs to the server {self.instance} as a whole (direct-physical). The "
            "host does not show it, so nothing is known of its cable."
        )


@dataclass(eq=False)
class EndpointOnNoWire(FetchError):
    """The address of tunnels is on a device by which nothing leaves: routes decide, not wires."""

    host: str
    address: str
    device: str

    def __str__(self) -> str:
        return (
            f"{self.host}: {self.address}, where its tunnels begin, is on {self.device}, by which nothing leaves. The "
            "interface is for routes to choose, which are not looked at: the endpoint has no link to one."
        )
