# SPDX-License-Identifier: Apache-2.0
"""The interface of a back end: it renders files from a plan, and reads what the monitoring system sends."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.monitoring.check_names import encoded
from calipso_nornir.monitoring.results import KEEPALIVE, Refused, Result, read_results

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from calipso_nornir.monitoring.file_templates import FileTemplate
    from calipso_nornir.monitoring.planning import MonitoringPlan

PROBE: Final = "probe"
"""The check of a host that shows whether the probe works."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A file that is to be deployed; ``secret``: it contains a secret, so only its owner may read it."""

    path: str
    text: str
    secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The input of rendering.

    Attributes:
        plan: which checks run where.
        settings: the section Monitoring of the environment, with its secrets in plain text.
        environment: fields of the environment by name, for the conditions of templates.
        templates: of ``monitoring_config_templates``.
    """

    plan: MonitoringPlan
    settings: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
    templates: Sequence[FileTemplate] = ()

    def setting(self, name: str, default: Any) -> Any:  # noqa: ANN401 - a value of the section
        """Return a setting; the default if it is not given."""
        value = self.settings.get(name)
        return default if value in (None, "") else value


@dataclass(frozen=True, slots=True)
class Received:
    """The content of a message of a monitoring system."""

    results: tuple[Result, ...] = ()
    refused: tuple[Refused, ...] = ()


@runtime_checkable
class BackEnd(Protocol):
    """A monitoring system."""

    @property
    def name(self) -> str:
        """Its name, which is also the path of its receiver."""
        ...

    def render(self, wish: Wish) -> Iterable[Rendered]:
        """Yield its files, by path: ``host/HOST/…`` for hosts, ``server/…`` for the monitoring system itself."""
        ...

    def receive(self, message: Any) -> Received:  # noqa: ANN401 - any JSON
        """Read one message; parts that cannot be read are returned as such, never raised."""
        ...


def objects_files(plan: MonitoringPlan) -> Iterable[Rendered]:
    """Yield the file that the probe of each host reads."""
    for host in plan.hosts:
        yield Rendered(f"host/{encoded(host)}/objects.json", plan.objects_json(host))


def as_json(value: Any) -> str:  # noqa: ANN401 - any JSON
    """Return JSON for files: the same value always gives the same text."""
    return json.dumps(value, indent=2, sort_keys=True) + "\n"


def printed_results(output: str) -> Received:
    """Read the output of the probe: lines of JSON, perhaps mixed with lines of its standard error."""
    rows: list[Any] = []
    broken: list[Refused] = []
    for line in output.splitlines():
        if not line.startswith("{"):
            continue
        try:
            rows.append(json.loads(line))
        except ValueError:
            broken.append(Refused(line[:80], "is not JSON, or was cut off"))
    results, refused = read_results(rows)
    return Received(tuple(results), (*broken, *refused))


def of_host(  # noqa: PLR0913 - the fields of a result
    environment: str, host: str, *, check: str, status: int, text: str, at: datetime
) -> Result:
    """Return a result about a host itself: whether its agent (``keepalive``) or its probe works."""
    suffix = "" if check == KEEPALIVE else f"_{check}"
    return Result(
        environment=environment,
        host=host,
        of=ObjectRef(environment, "host", host).document_id,
        kind="inventory",
        type="host",
        name=encoded(f"host_{host}{suffix}"),
        check=check,
        status=status,
        text=text,
        checked_at=at,
    )
