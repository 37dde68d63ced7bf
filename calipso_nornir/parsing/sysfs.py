# SPDX-License-Identifier: Apache-2.0
"""Network devices and SR-IOV functions, from the kernel's /sys."""

from __future__ import annotations

import re

from calipso_nornir.errors import ParseError
from calipso_nornir.parsing.rows import FunctionPlace, NetDevice, VirtualFunction
from calipso_nornir.parsing.templates import one, tool_rows


def devices(text: str) -> tuple[NetDevice, ...]:
    """Read ``ls -l /sys/class/net``; plain files among the links (``bonding_masters``) are not devices."""
    rows = tool_rows("linux_ls_-l_sys_class_net", text)
    if not rows:
        raise ParseError("ls_sys_class_net", "no device, but every namespace has at least lo")
    return tuple(NetDevice(one(row, "interface"), one(row, "target")) for row in rows)


_PHYSFN = re.compile(r"/sys/class/net/([^/\s]+)/device/physfn (?:\S*/)?([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])")


def virtual_functions(text: str) -> tuple[VirtualFunction, ...]:
    r"""Read ``find /sys/class/net/*/device/ -maxdepth 1 -name physfn -printf '%p %l\n'``; no line if none.

    This link leads from a virtual function to its physical one (kernel, Documentation/ABI/testing/sysfs-bus-pci).
    """
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        match = _PHYSFN.fullmatch(line)
        if match is None:
            raise ParseError("find_physfn", "a device and a PCI address were expected", number, line[:200])
        found.append(VirtualFunction(match[1], match[2]))
    return tuple(found)


_VIRTFN = re.compile(
    r"/sys/class/net/([^/\s]+)/device/virtfn([0-9]{1,5}) (?:\S*/)?([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])"
)


def function_places(text: str) -> tuple[FunctionPlace, ...]:
    r"""Read ``find /sys/class/net/*/device/ -maxdepth 1 -name 'virtfn*' -printf '%p %l\n'``; no line if none.

    These links lead from a physical function to its virtual ones, including those whose device was given to a guest.
    """
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        match = _VIRTFN.fullmatch(line)
        if match is None:
            raise ParseError("find_virtfn", "a function and a PCI address were expected", number, line[:200])
        found.append(FunctionPlace(match[1], int(match[2]), match[3]))
    return tuple(found)
