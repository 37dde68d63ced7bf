# SPDX-License-Identifier: Apache-2.0
"""Checks of what runs in network namespaces, of agents, and of instances."""

import json
import re
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Set

from .links import LINKS, bridge_state, links_of, no_namespace
from .values import ERROR, OK, UNKNOWN, WARNING, Answer, Check, Judgement, Parameter, Question, unanswered, worst

SERVERS = {"dhcp": "dnsmasq", "metadata": "haproxy", "load_balancer": "haproxy"}
"""Type of service -> the program that a service of this type needs."""
KEEPALIVED = "keepalived"
HA_DEVICE = "ha-"
"""Prefix of a highly available router's interface for VRRP."""
_LXB_AGENT = "neutron-linuxbridge-agent"
_COMM = 15
"""Characters of a name that the kernel keeps (TASK_COMM_LEN)."""


class Process(NamedTuple):
    """A process: its state (ps(1), PROCESS STATE CODES), and the first 15 characters of its name."""

    state: str
    name: str


def read_processes(text: str) -> Dict[int, Process]:
    """Return pid -> process of ``ps -o pid= -o stat= -o comm=``."""
    found: Dict[int, Process] = {}
    for line in text.splitlines():
        pid, state, name = line.split(None, 2)
        found[int(pid)] = Process(state, name.strip())
    return found


def read_pids(text: str) -> Set[int]:
    """Return the process ids of ``ip netns pids``."""
    return {int(line) for line in text.split()}


PROCESSES = Question(("ps", "-e", "-o", "pid=", "-o", "stat=", "-o", "comm="), read_processes)


def process_state(name: str, processes: Sequence[Process]) -> Judgement:
    """Judge a program by the best of its processes that have its name."""
    judged = [_one_process(name, one.state) for one in processes if one.name == name[:_COMM]]
    return min(judged, key=lambda one: one.status) if judged else Judgement(ERROR, f"{name} does not run")


def _one_process(name: str, state: str) -> Judgement:
    letter = state[:1]
    if letter in "SRI":
        return Judgement(OK, f"{name} runs")
    if letter == "D":
        return Judgement(WARNING, f"{name} waits for a device (state {state})")
    return Judgement(ERROR, "{} is {} (state {})".format(name, "stopped" if letter in "Tt" else "dead", state))


# --- services


def _ask_service(values: Mapping[str, Any]) -> Sequence[Question]:
    namespace = values["namespace"]
    pids = Question(("ip", "netns", "pids", namespace), read_pids, root=True)
    return [links_of(namespace), pids, PROCESSES]


def judge_service(values: Mapping[str, Any], answers: Sequence[Answer]) -> Judgement:
    """Judge a service: its namespace, its interfaces, and its program."""
    namespace = values["namespace"]
    bad = no_namespace(answers[0], namespace) or unanswered(answers)
    if bad:
        return bad
    links, pids, all_processes = (answer.value for answer in answers)
    processes = [all_processes[pid] for pid in sorted(pids) if pid in all_processes]
    needed = [SERVERS[values["service_type"]]] if values["service_type"] in SERVERS else []
    highly_available = any(name.startswith(HA_DEVICE) for name in links)
    if highly_available:
        needed.append(KEEPALIVED)
    judged = [process_state(name, processes) for name in needed]
    interfaces = {name: row for name, row in links.items() if name != "lo"}
    off = sorted(name for name, row in interfaces.items() if "UP" not in row.get("flags", ()))
    if not interfaces:
        judged.append(Judgement(ERROR, f"{namespace} has no interface"))
    elif len(off) == len(interfaces):
        judged.append(Judgement(ERROR, f"all interfaces in {namespace} are switched off"))
    elif off and not highly_available:  # a standby router has its gateway interface switched off
        judged.append(Judgement(WARNING, "{} in {} is switched off".format(", ".join(off[:3]), namespace)))
    runs = " and ".join(f"{name} runs" for name in needed)
    good = "{} has {} interfaces{}".format(namespace, len(interfaces), ", " + runs if runs else "")
    return worst([Judgement(OK, good), *judged])


# --- reachability of instances


class Neighbour(NamedTuple):
    """A row of the neighbour table; ``mac`` is "" as long as nobody has answered."""

    address: str
    mac: str
    states: Sequence[str]


def read_neighbours(text: str) -> List[Neighbour]:
    """Read ``ip -j neigh``."""
    return [
        Neighbour(str(row["dst"]), str(row.get("lladdr", "")).lower(), tuple(row.get("state", ())))
        for row in json.loads(text or "[]")
        if row
    ]


def _ask_neighbours(values: Mapping[str, Any]) -> Sequence[Question]:
    """Ask for the table, after a packet to each known address: entries of quiet instances expire."""
    namespace = values["namespace"]
    table = Question(("ip", "-n", namespace, "-j", "neigh", "show"), read_neighbours, root=True)
    return [table, *(_knock(namespace, ip) for _mac, ip in values["addresses"] if ip)]


