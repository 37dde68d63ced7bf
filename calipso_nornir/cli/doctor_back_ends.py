# SPDX-License-Identifier: Apache-2.0
"""The back ends that ``calipso doctor`` tries: those that ``calipso serve`` would use, by the same options."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from calipso_nornir.cli.mongo_config import use_mongo
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.serve_options import LDAP_HELP, OIDC_HELP, directory_of, issuer_of
from calipso_nornir.errors import CalipsoError, ConfigurationError, InvalidRequest
from calipso_nornir.model.source_kinds import Finding

if TYPE_CHECKING:
    from calipso_nornir.access.directory import Directory
    from calipso_nornir.access.issuer import Issuer


def _variables(option: str) -> list[str]:
    """Return where an option is looked for in the environment: doctor's own variable, then that of serve."""
    return [f"CALIPSO_DOCTOR_{option}", f"CALIPSO_SERVE_{option}"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedFrom:
    """Where serve finds its back ends."""

    mongo_config: Annotated[
        str | None,
        typer.Option(
            "--mongo_config",
            "--mongo-config",
            "-m",
            metavar="FILE",
            envvar=_variables("MONGO_CONFIG"),
            show_envvar=False,
            help='File that says where MongoDB is, in lines of "key value".',
        ),
    ] = None
    ldap_config: Annotated[
        str | None,
        typer.Option(
            "--ldap_config",
            "--ldap-config",
            metavar="FILE",
            envvar=_variables("LDAP_CONFIG"),
            show_envvar=False,
            help=LDAP_HELP,
        ),
    ] = None
    oidc_config: Annotated[
        str | None,
        typer.Option(
            "--oidc_config",
            "--oidc-config",
            metavar="FILE",
            envvar=_variables("OIDC_CONFIG"),
            show_envvar=False,
            help=OIDC_HELP,
        ),
    ] = None
    inventory: Annotated[
        str | None,
        typer.Option(
            "--inventory",
            "-y",
            metavar="NAME",
            envvar=_variables("INVENTORY"),
            show_envvar=False,
            help="Use this alternative inventory of the store.",
        ),
    ] = None


def try_served(run: Run, served: ServedFrom) -> Iterator[Finding]:
    """Yield what is found. A settings file that is wrong is a finding, too; the other back ends are still tried."""
    yield from _store(run, served)
    if served.ldap_config:
        yield from _service("LDAP", served.ldap_config, directory_of)
    if served.oidc_config:
        yield from _service("OpenID Connect", served.oidc_config, issuer_of)


def _store(run: Run, served: ServedFrom) -> Iterator[Finding]:
    from calipso_nornir.store.names import DEFAULT_INVENTORY  # noqa: PLC0415 - what takes long comes when needed
    from calipso_nornir.store.trying import SECTION, try_store  # noqa: PLC0415 - as above

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
