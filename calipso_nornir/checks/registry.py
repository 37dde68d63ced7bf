# SPDX-License-Identifier: Apache-2.0
"""All checks by name, with their parameters."""

from typing import Dict

from . import links, openvswitch, ping, services, vpp
from .values import Check

CHECKS: Dict[str, Check] = {
    check.name: check for module in (ping, links, openvswitch, vpp, services) for check in module.CHECKS
}
