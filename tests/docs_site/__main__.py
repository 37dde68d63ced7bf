# SPDX-License-Identifier: Apache-2.0
"""The command: collects the pages, and writes mkdocs' configuration beside them."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.docs_site.collecting import collect

collect(Path(sys.argv[1]))
