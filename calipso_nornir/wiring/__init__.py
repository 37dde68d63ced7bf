# SPDX-License-Identifier: Apache-2.0
"""Below the plug-ins: what is wired to what on one host.

``devices`` is for fetchers: the kernel's devices, by the kernel's own pointers. ``ports`` says what a port of Open
vSwitch passes on. ``host`` is for link finders: the joints of a host (bridges, physical interfaces) and the wires
between them, put together out of stored objects. Both speak of a device's *stack*: the device, what it stands on, the
other end of its wire, down to the first device that joins several.
"""
