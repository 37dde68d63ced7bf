# SPDX-License-Identifier: Apache-2.0
"""The store contract, on SQLite and on a real mongod."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calipso_nornir.testing.collection_contract import CollectionContract
from calipso_nornir.testing.query_contract import QueryContract
from calipso_nornir.testing.revision_contract import RevisionContract
from calipso_nornir.testing.search_contract import SearchContract
from calipso_nornir.testing.store_contract import StoreContract

if TYPE_CHECKING:
    from collections.abc import Callable

    from calipso_nornir.model.stores import Store
    from tests.fixtures.places import Place

pytest_plugins = ["tests.fixtures.stores"]


class TestSqlite(StoreContract, RevisionContract, QueryContract, CollectionContract, SearchContract):
    """The embedded store."""

    @pytest.fixture
    def opened(self, sqlite_place: Place) -> Callable[[], Store]:
        """Open it as a user does."""
        return sqlite_place.open


class TestMongo(StoreContract, RevisionContract, QueryContract, CollectionContract, SearchContract):
    """MongoDB."""

    @pytest.fixture
    def opened(self, mongo_place: Place) -> Callable[[], Store]:
        """Open it as a user does."""
        return mongo_place.open
