# SPDX-License-Identifier: Apache-2.0
"""Checks of VPP, from the text of ``vppctl`` (releases 16.09 to 26.06), which has no machine-readable output."""

import re
from typing import Any, Dict, Mapping, Optional, Sequence

from .values import ERROR, OK, UNKNOWN, WARNING, Answer, Check, Judgement, Parameter, Question, unanswered

CUT_AT = 32
"""Characters of a name that fit into VPP's tables."""
_ROW = re.compile(r"^(\S+)\s+\d+\s+(up|down|error|bond-slave|unknown)(?:/punt)?\b", re.MULTILINE)
_STARTUP = re.compile(r"^startup-config-process\s+(\S+(?: \S+)*)", re.MULTILINE)


def read_interfaces(text: str) -> Dict[str, str]:
    """Return name -> state of ``show interface`` or ``show hardware-interfaces``."""
    found = dict(_ROW.findall(text))
    if not found and not re.search(r"^\s*Name\s+Idx", text, re.MULTILINE):
        raise ValueError("no table of interfaces")
    return found


def read_domains(text: str) -> Dict[int, str]:
    """Return id of a bridge domain -> whether it forwards ("on" or "off"); columns differ between releases."""
    found: Dict[int, str] = {}
    heads: Sequence[str] = ()
    for line in text.splitlines():
        cells = line.split()
        if "U-Forwrd" in cells:
            heads = cells
        elif heads and len(cells) >= len(heads) - 1 and cells[0].isdigit():
            found[int(cells[0])] = cells[heads.index("U-Forwrd")]
    if not heads and "no bridge-domains in use" not in text.lower():
        raise ValueError("no table of bridge domains")
    return found


def read_startup(text: str) -> Optional[str]:
    """Return the state of the process that ran the start-up configuration."""
    found = _STARTUP.search(text)
    return found.group(1) if found else None


STATES = Question(("vppctl", "show", "interface"), read_interfaces, root=True)
CARRIERS = Question(("vppctl", "show", "hardware-interfaces"), read_interfaces, root=True)
DOMAINS = Question(("vppctl", "show", "bridge-domain"), read_domains, root=True)
RUNTIME = Question(("vppctl", "show", "runtime"), read_startup, root=True)


def judge_interface(values: Mapping[str, Any], answers: Sequence[Answer]) -> Judgement:
    """Judge one interface of VPP: it is switched on, and its link is up."""
    bad = unanswered(answers)
    if bad:
        return bad
    name = values["interface"]
    states, carriers = (answer.value.get(name[:CUT_AT]) for answer in answers)
    if states is None:
        return Judgement(ERROR, f"VPP has no interface {name}")
    if states in ("down", "error"):
        return Judgement(ERROR, f"{name} is switched off" if states == "down" else f"{name} is faulty")
    if carriers == "down":  # sub-interfaces have no hardware of their own
        return Judgement(ERROR, f"{name} has no link")
    return Judgement(OK, f"{name} is up")


def judge_domain(values: Mapping[str, Any], answers: Sequence[Answer]) -> Judgement:
    """Judge a bridge domain of VPP."""
    bad = unanswered(answers)
    if bad:
        return bad
    forwards = answers[0].value.get(values["bridge_domain"])
    if forwards is None:
        return Judgement(ERROR, "VPP has no bridge domain {}".format(values["bridge_domain"]))
    if forwards == "off":
        return Judgement(WARNING, "bridge domain {} does not forward".format(values["bridge_domain"]))
    return Judgement(OK, "bridge domain {} forwards".format(values["bridge_domain"]))


def judge_vedge(_values: Mapping[str, Any], answers: Sequence[Answer]) -> Judgement:
    """Judge VPP: it answers, and has run its start-up configuration."""
    answer = answers[0]
    if answer.code is not None and answer.code > 0 and answer.failure:
        if not answer.err.startswith("sudo"):
            return Judgement(ERROR, "VPP does not answer")
        return Judgement(UNKNOWN, "could not look: " + answer.failure)
    bad = unanswered(answers)
    if bad:
        return bad
    if answer.value is None or "done" not in answer.value:
        return Judgement(WARNING, "VPP has not run its start-up configuration")
    return Judgement(OK, "VPP answers, and has run its start-up configuration")


_INTERFACE = {"interface": Parameter("name", description="the interface's name in VPP")}


def _ask_interface(_values: Mapping[str, Any]) -> Sequence[Question]:
    return [STATES, CARRIERS]


CHECKS = (
    Check("pnic_vpp", "a card that VPP has taken is up", _INTERFACE, _ask_interface, judge_interface),
    Check("vnic_vpp", "a virtual interface of VPP is up", _INTERFACE, _ask_interface, judge_interface),
    Check(
        "vconnector_vpp",
        "a bridge domain of VPP forwards",
        {"bridge_domain": Parameter("number", description="its id")},
        lambda _: [DOMAINS],
        judge_domain,
    ),
    Check("vedge_vpp", "VPP runs", {}, lambda _: [RUNTIME], judge_vedge),
)
