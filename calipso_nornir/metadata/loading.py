# SPDX-License-Identifier: Apache-2.0
"""Pass two of the metadata check: resolves every name in the JSON files.

All faults are collected; there is a catalog only if there are none.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import MetadataError
from calipso_nornir.metadata import forms
from calipso_nornir.metadata.catalog import Catalog
from calipso_nornir.metadata.check import MetadataCheck
from calipso_nornir.metadata.clique_promises import clique_constraints, clique_types
from calipso_nornir.metadata.event_promises import event_handlers, queues
from calipso_nornir.metadata.layers import files_of, read_layers
from calipso_nornir.metadata.link_promises import every_link_type_is_found, link_finders
from calipso_nornir.metadata.monitoring_promises import monitoring
from calipso_nornir.metadata.parser_promises import parsers
from calipso_nornir.metadata.scanner_promises import scanners
from calipso_nornir.metadata.source_kinds import source_kinds
from calipso_nornir.metadata.switch_promises import switch_platforms
from calipso_nornir.metadata.written import NOTHING, written_layer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from calipso_nornir.metadata.written import Written


def load_catalog(extra: Iterable[Path | str] = (), *, written: Written = NOTHING) -> Catalog:
    """Read and check all metadata; ``extra`` are folders in addition to what is installed, ``written`` comes last.

    A process reads the installed metadata once. Folders are read each time, because their author may be editing them.

    Raises MetadataError with every fault: of form in the first pass (``layers``), of names in the second.
    """
    folders = tuple(extra)
    return _checked(folders, written) if folders or written.number else installed_catalog()


@cache
def installed_catalog() -> Catalog:
    """Return the catalog of what is installed."""
    return _checked()


def _checked(folders: Iterable[Path | str] = (), written: Written = NOTHING) -> Catalog:
    check = MetadataCheck([*read_layers(folders), written_layer(written)])
    reading = parsers(check)
    switches, of_switches = switch_platforms(check, reading)
    catalog = Catalog(
        object_types=check.object_types,
        link_types=check.link_types,
        scanners=scanners(check, switches),
        link_finders=link_finders(check),
        clique_types=clique_types(check),
        clique_constraints=clique_constraints(check),
        constants=check.constants,
        parsers={**reading, **of_switches},
        documents=passed_on(check),
        event_handlers=event_handlers(check),
        queues=queues(check),
        monitoring=monitoring(check),
        switch_platforms=switches,
        written=written.number,
    )
    try:
        source_kinds()
    except MetadataError as error:
        check.faults += error.faults
    every_link_type_is_found(check, catalog.link_finders, catalog.clique_types)
    if check.faults:
        raise MetadataError(tuple(check.faults))
    return catalog


def passed_on(check: MetadataCheck) -> dict[str, list[dict[str, Any]]]:
    """Collect the data for other packages and programs."""
    kept: dict[str, list[dict[str, Any]]] = {}
    kinds: tuple[tuple[str, type[forms.Declared]], ...] = (
        ("supported_environments", forms.SupportedEnvironmentsFile),
        ("network_agent_types", forms.NetworkAgentTypesFile),
        ("command_prefixes", forms.CommandPrefixesFile),
    )
    for stem, kind in kinds:
        rows = [row for _, file in files_of(check.layers, stem, kind) for row in getattr(file, stem)]
        kept[stem] = [row.model_dump(exclude={"comment"}) for row in rows]
    files = files_of(check.layers, "switch_platforms", forms.SwitchPlatformsFile)
    kept["switch_platforms"] = [_platform(row) for _, file in files for row in file.switch_platforms]
    kept["attributes_for_hover_on_data"] = [
        {"type": one.name, "attributes": one.shown_first}
        for one in check.object_types.values()
        if any(attribute.first for attribute in one.attributes)
    ]
    return kept


def _platform(row: forms.SwitchPlatformSpec) -> dict[str, Any]:
    """Return what a source needs to know about a platform of switches: names, kind of session, first command."""
    first = row.questions.get("identity")
    return {
        "names": [row.platform, *row.also_called],
        "session": row.session,
        "command": first.command if first else "",
        "root": first.root if first else False,
    }
