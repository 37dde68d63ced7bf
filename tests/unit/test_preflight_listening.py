# SPDX-License-Identifier: Apache-2.0
"""Where notifications come from is tried only if it is described, and a library that is missing is told."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import pytest

from calipso_nornir.model.environment import Environment
from calipso_nornir.preflight.amqp import try_amqp
from calipso_nornir.preflight.kafka import try_kafka
from calipso_nornir.sources.secrets import Vault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from calipso_nornir.model.source_kinds import Finding


@dataclass(frozen=True)
class Kind:
    """A section, what it needs, and what tries it."""

    section: str
    library: str
    extra: str
    module: str
    tried: Callable[..., Iterator[Finding]]


KINDS = [
    Kind("AMQP", "kombu", "amqp", "calipso_nornir.sources.amqp", try_amqp),
    Kind("Kafka", "confluent-kafka", "kafka", "confluent_kafka", partial(try_kafka, topics=["nova"])),
]


def described(*sections: str, listen: bool = False) -> Environment:
    return Environment(name="lab", configuration={section: {} for section in sections}, extra={"listen": listen})


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.section)
def test_who_asks_for_a_section_that_is_not_there_is_told(kind: Kind) -> None:
    (one,) = kind.tried(described(), Vault(), needed=False)
    assert (one.section, one.what, one.ok) == (kind.section, "section", False)
    assert "nothing listens" in one.detail


@pytest.mark.parametrize("listen", [False, True])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.section)
def test_a_missing_library_is_told(kind: Kind, *, listen: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scan does not need it; an environment that listens does."""
    monkeypatch.setitem(sys.modules, kind.module, None)
    (one,) = kind.tried(described(kind.section, listen=listen), Vault(), needed=False)
    assert (one.section, one.what, one.ok, one.needed) == (kind.section, "library", False, listen)
    assert one.detail == f"the library {kind.library} is not installed: pip install 'calipso_nornir[{kind.extra}]'"
