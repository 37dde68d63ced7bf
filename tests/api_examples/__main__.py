# SPDX-License-Identifier: Apache-2.0
"""Writes the examples: ``python -m tests.api_examples FILE``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.api_examples.making import made, written

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        Path(sys.argv[1]).write_text(written(made(Path(folder))), encoding="utf-8")
