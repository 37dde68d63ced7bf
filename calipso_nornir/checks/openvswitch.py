# SPDX-License-Identifier: Apache-2.0
"""Checks of Open vSwitch and of OVN's controller.

One ``ovs-vsctl`` lists the three tables for all interfaces of a host. Columns: ovs-vswitchd.conf.db(5).
"""

import json
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .links import BRIDGE, DEVICE, NAMESPACE, links_of, no_namespace, state_of
from .values import ERROR, OK, UNKNOWN, Answer, Check, Judgement, Parameter, Question, unanswered

DEAD_VLAN = 4095
"""Neutron's agent gives this tag to a port that it cannot wire (DEAD_VLAN_TAG of neutron's ovs constants)."""
SECONDS = 5
ALARM = (-14, 142)
"""Exit status of a tool of OVS after its own ``--timeout``: SIGALRM, which sudo passes on as 128 + 14."""


class Interface(NamedTuple):
    """One row of the table Interface; empty values are ""."""

    name: str
    error: str
    admin_state: str
    link_state: str
    ofport: int


class Port(NamedTuple):
    """A port, with its bridge and its interfaces (more than one: a bond)."""

    name: str
    bridge: str
    tag: Optional[int]
    interfaces: Tuple[Interface, ...]


class Switch(NamedTuple):
    """All of Open vSwitch on a host: bridges' names, and ports by the name of an interface and of the port."""

    bridges: Tuple[str, ...]
    ports: Dict[str, Port]


_COLUMNS = {
    "Bridge": "name,ports",
    "Port": "_uuid,name,interfaces,tag",
    "Interface": "_uuid,name,error,admin_state,link_state,ofport",
}


def _values(cell: Any) -> List[Any]:
    """Return the members of a cell: RFC 7047, 5.1: a set of one is written without the set."""
    if isinstance(cell, list) and len(cell) == 2 and cell[0] == "set":  # noqa: PLR2004 - ["set", […]]
        return list(cell[1])
    return [cell]


def _one(cell: Any, default: Any) -> Any:
    found = _values(cell)
    return found[0] if found else default


def _id(cell: Any) -> str:
    return str(cell[1])


def _tables(text: str) -> Iterator[List[Dict[str, Any]]]:
    for line in text.splitlines():
        table = json.loads(line)
        yield [dict(zip(table["headings"], row)) for row in table["data"]]


def read_switch(text: str) -> Switch:
    """Read the three tables, one JSON document in a line each."""
    bridges, ports, interfaces = _tables(text)
    by_id = {
        _id(row["_uuid"]): Interface(
            row["name"],
            str(_one(row["error"], "")),
            str(_one(row["admin_state"], "")),
            str(_one(row["link_state"], "")),
            int(_one(row["ofport"], 0)),
        )
        for row in interfaces
    }
    bridge_of = {_id(port): str(row["name"]) for row in bridges for port in _values(row["ports"])}
    found: Dict[str, Port] = {}
    for row in ports:
        id_ = _id(row["_uuid"])
        if id_ not in bridge_of:
            continue
        members = tuple(by_id[_id(one)] for one in _values(row["interfaces"]) if _id(one) in by_id)
        port = Port(str(row["name"]), bridge_of[id_], _one(row["tag"], None), members)
        for name in [port.name, *(one.name for one in members)]:
            found[name] = port
    return Switch(tuple(str(row["name"]) for row in bridges), found)


def _list_tables() -> Tuple[str, ...]:
    argv = ["ovs-vsctl", f"--timeout={SECONDS}", "--format=json"]
    for table, columns in _COLUMNS.items():
        argv += ["--", "--columns=" + columns, "list", table]
    return tuple(argv)


SWITCH = Question(_list_tables(), read_switch, root=True)


def _appctl(tool: str, target: str, *request: str) -> Question:
    # Without --: ovs-appctl takes all that follows its first word as arguments of the request
    return Question((tool, f"--timeout={SECONDS}", "--target=" + target, *request), str.strip, root=True)


VSWITCHD = _appctl("ovs-appctl", "ovs-vswitchd", "version")
OVSDB = _appctl("ovs-appctl", "ovsdb-server", "version")
CONTROLLER = _appctl("ovn-appctl", "ovn-controller", "connection-status")


def daemon(name: str, answer: Answer) -> Judgement:
    """Judge a daemon by whether it answers on its control socket."""
    if not answer.failure:
        return Judgement(OK, f"{name} answers")
    if answer.code in ALARM:
        return Judgement(ERROR, f"{name} does not answer within {SECONDS} s")
    # ovs-appctl(8): 2 if the daemon cannot be reached; older releases end with 1 and say so
    if answer.code is not None and any(
        said in answer.err for said in ("cannot connect", "cannot read pidfile", "pidfile", "No such file")
    ):
        return Judgement(ERROR, f"{name} does not run")
    return Judgement(UNKNOWN, "could not look: " + answer.failure)


def _first_bad(judgements: Sequence[Judgement]) -> Optional[Judgement]:
    bad = [one for one in judgements if one.status != OK]
    return min(bad, key=lambda one: one.status == UNKNOWN) if bad else None


