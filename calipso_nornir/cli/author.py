# SPDX-License-Identifier: Apache-2.0
"""Who types: noted in what a command asks others to do."""

import getpass
import os


def author() -> str:
    """Return the user's name, or the number of one that has no name (in a container)."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
