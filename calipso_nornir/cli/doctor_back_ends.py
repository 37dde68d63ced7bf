# SPDX-License-Identifier: Apache-2.0
"""The back ends that ``calipso doctor`` tests: those that ``calipso serve`` would use, with the same options."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from calipso_nornir.cli.mongo_config import MONGO_HELP, use_mongo
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.serve_options import LDAP_HELP, OIDC_HELP, directory_of, issuer_of
from calipso_nornir.cli.shared_options import INVENTORY_HELP, spelled
from calipso_nornir.errors import CalipsoError, ConfigurationError, InvalidRequest
from calipso_nornir.model.source_kinds import Finding

if TYPE_CHECKING:
    from calipso_nornir.access.directory import Directory
    from calipso_nornir.access.issuer import Issuer


def _as_served(name: str, *short: str, metavar: str, text: str) -> Any:  # noqa: ANN401 - as typer has it
    """Declare an option that serve has, too. Doctor's own environment variable takes precedence over that of serve."""
    variables = [f"CALIPSO_{command}_{name.upper()}" for command in ("DOCTOR", "SERVE")]
    return typer.Option(*spelled(name), *short, metavar=metavar, envvar=variables, show_envvar=False, help=text)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedFrom:
    """Where serve finds its back ends."""

    mongo_config: Annotated[str | None, _as_served("mongo_config", "-m", metavar="FILE", text=MONGO_HELP)] = None
    ldap_config: Annotated[str | None, _as_served("ldap_config", metavar="FILE", text=LDAP_HELP)] = None
    oidc_config: Annotated[str | None, _as_served("oidc_config", metavar="FILE", text=OIDC_HELP)] = None
    inventory: Annotated[str | None, _as_served("inventory", "-y", metavar="NAME", text=INVENTORY_HELP)] = None


def try_served(run: Run, served: ServedFrom) -> Iterator[Finding]:
    """Yield what is found. A faulty settings file is a finding, too; the other back ends are still tested."""
    yield from _store(run, served)
    if served.ldap_config:
        yield from _service("LDAP", served.ldap_config, directory_of)
    if served.oidc_config:
        yield from _service("OpenID Connect", served.oidc_config, issuer_of)


def _store(run: Run, served: ServedFrom) -> Iterator[Finding]:
    from calipso_nornir.store.connection_check import SECTION, try_store  # noqa: PLC0415 - as above
    from calipso_nornir.store.names import DEFAULT_INVENTORY  # noqa: PLC0415 - what takes long comes when needed

    try:
        use_mongo(run, served.mongo_config)
    except ConfigurationError as error:
        yield Finding(SECTION, "settings", ok=False, detail=str(error))
        return
    found = list(try_store(run.uri, inventory=served.inventory or DEFAULT_INVENTORY))
    yield from found
    if any(one.ok for one in found if one.what == "layout"):
        yield _environments(run, served.inventory)


def _environments(run: Run, inventory: str | None) -> Finding:
    from calipso_nornir.store.environments import environment_names  # noqa: PLC0415 - as above

    try:
        with run.store(inventory=inventory) as store:
            names = environment_names(store)
    except CalipsoError as error:
        return Finding("store", "environments", ok=False, detail=str(error))
    return Finding("store", "environments", ok=True, detail=", ".join(names) or "none yet")


def _service(section: str, path: str, service_of: "Callable[[str], Directory | Issuer]") -> Iterator[Finding]:
    try:
        service = service_of(path)
    except (ConfigurationError, InvalidRequest) as error:
        yield Finding(section, "settings", ok=False, detail=str(error))
        return
    yield from service.check()
