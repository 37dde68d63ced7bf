# SPDX-License-Identifier: Apache-2.0
"""Floor 1: the declarations in JSON files (scanners, link finders, clique types …), checked before the first packet."""
