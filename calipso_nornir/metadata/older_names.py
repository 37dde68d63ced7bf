# SPDX-License-Identifier: Apache-2.0
"""Names of fetchers, scanners and link finders of the original Calipso, for files in the developer guide's form.

A step that names an older fetcher stands for the shipped steps that find the same objects now: no query is sent twice,
and its children scanner runs on what those steps find. The shipped link finders do the work of the older ones.
"""

from __future__ import annotations

from typing import Final

OLDER_FETCHERS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "AciFetchLeafToSpinePnics": ("switch_pnic", ("AciSwitchPnics",)),
    "AciFetchSwitchPnic": ("switch_pnic", ("AciSwitchPnics",)),
    "ApiFetchAvailabilityZones": ("availability_zone", ("AvailabilityZones",)),
    "ApiFetchHostInstances": ("instance", ("Instances",)),
    "ApiFetchNetwork": ("network", ("Networks",)),
    "ApiFetchNetworks": ("network", ("Networks",)),
    "ApiFetchPort": ("port", ("Ports",)),
    "ApiFetchPorts": ("port", ("Ports",)),
    "ApiFetchProjectHosts": ("host", ("Hosts",)),
    "ApiFetchProjects": ("project", ("Projects",)),
    "ApiFetchRegions": ("region", ("Regions",)),
    "CliFetchBondHostPnics": ("host_pnic", ("HostBonds",)),
    "CliFetchHostPnics": ("host_pnic", ("HostPnics",)),
    "CliFetchHostPnicsVpp": ("host_pnic", ("VppPnics",)),
    "CliFetchHostVservices": ("vservice", ("Vservices",)),
    "CliFetchInstanceVnics": ("vnic", ("InstanceVnics",)),
    "CliFetchInstanceVnicsVpp": ("vnic", ("InstanceVnics",)),
    "CliFetchOtepsLxb": ("otep", ("LinuxBridgeOteps",)),
    "CliFetchVconnectorsLxb": ("vconnector", ("LinuxBridges",)),
    "CliFetchVconnectorsOvs": ("vconnector", ("LinuxBridges",)),
    "CliFetchVconnectorsVpp": ("vconnector", ("VppBridgeDomains",)),
    "CliFetchVserviceVnics": ("vnic", ("VserviceVnics",)),
    "DbFetchAZNetworkHosts": ("host", ("Hosts",)),
    "DbFetchAggregateHosts": ("host_ref", ("AggregateHosts",)),
    "DbFetchAggregates": ("aggregate", ("Aggregates",)),
    "DbFetchAvailabilityZones": ("availability_zone", ("AvailabilityZones",)),
    "DbFetchHostInstances": ("instance", ("Instances",)),
    "DbFetchHostNetworkAgents": ("network_agent", ("NetworkAgents",)),
    "DbFetchInstances": ("instance", ("Instances",)),
    "DbFetchOteps": ("otep", ("OvsOteps", "VppOteps")),
    "DbFetchPort": ("port", ("Ports",)),
    "DbFetchVedgesOvs": ("vedge", ("OvsVedges",)),
    "DbFetchVedgesVpp": ("vedge", ("VppVedges",)),
}
"""Older fetcher -> the type that it found, and the fetchers that find these objects now."""

OLDER_SCANNERS: Final = frozenset(
    {
        "ScanAggregatesRoot",
        "ScanAvailabilityZonesRoot",
        "ScanHostNetworkAgentsRoot",
        "ScanInstancesRoot",
        "ScanNamespacesRoot",
        "ScanNetworkAgentsRoot",
        "ScanNetworksRoot",
        "ScanOteps",
        "ScanPnicsRoot",
        "ScanSpines",
        "ScanVconnectorsRoot",
        "ScanVedgePnicsRoot",
        "ScanVedgesRoot",
        "ScanVnicsRoot",
        "ScanVppPnicsRoot",
        "ScanVservicesRoot",
    }
)
"""Older scanners that no longer exist, because other scanners find the same objects."""

OLDER_FINDERS: Final = frozenset(
    {
        "FindImplicitLinks",
        "FindLinksForInstanceVnics",
        "FindLinksForOteps",
        "FindLinksForPnics",
        "FindLinksForVconnectors",
        "FindLinksForVedges",
        "FindLinksForVserviceVnics",
    }
)
"""Older link finders, whose links the shipped ones find."""

OLDER_BASE: Final = "FindLinks"
"""The base of all older link finders, ``calipso_nornir.guide.FindLinks``."""
