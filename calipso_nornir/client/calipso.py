# SPDX-License-Identifier: Apache-2.0
"""The client: a method for each operation of ``/api/v2``."""

from __future__ import annotations

from calipso_nornir.client.access import Access
from calipso_nornir.client.environments import Environments
from calipso_nornir.client.history import History
from calipso_nornir.client.metadata import Metadata
from calipso_nornir.client.picture import Picture
from calipso_nornir.client.scans import Scans
from calipso_nornir.client.statuses import Statuses
from calipso_nornir.client.subscriptions import Subscriptions


class Calipso(Access, Environments, Picture, History, Scans, Statuses, Metadata, Subscriptions):
    """One user of one API, and everything that it serves.

    Args:
        url: where it is, e.g. ``https://calipso.example.com``.
        token: of the user; without one, ``log_in`` makes one.
        verify: whether https has to have a trusted certificate; or a file with those to trust.
        timeout_s: for each answer to begin.
    """
