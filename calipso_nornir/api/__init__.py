# SPDX-License-Identifier: Apache-2.0
"""The REST API: a FastAPI application over one store. ``create_app`` makes it; each resource has a module in ``v2``."""

from calipso_nornir.api.app import create_app
from calipso_nornir.api.endpoint import Endpoint
from calipso_nornir.api.settings import ApiSettings

__all__ = ["ApiSettings", "Endpoint", "create_app"]
