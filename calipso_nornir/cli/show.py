# SPDX-License-Identifier: Apache-2.0
"""``calipso show``: shows everything known about one object."""

from collections.abc import Iterator, Mapping
from typing import Any

from calipso_nornir.analysis.lookup import find_one
from calipso_nornir.cli.facts import doubts, facts
from calipso_nornir.cli.output import Format, Part, emit
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.shared_options import At, Environment, Inventory, ObjectArgument, Output, Type
from calipso_nornir.cli.status_lines import status_lines
from calipso_nornir.model.objects import RESERVED, InventoryObject
from calipso_nornir.model.stores import StoreView
from calipso_nornir.store.documents import object_document, status_document
from calipso_nornir.store.freshness import Freshness, freshness_of

INDENT = "  "


def show(  # noqa: PLR0913 - the options of the command
    run: Run,
    *,
    what: ObjectArgument,
    environment: Environment = None,
    type_: Type = None,
    at: At = None,
    inventory: Inventory = None,
    output: Output = Format.TABLE,
) -> None:
    """Show everything known about one object."""
    with run.store(inventory=inventory, at=at) as store:
        view, one = find_one(store, what, environment=environment, type_=type_)
        if output is Format.TABLE:
            print_object(run, view, one, fresh=freshness_of(store, view.environment))
        else:
            status = None if one.status is None else status_document(one.status)
            emit({**object_document(one), "check_status": status}, output)


def print_object(run: Run, view: StoreView, one: InventoryObject, *, fresh: Freshness) -> None:
    """Print the head of an object, then its attributes."""
    out = run.out
    told = (*facts(one), *doubts(one, fresh))
    out.say((one.name, "bold"), f"  {one.type}", *(part for fact in told for part in ("  ", fact)))
    frame: dict[str, Any] = {
        "id": one.id,
        "environment": one.ref.environment,
        "where": one.name_path,
        "parent": str(one.parent) if one.parent else "",
        "last confirmed": one.scanned_at.isoformat() if one.scanned_at else "",
    }
    target = referred(view, one)
    if target is not None:
        frame["refers to"] = f"{target.type}:{target.id}  {target.name_path}"
    for parts in _rows(frame, ""):
        out.say(*parts)
    for parts in status_lines(one.status):
        out.say(*parts)
    own = {key: value for key, value in one.attributes.items() if key not in RESERVED}
    if own:
        out.say("")
        for parts in _rows(own, ""):
            out.say(*parts)
    explain = run.typed("explain", f"{one.type}:{one.id}", environment=view.environment)
    out.say("")
    out.say((f"evidence: {explain}", "dim"))


def referred(view: StoreView, one: InventoryObject) -> InventoryObject | None:
    """Return the object that a reference refers to; None if it is not a reference, or the object no longer exists."""
    if not one.get("ref_id"):
        return None
    wanted = one.type.removesuffix("_ref")
    target = view.get(one.sibling(wanted, str(one.get(wanted) or one.name)))
    return target if target is not None and target.ref.document_id == one["ref_id"] else None


def _rows(values: Mapping[str, Any], indent: str) -> Iterator[list[Part]]:
    """Yield the lines of a mapping; nested values are indented below their key."""
    width = max((len(str(key)) for key in values), default=0)
    for key, value in values.items():
        if _is_nested(value):
            yield [(f"{indent}{key}", "cyan")]
            yield from _nested(value, indent + INDENT)
        else:
            yield [(f"{indent}{key!s:<{width}}", "cyan"), f"  {_word(value)}"]


def _nested(value: Any, indent: str) -> Iterator[list[Part]]:  # noqa: ANN401 - attributes are JSON of any shape
    if isinstance(value, dict):
        yield from _rows(value, indent)
        return
    for member in value:
        if _is_nested(member):
            for place, (first, *rest) in enumerate(_nested(member, indent + INDENT)):
                lead = f"{indent}- " if place == 0 else ""
                words, style = first if isinstance(first, tuple) else (first, "")
                yield [lead, (words[len(lead) :] if lead else words, style), *rest]
        else:
            yield [f"{indent}- {_word(member)}"]


def _is_nested(value: Any) -> bool:  # noqa: ANN401 - as above
    if isinstance(value, dict):
        return bool(value)
    return isinstance(value, (list, tuple)) and any(isinstance(member, (dict, list, tuple)) for member in value)


def _word(value: Any) -> str:  # noqa: ANN401 - as above
    if isinstance(value, (list, tuple)):
        return ", ".join(_word(member) for member in value) or "none"
    match value:
        case None | "" | {}:
            return "-"
        case bool():
            return "yes" if value else "no"
        case _:
            return str(value)
