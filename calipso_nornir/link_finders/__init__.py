# SPDX-License-Identifier: Apache-2.0
"""Floor 3: link finders. Each reads a view and yields links of the types that it declares."""
