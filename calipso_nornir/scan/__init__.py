# SPDX-License-Identifier: Apache-2.0
"""Floor 4: the scan engine: plan, gather in rounds, place, link, build cliques, sweep, report."""
