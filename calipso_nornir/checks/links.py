# SPDX-License-Identifier: Apache-2.0
"""Checks of Linux interfaces and bridges, from ``ip -j -d link`` and ``bridge -j fdb`` (iproute2, 4.15 or later)."""

import json
from typing import Any, Dict, Mapping, Optional, Sequence, Set, Tuple

from .values import ERROR, OK, UNKNOWN, WARNING, Answer, Check, Judgement, Parameter, Question, unanswered

DEVICE = Parameter("name", description="the interface's name on the host")
BRIDGE = Parameter("name", description="the bridge's name on the host")
NAMESPACE = Parameter("namespace", required=False, description="the network namespace that the interface is in")
UNUSED = Parameter("flag", required=False, default=False, description="nothing uses it, so it needs no cable")

Links = Dict[str, Dict[str, Any]]


def read_links(text: str) -> Links:
    """Return name -> row of ``ip -j -d link``; some releases print nothing if there are none."""
    rows = json.loads(text or "[]")
    return {str(row["ifname"]): row for row in rows if row}


def read_fdb(text: str) -> Set[Tuple[str, str]]:
    """Return pairs of a bridge, or a member of it, and a MAC address in its table."""
    found: Set[Tuple[str, str]] = set()
    for row in json.loads(text or "[]"):
        for place in ("master", "ifname"):
            if row.get(place):
                found.add((str(row[place]), str(row["mac"]).lower()))
    return found


LINKS = Question(("ip", "-j", "-d", "link", "show"), read_links)
FDB = Question(("bridge", "-j", "fdb", "show"), read_fdb)


def links_of(namespace: Optional[str]) -> Question:
    """Return the question for the interfaces of a namespace; None is the host itself."""
    if not namespace:
        return LINKS
    return Question(("ip", "-n", namespace, "-j", "-d", "link", "show"), read_links, root=True)


def no_namespace(answer: Answer, namespace: Optional[str]) -> Optional[Judgement]:
    """Return an error if the namespace does not exist; that is a result, not a failure of the check."""
    if namespace and answer.failure and "Cannot open network namespace" in answer.err and "No such file" in answer.err:
        return Judgement(ERROR, f"there is no network namespace {namespace}")
    return None


def state_of(links: Links, device: str, where: Optional[str] = None) -> Judgement:
    """Judge whether an interface is there, switched on, and has a carrier."""
    row = links.get(device)
    if row is None:
        return Judgement(ERROR, "there is no interface {}{}".format(device, " in " + where if where else ""))
    flags = row.get("flags", ())
    if "UP" not in flags:
        return Judgement(ERROR, f"{device} is switched off")
    state = row.get("operstate", "UNKNOWN")
    # UNKNOWN: its driver does not report a state (rfc2863, kernel's operstates.rst); the carrier flag still counts
    if state == "UP" or (state == "UNKNOWN" and "LOWER_UP" in flags):
        return Judgement(OK, f"{device} is up")
    if "NO-CARRIER" in flags or "LOWER_UP" not in flags:
        return Judgement(ERROR, f"{device} has no carrier")
    return Judgement(ERROR, f"{device} is in state {state}")


def _ask_device(values: Mapping[str, Any]) -> Sequence[Question]:
    return [links_of(values.get("netns"))]


def judge_device(values: Mapping[str, Any], answers: Sequence[Answer]) -> Judgement:
    """Judge one interface, in a namespace if one is given."""
    namespace = values.get("netns")
    bad = no_namespace(answers[0], namespace) or unanswered(answers)
    return bad or state_of(answers[0].value, values["device"], namespace)


def judge_pnic(values: Mapping[str, Any], answers: Sequence[Answer]) -> Judgement:
    """Judge a physical interface: one that nothing uses needs no cable, but it has to be there."""
    state = judge_device(values, answers)
    if state.status == ERROR and values["unused"] and values["device"] in answers[0].value:
        return Judgement(OK, f"{state.text}, and nothing uses it")
    return state


def judge_bridge(values: Mapping[str, Any], answers: Sequence[Answer]) -> Judgement:
    """Judge a Linux bridge: without a member that is up it forwards nothing, but the bridge itself works."""
    return unanswered(answers) or bridge_state(answers[0].value, values["bridge"])


