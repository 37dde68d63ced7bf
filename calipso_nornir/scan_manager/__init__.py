# SPDX-License-Identifier: Apache-2.0
"""The scan manager: takes requests from a queue in the store, makes requests when schedules are due, runs scans.

Several managers, on one machine or many, share the queue of one store: see ``queue`` and ``slots``.
"""

from calipso_nornir.scan_manager.manager import ScanManager
from calipso_nornir.scan_manager.queue import ScanQueue
from calipso_nornir.scan_manager.recurrence import Recurrence
from calipso_nornir.scan_manager.request import ScanRequest
from calipso_nornir.scan_manager.schedules import Schedule, Schedules

__all__ = ["Recurrence", "ScanManager", "ScanQueue", "ScanRequest", "Schedule", "Schedules"]