def judge_vedge(_values: Mapping[str, Any], answers: Sequence[Answer]) -> Judgement:
    """Judge Open vSwitch by its two daemons."""
    judged = [daemon("ovs-vswitchd", answers[0]), daemon("ovsdb-server", answers[1])]
    return _first_bad(judged) or Judgement(OK, "ovs-vswitchd and ovsdb-server answer")


def judge_controller(_values: Mapping[str, Any], answers: Sequence[Answer]) -> Judgement:
    """Judge a chassis of OVN: its controller and its connection to the southbound database, and Open vSwitch."""
    judged = [
        daemon("ovn-controller", answers[2]),
        daemon("ovs-vswitchd", answers[0]),
        daemon("ovsdb-server", answers[1]),
    ]
    bad = _first_bad(judged)
    if bad:
        return bad
    if answers[2].value != "connected":
        return Judgement(ERROR, "ovn-controller is not connected to the southbound database")
    return Judgement(OK, "ovn-controller is connected to the southbound database")


def port_state(switch: Switch, bridge: str, device: str, *, look_at_link: bool = True) -> Judgement:
    """Judge whether an interface is a working port of a bridge, and not cut off from its network."""
    if bridge not in switch.bridges:
        return Judgement(ERROR, f"Open vSwitch has no bridge {bridge}")
    port = switch.ports.get(device)
    if port is None or port.bridge != bridge:
        where = f"a port of {port.bridge}" if port else "no port of any bridge"
        return Judgement(ERROR, f"{device} is {where}, not of {bridge}")
    # A bond's own name is no interface: then all members count, and one that is up is enough
    interfaces = [one for one in port.interfaces if one.name == device] or list(port.interfaces)
    states = [_interface_state(one, look_at_link=look_at_link) for one in interfaces]
    if not states:
        return Judgement(ERROR, f"port {device} of {bridge} has no interface")
    if port.tag == DEAD_VLAN:
        return Judgement(ERROR, f"{device} has tag 4095: Neutron's agent has cut it off")
    best = min(states, key=lambda one: one.status)
    return best if best.status != OK else Judgement(OK, f"{device} is up, and a port of {bridge}")


def _interface_state(one: Interface, *, look_at_link: bool) -> Judgement:
    if one.error:
        said = "".join(filter(str.isprintable, one.error))[:150]
        return Judgement(ERROR, f"{one.name}: Open vSwitch says: {said}")
    if one.ofport < 0:
        return Judgement(ERROR, f"Open vSwitch could not add {one.name}")
    if look_at_link and one.admin_state == "down":
        return Judgement(ERROR, f"{one.name} is switched off")
    if look_at_link and one.link_state != "up":
        return Judgement(ERROR, f"{one.name} has no carrier")
    return Judgement(OK, f"{one.name} is up")


def _ask_port(values: Mapping[str, Any]) -> Sequence[Question]:
    return [SWITCH, *([links_of(values["netns"])] if values.get("netns") else [])]


def judge_port(values: Mapping[str, Any], answers: Sequence[Answer]) -> Judgement:
    """Judge a virtual interface in Open vSwitch.

    Open vSwitch may not know the state of an interface in a namespace; then the state inside the namespace counts. An
    interface outside of it is the near end of a veth pair (OVN's services).
    """
    device, namespace = values["device"], values["netns"]
    gone = no_namespace(answers[1], namespace) if namespace else None
    bad = gone or unanswered(answers)
    if bad:
        return bad
    is_inside = bool(namespace) and device in answers[1].value
    state = port_state(answers[0].value, values["bridge"], device, look_at_link=not is_inside)
    if state.status != OK or not is_inside:
        return state
    inside = state_of(answers[1].value, device, namespace)
    return inside if inside.status != OK else state


def judge_uplink(values: Mapping[str, Any], answers: Sequence[Answer]) -> Judgement:
    """Judge a physical interface, or a member of a bond, as a port of its bridge."""
    bad = unanswered(answers)
    if bad:
        return bad
    state = port_state(answers[0].value, values["bridge"], values["device"])
    member = values["member"]
    if state.status != OK or member is None:
        return state
    port = answers[0].value.ports[values["device"]]
    if member not in {one.name for one in port.interfaces}:
        return Judgement(ERROR, "{} is no member of the bond {}".format(member, values["device"]))
    return port_state(answers[0].value, values["bridge"], member)


CHECKS = (
    Check("vedge_ovs", "Open vSwitch runs", {}, lambda _: [VSWITCHD, OVSDB], judge_vedge),
    Check(
        "vedge_ovn",
        "OVN's controller runs and is connected",
        {},
        lambda _: [VSWITCHD, OVSDB, CONTROLLER],
        judge_controller,
    ),
    Check(
        "vnic_ovs",
        "an interface is a working port of its bridge in Open vSwitch",
        {"device": DEVICE, "bridge": BRIDGE, "netns": NAMESPACE},
        _ask_port,
        judge_port,
    ),
    Check(
        "vedge_pnic",
        "a physical interface is a working port of its bridge in Open vSwitch",
        {
            "bridge": BRIDGE,
            "device": DEVICE,
            "member": Parameter("name", required=False, description="an interface of the bond `device`"),
        },
        lambda _: [SWITCH],
        judge_uplink,
    ),
)
