# SPDX-License-Identifier: Apache-2.0
"""OVN's databases as a kind of source."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import CalipsoError
from calipso_nornir.metadata.environment_fields import Host, Seconds, Text  # noqa: TC001 - pydantic reads them
from calipso_nornir.metadata.environment_section import Section
from calipso_nornir.model.ovsdb import OvsdbTables
from calipso_nornir.model.source_kinds import Finding, Opening, SourceKind, Trial
from calipso_nornir.sources.cli_kind import HOSTS
from calipso_nornir.sources.shapes import check_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.queries import Query
    from calipso_nornir.sources.ovsdb import OvsdbSource


class OvsdbSection(Section):
    """OVN's databases: the ``host`` (in section CLI or the inventory), and how its ``ovsdb-client`` reaches them."""

    needs = ("host",)
    host: Host | None = None
    nb: Text = "unix:/var/run/ovn/ovnnb_db.sock"
    sb: Text = "unix:/var/run/ovn/ovnsb_db.sock"
    private_key: Text | None = None
    certificate: Text | None = None
    ca_cert: Text | None = None
    timeout_s: Seconds = 60.0

    def remote_of(self, database: str) -> str:
        """Return how a database is reached (ovsdb(7), "Active Database Connection Methods")."""
        return self.nb if database == "OVN_Northbound" else self.sb

    def tls(self) -> dict[str, str]:
        """Return the options of ovsdb-client(1) that name files on its host, without their dashes."""
        files = {"private-key": self.private_key, "certificate": self.certificate, "ca-cert": self.ca_cert}
        return {name: path for name, path in files.items() if path}


def _open(opening: Opening) -> OvsdbSource | None:
    from calipso_nornir.sources.ovsdb import OvsdbSource  # noqa: PLC0415 - it comes when it is needed

    if opening.section is None:
        return None
    hosts = HOSTS.open(
        replace(opening, section=opening.environment.section(HOSTS.section), on_host=lambda _host, _ok: None)
    )
    return None if hosts is None else OvsdbSource(OvsdbSection.model_validate(dict(opening.section)), hosts)


def _check(trial: Trial) -> Iterator[Finding]:
    """Try to read one row of each database."""
    source = _open(trial.opening)
    if source is None:
        yield Finding("ovsdb", "hosts", ok=False, detail="there is no section CLI to log in to its host with")
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
