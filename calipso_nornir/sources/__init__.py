# SPDX-License-Identifier: Apache-2.0
"""Floor 2: sources answer the queries of a scan. Only sources and stores do I/O."""
