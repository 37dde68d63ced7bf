# SPDX-License-Identifier: Apache-2.0
"""``calipso env check``: tests every section of an environment against the real cloud."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from calipso_nornir.cli import completing
from calipso_nornir.cli.facts import WRONG
from calipso_nornir.cli.output import Format, Part, emit, table
from calipso_nornir.cli.running import FAILED, Run
from calipso_nornir.cli.shared_options import Metadata, NamedEnvironment, Output, named_once

if TYPE_CHECKING:
    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.source_kinds import Finding


def env_check(  # noqa: PLR0913 - the options of the command
    run: Run,
    *,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME|FILE",
            autocompletion=completing.environments,
            help="Name of an environment, or a YAML file that describes one.",
        ),
    ] = None,
    environment_: NamedEnvironment = None,
    section: Annotated[
        str | None, typer.Option("--section", metavar="NAME", help="Only this section: OpenStack, mysql, CLI …")
    ] = None,
    metadata: Metadata = None,
    output: Output = Format.TABLE,
) -> None:
    """Test every section against the real cloud: logins, role, services, schemas, host keys, commands, sudo."""
    from calipso_nornir.cli.meant import environment_file, environment_meant, is_file  # noqa: PLC0415 - what takes long comes when needed
    from calipso_nornir.preflight.sections import try_sections  # noqa: PLC0415 - as above

    name = named_once(name, environment_)
    if name is not None and is_file(name):
        environment, hosts = environment_file(name, metadata or ()), []
    else:
        with run.store() as store:
            environment = environment_meant(store, name, metadata=metadata or ())
            hosts = [one.id for one in store.view(environment.name).of_type("host")]

    def begins(one: str) -> None:
        run.err.say((f"{environment.name}: trying {one} …", "dim"))

    tried = list(try_sections(environment, only=section, known_hosts=hosts, metadata=metadata or (), begins=begins))
    if output is Format.TABLE:
        rows = [(one.section, one.what, _verdict(one), one.detail) for one in tried]
        table(run.out, ("section", "what", "ok", "detail"), rows)
    else:
        emit([asdict(one) for one in tried], output)
    wrong = [one for one in tried if one.needed and not one.ok]
    run.err.say("")
    run.err.say(*_next(run, environment, wrong=bool(wrong), given=name))
    if wrong:
        raise typer.Exit(FAILED)


def _next(run: Run, environment: "Environment", *, wrong: bool, given: str | None) -> list[Part]:
    """Print the next step: scan, or fix the problems and check again."""
    from calipso_nornir.cli.meant import is_file  # noqa: PLC0415 - as above

    named = given or environment.name
    if not wrong:
        return [("next  ", "dim"), run.typed("scan", named)]
    again = run.typed("env", "check", named)
    change = f"edit {named}" if given is not None and is_file(given) else run.typed("env", "edit", environment.name)
    return [("next  ", "dim"), f"fix what is marked NO ({change}), then {again}"]


def _verdict(one: "Finding") -> tuple[str, str]:
    if one.ok:
        return "yes", "green"
    return ("NO", WRONG) if one.needed else ("no, optional", "yellow")
