# SPDX-License-Identifier: Apache-2.0
"""The APIC of a Cisco ACI fabric as a kind of source."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.errors import CalipsoError
from calipso_nornir.metadata.environment_aci import AciSection
from calipso_nornir.model.aci import TRIED, AciGet
from calipso_nornir.model.source_kinds import Finding, Opening, SourceKind, Trial
from calipso_nornir.parsing.aci import read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.queries import Query
    from calipso_nornir.sources.aci.source import AciSource

SECTION: Final = "ACI"
ENABLED: Final = "aci_enabled"


def _open(opening: Opening) -> AciSource | None:
    from calipso_nornir.sources.aci.source import AciSource  # noqa: PLC0415 - imports requests

    return None if opening.section is None else AciSource(opening.section, opening.secrets)


def _check(trial: Trial) -> Iterator[Finding]:
    """Check the controller, the credentials, and whether each class may be read."""
    source = _open(trial.opening)
    if source is None:
        return
    with closing(source):
        try:
            login = source.open()
            url, _ = login.current()
        except CalipsoError as error:
            yield Finding(SECTION, "login", ok=False, detail=str(error))
            return
        version = login.version or "of an unknown version"
        yield Finding(SECTION, "login", ok=True, detail=f"{url}, an APIC {version}")
        for name in TRIED:
            try:
                source.get(AciGet(f"class/{name}"), {"page-size": "1", "page": "0"})
            except CalipsoError as error:
                yield Finding(SECTION, f"class {name}", ok=False, detail=str(error))
            else:
                yield Finding(SECTION, f"class {name}", ok=True, detail="may be read")
        if trial.opening.environment.value(ENABLED) is False:
            yield Finding(SECTION, ENABLED, ok=False, detail="is false: a scan does not ask the fabric", needed=False)


def _usable(query: Query, data: Any) -> tuple[Any, CalipsoError | None]:  # noqa: ANN401 - any JSON
    assert isinstance(query, AciGet)  # noqa: S101 - the kind has no other query
    return read(query.reads, data, asked=str(query))


def _missed_by(environment: Environment) -> bool:
    return environment.value(ENABLED) is True


ACI = SourceKind(
    name="aci",
    title="the APIC of a Cisco ACI fabric",
    queries=(AciGet,),
    section=SECTION,
    schema=AciSection,
    without="of an ACI fabric, only the switches and ports that hosts hear by LLDP are known",
    open=_open,
    check=_check,
    usable=_usable,
    missed_by=_missed_by,
)
