# SPDX-License-Identifier: Apache-2.0
"""Makes a recording that can be shared: names, addresses and ids are replaced, and all relations are preserved."""
