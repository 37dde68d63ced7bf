# SPDX-License-Identifier: Apache-2.0
"""What the cloud's own lists omit, or name differently."""

from __future__ import annotations

from dataclasses import dataclass

from calipso_nornir.errors.fetch import FetchError

SHOWN = 10
"""Maximum number of names that a message shows."""


@dataclass(eq=False)
class RowsIncomplete(FetchError):
    """Rows of a list lack required members; the others were used."""

    query: str
    incomplete: int
    rows: int
    first: str

    def __str__(self) -> str:
        what = f"{self.incomplete} of {self.rows} rows are incomplete"
        return f"{self.query}: {what}, the first one: {self.first}. What was known of them is kept."


@dataclass(eq=False)
class CellUnreachable(FetchError):
    """Nova cannot reach the database of a cell, and omits what is in it from its lists."""

    region: str
    hosts: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"Nova of {self.region} cannot reach the cell of {_joined(self.hosts)} (status UNKNOWN in /os-services): "
            "its lists lack the servers, services and hypervisors there. What was known of them is kept."
        )


@dataclass(eq=False)
class CellsUntold(FetchError):
    """Nova is too old to say which of its cells do not answer."""

    region: str

    def __str__(self) -> str:
        return (
            f"Nova of {self.region} is older than Stein (it refuses microversion 2.69): if one of its cells does not "
            "answer, the lists omit its servers and do not say so."
        )


@dataclass(eq=False)
class ServersUnlisted(FetchError):
    """Known servers without a host are missing in Nova's list, and it is not certain that they are gone."""

    region: str
    servers: tuple[str, ...]
    said: str

    def __str__(self) -> str:
        what = f"{len(self.servers)} server(s) without a host ({_joined(self.servers)})"
        return (
            f"Nova of {self.region} no longer lists {what}, but they may exist: {self.said}. "
            "Perhaps its cell0 does not answer. They are kept."
        )


@dataclass(eq=False)
class NoMachine(FetchError):
    """A service or an agent has a host name that is not the name of a machine."""

    name: str
    region: str
    why: str

    def __str__(self) -> str:
        return f"{self.name} ({self.region}) does not count as a host: {self.why}"


@dataclass(eq=False)
class HostsUnlisted(FetchError):
    """Servers are on hosts that are in no list of hosts."""

    region: str
    hosts: tuple[str, ...]
    servers: int

    def __str__(self) -> str:
        return (
            f"{self.servers} server(s) of {self.region} are on {_joined(self.hosts)}, which neither Nova nor "
            "Neutron lists as a host: they are shown directly below the region."
        )


@dataclass(eq=False)
class NetworksUnlisted(FetchError):
    """Ports are on networks that are not in the list of networks."""

    region: str
    networks: tuple[str, ...]
    ports: int

    def __str__(self) -> str:
        return (
            f"{self.ports} port(s) of {self.region} are on {_joined(self.networks)}, which "
            "Neutron does not list as a network: they are shown directly below the region."
        )


@dataclass(eq=False)
class OneMachine(FetchError):
    """Several names certainly belong to one machine."""

    name: str
    others: tuple[str, ...]
    evidence: str

    def __str__(self) -> str:
        return f"{self.name} and {_joined(self.others)} are one machine ({self.evidence}), shown as host {self.name}"


@dataclass(eq=False)
class PerhapsOneMachine(FetchError):
    """Two names may belong to one machine; this could not be determined."""

    name: str
    other: str
    cause: str

    def __str__(self) -> str:
        return f"{self.name} and {self.other} may be the same machine, but are kept as two hosts: {self.cause}"


def _joined(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:SHOWN])
    return shown if len(names) <= SHOWN else f"{shown} and {len(names) - SHOWN} more"


@dataclass(eq=False)
class LinkContradicted(FetchError):
    """The two ends of a link contradict each other: the text says what each of them says."""

    host: str | None
    source: str
    target: str
    problem: str

    def __str__(self) -> str:
        return f"{self.source} and {self.target} contradict each other: {self.problem}"
