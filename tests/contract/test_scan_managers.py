# SPDX-License-Identifier: Apache-2.0
"""Two scan managers on one store, killed with SIGKILL at random moments: 100 requests are run, each to one outcome.

``make soak`` does so with 1,000 requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.manager_process import check, fill, kill_until_done

if TYPE_CHECKING:
    from tests.fixtures.places import Place

pytest_plugins = ["tests.fixtures.stores"]


@pytest.mark.chaos
def test_killed_managers_lose_and_double_nothing(place: Place) -> None:
    store = place.open()
    ids = fill(store, 100)
    kill_until_done(place, ids, kills=4, seed=1)
    attempts = check(store, ids)
    assert sum(attempts.values()) == len(ids)
    assert max(attempts) > 1, "a killed one's request was run again"
