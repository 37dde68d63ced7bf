# SPDX-License-Identifier: Apache-2.0
"""``calipso events``: the listeners, the last notifications, and the dead letters."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from calipso_nornir.analysis.lookup import environments_meant
from calipso_nornir.cli.facts import WRONG
from calipso_nornir.cli.output import Format, emit, table
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.shared_options import Environment, Inventory, Output
from calipso_nornir.errors import InvalidRequest
from calipso_nornir.model.stores import Document, Store

STYLES = {"stored": "green", "nothing": "dim", "waiting": "yellow", "dead": WRONG}
STATES = {"running": "green", "stopped": "dim", "starting": "cyan"}
Limit = Annotated[int, typer.Option("--limit", min=1, metavar="N", help="Maximum number shown.")]


def events(
    run: Run,
    *,
    environment: Environment = None,
    limit: Limit = 20,
    inventory: Inventory = None,
    output: Output = Format.TABLE,
) -> None:
    """Show the state of the listeners, and the last notifications, newest first."""
    with run.store(inventory=inventory) as store:
        names = environments_meant(store, environment)
        found = _newest(store, "messages", names, origin_type="event")
        listeners = [one for name in names if (one := store.collection("listeners").get(name)) is not None]
    if output is not Format.TABLE:
        emit(found[:limit], output)
        return
    _print_listeners(run, listeners)
    if found:
        columns = ("received", "environment", "event", "outcome", "objects", "attempts", "about")
        table(run.out, columns, [_row(one) for one in found[:limit]])
    else:
        run.err.say("no events yet")


def events_dead(
    run: Run,
    *,
    environment: Environment = None,
    limit: Limit = 20,
    inventory: Inventory = None,
    output: Output = Format.TABLE,
) -> None:
    """List the dead letters: messages that cannot be read, and those that could not be processed in ten attempts."""
    with run.store(inventory=inventory) as store:
        found = _newest(store, "dead_letters", environments_meant(store, environment))
    if output is not Format.TABLE:
        emit(found[:limit], output)
    elif found:
        columns = ("received", "environment", "event", "state", "attempts", "problem", "id")
        table(run.out, columns, [_dead_row(one) for one in found[:limit]])
    else:
        run.err.say("no dead letters")


def events_redrive(
    run: Run,
    *,
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID", help="Ids of dead letters.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All readable dead letters.")] = False,
    environment: Environment = None,
    inventory: Inventory = None,
) -> None:
    """Try dead letters again, in the process that listens to their environment."""
    from calipso_nornir.live.letters import redrive  # noqa: PLC0415 - what takes long comes when needed

    with run.store(inventory=inventory, use="write") as store:
        known = _newest(store, "dead_letters", environments_meant(store, environment))
        wanted = known if everything else [one for one in known if one["id"] in (ids or ())]
        missing = sorted(set(ids or ()) - {one["id"] for one in wanted})
        if missing:
            raise InvalidRequest(f"there is no dead letter {missing[0]}: calipso events dead lists them")
        if not ids and not everything:
            raise InvalidRequest("which dead letters? Give their ids, or --all")
        again = [one["id"] for one in wanted if redrive(store, one["id"])]
    run.err.say(f"{len(again)} of {len(wanted)} dead letters will be tried again; the others are unreadable")


def _newest(store: Store, collection: str, names: list[str], **equal: str) -> list[Document]:
    found = [one for name in names for one in store.collection(collection).find({"environment": name, **equal})]
    return sorted(found, key=lambda one: (str(one.get("received_timestamp")), str(one.get("id"))), reverse=True)


def _print_listeners(run: Run, listeners: list[Document]) -> None:
    from calipso_nornir.live.standing import state_of  # noqa: PLC0415 - as above

    for one in listeners:
        state, problem = state_of(one)
        lag = f", 95% stored within {one['lag_p95_s']:g} s" if one.get("lag_p95_s") is not None else ""
        told = f"{one.get('handled', 0)} events{lag}, {one.get('waiting', 0)} wait, {one.get('dead', 0)} dead"
        where = (str(one["environment"]), "bold")
        run.out.say(where, "  ", (state, STATES.get(state, WRONG)), f"  {told}", f"  {problem}" if problem else "")


def _row(one: Mapping[str, Any]) -> list[Any]:
    outcome = str(one.get("outcome"))
    about = f"{one['related_object_type']} {one['related_object']}" if one.get("related_object") else one.get("message")
    return [
        str(one.get("received_timestamp"))[:19],
        (str(one.get("environment")), "bold"),
        one.get("event_type"),
        (outcome, STYLES.get(outcome, "")),
        one.get("objects_touched"),
        one.get("attempts"),
        about,
    ]


def _dead_row(one: Mapping[str, Any]) -> list[Any]:
    return [
        str(one.get("received_timestamp"))[:19],
        (str(one.get("environment")), "bold"),
        (one.get("notification") or {}).get("type") or "(not readable)",
        one.get("state"),
        one.get("attempts"),
        one.get("problem"),
        (one["id"], "dim"),
    ]
