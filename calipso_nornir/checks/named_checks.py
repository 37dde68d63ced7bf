# SPDX-License-Identifier: Apache-2.0
"""All checks by name, with their parameters: those of this package, and those of installed distributions."""

from typing import Dict

from . import links, openvswitch, ping, services, vpp
from .others import MODULES
from .values import Check

OURS = (ping, links, openvswitch, vpp, services)
CHECKS: Dict[str, Check] = {check.name: check for module in (*MODULES, *OURS) for check in module.CHECKS}
