# SPDX-License-Identifier: Apache-2.0
"""Reads all that monitoring an environment needs from the store: its plan, its monitoring system, and the files."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.errors import InvalidRequest
from calipso_nornir.metadata.environment_sections import CliSection, MonitoringSection
from calipso_nornir.metadata.nearest import nearest
from calipso_nornir.model.environment import SecretRef
from calipso_nornir.monitoring.back_ends.base import Wish
from calipso_nornir.monitoring.back_ends.named_back_ends import back_end
from calipso_nornir.monitoring.file_templates import stored_templates
from calipso_nornir.monitoring.planning import plan
from calipso_nornir.sources.secrets import resolve
from calipso_nornir.store.environments import load_environment, stored_environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from calipso_nornir.metadata.catalog import Catalog
    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.stores import Store
    from calipso_nornir.monitoring.back_ends.base import BackEnd, Rendered
    from calipso_nornir.monitoring.planning import MonitoringPlan

SECTION: Final = "Monitoring"
FIELDS: Final = ("environment_type", "distribution", "distribution_version", "mechanism_drivers", "type_drivers")


class DeploymentLevel(StrEnum):
    """How far a deployment goes; each level includes those before it."""

    NONE = "none"
    DB = "db"
    FILES = "files"
    DEPLOY = "deploy"

    def includes(self, other: DeploymentLevel) -> bool:
        """Return whether this level includes another."""
        order = list(DeploymentLevel)
        return order.index(self) >= order.index(other)


def level_of(text: str) -> DeploymentLevel:
    """Return a level by its name, in any case; raises InvalidRequest."""
    try:
        return DeploymentLevel(text.lower())
    except ValueError:
        known = [one.value for one in DeploymentLevel]
        raise InvalidRequest(
            f'"{text}" is no level of provision: expected {", ".join(known)}{nearest(text.lower(), known)}'
        ) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """An environment that is ready to be monitored."""

    environment: Environment
    plan: MonitoringPlan
    back_end: BackEnd
    wish: Wish
    level: DeploymentLevel
    folder: str | None
    any_of: frozenset[str] = frozenset()
    """Types that work as long as one of their checks is OK."""

    def files(self) -> list[Rendered]:
        """Return all files, ordered by path."""
        return sorted(self.back_end.render(self.wish), key=lambda one: one.path)


def settings_of(environment: Environment, secret: Callable[[SecretRef], str] = resolve) -> dict[str, Any]:
    """Return the section Monitoring with its secrets; raises InvalidRequest if there is none, or it is switched off."""
    section = environment.section(SECTION)
    if section is None:
        raise InvalidRequest(f"environment {environment.name} has no section {SECTION}: add one (docs/monitoring.md)")
    return {key: secret(one) if isinstance(one, SecretRef) else one for key, one in section.items()}


def cli_section(environment: Environment) -> CliSection:
    """Return the section CLI, which says how hosts are reached, and which of them are excluded."""
    return CliSection.model_validate(environment.section("CLI") or {})


def plan_of(store: Store, name: str, catalog: Catalog) -> MonitoringPlan:
    """Plan an environment, even without a section Monitoring or a description; nothing is written."""
    excluded: tuple[str, ...] = ()
    if stored_environment(store, name) is not None:
        excluded = cli_section(load_environment(store, name, constants=catalog.constants, complete=False)).exclude
    with store.snapshot(name) as view:
        return plan(view, catalog, excluded=excluded)


def prepare(store: Store, name: str, catalog: Catalog, *, secret: Callable[[SecretRef], str] = resolve) -> Prepared:
    """Plan an environment, and find its monitoring system. This reads secrets and writes nothing.

    Raises:
        InvalidRequest: the environment has no section Monitoring, or has ``enable_monitoring: false``.
    """
    environment = load_environment(store, name, constants=catalog.constants, complete=False)
    settings = settings_of(environment, secret)
    cli = cli_section(environment)
    with store.snapshot(name) as view:
        made = plan(view, catalog, excluded=cli.exclude)
        addresses = {one.id: str(one.get("ip_address") or "") for one in view.of_type("host")}
    addresses |= {host: access.host for host, access in cli.hosts.items() if access.host}
    told = {key: environment.value(key) for key in FIELDS}
    wish = Wish(
        plan=made,
        settings=settings,
        environment={**told, "addresses": addresses},
        templates=stored_templates(store),
    )
    enabled = environment.value("enable_monitoring") is not False
    provision = str(settings.get("provision") or MonitoringSection.model_fields["provision"].default)
    return Prepared(
        environment=environment,
        plan=made,
        back_end=back_end(str(settings.get("type") or MonitoringSection.model_fields["type"].default)),
        wish=wish,
        level=level_of(provision) if enabled else DeploymentLevel.NONE,
        folder=settings.get("config_folder"),
        any_of=catalog.monitoring.any_of,
    )
