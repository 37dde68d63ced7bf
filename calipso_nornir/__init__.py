# SPDX-License-Identifier: Apache-2.0
"""Discovers what a cloud's virtual network really looks like, and keeps that picture up to date.

>>> from calipso_nornir import Cloud, open_cloud, run_scan
>>> report = run_scan("my-cloud")  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir._version import __version__

if TYPE_CHECKING:
    from calipso_nornir import errors
    from calipso_nornir.analysis.paths import NetworkPath, network_paths
    from calipso_nornir.model.environment import Environment
    from calipso_nornir.scan.cloud import Cloud, open_cloud
    from calipso_nornir.scan.engine import run_scan
    from calipso_nornir.scan.plan import ScanPlan
    from calipso_nornir.scan.report import ScanReport
    from calipso_nornir.sources.recording import ReplaySource
    from calipso_nornir.store import open_store

__all__ = [
    "Cloud",
    "Environment",
    "NetworkPath",
    "ReplaySource",
    "ScanPlan",
    "ScanReport",
    "__version__",
    "errors",
    "network_paths",
    "open_cloud",
    "open_store",
    "run_scan",
]

_HOME = {
    "Cloud": "calipso_nornir.scan.cloud",
    "Environment": "calipso_nornir.model.environment",
    "NetworkPath": "calipso_nornir.analysis.paths",
    "ReplaySource": "calipso_nornir.sources.recording",
    "ScanPlan": "calipso_nornir.scan.plan",
    "ScanReport": "calipso_nornir.scan.report",
    "network_paths": "calipso_nornir.analysis.paths",
    "open_cloud": "calipso_nornir.scan.cloud",
    "open_store": "calipso_nornir.store",
    "run_scan": "calipso_nornir.scan.engine",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - PEP 562: names are imported when they are first used
    """Import a public name when it is asked for: ``import calipso_nornir`` alone opens no library."""
    from importlib import import_module  # noqa: PLC0415 - as above

    if name == "errors":
        return import_module("calipso_nornir.errors")
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
