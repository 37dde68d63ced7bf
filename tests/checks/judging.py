# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - members are JSON of any shape
"""Judges what tools have written: texts of iproute2 6.1, Open vSwitch 3.1, iputils 20221126, libvirt 9, VPP 16.09."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from calipso_nornir.checks.named_checks import CHECKS
from calipso_nornir.checks.parameters import read_parameters
from calipso_nornir.checks.running import answer
from calipso_nornir.checks.values import Answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from calipso_nornir.checks.values import Judgement

Written = str | tuple[int, str] | tuple[int, str, str] | Answer
"""Standard output; or exit code and standard error, perhaps with standard output; or an answer."""


def judged(name: str, parameters: Mapping[str, Any], written: Mapping[str, Written]) -> Judgement:
    """Judge a check whose commands wrote this; each key is a part of the command."""
    check = CHECKS[name]
    values = read_parameters(check.parameters, dict(parameters))
    answers = []
    for question in check.questions(values):
        command = " ".join(question.argv)
        key = max((one for one in written if one in command), key=len)  # the key that fits best
        text = written[key]
        if isinstance(text, Answer):
            answers.append(text)
        elif isinstance(text, str):
            answers.append(answer(question, 0, text.encode(), ""))
        else:
            answers.append(answer(question, text[0], (text[2] if len(text) > 2 else "").encode(), text[1]))
    return check.judge(values, answers)


def link(name: str, *flags: str, state: str = "UP", master: str = "", kind: str = "", **data: Any) -> dict[str, Any]:
    """Make a row of ``ip -j -d link``; without flags it is switched on and has a carrier."""
    row: dict[str, Any] = {"ifname": name, "flags": list(flags or ("BROADCAST", "UP", "LOWER_UP")), "operstate": state}
    if master:
        row["master"] = master
    if kind:
        row["linkinfo"] = {"info_kind": kind, "info_data": data}
    return row


def links(*rows: dict[str, Any]) -> str:
    """Return the text of ``ip -j -d link``."""
    return json.dumps([link("lo", "LOOPBACK", "UP", "LOWER_UP", state="UNKNOWN"), *rows])


OFF = {"flags": ["BROADCAST"], "operstate": "DOWN"}
NO_CARRIER = {"flags": ["NO-CARRIER", "BROADCAST", "UP"], "operstate": "DOWN"}


def interface(name: str, *, error: str = "", admin: str = "up", state: str = "up", ofport: int = 1) -> dict[str, Any]:
    """Make an interface of Open vSwitch."""
    return {"name": name, "error": error, "admin_state": admin, "link_state": state, "ofport": ofport}


def switch(bridges: Mapping[str, Iterable[tuple[str, int | None, list[dict[str, Any]]]]]) -> str:
    """Return the text of ``ovs-vsctl list`` for bridges -> ports, each with its name, its tag and its interfaces."""
    tables: list[list[list[Any]]] = [[], [], []]
    for bridge, ports in bridges.items():
        ids = []
        for name, tag, interfaces in ports:
            members = []
            for one in interfaces:
                members.append(["uuid", f"i-{bridge}-{one['name']}"])
                cells = [one[key] or ["set", []] for key in ("error", "admin_state", "link_state")]
                tables[2].append([members[-1], one["name"], *cells, one["ofport"]])
            ids.append(["uuid", f"p-{bridge}-{name}"])
            set_ = members[0] if len(members) == 1 else ["set", members]
            tables[1].append([ids[-1], name, set_, ["set", []] if tag is None else tag])
        tables[0].append([bridge, ids[0] if len(ids) == 1 else ["set", ids]])
    heads = ["name,ports", "_uuid,name,interfaces,tag", "_uuid,name,error,admin_state,link_state,ofport"]
    return "".join(
        json.dumps({"headings": head.split(","), "data": rows}) + "\n" for head, rows in zip(heads, tables, strict=True)
    )


def simple_port(device: str, tag: int | None = 1, **more: Any) -> tuple[str, int | None, list[dict[str, Any]]]:
    """Make a port with one interface of the same name."""
    return (device, tag, [interface(device, **more)])