def _knock(namespace: str, address: str) -> Question:
    ping = ("ping", "-n", "-q", "-c", "1", "-W", "1", "-w", "2", "--", address)
    return Question(("ip", "netns", "exec", namespace, *ping), str, root=True, codes=(0, 1, 2), stage=0)


def judge_neighbours(values: Mapping[str, Any], answers: Sequence[Answer]) -> Judgement:
    """Judge an instance by whether the namespace of its service has its addresses; the worst counts."""
    namespace = values["namespace"]
    bad = no_namespace(answers[0], namespace) or unanswered(answers[:1])
    if bad:
        return bad
    return worst([_neighbour(namespace, mac, ip, answers[0].value) for mac, ip in values["addresses"]])


def _neighbour(namespace: str, mac: str, ip: str, table: Sequence[Neighbour]) -> Judgement:
    of_address = [one for one in table if ip and one.address == ip]
    silent = [one for one in of_address if not one.mac or set(one.states) & {"INCOMPLETE", "FAILED"}]
    if silent:
        return Judgement(WARNING, f"{ip} does not answer in {namespace}")
    other = [one for one in of_address if one.mac != mac]
    if other:
        return Judgement(ERROR, f"{ip} in {namespace} is answered by {other[0].mac}, not by {mac}")
    if any(one.mac == mac for one in (of_address or table)):
        return Judgement(OK, f"{mac} is known in {namespace}")
    return Judgement(ERROR, f"{mac} is not known in {namespace}")


# --- instances

_DOMAIN = re.compile(r"^Domain: '(.*)'$")
_STATE = re.compile(r"^\s*state\.state=(\d+)$")
STATES = {
    0: (ERROR, "has no state"),
    1: (OK, "is running"),
    2: (OK, "is running, and waits"),
    3: (ERROR, "is paused"),
    4: (WARNING, "is being shut down"),
    5: (WARNING, "is shut off"),
    6: (ERROR, "has crashed"),
    7: (ERROR, "is suspended"),
}
"""virDomainState of libvirt-domain.h; a spec of "running" is OK, "shut off" a warning, the rest an error."""


def read_domains(text: str) -> Dict[str, int]:
    """Return name -> state of ``virsh domstats --state``."""
    found: Dict[str, int] = {}
    name: Optional[str] = None
    for line in text.splitlines():
        domain, state = _DOMAIN.match(line), _STATE.match(line)
        if domain:
            name = domain.group(1)
        elif state and name is not None:
            found[name] = int(state.group(1))
    return found


# -r: libvirt's read-only socket, which every account may use as it is delivered (libvirtd.conf, unix_sock_ro_perms)
DOMAINS = Question(("virsh", "-r", "-q", "-c", "qemu:///system", "domstats", "--state"), read_domains)


def judge_instance(values: Mapping[str, Any], answers: Sequence[Answer]) -> Judgement:
    """Judge an instance by the state of its domain."""
    bad = unanswered(answers)
    if bad:
        return bad
    name = values["domain"]
    if name not in answers[0].value:
        return Judgement(ERROR, f"libvirt has no domain {name}")
    number = answers[0].value[name]
    status, text = STATES.get(number, (UNKNOWN, f"is in state {number}"))
    return Judgement(status, f"{name} {text}")


# --- the agent of Linux bridges


def judge_agent(values: Mapping[str, Any], answers: Sequence[Answer]) -> Judgement:
    """Judge Neutron's Linux bridge agent, and its bridges if they are named."""
    bad = unanswered(answers)
    if bad:
        return bad
    judged = [process_state(_LXB_AGENT, list(answers[0].value.values()))]
    judged += [bridge_state(answers[1].value, bridge) for bridge in values["bridges"]]
    found = worst(judged)
    return found if found.status != OK else judged[0]


CHECKS = (
    Check(
        "vservice",
        "a service's namespace is there, and its program runs",
        {
            "service_type": Parameter("name", description="dhcp, router, snat, metadata, load_balancer …"),
            "namespace": Parameter("namespace"),
            "id": Parameter("name", required=False, description="of the service in Neutron"),
        },
        _ask_service,
        judge_service,
    ),
    Check(
        "instance_communications",
        "the namespace of a service has the addresses of an instance in its neighbour table",
        {"namespace": Parameter("namespace"), "addresses": Parameter("addresses", description="of one instance")},
        _ask_neighbours,
        judge_neighbours,
    ),
    Check(
        "instance",
        "libvirt runs an instance",
        {"domain": Parameter("name", description="the domain's name in libvirt")},
        lambda _: [DOMAINS],
        judge_instance,
    ),
    Check(
        "vedge_lxb",
        "Neutron's Linux bridge agent runs",
        {"bridges": Parameter("names", required=False, default=(), description="that have to be up")},
        lambda _: [PROCESSES, LINKS],
        judge_agent,
    ),
)
