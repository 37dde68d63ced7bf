# SPDX-License-Identifier: Apache-2.0
"""The store in MongoDB, through pymongo; a standalone server is enough."""

from __future__ import annotations

from calipso_nornir.store.mongo.store import MongoStore

__all__ = ["MongoStore"]
