# SPDX-License-Identifier: Apache-2.0
"""OVN's Southbound database with 30,000 port bindings: our own reading of it, against json.loads of the same text."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from benchmarks.figures import Figure
from calipso_nornir.parsing.ovn_southbound import TABLES, southbound

if TYPE_CHECKING:
    from collections.abc import Callable

PORTS, CHASSIS, NETWORKS = 30_000, 400, 1_000
MOST_S = 3.0
RATIO = 6.0
"""Times json.loads: plain values, typed rows and indexes come to about three."""


def run() -> list[Figure]:
    """Read it both ways, the better of three times each."""
    text = json.dumps([{"rows": _rows()[table]} for table, _ in TABLES], separators=(",", ":"))
    bare = min(_seconds(json.loads, text) for _ in range(3))
    ours = min(_seconds(southbound, text) for _ in range(3))
    detail = f"{PORTS} port bindings, {len(text) / 1e6:.1f} MB: {ours:.2f} s of CPU, json.loads {bare:.2f} s"
    return [
        Figure("OVN: Southbound read / json.loads", ours / bare, RATIO, detail),
        Figure("OVN: Southbound read / 3 s", ours / MOST_S, 1.0, detail),
    ]


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
