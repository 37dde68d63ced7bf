# SPDX-License-Identifier: Apache-2.0
"""``calipso users``: lists the users of the REST API."""

from calipso_nornir.cli.output import Format, emit, table
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.shared_options import Inventory, Output


def users(run: Run, *, inventory: Inventory = None, output: Output = Format.TABLE) -> None:
    """List the users of the REST API, with their roles."""
    from calipso_nornir.access.users import Users  # noqa: PLC0415 - what takes long comes when needed

    with run.store(inventory=inventory) as store:
        found = [
            {"name": one.name, "roles": one.grants.words(), "enabled": one.enabled, "one_time_password": one.one_time}
            for one in Users(store).all()
        ]
    if output is not Format.TABLE:
        emit(found, output)
    elif found:
        table(run.out, ("name", "roles", "state"), [_row(one) for one in found])
    else:
        run.err.say("no users yet: calipso serve creates the first one")


def _row(one: dict[str, object]) -> list[object]:
    roles = one["roles"]
    assert isinstance(roles, dict)  # noqa: S101 - narrows the type
    shown = ", ".join(f"{role} of {'everything' if where == '*' else where}" for where, role in roles.items())
    state = "disabled" if not one["enabled"] else "must choose a password" if one["one_time_password"] else ""
    return [(str(one["name"]), "bold"), shown or "none", state]
