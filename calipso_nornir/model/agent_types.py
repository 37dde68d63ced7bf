# SPDX-License-Identifier: Apache-2.0
"""The types of Neutron's agents that control a virtual switch, in Neutron's own words."""

from typing import Final

OVS_AGENT: Final = "Open vSwitch agent"
LXB_AGENT: Final = "Linux bridge agent"
OVN_AGENTS: Final = ("OVN Controller agent", "OVN Controller Gateway agent")
"""The second type is used for chassis that may host gateways (ovn-cms-options: enable-chassis-as-gw)."""
OVN_METADATA_AGENT: Final = "OVN Metadata agent"
"""It serves metadata on a host in one namespace for each network that a server there is in."""
