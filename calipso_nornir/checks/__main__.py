# SPDX-License-Identifier: Apache-2.0
"""``python -m calipso_nornir.checks``: the probe."""

import sys

from .probe import main

if __name__ == "__main__":
    sys.exit(main())
