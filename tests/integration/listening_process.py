# SPDX-License-Identifier: Apache-2.0
"""A process that listens to the small cloud, for tests that kill it: STORE, and a file with what the cloud is now."""

from __future__ import annotations

import logging
import pickle
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from calipso_nornir.live.session import Session
from calipso_nornir.store import open_store
from tests.fixtures.living import Changing
from tests.fixtures.tiny_cloud import TinyCloud

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calipso_nornir.errors import CalipsoError
    from calipso_nornir.model.protocols import Reply
    from calipso_nornir.model.queries import Query


class Written(Changing):
    """Answers what a file says that the cloud is."""

    def __init__(self, path: Path) -> None:
        super().__init__(TinyCloud())
        self._path = path

    def answer(self, queries: Sequence[Query]) -> dict[Query, Reply | CalipsoError]:
        """Answer a round."""
        self.cloud = pickle.loads(self._path.read_bytes())  # noqa: S301 - the test wrote it
        return super().answer(queries)


def main(store_uri: str, cloud: str) -> None:
    """Listen until SIGTERM."""
    logging.basicConfig(level=logging.WARNING)
    store = open_store(store_uri)
    session = Session(store, "cloud", source=Written(Path(cloud)))
    signal.signal(signal.SIGTERM, lambda _number, _frame: session.stop())
    session.run()
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
