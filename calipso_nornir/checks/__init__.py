# SPDX-License-Identifier: Apache-2.0
"""Checks of objects and links, and the probe that runs them on a host.

Hosts have only Python (3.6 or later), so this package uses the standard library and imports nothing else of calipso.
``archive`` packs it into one file, ``calipso-probe.pyz``.
"""
