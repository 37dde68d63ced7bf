# SPDX-License-Identifier: Apache-2.0
"""Writes the examples: ``python -m tests.api_examples EXAMPLES OBJECTS``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.api_examples.making import made, written

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        for path, examples in zip(sys.argv[1:], made(Path(folder)), strict=True):
            Path(path).write_text(written(examples), encoding="utf-8")
