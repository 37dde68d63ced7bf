# SPDX-License-Identifier: Apache-2.0
"""Working plug-ins to begin with, as ``calipso new`` writes them: one folder of ``data`` for each kind."""
