# SPDX-License-Identifier: Apache-2.0
"""``calipso env import``: a description made of what OpenStack's own clients know."""

from typing import Annotated

import typer

from calipso_nornir.cli.meant import keep_description
from calipso_nornir.cli.output import as_yaml
from calipso_nornir.cli.running import Run

Drivers = Annotated[
    list[str] | None,
    typer.Option("--mechanism-driver", metavar="NAME", help="OVS, LXB …: what clouds.yaml does not know. Repeatable."),
]


def env_import(  # noqa: PLR0913 - the options of the command
    run: Run,
    *,
    os_cloud: Annotated[
        str | None,
        typer.Option("--os-cloud", metavar="NAME", help="Entry of clouds.yaml; without it the OS_* variables."),
    ] = None,
    name: Annotated[str | None, typer.Option("--name", metavar="ENV", help="Name of the environment.")] = None,
    mechanism_drivers: Drivers = None,
    type_drivers: Annotated[
        str | None, typer.Option("--type-driver", metavar="NAME", help="vxlan, vlan …: how networks are told apart.")
    ] = None,
    distribution: Annotated[
        str | None, typer.Option("--distribution", metavar="NAME", help="Kolla, Debian …: how tools are called.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace another description of that name.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the description as YAML; keep nothing.")] = False,
) -> None:
    """Make an environment of a cloud that openstack clients know."""
    from calipso_nornir.metadata.environments import environment_document, read_environment  # noqa: PLC0415 - what takes long comes when needed
    from calipso_nornir.metadata.os_cloud import import_os_cloud  # noqa: PLC0415 - what takes long comes when needed

    described = import_os_cloud(os_cloud, environment=name)
    more = {"mechanism_drivers": mechanism_drivers, "type_drivers": type_drivers, "distribution": distribution}
    described |= {key: value for key, value in more.items() if value}
    environment = read_environment(described, where=f"cloud {os_cloud or 'of the OS_* variables'}")
    if dry_run:
        run.out.file.write(as_yaml(environment_document(environment)))
    else:
        with run.store(use="make") as store:
            keep_description(run, store, environment, replace=replace)
    if not environment.mechanism_drivers:
        run.err.say(("note: ", "yellow"), "without mechanism drivers no bridges and switches are looked at")
    if environment.section("CLI") is None:
        run.err.say(("note: ", "yellow"), "without a section CLI no host is logged in to: see calipso env show")