def bridge_state(links: Links, bridge: str) -> Judgement:
    """Judge whether a bridge is there, is one, and is up."""
    row = links.get(bridge)
    if row is None:
        return Judgement(ERROR, f"there is no bridge {bridge}")
    if row.get("linkinfo", {}).get("info_kind") != "bridge":
        return Judgement(ERROR, f"{bridge} is no Linux bridge")
    if "UP" not in row.get("flags", ()):
        return Judgement(ERROR, f"bridge {bridge} is switched off")
    members = [one for one in links.values() if one.get("master") == bridge]
    up = [one for one in members if "LOWER_UP" in one.get("flags", ())]
    if not up:
        return Judgement(WARNING, f"none of the {len(members)} members of bridge {bridge} is up")
    return Judgement(OK, f"bridge {bridge} is up, with {len(up)} of {len(members)} members")


def member_state(links: Links, device: str, bridge: str) -> Judgement:
    """Judge whether an interface is a member of a bridge, and up."""
    state = state_of(links, device)
    if device not in links:
        return state
    if bridge not in links:
        return Judgement(ERROR, f"there is no bridge {bridge}")
    master = links[device].get("master")
    if master != bridge:
        found = f"a member of {master}" if master else "no member of any bridge"
        return Judgement(ERROR, f"{device} is {found}, not of {bridge}")
    return state if state.status != OK else Judgement(OK, f"{device} is up, and a member of {bridge}")


def judge_member(values: Mapping[str, Any], answers: Sequence[Answer]) -> Judgement:
    """Judge an interface on a Linux bridge."""
    return unanswered(answers) or member_state(answers[0].value, values["device"], values["bridge"])


def judge_learned(values: Mapping[str, Any], answers: Sequence[Answer]) -> Judgement:
    """Judge a membership, and with a MAC address whether the bridge has learned it there.

    A bridge with an ageing time of 0 forgets addresses at once (os-vif sets it for hybrid plugging), so addresses are
    not judged.
    """
    links, table = answers
    device, bridge, mac = values["device"], values["bridge"], values["mac"]
    bad = unanswered([links])
    state = bad or member_state(links.value, device, bridge)
    if state.status != OK or mac is None:
        return state
    if links.value[bridge].get("linkinfo", {}).get("info_data", {}).get("ageing_time") == 0:
        return Judgement(OK, state.text + ", which learns no addresses")
    if table.failure:
        return Judgement(UNKNOWN, "could not look: " + table.failure)
    if (device, mac) in table.value:
        return Judgement(OK, f"{bridge} has learned {mac} from {device}")
    if (bridge, mac) in table.value:
        return Judgement(WARNING, f"{bridge} has {mac} from another member than {device}")
    return Judgement(WARNING, f"{bridge} has not learned {mac}: {device} sent nothing lately")


def _ask_links(_values: Mapping[str, Any]) -> Sequence[Question]:
    return [LINKS]


def _ask_links_and_table(values: Mapping[str, Any]) -> Sequence[Question]:
    return [LINKS, FDB if values["mac"] else LINKS]


CHECKS = (
    Check("pnic", "a physical interface is up", {"device": DEVICE, "unused": UNUSED}, _ask_links, judge_pnic),
    Check("link_up", "an interface is up", {"device": DEVICE}, _ask_links, judge_device),
    Check("vnic", "a virtual interface is up", {"device": DEVICE, "netns": NAMESPACE}, _ask_device, judge_device),
    Check("vconnector", "a Linux bridge is up", {"bridge": BRIDGE}, _ask_links, judge_bridge),
    Check(
        "vnic_lxb",
        "an interface is up and a member of its Linux bridge",
        {"device": DEVICE, "bridge": BRIDGE},
        _ask_links,
        judge_member,
    ),
    Check(
        "link_vnic_vconnector",
        "an interface is a member of a Linux bridge, which has learned its MAC address",
        {"bridge": BRIDGE, "device": DEVICE, "mac": Parameter("mac", required=False, description="of the guest")},
        _ask_links_and_table,
        judge_learned,
    ),
)
