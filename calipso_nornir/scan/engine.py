# SPDX-License-Identifier: Apache-2.0
"""One scan of an environment, from opening it to closing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.scan.cloud import open_cloud
from calipso_nornir.scan.plan import ScanPlan
from calipso_nornir.scan.progress_events import SILENT

if TYPE_CHECKING:
    from pathlib import Path

    from nornir.core import Nornir

    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.protocols import Source
    from calipso_nornir.model.stores import Store
    from calipso_nornir.scan.progress_events import Progress
    from calipso_nornir.scan.report import ScanReport


def run_scan(  # noqa: PLR0913 - all have defaults, except the environment
    environment: str | Environment,
    *,
    plan: ScanPlan | None = None,
    store: Store | str | Path | None = None,
    nornir: Nornir | None = None,
    source: Source | None = None,
    progress: Progress = SILENT,
    scan_id: str | None = None,
) -> ScanReport:
    """Scan an environment once: open it, scan, close it. Arguments and errors are those of ``open_cloud`` and ``scan``.

    >>> run_scan("lab", plan=ScanPlan(object_id="node-7", object_type="host"))  # doctest: +SKIP
    """
    plan = plan or ScanPlan()
    with open_cloud(
        environment, store=store, nornir=nornir, source=source, metadata=plan.metadata, progress=progress
    ) as cloud:
        return cloud.scan(plan, scan_id=scan_id)
