# SPDX-License-Identifier: Apache-2.0
"""One recording's scan as text: every document that it leaves in a store, one per line, in a readable order.

Times, digests (which depend on the rest) and what ``export`` repeats (``links_detailed``) are left out. In cliques,
the ``_id`` of each link is followed by its ends, to be readable.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calipso_nornir import ScanReport, resources, run_scan
from calipso_nornir.cli.export import export_text
from calipso_nornir.sources.recording import ReplaySource

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calipso_nornir.model.protocols import Source
    from calipso_nornir.model.stores import Store

    Documents = dict[str, list[dict[str, Any]]]

EXPECTED = Path(__file__).parent / "expected"
VARIANTS = ("ovs", "lb")
KINDS = ("inventory", "links", "implicit_links", "cliques")
LEFT_OUT = ("last_scanned", "digest", "links_detailed")
_FIRST = ("type", "link_type", "focal_point_type", "id", "source_id", "target_id", "focal_point_object_id", "name")


def recording(variant: str) -> Path:
    """Return the path of a shipped recording: "ovs" or "lb"."""
    return resources.data("demo") / f"{variant}.calipso"


def replay(store: Store, path: Path, *, source: Source | None = None) -> ScanReport:
    """Scan from a recording into a store; ``source`` answers instead of it."""
    recorded = ReplaySource(path)
    return run_scan(recorded.environment, store=store, source=source or recorded)


def exported(store: Store, environment: str) -> dict[str, Any]:
    """Return the whole export of an environment."""
    found: dict[str, Any] = json.loads("".join(export_text(store.view(environment))))
    return found


def documents(export: Mapping[str, Any]) -> Documents:
    """Return what is compared of an export."""
    named = {one["_id"]: _link(one) for kind in ("links", "implicit_links") for one in export[kind]}
    return {kind: sorted((_compared(one, named) for one in export[kind]), key=_key) for kind in KINDS}


def text(found: Documents) -> str:
    """Write documents, one a line."""
    return "".join(_lines(found))


def expected(variant: str) -> Documents:
    """Read what a recording has to give."""
    found: Documents = json.loads((EXPECTED / f"{variant}.json").read_text(encoding="utf-8"))
    return found


def _link(link: Mapping[str, Any]) -> str:
    return f"{link['_id']} {link['link_type']}: {link['source_id']} > {link['target_id']}"


def _compared(document: Mapping[str, Any], named: Mapping[str, str]) -> dict[str, Any]:
    ordered = {key: document[key] for key in _FIRST if key in document}
    ordered |= {key: document[key] for key in sorted(document) if key not in ordered and key not in LEFT_OUT}
    if "evidence" in ordered:
        ordered["evidence"] = [{key: one[key] for key in one if key != "at"} for one in ordered["evidence"]]
    if "focal_point" in ordered:
        ordered["links"] = [named.get(one, one) for one in ordered["links"]]
    return ordered


def _sorted(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value with its keys in order: that of nested keys is a store's own."""
    return json.loads(json.dumps(value, sort_keys=True, ensure_ascii=False))


def _key(document: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(document.get(key, "")) for key in _FIRST)


def _lines(found: Documents) -> Iterator[str]:
    yield "{\n"
    for kind in KINDS:
        rows = [json.dumps({key: _sorted(one[key]) for key in one}, ensure_ascii=False) for one in found[kind]]
        yield f'"{kind}": [' + "".join(f"{',' if place else ''}\n{row}" for place, row in enumerate(rows)) + "\n]"
        yield "\n" if kind == KINDS[-1] else ",\n"
    yield "}\n"
