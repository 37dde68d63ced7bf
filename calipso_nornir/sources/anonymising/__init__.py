# SPDX-License-Identifier: Apache-2.0
"""Makes a recording that can be given away: names, addresses and ids are replaced, what is joined stays joined."""
