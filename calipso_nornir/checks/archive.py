# SPDX-License-Identifier: Apache-2.0
"""Packs the probe into one file that Python runs: ``python3 calipso-probe.pyz``.

The same sources give the same bytes, so a repeated deployment copies nothing.
"""

import argparse
import io
import sys
import zipfile
from pathlib import Path

from .atomic import write_whole

NAME = "calipso-probe.pyz"
PACKAGE = "calipso_checks"
_SHEBANG = b"#!/usr/bin/env python3\n"
_MAIN = f"import sys\n\nfrom {PACKAGE}.probe import main\n\nsys.exit(main())\n"
_EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The first moment that a ZIP file can hold (APPNOTE 4.4.6)."""
_REGULAR_0644 = 0o100644 << 16
_NOT_ON_HOSTS = {"archive.py", "rights.py", "__main__.py"}


def archive() -> bytes:
    """Return the content of the archive."""
    content = {"__main__.py": _MAIN.encode()}
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.name not in _NOT_ON_HOSTS:
            content[f"{PACKAGE}/{path.name}"] = path.read_bytes()
    buffer = io.BytesIO(_SHEBANG)
    buffer.seek(0, io.SEEK_END)
    with zipfile.ZipFile(buffer, "a") as packed:
        for name, data in content.items():
            entry = zipfile.ZipInfo(name, _EARLIEST)
            # Not compressed: the output differs between releases of zlib
            entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_STORED, _REGULAR_0644, 3
            packed.writestr(entry, data)
    return buffer.getvalue()


def main() -> None:
    """Write the archive to the path that is given."""
    parser = argparse.ArgumentParser(prog="python -m calipso_nornir.checks.archive", description=main.__doc__)
    parser.add_argument("path", nargs="?", default=NAME)
    path = parser.parse_args().path
    write_whole(path, archive(), 0o755)
    sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
