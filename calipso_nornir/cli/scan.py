# SPDX-License-Identifier: Apache-2.0
"""``calipso scan``: scans an environment."""

import logging

from calipso_nornir.cli.mongo_config import use_mongo
from calipso_nornir.cli.output import Format
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.scan_options import ScanOptions
from calipso_nornir.cli.shared_options import Output


def scan(run: Run, *, options: ScanOptions, output: Output = Format.TABLE) -> None:
    """Scan an environment and store what was found."""
    from calipso_nornir.cli.scanning import scan_and_tell  # noqa: PLC0415 - what takes long comes when needed

    if options.loglevel is not None:
        run.log_at(logging.getLevelNamesMapping()[options.loglevel.name])
    use_mongo(run, options.mongo_config)
    scan_and_tell(run, options, output)
