# SPDX-License-Identifier: Apache-2.0
"""Switches and ports of a Cisco ACI fabric, as its APIC describes them."""
