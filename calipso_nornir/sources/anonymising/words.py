# SPDX-License-Identifier: Apache-2.0
"""Words that are never replaced, in lower case, even as names: they identify nobody."""

from __future__ import annotations

from typing import Final

from calipso_nornir.sources.masking import COMMON_WORDS

# fmt: off
ORDINARY: Final = COMMON_WORDS | frozenset(
    {
        "active", "any", "available", "com", "compute", "computes", "controller", "down", "enabled", "error",
        "example", "external", "false", "fixed", "flat", "gateway", "host", "image", "instance", "internal",
        "ironic", "local", "localhost", "members", "nan", "net", "network", "none", "null", "org", "physnet",
        "port", "private", "project", "provider", "regionone", "router", "server", "shared", "subnet", "true",
        "unknown", "up", "volume", "www", "zone",
    }
)
"""Common names, and values with a meaning."""
PRINTED: Final = frozenset(
    {
        "address", "alias", "allmulti", "altname", "auto", "autoneg", "bond", "brd", "bridge", "broadcast", "bus",
        "centos", "cost", "debian", "default", "dev", "driver", "dst", "dynamic", "ether", "fdb", "full", "global",
        "gnu", "gre", "group", "half", "id", "inet", "inet6", "interface", "interfaces", "learning", "link",
        "linux", "loopback", "lower_up", "mac", "master", "mode", "mtu", "multicast", "netns", "no", "noqueue",
        "off", "on", "ovn", "ovs", "permanent", "pfifo", "promiscuity", "protocol", "qdisc", "qlen", "remote",
        "rhel", "scope", "self", "slave", "speed", "state", "stp", "tap", "team", "trunk", "tun", "type", "ubuntu",
        "version", "veth", "vf", "vlan", "vxlan", "yes",
    }
)
"""Words that tools print in plain text (iproute2, ethtool, bridge-utils), and names of systems."""
# fmt: on
KEPT: Final = ORDINARY | PRINTED
