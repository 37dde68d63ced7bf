# SPDX-License-Identifier: Apache-2.0
"""``calipso store backup``, ``restore`` and ``vacuum``: copy a store to a file and back, and reduce its size."""

from pathlib import Path
from typing import Annotated

import typer

from calipso_nornir.cli.mongo_config import MongoConfig, use_mongo
from calipso_nornir.cli.running import Run

_MB = 1_000_000


def store_backup(
    run: Run,
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write; it must not exist.")],
    mongo_config: MongoConfig = None,
) -> None:
    """Copy the store to a file, with its history.

    The store can be used meanwhile. Secrets that were received by the API are files (serve --secrets), and are not
    in the copy.
    """
    from calipso_nornir.store.backup import back_up  # noqa: PLC0415 - what takes long comes when needed

    use_mongo(run, mongo_config)
    made = back_up(run.uri, file.expanduser())
    size = sum(one.bytes for one in made.members.values())
    run.out.say(f"{file}: {made.kind}, {size / _MB:.1f} MB in {file.expanduser().stat().st_size / _MB:.1f} MB, checked")


def store_restore(
    run: Run,
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that calipso store backup has written.")],
    mongo_config: MongoConfig = None,
) -> None:
    """Restore a store from a backup.

    The file is checked first. The store must not exist, or its database must be empty.
    """
    from calipso_nornir.store import shown_uri  # noqa: PLC0415 - as above
    from calipso_nornir.store.backup import restore  # noqa: PLC0415 - as above

    use_mongo(run, mongo_config)
    made = restore(run.uri, file.expanduser())
    run.out.say(f"{shown_uri(run.uri)}: restored as it was at {made.made_at} (release {made.version})")


def store_vacuum(run: Run, *, mongo_config: MongoConfig = None) -> None:
    """Return the space of removed documents to the file system."""
    from calipso_nornir.store import shown_uri  # noqa: PLC0415 - as above
    from calipso_nornir.store.backup import vacuum  # noqa: PLC0415 - as above

    use_mongo(run, mongo_config)
    before, after = vacuum(run.uri)
    run.out.say(f"{shown_uri(run.uri)}: {before / _MB:.1f} MB before, {after / _MB:.1f} MB now")
