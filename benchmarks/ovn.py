# SPDX-License-Identifier: Apache-2.0
"""OVN: reading Southbound with 30,000 port bindings, compared with json.loads of the same text; rounds to each host."""

from __future__ import annotations

import json
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import calipso_nornir
from benchmarks.figures import Figure
from calipso_nornir import ReplaySource, open_store, run_scan
from calipso_nornir.model.queries import Command
from calipso_nornir.parsing.ovn_southbound import TABLES, southbound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from calipso_nornir.errors import CalipsoError
    from calipso_nornir.model.protocols import Reply
    from calipso_nornir.model.queries import Query

DEMO = Path(calipso_nornir.__file__).parent / "_data" / "demo" / "ovn.calipso"
MOST_ROUNDS = 3
PORTS, CHASSIS, NETWORKS = 30_000, 400, 1_000
MOST_S = 3.0
RATIO = 6.0
"""Limit as a multiple of json.loads: plain values, typed rows and indexes together take about three times as long."""


def run() -> list[Figure]:
    """Read it in both ways; the best of three times counts."""
    text = json.dumps([{"rows": _rows()[table]} for table, _ in TABLES], separators=(",", ":"))
    bare = min(_seconds(json.loads, text) for _ in range(3))
    ours = min(_seconds(southbound, text) for _ in range(3))
    detail = f"{PORTS} port bindings, {len(text) / 1e6:.1f} MB: {ours:.2f} s of CPU, json.loads {bare:.2f} s"
    rounds, hosts = _rounds()
    return [
        Figure("OVN: Southbound read / json.loads", ours / bare, RATIO, detail),
        Figure("OVN: Southbound read / 3 s", ours / MOST_S, 1.0, detail),
        Figure(
            "OVN: rounds to one host / 3",
            rounds / MOST_ROUNDS,
            1.0,
            f"{hosts} hosts of the demo, at most {rounds} rounds",
        ),
    ]


class _Counting(ReplaySource):
    """A recording that counts the rounds in which each host is asked."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.rounds: Counter[str] = Counter()

    def answer(self, queries: Sequence[Query]) -> Mapping[Query, Reply | CalipsoError]:
        """Answer a round, and count it for its hosts."""
        self.rounds.update({query.host for query in queries if isinstance(query, Command)})
        return super().answer(queries)


def _rounds() -> tuple[int, int]:
    """Scan the recorded cloud of OVN; return the maximum number of rounds to a host, and the number of hosts."""
    source = _Counting(DEMO)
    with tempfile.TemporaryDirectory() as folder, closing(open_store(Path(folder) / "ovn.db")) as store:
        report = run_scan(source.environment, store=store, source=source)
    assert report.status == "completed", report.status  # noqa: S101 - else the figure means nothing
    return max(source.rounds.values()), len(source.rounds)


def _seconds(read: Callable[[str], object], text: str) -> float:
    begun = time.process_time()
    read(text)
    return time.process_time() - begun


def _rows() -> dict[str, list[dict[str, Any]]]:
    empty: list[Any] = ["set", []]
    return {
        "Chassis": [
            {
                "_uuid": ["uuid", f"c{n}"],
                "name": f"chassis-{n}",
                "hostname": f"cmp{n}",
                "other_config": ["map", [["ovn-bridge-mappings", "physnet1:br-ex"], ["ovn-cms-options", ""]]],
                "external_ids": ["map", []],
                "transport_zones": empty,
            }
            for n in range(CHASSIS)
        ],
        "Encap": [
            {"type": "geneve", "ip": f"10.78.{n // 250}.{n % 250 + 1}", "chassis_name": f"chassis-{n}"}
            for n in range(CHASSIS)
        ],
        "Datapath_Binding": [
            {
                "_uuid": ["uuid", f"d{n}"],
                "tunnel_key": n + 1,
                "external_ids": ["map", [["logical-switch", f"s{n}"], ["name", f"neutron-{n:08}"]]],
            }
            for n in range(NETWORKS)
        ],
        "Port_Binding": [
            {
                "logical_port": f"{n:08x}-0000-4000-8000-000000000000",
                "type": "",
                "chassis": ["uuid", f"c{n % CHASSIS}"],
                "additional_chassis": empty,
                "requested_chassis": ["uuid", f"c{n % CHASSIS}"],
                "ha_chassis_group": empty,
                "datapath": ["uuid", f"d{n % NETWORKS}"],
                "tunnel_key": n // NETWORKS + 1,
                "up": True,
                "parent_port": empty,
                "tag": empty,
            }
            for n in range(PORTS)
        ],
        "HA_Chassis_Group": [],
        "HA_Chassis": [],
    }
