# SPDX-License-Identifier: Apache-2.0
"""What can be known of an environment before it is scanned: whether everything it names answers and suffices."""
