# SPDX-License-Identifier: Apache-2.0
"""The user who runs a command, as recorded in requests."""

import getpass
import os


def author() -> str:
    """Return the user's name, or the numeric id if there is no name (in a container)."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
