# SPDX-License-Identifier: Apache-2.0
"""Network devices as the kernel's /sys shows them."""

from __future__ import annotations

from calipso_nornir.errors import ParseError
from calipso_nornir.parsing.rows import NetDevice
from calipso_nornir.parsing.templates import one, tool_rows


def devices(text: str) -> tuple[NetDevice, ...]:
    """Read ``ls -l /sys/class/net``; plain files among the links (``bonding_masters``) are no devices."""
    rows = tool_rows("linux_ls_-l_sys_class_net", text)
    if not rows:
        raise ParseError("ls_sys_class_net", "no device, but every namespace has at least its lo")
    return tuple(NetDevice(one(row, "interface"), one(row, "target")) for row in rows)
