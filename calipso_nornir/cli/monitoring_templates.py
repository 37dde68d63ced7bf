# SPDX-License-Identifier: Apache-2.0
"""``calipso monitoring templates``: lists, writes and removes templates of a monitoring system's files."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from calipso_nornir.cli.output import Format, emit, table
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.shared_options import Inventory, Output
from calipso_nornir.errors import InvalidRequest


def monitoring_templates(
    run: Run,
    *,
    put: Annotated[
        Path | None, typer.Option("--put", metavar="FILE", help="Write a template, or a list of them, from JSON.")
    ] = None,
    remove: Annotated[
        str | None, typer.Option("--remove", metavar="ID", help="Remove a template from the store.")
    ] = None,
    inventory: Inventory = None,
    output: Output = Format.TABLE,
) -> None:
    """List the templates of Sensu Core's files: those of this product, then those in the store.

    A template has type, side, order, condition and config. A later one replaces only the attributes that it
    contains.
    """
    from calipso_nornir.monitoring.back_ends.sensu_core import shipped_templates  # noqa: PLC0415 - takes long
    from calipso_nornir.monitoring.file_templates import COLLECTION, stored_templates  # noqa: PLC0415 - as above

    with run.store(inventory=inventory, use="make" if put or remove else "read") as store:
        collection = store.collection(COLLECTION)
        if put is not None:
            written = _read(put)
            collection.put_all({str(one["id"]): one for one in written})
            run.out.say(f"{len(written)} templates written")
        elif remove is not None:
            if not collection.delete(remove):
                raise InvalidRequest(f"the store has no template {remove}: calipso monitoring templates lists them")
        else:
            rows = [*shipped_templates(), *stored_templates(store)]
            if output is not Format.TABLE:
                fields = ("type", "side", "order", "condition", "config", "origin")
                emit([{name: getattr(one, name) for name in fields} for one in rows], output)
            else:
                conditions = [json.dumps(one.condition) if one.condition else "" for one in rows]
                told = zip(rows, conditions, strict=True)
                shown = [[one.type, one.side, one.order, condition, one.origin] for one, condition in told]
                table(run.out, ("type", "side", "order", "condition", "origin"), shown)


def _read(path: Path) -> list[dict[str, Any]]:
    from calipso_nornir.monitoring.file_templates import template_of  # noqa: PLC0415 - as above

    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidRequest(f"{path} is not readable JSON: {error}") from error
    rows = value if isinstance(value, list) else [value]
    made = []
    for number, one in enumerate(rows):
        if not isinstance(one, dict):
            raise InvalidRequest(f"{path}: {number}: expected an object")
        template = template_of(one, origin=f"{path}: {number}")
        id_ = str(one.get("id") or f"{template.side}-{template.type}-{template.order}")
        made.append({**one, "id": id_, "monitoring_system": template.monitoring_system})
    return made
