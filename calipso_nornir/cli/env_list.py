# SPDX-License-Identifier: Apache-2.0
"""``calipso env list``: lists the environments of a store."""

from typing import Any

from calipso_nornir.analysis.lookup import known_environments
from calipso_nornir.cli.output import Format, emit, table
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.shared_options import Output
from calipso_nornir.model.stores import Store


def env_list(run: Run, *, output: Output = Format.TABLE) -> None:
    """List the environments of the store."""
    with run.store() as store:
        rows = [_row(store, name) for name in known_environments(store)]
    if output is not Format.TABLE:
        emit(rows, output)
    elif rows:
        columns = ("name", "environment_type", "distribution", "mechanism_drivers", "objects", "last_scanned")
        shown = [[_word(row[column]) for column in columns] for row in rows]
        table(run.out, ("name", "type", "distribution", "drivers", "objects", "last scan"), shown)
    else:
        run.err.say("no environments yet: add one with calipso env add FILE, or calipso env import")


def _row(store: Store, name: str) -> dict[str, Any]:
    from calipso_nornir.store.environments import stored_environment  # noqa: PLC0415 - what takes long comes when needed

    document = stored_environment(store, name) or {}
    keys = ("environment_type", "distribution", "distribution_version", "mechanism_drivers", "type_drivers")
    kept = {key: document.get(key) for key in keys}
    count = sum(store.view(name).counts().values())
    return {"name": name, **kept, "objects": count, "last_scanned": document.get("last_scanned")}


def _word(value: Any) -> Any:  # noqa: ANN401 - a cell of any kind
    return ", ".join(str(one) for one in value) if isinstance(value, list) else value
