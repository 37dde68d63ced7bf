# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - JSON of any shape
"""Every mistake in ``switch_platforms.json`` is a fault that names file, place, what is there and what is expected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.metadata.test_faults import faults

if TYPE_CHECKING:
    from pathlib import Path

IDENTITY = {"command": "show me", "tables": [{"columns": {"chassis_id": "mac"}}]}
PORTS = {"command": "show ports", "tables": [{"rows": "[]", "columns": {"name": "port", "up": "link"}}]}


def platform(name: str, **questions: Any) -> dict[str, Any]:
    own = {"identity": IDENTITY, "ports": PORTS, **questions}
    return {"platform": name, "label": name, "ports": ".+", "questions": own}


def table(**changed: Any) -> dict[str, Any]:
    return {"command": "show ports", "tables": [{**PORTS["tables"][0], **changed}]}  # type: ignore[dict-item]


def test_a_platform_without_mistakes(tmp_path: Path) -> None:
    assert faults(tmp_path, switch_platforms=[platform("mine", macs={**IDENTITY, "tables": [MACS]})]) == []


MACS = {"rows": "[]", "columns": {"port": "p", "mac_address": "m"}}


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    file = [
        platform("arista_eos"),
        {**platform("b"), "ports": "(", "questions": {"identity": IDENTITY, "prots": PORTS}},
        platform("c", ports=table(rows="a b", columns={"name": "x..y", "up": "^^u", "mty": "m"})),
        platform("d", ports=table(columns={"up": "u"}, words={"name": {"a": "b"}})),
        platform("e", ports={**PORTS, "format": "jsn", "skip": ["["]}),
    ]
    told = faults(tmp_path, switch_platforms=file)
    at, t = "switch_platforms.json: switch_platforms", "/questions/ports/tables/0"
    columns = "name, up, reason, mtu, mac_address, description, index, bridge, input_errors, output_errors, crc_errors"
    kinds = "identity, ports, vlans, macs, lags, neighbours, bridges are known"
    expected = [
        f'{at}/0: the platform "arista_eos" is declared already (shipped {at}/0)',
        f'{at}/1/questions/prots: "prots" is not a kind of question; {kinds}. Did you mean "ports"?',
        f'{at}/1/questions: b has no question "ports": it is needed to describe a switch',
        f'{at}/1/ports: "(" is not a regular expression: missing ), unterminated subpattern at position 0',
        (f'{at}/2{t}/rows: "a b" is not a part of a path: a name, a name with "?", "*" or "[]" is expected'),
        (
            f'{at}/2{t}/columns/mty: "mty" is not a column of ports; {columns}, input_discards, '
            'output_discards are known. Did you mean "mtu"?'
        ),
        (
            f'{at}/2{t}/columns/name: "x..y" is not a path: names joined by dots are expected, or '
            '"@key", with "^" in front to go up'
        ),
        (f'{at}/2{t}/columns/up: "^^u" goes up 2 times, and only 0 parts of the rows\' path have many values'),
        f'{at}/3{t}/words/name: there is no column "name" to translate',
        f'{at}/3{t}/columns: "name" is missing: each row of ports needs it',
        f'{at}/4/questions/ports/format: "jsn" is neither json, junos nor text, nor a parser. Did you mean "json"?',
        f'{at}/4/questions/ports/skip: "[" is not a regular expression: unterminated character set at position 0',
    ]
    assert sorted(told) == sorted(expected)


def test_the_form_of_the_file(tmp_path: Path) -> None:
    spec = {**platform("f"), "session": "telnet", "colour": "red"}
    assert faults(tmp_path, switch_platforms=[spec]) == [
        "switch_platforms.json: switch_platforms/0/session: must be 'interactive' or 'exec', not 'telnet'",
        "switch_platforms.json: switch_platforms/0/colour: unknown key",
    ]
