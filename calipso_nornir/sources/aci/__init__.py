# SPDX-License-Identifier: Apache-2.0
"""The APIC of a Cisco ACI fabric: login, pages, answers."""
