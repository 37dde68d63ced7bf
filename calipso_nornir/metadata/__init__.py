# SPDX-License-Identifier: Apache-2.0
"""Floor 1: declarations in JSON files (scanners, link finders, clique types …), checked before a scan begins."""
