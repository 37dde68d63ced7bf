# SPDX-License-Identifier: Apache-2.0
"""Reads the metadata files: the shipped folder first, then those of third parties (*overlays*).

Overlays add and never replace. They come from entry points ``calipso_nornir.metadata`` (whose value is a package with
the files, or a path) and from folders that the caller names.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from calipso_nornir.errors import Fault, MetadataError
from calipso_nornir.metadata.constant_documents import plain_constants
from calipso_nornir.metadata.forms import FILES, Declared
from calipso_nornir.metadata.nearest import nearest
from calipso_nornir.metadata.shape_faults import shape_faults

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ENTRY_POINTS = "calipso_nornir.metadata"
SHIPPED = Path(__file__).parent / "data"

File = TypeVar("File", bound=Declared)


@dataclass(frozen=True, slots=True)
class Layer:
    """One folder of metadata files, read and valid in form."""

    folder: Path
    files: dict[str, Declared] = field(default_factory=dict)

    def where(self, stem: str, *pointer: str | int) -> str:
        """Return a place: the file, then the JSON pointer within it."""
        return f"{self.folder / stem}.json" + (f": {'/'.join(str(part) for part in pointer)}" if pointer else "")


def read_layers(extra: Iterable[Path | str] = ()) -> list[Layer]:
    """Read the shipped metadata, the installed overlays and ``extra`` folders; all faults of form in one error."""
    faults: list[Fault] = []
    folders = [SHIPPED, *_installed(faults), *(Path(folder) for folder in extra)]
    layers = [Layer(folder, dict(_read_folder(folder, faults))) for folder in folders]
    if faults:
        raise MetadataError(tuple(faults))
    return layers


def files_of(layers: list[Layer], stem: str, kind: type[File]) -> Iterator[tuple[Layer, File]]:
    """Yield one file of every layer that has it, in order."""
    for layer in layers:
        file = layer.files.get(stem)
        if isinstance(file, kind):
            yield layer, file


def _installed(faults: list[Fault]) -> Iterator[Path]:
    for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda one: one.name):
        try:
            value = point.load() if point.attr else import_module(point.module)
        except Exception as error:  # noqa: BLE001 - importing an overlay may raise anything, which is a fault of the overlay
            faults.append(Fault(f"entry point {ENTRY_POINTS}: {point.name}", f"cannot be loaded: {error!r}"))
            continue
        path = value if isinstance(value, (str, Path)) else getattr(value, "__path__", [None])[0]
        if path is None:
            problem = f"{point.value} is neither a package nor a path"
            faults.append(Fault(f"entry point {ENTRY_POINTS}: {point.name}", problem))
        else:
            yield Path(path)


def _read_folder(folder: Path, faults: list[Fault]) -> Iterator[tuple[str, Declared]]:
    if not folder.is_dir():
        faults.append(Fault(str(folder), "is not a folder"))
        return
    files = sorted(folder.glob("*.json"))
    if not files and not (folder / "templates").is_dir():
        expected = ", ".join(f"{stem}.json" for stem in FILES)
        faults.append(Fault(str(folder), f"contains no metadata. A folder of metadata has at least one of: {expected}"))
    for path in files:
        if path.stem not in FILES:
            faults.append(Fault(str(path), f"is not a metadata file{nearest(path.stem, FILES)}"))
            continue
        try:
            text = path.read_text(encoding="utf-8-sig")  # some editors write a byte order mark
            data = json.loads(text, object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
        except (OSError, ValueError, RecursionError) as error:
            faults.append(Fault(str(path), f"is not readable JSON: {error}"))
            continue
        data = _wrapped(path.stem, data)
        kind = FILES[path.stem]
        try:
            yield path.stem, kind.model_validate(data)
        except ValidationError as error:
            for pointer, problem in shape_faults(error, data, kind):
                faults.append(Fault(f"{path}: {pointer}" if pointer else str(path), problem))


def _wrapped(stem: str, data: Any) -> Any:  # noqa: ANN401 - any JSON may stand in a file
    """Accept a bare list, as in the developer guide's collections: ``clique_types.json`` is then ``[…]``."""
    if stem == "constants":
        data = plain_constants(data)
    return {stem: data} if isinstance(data, list) and stem in FILES[stem].model_fields else data


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise ValueError(f"key {twice[0]!r} appears twice in one object")
    return dict(pairs)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")
