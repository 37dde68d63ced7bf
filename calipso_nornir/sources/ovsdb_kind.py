# SPDX-License-Identifier: Apache-2.0
"""OVN's databases as a kind of source."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import CalipsoError
from calipso_nornir.metadata.environment_fields import Host, Seconds, Text  # noqa: TC001 - pydantic reads them
from calipso_nornir.metadata.environment_section import Need, Section
from calipso_nornir.model.ovsdb import OvsdbTables
from calipso_nornir.model.source_kinds import Finding, Opening, SourceKind, Trial
from calipso_nornir.sources.cli_kind import HOSTS
from calipso_nornir.sources.ovsdb_wire import addresses
from calipso_nornir.sources.shapes import check_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.queries import Query
    from calipso_nornir.sources.ovsdb import OvsdbSource
    from calipso_nornir.sources.ovsdb_direct import DirectOvsdb


SOCKETS = {
    "OVN_Northbound": "unix:/var/run/ovn/ovnnb_db.sock",
    "OVN_Southbound": "unix:/var/run/ovn/ovnsb_db.sock",
}


class OvsdbSection(Section):
    """OVN's databases: the ``host`` whose ``ovsdb-client`` reads them or, without it, the addresses of the databases.

    ``host`` is in section CLI or the inventory; ``nb`` and ``sb`` default to the usual sockets or, if it has none, to
    what its own chassis uses. Without ``host``, both are "tcp:ADDRESS:PORT" or "ssl:ADDRESS:PORT", separated by commas
    if there are several. Keys and certificates are files on the machine where the client runs.
    """

    host: Host | None = None
    nb: Text | None = None
    sb: Text | None = None
    private_key: Text | None = None
    certificate: Text | None = None
    ca_cert: Text | None = None
    timeout_s: Seconds = 60.0

    def remote_of(self, database: str) -> str:
        """Return the remote of a database (ovsdb(7), "Active Database Connection Methods")."""
        return self.tells(database) or SOCKETS.get(database, SOCKETS["OVN_Southbound"])

    def tells(self, database: str) -> str | None:
        """Return the remote of a database that the section gives; None if it gives none."""
        return self.nb if database == "OVN_Northbound" else self.sb

    @classmethod
    def lacks(cls, given: Mapping[str, Any]) -> Iterator[Need]:
        """As in the base; without ``host``, remotes that can be reached from here are required."""
        if "host" in given:
            return
        for key in ("nb", "sb"):
            try:
                protocols = {protocol for protocol, _, _ in addresses(str(given.get(key, "")))}
            except ValueError:
                yield key, "must be tcp:ADDRESS:PORT or ssl:ADDRESS:PORT if no host is given"
                continue
            if "ssl" in protocols and "ca_cert" not in given:
                yield "ca_cert", f"is missing: {key} is reached by TLS"

    def tls(self) -> dict[str, str]:
        """Return ovsdb-client(1)'s options that name files on its host, without leading dashes."""
        files = {"private-key": self.private_key, "certificate": self.certificate, "ca-cert": self.ca_cert}
        return {name: path for name, path in files.items() if path}


def _open(opening: Opening) -> OvsdbSource | DirectOvsdb | None:
    from calipso_nornir.sources.ovsdb import OvsdbSource  # noqa: PLC0415 - imported only when needed
    from calipso_nornir.sources.ovsdb_direct import DirectOvsdb  # noqa: PLC0415 - as above

    if opening.section is None:
        return None
    if not opening.section.get("host"):
        return DirectOvsdb(OvsdbSection.model_validate(dict(opening.section)))
    hosts = HOSTS.open(
        replace(opening, section=opening.environment.section(HOSTS.section), on_host=lambda _host, _ok: None)
    )
    return None if hosts is None else OvsdbSource(OvsdbSection.model_validate(dict(opening.section)), hosts)


def _check(trial: Trial) -> Iterator[Finding]:
    """Try to read one row of each database."""
    source = _open(trial.opening)
    if source is None:
        yield Finding("ovsdb", "hosts", ok=False, detail="a section CLI is needed to log in to its host")
        return
    probes = {
        "Northbound": OvsdbTables("OVN_Northbound", (("NB_Global", ("nb_cfg",)),)),
        "Southbound": OvsdbTables("OVN_Southbound", (("SB_Global", ("nb_cfg",)),)),
    }
    try:
        answers = source.answer(list(probes.values()))
    finally:
        source.close()
    for name, probe in probes.items():
        reply = answers[probe]
        failed = isinstance(reply, CalipsoError)
        yield Finding("ovsdb", name, ok=not failed, detail=str(reply) if failed else "it can be read")


def _usable(_query: Query, data: Any) -> tuple[Any, CalipsoError | None]:  # noqa: ANN401 - any JSON
    check_text(data)
    return data, None


def _missed_by(environment: Environment) -> bool:
    return "OVN" in environment.mechanism_drivers


OVSDB = SourceKind(
    name="ovsdb",
    title="OVN's databases",
    queries=(OvsdbTables,),
    section="ovsdb",
    schema=OvsdbSection,
    without="what only OVN's databases know is missing: logical routers, gateways, tunnel keys",
    open=_open,
    check=_check,
    usable=_usable,
    missed_by=_missed_by,
)
