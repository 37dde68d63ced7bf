# SPDX-License-Identifier: Apache-2.0
"""Floor 1: what JSON files declare (scanners, link finders, clique types …), checked before the first packet."""
