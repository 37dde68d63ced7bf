# SPDX-License-Identifier: Apache-2.0
"""The shell commands in the documentation: each is run by a test, or has a reason (``reasons.py``)."""
