# SPDX-License-Identifier: Apache-2.0
"""``calipso env …``: environments as the store describes them, with references to secrets, never the secrets."""

from typing import Annotated, Any

import typer

from calipso_nornir.cli import completing
from calipso_nornir.cli.choosing import known_environments, one_environment
from calipso_nornir.cli.options import EnvironmentArgument, Metadata, Output
from calipso_nornir.cli.output import Format, as_yaml, emit, table
from calipso_nornir.cli.running import Run, command
from calipso_nornir.errors import InvalidRequest, UnknownEnvironment
from calipso_nornir.model.environment import Environment
from calipso_nornir.model.protocols import Store

Name = Annotated[
    str, typer.Argument(metavar="NAME", autocompletion=completing.environments, help="Name of an environment.")
]
Drivers = Annotated[
    list[str] | None,
    typer.Option("--mechanism-driver", metavar="NAME", help="OVS, LXB …: what clouds.yaml does not know. Repeatable."),
]

app = typer.Typer(no_args_is_help=True, help="Describe environments, try to reach them.")


@command(app)
def add(
    run: Run,
    *,
    file: Annotated[str, typer.Argument(metavar="FILE", help="YAML or JSON that describes an environment.")],
    replace: Annotated[bool, typer.Option("--replace", help="Replace another description of that name.")] = False,
    metadata: Metadata = None,
) -> None:
    """Check a description and keep it in the store."""
    from calipso_nornir.cli.meant import environment_file  # noqa: PLC0415 - what takes long comes when needed

    environment = environment_file(file, metadata or ())
    with run.store(make=True) as store:
        _save(run, store, environment, replace=replace)


@command(app, "import")
def import_(  # noqa: PLR0913 - the options of the command
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
    from calipso_nornir.metadata.environments import environment_document, read_environment  # noqa: PLC0415 - as above
    from calipso_nornir.metadata.os_cloud import import_os_cloud  # noqa: PLC0415 - as above

    described = import_os_cloud(os_cloud, environment=name)
    more = {"mechanism_drivers": mechanism_drivers, "type_drivers": type_drivers, "distribution": distribution}
    described |= {key: value for key, value in more.items() if value}
    environment = read_environment(described, where=f"cloud {os_cloud or 'of the OS_* variables'}")
    if dry_run:
        run.out.file.write(as_yaml(environment_document(environment)))
    else:
        with run.store(make=True) as store:
            _save(run, store, environment, replace=replace)
    if not environment.mechanism_drivers:
        run.err.say(("note: ", "yellow"), "without mechanism drivers no bridges and switches are looked at")
    if environment.section("CLI") is None:
        run.err.say(("note: ", "yellow"), "without a section CLI no host is logged in to: see calipso env show")


@command(app, "list")
def list_(run: Run, *, output: Output = Format.TABLE) -> None:
    """List the environments of the store."""
    with run.store(make=True) as store:
        rows = [_row(store, name) for name in known_environments(store)]
    if output is not Format.TABLE:
        emit(rows, output)
    elif rows:
        columns = ("name", "environment_type", "distribution", "mechanism_drivers", "objects", "last_scanned")
        shown = [[_word(row[column]) for column in columns] for row in rows]
        table(run.out, ("name", "type", "distribution", "drivers", "objects", "last scan"), shown)
    else:
        run.err.say("no environment yet: calipso env add FILE, or calipso scan FILE")


@command(app)
def show(run: Run, *, name: EnvironmentArgument = None, output: Output = Format.YAML) -> None:
    """Show the description of an environment."""
    with run.store() as store:
        document = _described(store, one_environment(store, name))
    emit(document, Format.YAML if output is Format.TABLE else output)


@command(app)
def check(
    run: Run,
    *,
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME|FILE", autocompletion=completing.environments, help="Or a file, as for scan."),
    ] = None,
    section: Annotated[
        str | None, typer.Option("--section", metavar="NAME", help="Only OpenStack, mysql or CLI.")
    ] = None,
    metadata: Metadata = None,
    output: Output = Format.TABLE,
) -> None:
    """Try every section for real: logins, role, services, schemas, host keys, commands, sudo."""
    from calipso_nornir.cli.checking import check_environment  # noqa: PLC0415 - as above
    from calipso_nornir.cli.meant import environment_file, environment_meant, is_file  # noqa: PLC0415 - as above

    if name is not None and is_file(name):
        environment, hosts = environment_file(name, metadata or ()), []
    else:
        with run.store() as store:
            environment = environment_meant(store, name, metadata=metadata or ())
            hosts = [one.id for one in store.view(environment.name).of_type("host")]
    check_environment(run, environment, known_hosts=hosts, section=section, metadata=metadata or (), output=output)


@command(app)
def remove(
    run: Run,
    *,
    name: Name,
    with_inventory: Annotated[
        bool, typer.Option("--with-inventory", help="Remove its objects, links and cliques, too.")
    ] = False,
) -> None:
    """Remove the description of an environment."""
    from calipso_nornir.store import clear  # noqa: PLC0415 - as above
    from calipso_nornir.store.environments import remove_environment, stored_environment  # noqa: PLC0415 - as above

    with run.store() as store:
        if stored_environment(store, name) is not None:
            remove_environment(store, name)
        elif not with_inventory or name not in known_environments(store):
            raise UnknownEnvironment(name, tuple(known_environments(store)))
        if with_inventory:
            removed = clear(store, name)
            run.err.say(f"{name} and what was known of it ({removed} documents) are removed")
        elif name in store.environments():
            run.err.say(f"{name} is removed; what was found in it stays (--with-inventory removes that, too)")
        else:
            run.err.say(f"{name} is removed")


def _save(run: Run, store: Store, environment: Environment, *, replace: bool) -> None:
    from calipso_nornir.metadata.environments import environment_document  # noqa: PLC0415 - as above
    from calipso_nornir.store.environments import save_environment, stored_environment  # noqa: PLC0415 - as above

    known = stored_environment(store, environment.name)
    wanted = environment_document(environment)
    if known is not None and all(known.get(key) == value for key, value in wanted.items()):
        run.err.say(f"{environment.name} is described so already")
        return
    if known is not None and not replace:
        raise InvalidRequest(f"{store.uri} describes another {environment.name}; --replace puts this one in its place")
    save_environment(store, environment)
    done = "added" if known is None else "replaced"
    run.err.say(f"{environment.name} is {done}; next: calipso env check {environment.name}")


def _described(store: Store, name: str) -> dict[str, Any]:
    from calipso_nornir.store.environments import stored_environment  # noqa: PLC0415 - as above

    document = stored_environment(store, name)
    if document is None:
        raise InvalidRequest(f"{name} was scanned, its description has been removed since")
    return document


def _row(store: Store, name: str) -> dict[str, Any]:
    from calipso_nornir.store.environments import stored_environment  # noqa: PLC0415 - as above

    document = stored_environment(store, name) or {}
    keys = ("environment_type", "distribution", "distribution_version", "mechanism_drivers", "type_drivers")
    kept = {key: document.get(key) for key in keys}
    count = sum(store.view(name).counts().values())
    return {"name": name, **kept, "objects": count, "last_scanned": document.get("last_scanned")}


def _word(value: Any) -> Any:  # noqa: ANN401 - a cell of any kind
    return ", ".join(str(one) for one in value) if isinstance(value, list) else value
