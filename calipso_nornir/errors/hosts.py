# SPDX-License-Identifier: Apache-2.0
"""What a host does not show although it answers."""

from __future__ import annotations

from dataclasses import dataclass

from calipso_nornir.errors.fetch import FetchError


@dataclass(eq=False)
class DeviceGivenAway(FetchError):
    """A whole NIC was given to a server: the host's kernel no longer shows it."""

    host: str
    pci: str
    instance: str

    def __str__(self) -> str:
        return (
            f"{self.host}: the whole NIC {self.pci} was given to the server {self.instance} (direct-physical). The "
            "host does not show it, so its cabling is not known."
        )


@dataclass(eq=False)
class PortsAlike(FetchError):
    """Interfaces and ports of a server share a MAC, and nothing else shows which belong together."""

    host: str
    instance: str
    mac: str
    interfaces: int
    ports: tuple[str, ...]

    def __str__(self) -> str:
        many = "" if self.interfaces == 1 else "s"
        return (
            f"{self.host}: {self.interfaces} interface{many} of the server {self.instance} and its ports "
            f"{', '.join(self.ports)} have the MAC {self.mac}. Neither a device nor a PCI address (pci_slot in "
            f"binding:profile) shows which belong together, so port and network of the interface{many} are not known."
        )


@dataclass(eq=False)
class EndpointOnNoWire(FetchError):
    """A tunnel address is on a device without a wire to a physical interface: routing decides how packets leave."""

    host: str
    address: str
    device: str

    def __str__(self) -> str:
        return (
            f"{self.host}: its tunnels start at {self.address} on {self.device}, which is not wired to a physical "
            "interface. Routes decide which interface they leave by. Routes are not examined, so it has no link "
            "to an interface."
        )


@dataclass(eq=False)
class PodsUnwired(FetchError):
    """Pods with addresses of their own whose interface no network namespace and no route of their node shows."""

    host: str
    pods: tuple[str, ...]

    def __str__(self) -> str:
        shown = ", ".join(self.pods[:10]) + (" …" if len(self.pods) > 10 else "")  # noqa: PLR2004 - enough to begin with
        return (
            f"{self.host}: the interfaces of {len(self.pods)} pods were found neither in its named network namespaces "
            f"(ip netns list) nor by a route to one address: {shown}. They have no vNICs."
        )


@dataclass(eq=False)
class ZonesUnread(FetchError):
    """OVN's databases are those of one zone of an interconnected cluster, and do not have what is in the others."""

    zone: str
    nodes: tuple[str, ...]

    def __str__(self) -> str:
        shown = ", ".join(self.nodes[:10]) + (" …" if len(self.nodes) > 10 else "")  # noqa: PLR2004 - as above
        return (
            f"OVN_Northbound: the databases of section ovsdb are those of zone {self.zone}. They do not have the "
            f"logical switches, routers and port bindings of nodes in other zones: unknown, not missing: {shown}."
        )


@dataclass(eq=False)
class NamespaceOfSeveral(FetchError):
    """A network namespace has addresses of several pods, so its interfaces cannot be given to one of them."""

    host: str
    namespace: str
    pods: tuple[str, ...]

    def __str__(self) -> str:
        named = ", ".join(self.pods)
        return f"{self.host}: the network namespace {self.namespace} has addresses of several pods: {named}"
