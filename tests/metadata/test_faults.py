# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - files hold JSON of any shape
"""Every kind of mistake in a metadata file: the message names file, place, what was found and the nearest name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.errors import MetadataError
from calipso_nornir.metadata.layers import SHIPPED
from calipso_nornir.metadata.loading import load_catalog

if TYPE_CHECKING:
    from pathlib import Path

HOSTS = {"type": "host", "fetcher": "Hosts"}
FOLDER = {"folder": True, "types_name": "racks", "parent_type": "region"}
MODULE = "tests.fixtures.guide_fetchers.cli_fetch_guide_vnics"
ZONE = "availability_zone"
VNICS = ["vnic-vedge"]


def faults(folder: Path, **files: Any) -> list[str]:
    """Write files into a folder, load it over the shipped metadata, and return what is wrong, a line each."""
    for stem, data in files.items():
        text = data if isinstance(data, (str, bytes)) else json.dumps(data)
        (folder / f"{stem}.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    try:
        load_catalog([folder])
    except MetadataError as error:
        return [str(one).replace(f"{folder}/", "").replace(f"{SHIPPED}/", "shipped ") for one in error.faults]
    return []


def steps(*steps: Any) -> Any:
    """Steps laid over those of a scanner that is shipped, and runs on hosts."""
    return {"scanners": {"ScanHost": list(steps)}}


AT = "scanners.json: scanners/ScanHost/0"


@pytest.mark.parametrize(
    ("file", "fault"),
    [
        (steps({"type": "host"}), f"{AT}/fetcher: is missing"),
        (steps({"fetcher": "Hosts"}), f"{AT}/type: is missing"),
        (
            steps({**HOSTS, "children_scaner": "x"}),
            f'{AT}/children_scaner: unknown key. Did you mean "children_scanner"?',
        ),
        (steps({**HOSTS, "wholly": "else"}), f"{AT}/wholly: unknown key"),
        (steps({**HOSTS, "type": "hots"}), f'{AT}/type: "hots" is not an object type. Did you mean "host"?'),
        (steps({**HOSTS, "type": "Host-x"}), f"{AT}/type: must be of the form ^[a-z][a-z0-9_]*$, not 'Host-x'"),
        (steps({**HOSTS, "type": None}), f"{AT}/type: must be text, not null"),
        (
            steps({**HOSTS, "fetcher": "Host"}),
            (
                f'{AT}/fetcher: "Host" names no fetcher (looked in entry points calipso_nornir.fetchers).'
                ' Did you mean "Hosts"?'
            ),
        ),
        (
            {"scanners_package": "tests.fixtures.guide_fetchers", **steps({**HOSTS, "fetcher": "CliFetchMore"})},
            (
                f'{AT}/fetcher: "CliFetchMore" names no fetcher (looked in entry points calipso_nornir.fetchers'
                " and in module tests.fixtures.guide_fetchers.cli_fetch_more)"
            ),
        ),
        (
            {"scanners_package": "json", **steps({**HOSTS, "fetcher": "Decoder"})},
            (
                f'{AT}/fetcher: "json.decoder:Decoder" cannot be loaded: '
                """AttributeError("module 'json.decoder' has no attribute 'Decoder'"). Did you mean "JSONDecoder"?"""
            ),
        ),
        (
            steps({**HOSTS, "fetcher": "nowhere:Hosts"}),
            f'{AT}/fetcher: "nowhere:Hosts" cannot be loaded: ModuleNotFoundError("No module named \'nowhere\'")',
        ),
        (steps({**HOSTS, "fetcher": "json:dumps"}), f'{AT}/fetcher: "json:dumps" is not a fetcher: it has no get()'),
        (
            steps({**HOSTS, "fetcher": "tests.fixtures.guide_fetchers.cli_fetch_guide_vnics:NeedsMore"}),
            (
                f'{AT}/fetcher: "tests.fixtures.guide_fetchers.cli_fetch_guide_vnics:NeedsMore" cannot be made without '
                """arguments: TypeError("NeedsMore.__init__() missing 1 required positional argument: 'more'")"""
            ),
        ),
        (steps({**HOSTS, "fetcher": 7}), f"{AT}/fetcher: must be an object or text, not 7"),
        (steps({**HOSTS, "fetcher": ["Hosts"]}), f"{AT}/fetcher: must be an object or text, not a list"),
        (steps({**HOSTS, "fetcher": ""}), f"{AT}/fetcher: must not be empty"),
        (
            steps({"type": "host", "fetcher": {**FOLDER, "folder": False}}),
            f"{AT}/fetcher/folder: must be true or 1, not false",
        ),
        (
            steps({"type": "host", "fetcher": {"folder": 1, "parent_type": "host"}}),
            f"{AT}/fetcher/types_name: is missing",
        ),
        (
            steps({"type": "pnics_folder", "fetcher": {**FOLDER, "parent_type": "regoin"}}),
            f'{AT}/fetcher/parent_type: "regoin" is not an object type. Did you mean "region"?',
        ),
        (
            steps({**HOSTS, "children_scanner": "ScanHst"}),
            f'{AT}/children_scanner: "ScanHst" is not a scanner. Did you mean "ScanHost"?',
        ),
        (
            {"scanners": {"S": [{**HOSTS, "children_scanner": "T"}], "T": [{**HOSTS, "children_scanner": "S"}]}},
            "scanners.json: scanners/T/0/children_scanner: leads back to itself: S > T > S",
        ),
        (
            steps({**HOSTS, "children_scanner": "ScanHost"}),
            (
                f"{AT}/children_scanner: leads back to itself: "
                "ScanEnvironment > ScanRegionsRoot > ScanRegion > ScanAvailabilityZone > ScanHost > ScanHost"
            ),
        ),
        (
            {"scanners": {"ScanHosts": [HOSTS]}},
            (
                "scanners.json: scanners/ScanHosts: no step leads to this scanner, so it never runs: a step must name "
                'it as its children_scanner. Did you mean "ScanHost"?'
            ),
        ),
        (
            {"scanners": {"Mine": [{**HOSTS, "children_scanner": "Below"}], "Below": []}},
            (
                "scanners.json: scanners/Mine: no step leads to this scanner, so it never runs: a step must name "
                "it as its children_scanner"
            ),
        ),
        (
            steps({"type": "pnics_folder", "fetcher": {**FOLDER, "parent_type": "region"}}),
            (
                f"{AT}/fetcher/parent_type: ScanHost runs on host, so the folder is below that, "
                'not below "region". Write host'
            ),
        ),
        (
            steps({"type": "ports_folder", "fetcher": {**FOLDER, "parent_type": "host"}}),
            (
                f'{AT}/type: "ports_folder" is below host here, but its declared parents are network, region '
                "(shipped object_types.json: object_types/12)"
            ),
        ),
        (
            {"scanners": {"ScanAvailabilityZone": [{"type": "host", "fetcher": {**FOLDER, "parent_type": ZONE}}]}},
            (
                'scanners.json: scanners/ScanAvailabilityZone/0/type: "host" is not a folder type: "folder": true is '
                "missing (shipped object_types.json: object_types/9)"
            ),
        ),
        (steps({**HOSTS, "environment": "x"}), f'{AT}/environment: unknown key. Did you mean "environment_condition"?'),
        (
            steps({**HOSTS, "types_name": "x"}),
            f"{AT}/types_name: unknown key",
        ),
        (
            steps({**HOSTS, "fetcher": "fetchers.py:Mine"}),
            f"{AT}/fetcher: \"fetchers.py:Mine\" cannot be loaded: FileNotFoundError('there is no file fetchers.py')",
        ),
        (
            steps({**HOSTS, "fetcher": "../mine.py:Mine"}),
            (
                f'{AT}/fetcher: "../mine.py:Mine" cannot be loaded: ValueError(\'../mine.py must be a file below the '
                "folder, and each part of its path must be a Python name')"
            ),
        ),
        (
            steps({**HOSTS, "fetcher": f"{MODULE}:CliFetchGuideVnic"}),
            (
                f'{AT}/fetcher: "{MODULE}:CliFetchGuideVnic" cannot be loaded: AttributeError("module \'{MODULE}\' has '
                'no attribute \'CliFetchGuideVnic\'"). Did you mean "CliFetchGuideVnics"?'
            ),
        ),
        (
            steps({**HOSTS, "fetcher": f"{MODULE}:TakesNothing"}),
            (
                f'{AT}/fetcher: "{MODULE}:TakesNothing" is not a fetcher: get() must take one argument; '
                "too many positional arguments"
            ),
        ),
        (
            steps({**HOSTS, "fetcher": f"{MODULE}:SlipInAskedBy"}),
            (
                f'{AT}/fetcher ({MODULE}:SlipInAskedBy.asked_by): "instances" is not an object type.'
                ' Did you mean "instance"?'
            ),
        ),
        (
            steps({**HOSTS, "fetcher": f"{MODULE}:ListAsAskedBy"}),
            (
                f"{AT}/fetcher ({MODULE}:ListAsAskedBy.asked_by): is ['instance']; a dictionary is expected: "
                'asked_by = {"instance": "device_id"}'
            ),
        ),
        (
            steps({**HOSTS, "environment_condition": {"mechanism_drivers": ["OVS", "LBX"]}}),
            (
                f'{AT}/environment_condition/mechanism_drivers: "LBX" is not among the constants mechanism_drivers.'
                ' Did you mean "LXB"?'
            ),
        ),
        (
            steps({**HOSTS, "environment_condition": [{"type_drivers": "vlan"}, {"distribution": "Debain"}]}),
            (
                f'{AT}/environment_condition/1/distribution: "Debain" is not among the constants distributions.'
                ' Did you mean "Debian"?'
            ),
        ),
        (
            steps({**HOSTS, "environment_restriction": {"type_drivers": "vxlann"}}),
            (
                f'{AT}/environment_restriction/type_drivers: "vxlann" is not among the constants type_drivers.'
                ' Did you mean "vxlan"?'
            ),
        ),
        (
            steps({**HOSTS, "environment_condition": {"mechanism_driver": "OVS"}}),
            f'{AT}/environment_condition/mechanism_driver: unknown attribute. Did you mean "mechanism_drivers"?',
        ),
        (
            steps({**HOSTS, "environment_condition": "OVS"}),
            f"{AT}/environment_condition: must be an object or a list, not 'OVS'",
        ),
        (
            steps({**HOSTS, "environment_condition": {"distribution": {}}}),
            (
                f"{AT}/environment_condition/distribution: must be text or true or false or a whole number or a list, "
                "not an object"
            ),
        ),
        (
            steps({**HOSTS, "object_id_to_use_in_child": "hypervisor_hostnam"}),
            (
                f'{AT}/object_id_to_use_in_child: host has no attribute "hypervisor_hostnam". '
                'Did you mean "hypervisor_hostname"?'
            ),
        ),
        (steps({**HOSTS, "object_id_to_use_in_child": ""}), f"{AT}/object_id_to_use_in_child: must not be empty"),
        ({"scanners": {"S": HOSTS}}, "scanners.json: scanners/S: must be a list, not an object"),
        ([1], "scanners.json: scanners: must be an object, not a list"),
        (7, "scanners.json: must be an object, not 7"),
        ({}, "scanners.json: scanners: is missing"),
    ],
)
def test_scanners(tmp_path: Path, file: Any, fault: str) -> None:
    assert faults(tmp_path, scanners=file) == [fault]


CLIQUE = {"name": "x", "focal_point_type": "vnic", "environment": "e", "link_types": VNICS}
CLIQUE_AT = "clique_types.json: clique_types/0"
MEANT = '. Did you mean "environment"?'
FINDER_AT = "link_finders.json: link_finders/0"
TUPLE = 'a tuple of link types is expected: link_types = ("vnic-vedge",)'
RACK = {"type": "rack", "label": "Rack", "parents": ["region"]}


@pytest.mark.parametrize(
    ("stem", "file", "fault"),
    [
        (
            "link_finders",
            ["Vedge"],
            (
                'link_finders.json: link_finders/0: "Vedge" names no link finder '
                '(looked in entry points calipso_nornir.link_finders). Did you mean "Vedges"?'
            ),
        ),
        (
            "link_finders",
            ["Vedges"],
            'link_finders.json: link_finders/0: "Vedges" is listed already (shipped link_finders.json: link_finders/6)',
        ),
        (
            "link_finders",
            ["calipso_nornir.fetchers.api.zones:Hosts"],
            (
                'link_finders.json: link_finders/0: "calipso_nornir.fetchers.api.zones:Hosts" is not a link finder: '
                "it has no find()"
            ),
        ),
        (
            "object_types",
            [{**RACK, "parents": ["regoin"]}],
            'object_types.json: object_types/0/parents/0: "regoin" is not an object type. Did you mean "region"?',
        ),
        (
            "object_types",
            [{**RACK, "type": "host"}],
            (
                'object_types.json: object_types/0/type: "host" is already declared (shipped object_types.json: '
                "object_types/9); files only add, they never replace: to add to it, give its type and the additions, "
                "but no label"
            ),
        ),
        (
            "object_types",
            [{"type": "hots", "parents": ["region"]}],
            (
                'object_types.json: object_types/0/label: is missing: "hots" is declared nowhere else. '
                'Did you mean "host"?'
            ),
        ),
        (
            "object_types",
            [{"type": "rack", "label": "Rack"}],
            "object_types.json: object_types/0/parents: is missing: name the types below which it may be",
        ),
        (
            "object_types",
            [{**RACK, "type": "rack-unit"}],
            "object_types.json: object_types/0/type: must be of the form ^[a-z][a-z0-9_]*$, not 'rack-unit'",
        ),
        (
            "link_types",
            [{"type": "vedge-vnic"}],
            'link_types.json: link_types/0/type: "vedge-vnic" is already declared, in this direction or the other',
        ),
        (
            "link_types",
            [{"type": "vnic-vedg"}],
            'link_types.json: link_types/0/type: "vedg" is not an object type. Did you mean "vedge"?',
        ),
        (
            "link_types",
            [{"type": "project-aggregate"}],
            (
                'link_types.json: link_types/0/type: no link finder lists "project-aggregate" in its link_types, '
                "so no such link is ever found"
            ),
        ),
        *(
            (
                "link_finders",
                [f"tests.fixtures.guide_fetchers.link_finders:{name}"],
                f"{FINDER_AT} (tests.fixtures.guide_fetchers.link_finders:{name}.link_types): {problem}",
            )
            for name, problem in (
                ("Nothing", f"is missing; {TUPLE}"),
                ("Text", f'is the text "vnic-vedge"; {TUPLE}'),
                ("Empty", f"is empty; {TUPLE}"),
                ("Number", f"is 7; {TUPLE}"),
                ("Slip", '"vnic-vedg" is not a link type. Did you mean "vnic-vedge"?'),
                ("NoLinkType", '"vnics" is not a link type. Did you mean "pod-vnic"?'),
                (
                    "Reverse",
                    'links are found in the direction in which they are declared: write "vnic-vedge"',
                ),
            )
        ),
        *(
            (
                "link_finders",
                [f"tests.fixtures.guide_fetchers.link_finders:{name}"],
                f"{FINDER_AT} (tests.fixtures.guide_fetchers.link_finders:{name}.{attribute}): {problem}",
            )
            for name, attribute, problem in (
                ("SlipInReads", "reads", '"vnics" is not an object type or link type. Did you mean "vnic"?'),
                (
                    "TextAsReads",
                    "reads",
                    "is 'vnic'; names of types are expected: reads = frozenset({\"vnic\"})",
                ),
                ("SlipInScope", "scope", "is 'hosts'; \"host\" is expected, or no scope"),
            )
        ),
        (
            "link_types",
            [{"type": "vnic"}],
            "link_types.json: link_types/0/type: must be of the form ^[a-z][a-z0-9_]*-[a-z][a-z0-9_]*$, not 'vnic'",
        ),
        (
            "clique_types",
            [{**CLIQUE, "focal_point_type": "hots"}],
            f'{CLIQUE_AT}/focal_point_type: "hots" is not an object type. Did you mean "host"?',
        ),
        (
            "clique_types",
            [{**CLIQUE, "link_types": ["vnic-vedge", "vedge-vnics"]}],
            f'{CLIQUE_AT}/link_types/1: "vedge-vnics" is not a link type. Did you mean "vedge-vnic"?',
        ),
        ("clique_types", [{**CLIQUE, "link_types": []}], f"{CLIQUE_AT}/link_types: must not be empty"),
        (
            "clique_types",
            [{**CLIQUE, "focal_point_type": "instance", "link_types": ["instance-vnic", "vedge-vnic"]}],
            (
                f'{CLIQUE_AT}/link_types/1: "vedge-vnic" begins at vedge, but the path from  instance comes from vnic. '
                'Write "vnic-vedge"'
            ),
        ),
        (
            "clique_types",
            [{**CLIQUE, "link_types": ["vedge-host_pnic", "vnic-vedge"]}],
            (
                f'{CLIQUE_AT}/link_types/0: "vedge-host_pnic" comes before anything leads to vedge: put it '
                'after "vnic-vedge"'
            ),
        ),
        (
            "clique_types",
            [{**CLIQUE, "link_types": ["vnic-vedge", "switch-switch_pnic", "switch_pnic-host_pnic"]}],
            (
                f'{CLIQUE_AT}/link_types/1: "switch-switch_pnic" cannot be followed: no link type before it leads from '
                "vnic to switch"
            ),
        ),
        ("clique_types", [{**CLIQUE, "environments": "e"}], f"{CLIQUE_AT}/environments: unknown key{MEANT}"),
        (
            "parsers",
            {"parsers": {"mine": "upper"}},
            (
                'parsers.json: parsers/mine: "upper" does not name a function: write '
                '"file.py:function" or "package.module:function"'
            ),
        ),
        (
            "parsers",
            {"parsers": {"mine": "json:loadz"}},
            (
                'parsers.json: parsers/mine: "json:loadz" cannot be loaded: '
                """AttributeError("module 'json' has no attribute 'loadz'"). Did you mean "load"?"""
            ),
        ),
        (
            "parsers",
            {"parsers": {"mine": "json:__name__"}},
            'parsers.json: parsers/mine: "json:__name__" is not a function, but str: text -> value is expected',
        ),
        (
            "parsers",
            {"parsers": {"bonding": "json:loads"}},
            'parsers.json: parsers/bonding: the parser name "bonding" is taken by calipso_nornir; choose another',
        ),
        (
            "clique_types",
            [{**CLIQUE, "environment": ""}],
            f'{CLIQUE_AT}: names neither an environment nor a configuration; for all environments write "ANY"',
        ),
        (
            "clique_types",
            [{**CLIQUE, "distribution": "RDO"}],
            f"{CLIQUE_AT}: names both an environment and a configuration: give only one of them",
        ),
        (
            "clique_types",
            [{**CLIQUE, "environment": "", "type_drivers": "vlan", "distribution_version": "1"}],
            f"{CLIQUE_AT}/distribution_version: needs distribution",
        ),
        (
            "clique_types",
            [{**CLIQUE, "environment": "", "mechanism_drivers": ["OVSS"]}],
            f'{CLIQUE_AT}/mechanism_drivers: "OVSS" is not among the constants mechanism_drivers. Did you mean "OVS"?',
        ),
        (
            "clique_types",
            [{**CLIQUE, "environment": "ANY", "focal_point_type": "instance", "link_types": ["instance-vnic"]}],
            f'{CLIQUE_AT}: is for the same environments as "instance" (shipped clique_types.json: clique_types/0)',
        ),
        (
            "clique_constraints",
            [{"focal_point_type": "host", "constraints": ["netwrk"]}],
            (
                'clique_constraints.json: clique_constraints/0/constraints/0: "netwrk" is not among the constants '
                'constraints. Did you mean "network"?'
            ),
        ),
        (
            "clique_constraints",
            [{"focal_point_type": "instance", "constraints": []}],
            (
                "clique_constraints.json: clique_constraints/0: instance already has constraints; files only add, they "
                "never replace"
            ),
        ),
        (
            "clique_constraints",
            [{"focal_point_type": "host", "constraints": [], "environment": "mine"}],
            (
                "clique_constraints.json: clique_constraints/0/environment: constraints are for all environments: "
                '"ANY", or leave the key out'
            ),
        ),
        ("constants", {"constants": {"x": [1]}}, "constants.json: constants/x/0: must be text, not 1"),
        (
            "supported_environments",
            [
                {
                    "distribution": "X",
                    "distribution_version": ["1"],
                    "mechanism_drivers": ["OVS"],
                    "type_drivers": ["vlan"],
                    "features": {"scaning": True},
                }
            ],
            (
                "supported_environments.json: supported_environments/0/features/scaning: must be 'scanning', "
                "'listening' or 'monitoring', not 'scaning'. Did you mean \"scanning\"?"
            ),
        ),
        (
            "network_agent_types",
            [{"type": "x"}],
            "network_agent_types.json: network_agent_types/0/folder_text: is missing",
        ),
        (
            "attributes_for_hover_on_data",
            {"attributes_for_hover_on_data": {"host": ["name"]}},
            "attributes_for_hover_on_data.json: is not a metadata file",
        ),
        (
            "object_types",
            [{**RACK, "attributes": [{"name": "Height", "type": "integer"}]}],
            ("object_types.json: object_types/0/attributes/0/name: must be of the form ^[a-z0-9_]+$, not 'Height'"),
        ),
        (
            "object_types",
            [{**RACK, "attributes": [{"name": "height", "type": "int"}]}],
            (
                "object_types.json: object_types/0/attributes/0/type: must be 'text', 'number', 'integer', 'boolean', "
                "'list', 'object' or 'any', not 'int'. Did you mean \"integer\"?"
            ),
        ),
        (
            "object_types",
            [{**RACK, "attributes": [{"name": "height", "type": "integer", "units": "U"}]}],
            'object_types.json: object_types/0/attributes/0/units: unknown key. Did you mean "unit"?',
        ),
        (
            "object_types",
            [{"type": "host", "attributes": [{"name": "zone", "type": "text"}]}],
            'object_types.json: object_types/0/attributes/0/name: host already has an attribute "zone"',
        ),
        (
            "object_types",
            [{**RACK, "attributes": [{"name": "parent_id", "type": "text"}]}],
            (
                'object_types.json: object_types/0/attributes/0/name: an attribute must not be called "parent_id": '
                "every object has a field of that name"
            ),
        ),
        (
            "command_prefixes",
            [{"distribution": "Mercury", "program": "virsh", "prefix": []}],
            "command_prefixes.json: command_prefixes/0/prefix: must not be empty",
        ),
        ("scaners", {}, 'scaners.json: is not a metadata file. Did you mean "scanners"?'),
        ("notes", {}, "notes.json: is not a metadata file"),
    ],
)
def test_the_other_files(tmp_path: Path, stem: str, file: Any, fault: str) -> None:
    assert faults(tmp_path, **{stem: file}) == [fault]


@pytest.mark.parametrize(
    ("file", "fault"),
    [
        (
            {"event_handlers": {"port.create.end": "PortEvnt"}},
            (
                'event_handlers/port.create.end: "PortEvnt" names no handler of events (looked in entry points '
                'calipso_nornir.event_handlers). Did you mean "PortEvent"?'
            ),
        ),
        (
            {"handlers_package": "tests.fixtures", "event_handlers": {"x": "NoSuchThing"}},
            (
                'event_handlers/x: "NoSuchThing" names no handler of events (looked in entry points '
                "calipso_nornir.event_handlers and in module tests.fixtures.no_such_thing)"
            ),
        ),
        (
            {"event_handlers": {"x": "calipso_nornir.fetchers.api.zones:Hosts"}},
            (
                'event_handlers/x: "calipso_nornir.fetchers.api.zones:Hosts" is not a handler of events: '
                "it has no touched()"
            ),
        ),
        (
            {"event_handlers": {}, "queues": [{"queue": "nova", "exchange": "other"}]},
            'queues/0/queue: "nova" is declared already, for exchange "nova"',
        ),
        ({"event_handlers": {}, "queues": [{"queue": "q"}]}, "queues/0/exchange: is missing"),
        ({"event_handler": {}}, 'event_handler: unknown key. Did you mean "event_handlers"?'),
    ],
    ids=["slip", "package", "fetcher", "queue twice", "no exchange", "key"],
)
def test_events(tmp_path: Path, file: Any, fault: str) -> None:
    (tmp_path / "events.json").write_text(json.dumps(file))
    with pytest.raises(MetadataError) as caught:
        load_catalog([tmp_path])
    assert f"{tmp_path}/events.json: {fault}" in [str(one) for one in caught.value.faults]


def test_a_later_file_gives_an_event_type_another_handler(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = {"event_handlers": {"port.create.end": "NothingShown", "new.event": "PortEvent"}}
    (tmp_path / "events.json").write_text(json.dumps(file))
    handlers = load_catalog([tmp_path]).event_handlers
    assert type(handlers["port.create.end"]).__name__ == "NothingShown"
    assert type(handlers["new.event"]).__name__ == "PortEvent"
    assert "replaces the handler of" in caplog.text
    assert type(load_catalog().event_handlers["port.create.end"]).__name__ == "PortEvent"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"scanners":\n {"S": [}}', "Expecting value: line 2 column 9 (char 21)"),
        ('{"scanners": {}', "Expecting ',' delimiter: line 1 column 16 (char 15)"),
        ("", "Expecting value: line 1 column 1 (char 0)"),
        ('{"scanners": {"S": []},\n "scanners": {}}', "key 'scanners' appears twice in one object"),
        ('{"scanners": NaN}', "NaN is not a JSON value"),
        ("[" * 100_000, "maximum recursion depth exceeded while decoding a JSON array from a unicode string"),
        (b'\xff\xfe{"a": 1}', "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
    ],
    ids=["value", "cut", "empty", "twice", "constant", "deep", "utf-16"],
)
def test_a_file_that_is_no_json(tmp_path: Path, text: Any, problem: str) -> None:
    assert faults(tmp_path, scanners=text) == [f"scanners.json: is not readable JSON: {problem}"]


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "scanners.json").mkdir()
    [fault] = faults(tmp_path)
    assert fault.startswith("scanners.json: is not readable JSON: [Errno 21] Is a directory")


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    assert faults(tmp_path, constants=b"\xef\xbb\xbf" + json.dumps({"constants": {"x": ["y"]}}).encode()) == []


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MetadataError) as caught:
        load_catalog([tmp_path / "nowhere"])
    assert str(caught.value) == f"metadata cannot be used: 1 fault\n  {tmp_path}/nowhere: is not a folder"


def test_a_folder_without_metadata(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()  # somebody gave the folder above the one that is meant
    with pytest.raises(MetadataError, match=r"contains no metadata.*at least one of: .*scanners\.json"):
        load_catalog([tmp_path])


def test_a_class_that_a_file_of_a_folder_does_not_have(tmp_path: Path) -> None:
    (tmp_path / "fetchers.py").write_text("class Racks:\n    def get(self, parent):\n        return []\n")
    assert faults(tmp_path, scanners=steps({"type": "host", "fetcher": "fetchers.py:Rack"})) == [
        f'{AT}/fetcher: "fetchers.py:Rack" cannot be loaded: the file has no Rack. Did you mean "Racks"?'
    ]


def test_all_faults_of_all_files_at_once(tmp_path: Path) -> None:
    """Of shape first: what a file promises can only be asked of a file that can be read."""
    assert faults(
        tmp_path,
        scanners=steps({"type": "host"}, {**HOSTS, "typ": "x"}),
        link_types="{",
        object_types=[{"label": "Rack"}],
    ) == [
        (
            "link_types.json: is not readable JSON: "
            "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"
        ),
        "object_types.json: object_types/0/type: is missing",
        f"{AT}/fetcher: is missing",
        'scanners.json: scanners/ScanHost/1/typ: unknown key. Did you mean "type"?',
    ]


def test_all_broken_promises_at_once(tmp_path: Path) -> None:
    found = faults(
        tmp_path,
        scanners=steps({"type": "hots", "fetcher": "Host", "children_scanner": "ScanHst"}),
        link_types=[{"type": "vnic-vedg"}],
        link_finders=["Vedge"],
        object_types=[{**RACK, "parents": ["regoin", "host"]}],
        clique_types=[{**CLIQUE, "focal_point_type": "hots"}],
        clique_constraints=[{"focal_point_type": "hots", "constraints": ["netwrk"]}],
    )
    assert [one.partition(": ")[0] + ": " + one.split(": ")[1] for one in found] == [
        "object_types.json: object_types/0/parents/0",
        "link_types.json: link_types/0/type",
        f"{AT}/fetcher",
        f"{AT}/type",
        f"{AT}/children_scanner",
        "link_finders.json: link_finders/0",
        "clique_types.json: clique_types/0/focal_point_type",
        "clique_constraints.json: clique_constraints/0/focal_point_type",
        "clique_constraints.json: clique_constraints/0/constraints/0",
    ]


def test_the_whole_text_of_an_error(tmp_path: Path) -> None:
    faults(tmp_path, scanners=steps({**HOSTS, "type": "hots", "children_scanner": "ScanHst"}))
    with pytest.raises(MetadataError) as caught:
        load_catalog([tmp_path])
    assert str(caught.value) == (
        "metadata cannot be used: 2 faults\n"
        f'  {tmp_path}/{AT}/type: "hots" is not an object type. Did you mean "host"?\n'
        f'  {tmp_path}/{AT}/children_scanner: "ScanHst" is not a scanner. Did you mean "ScanHost"?'
    )
