# SPDX-License-Identifier: Apache-2.0
"""The queries to OVN's databases, each sent once per scan, and their errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.errors import SourceNotConfigured
from calipso_nornir.model.ovsdb import OvsdbTables
from calipso_nornir.parsing import ovn_logical, ovn_northbound, ovn_southbound

if TYPE_CHECKING:
    from calipso_nornir.model.answers import Answers
    from calipso_nornir.parsing.ovn_northbound import Northbound
    from calipso_nornir.parsing.ovn_southbound import Southbound

SOUTHBOUND = OvsdbTables("OVN_Southbound", ovn_southbound.TABLES, ovn_southbound.PARSER)
NORTHBOUND = OvsdbTables("OVN_Northbound", ovn_northbound.TABLES, ovn_northbound.PARSER)
LOGICAL = OvsdbTables("OVN_Northbound", ovn_logical.TABLES, ovn_logical.PARSER)
"""Northbound where OVN-Kubernetes wrote it."""


def southbound_or_blank(answers: Answers) -> Southbound | None:
    """Return the Southbound database; None if it is not configured, or did not answer.

    If it did not answer, attributes that only it provides keep their values; if it is not configured, there are none.
    """
    return answers.or_blank(SOUTHBOUND) if is_described(answers) else None


def is_described(answers: Answers, database: OvsdbTables = SOUTHBOUND) -> bool:
    """Return whether the environment configures the databases, from the answer to a query that was sent."""
    return not isinstance(answers.failed(database), SourceNotConfigured)


def both(answers: Answers) -> tuple[Northbound, Southbound] | None:
    """Return both databases; None if they are not configured. Raises their errors."""
    return (answers[NORTHBOUND], answers[SOUTHBOUND]) if is_described(answers) else None
