# SPDX-License-Identifier: Apache-2.0
"""How the devices of one host are wired together; fetchers and link finders build on it.

``devices`` is for fetchers: the kernel's devices, connected by the kernel's own references. ``vlan_modes`` determines
which frames a port of Open vSwitch passes on. ``host`` is for link finders: the joints of a host (bridges, physical
interfaces) and the wires between them, built from stored objects. ``vpp`` does the same for the interfaces of VPP.
``devices`` and ``host`` speak of a device's *stack*: the device, its lower device or the other end of its veth pair,
and so on down to the first device that joins several.
"""
