# SPDX-License-Identifier: Apache-2.0
"""The release number, read by the build."""

__version__ = "0.1.0"
