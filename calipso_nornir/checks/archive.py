# SPDX-License-Identifier: Apache-2.0
"""Packs the probe into one file that Python runs: ``python3 calipso-probe.pyz``.

The same sources give the same bytes, so a repeated deployment copies nothing. Checks of installed distributions are in
it (``others``). Modules have the same names in it as here, so that theirs can import ours.
"""

import argparse
import io
import sys
import zipfile
from pathlib import Path

from .atomic import write_whole
from .named_checks import OURS
from .others import BadChecks, sources

NAME = "calipso-probe.pyz"
PACKAGE = "calipso_nornir.checks"
OTHERS = "calipso_others"
_SHEBANG = b"#!/usr/bin/env python3\n"
_MAIN = f"import sys\n\nfrom {PACKAGE}.probe import main\n\nsys.exit(main())\n"
_EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The first moment that a ZIP file can hold (APPNOTE 4.4.6)."""
_REGULAR_0644 = 0o100644 << 16
_NOT_ON_HOSTS = {"archive.py", "host_python.py", "others.py", "rights.py", "__main__.py"}
_OTHERS = '''"""Checks of others in this archive; one that does not work here must not keep the rest from working."""

import importlib

MODULES = []
FAULTS = {{}}
for _name in {names!r}:
    try:
        MODULES.append(importlib.import_module("{package}." + _name))
    except Exception as error:
        FAULTS[_name] = "{{}}: {{}}".format(type(error).__name__, error)
'''


def archive() -> bytes:
    """Return the content of the archive; raises BadChecks if a module of others cannot run on hosts."""
    folder, above = PACKAGE.replace(".", "/"), PACKAGE.partition(".")[0]
    others = sources(frozenset(check.name for module in OURS for check in module.CHECKS))
    content = {"__main__.py": _MAIN.encode(), f"{above}/__init__.py": b"", f"{OTHERS}/__init__.py": b""}
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.name not in _NOT_ON_HOSTS:
            content[f"{folder}/{path.name}"] = path.read_bytes()
    content[f"{folder}/others.py"] = _OTHERS.format(names=sorted(others), package=OTHERS).encode()
    content.update((f"{OTHERS}/{name}.py", source) for name, source in sorted(others.items()))
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
    try:
        content = archive()
    except BadChecks as error:
        sys.exit(f"calipso-probe: {error}")
    write_whole(path, content, 0o755)
    sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
