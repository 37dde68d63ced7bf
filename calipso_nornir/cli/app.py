# SPDX-License-Identifier: Apache-2.0
"""The ``calipso`` command: all verbs registered."""

from typing import Annotated

import typer

from calipso_nornir._version import __version__
from calipso_nornir.cli import (
    bundle,
    bundle_anonymise,
    clique,
    demo,
    doctor,
    env_add,
    env_check,
    env_edit,
    env_import,
    env_list,
    env_remove,
    env_show,
    event_manager,
    events,
    explain,
    export,
    links,
    list_,
    listen,
    metadata_check,
    monitoring,
    monitoring_receive,
    monitoring_sync,
    monitoring_templates,
    new,
    parsers_test,
    record,
    replay,
    scan,
    scan_manager,
    scans,
    scans_cancel,
    scans_log,
    scans_release,
    scans_show,
    scans_submit,
    schedules,
    schedules_add,
    schedules_pause,
    schedules_remove,
    schedules_resume,
    search,
    serve,
    show,
    status,
    store_backup,
    store_info,
    store_migrate,
    store_retention,
    tree,
    users,
    users_add,
    users_password,
    users_remove,
    watch,
)
from calipso_nornir.cli.default_command import WithDefault
from calipso_nornir.cli.running import Run, command
from calipso_nornir.cli.usage_errors import Commands

app = typer.Typer(
    name="calipso",
    cls=Commands,
    help="Discovers what a cloud's virtual network really looks like, and stores what it finds.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    if wanted:
        typer.echo(f"calipso {__version__}")
        raise typer.Exit


@app.callback()
def root(
    ctx: typer.Context,
    *,
    store: Annotated[
        str | None,
        typer.Option("--store", metavar="URI|PATH", help="Where environments are stored; default: $CALIPSO_STORE."),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more, and show tracebacks.")] = False,
    _show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Read the options before the command's name."""
    ctx.obj = Run(store, verbose)


env = typer.Typer(no_args_is_help=True, help="Describe environments, and check that they can be reached.")
metadata = typer.Typer(no_args_is_help=True, help="Check metadata: object types, scanners, link and clique types.")
bundle_group = typer.Typer(
    cls=WithDefault, no_args_is_help=True, help="Show what a recording contains, or anonymise it."
)
scans_group = typer.Typer()
schedules_group = typer.Typer()
users_group = typer.Typer()
events_group = typer.Typer()
store_group = typer.Typer(no_args_is_help=True, help="Manage the store: its layout, and how much history it keeps.")
new_group = typer.Typer(no_args_is_help=True, help="Write a working plug-in as a starting point.")
monitoring_group = typer.Typer(no_args_is_help=True, help="Watch objects and links: plan, deploy and receive checks.")
parsers = typer.Typer(no_args_is_help=True, help="Test parsers of command output.")

for verb, function in (
    ("scan", scan.scan),
    ("tree", tree.tree),
    ("list", list_.list_objects),
    ("show", show.show),
    ("search", search.search),
    ("links", links.links),
    ("clique", clique.clique),
    ("explain", explain.explain),
    ("export", export.export),
    ("record", record.record),
    ("replay", replay.replay),
    ("demo", demo.demo),
    ("doctor", doctor.doctor),
    ("scan-manager", scan_manager.scan_manager),
    ("event-manager", event_manager.event_manager),
    ("listen", listen.listen),
    ("watch", watch.watch),
    ("status", status.status),
    ("serve", serve.serve),
):
    command(app, verb)(function)
command(app, "get", hidden=True)(list_.list_objects)
for group, verb, one in (
    (env, "add", env_add.env_add),
    (env, "import", env_import.env_import),
    (env, "list", env_list.env_list),
    (env, "show", env_show.env_show),
    (env, "check", env_check.env_check),
    (env, "edit", env_edit.env_edit),
    (env, "remove", env_remove.env_remove),
    (bundle_group, "show", bundle.bundle),
    (bundle_group, "anonymise", bundle_anonymise.bundle_anonymise),
    (scans_group, "show", scans_show.scans_show),
    (scans_group, "log", scans_log.scans_log),
    (scans_group, "submit", scans_submit.scans_submit),
    (scans_group, "release", scans_release.scans_release),
    (scans_group, "cancel", scans_cancel.scans_cancel),
    (schedules_group, "add", schedules_add.schedules_add),
    (schedules_group, "pause", schedules_pause.schedules_pause),
    (schedules_group, "resume", schedules_resume.schedules_resume),
    (schedules_group, "remove", schedules_remove.schedules_remove),
    (events_group, "dead", events.events_dead),
    (events_group, "redrive", events.events_redrive),
    (users_group, "add", users_add.users_add),
    (users_group, "password", users_password.users_password),
    (users_group, "remove", users_remove.users_remove),
    (metadata, "check", metadata_check.metadata_check),
    (new_group, "object-type", new.new_object_type),
    (new_group, "link-type", new.new_link_type),
    (new_group, "source", new.new_source),
    (new_group, "event-handler", new.new_event_handler),
    (new_group, "check", new.new_check),
    (monitoring_group, "plan", monitoring.monitoring_plan),
    (monitoring_group, "render", monitoring.monitoring_render),
    (monitoring_group, "deploy", monitoring.monitoring_deploy),
    (monitoring_group, "receive", monitoring_receive.monitoring_receive),
    (monitoring_group, "sync", monitoring_sync.monitoring_sync),
    (monitoring_group, "templates", monitoring_templates.monitoring_templates),
    (parsers, "test", parsers_test.parsers_test),
    (store_group, "info", store_info.store_info),
    (store_group, "backup", store_backup.store_backup),
    (store_group, "restore", store_backup.store_restore),
    (store_group, "vacuum", store_backup.store_vacuum),
    (store_group, "migrate", store_migrate.store_migrate),
    (store_group, "retention", store_retention.store_retention),
):
    command(group, verb)(one)
command(scans_group, is_group=True)(scans.scans)
command(schedules_group, is_group=True)(schedules.schedules)
command(users_group, is_group=True)(users.users)
command(events_group, is_group=True)(events.events)
app.add_typer(bundle_group, name="bundle")
app.add_typer(scans_group, name="scans")
app.add_typer(schedules_group, name="schedules")
app.add_typer(users_group, name="users")
app.add_typer(events_group, name="events")
app.add_typer(env, name="env")
app.add_typer(metadata, name="metadata")
app.add_typer(new_group, name="new")
app.add_typer(monitoring_group, name="monitoring")
app.add_typer(parsers, name="parsers")
app.add_typer(store_group, name="store")
