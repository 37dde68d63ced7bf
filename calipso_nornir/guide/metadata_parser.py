# SPDX-License-Identifier: Apache-2.0
"""The guide's base class of readers of further metadata files."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import Fault, MetadataError
from calipso_nornir.metadata.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Sequence


class MetadataParser(ABC):
    """Reads a JSON file and checks it: override ``get_required_fields``, and ``validate_metadata`` for more."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        self._file = ""

    @abstractmethod
    def get_required_fields(self) -> Sequence[str]:
        """Return the keys that the file must have."""

    def validate_metadata(self, metadata: dict[str, Any]) -> bool:
        """Return whether the content is valid; report each mistake with ``add_error``."""
        for field in self.get_required_fields():
            if field not in metadata:
                told = ", ".join(metadata) or "nothing"
                self.add_error(f'"{field}" is missing; found {told}{nearest(field, metadata)}')
        return not self.errors

    def add_error(self, msg: str) -> None:
        """Report a mistake, which ``parse_metadata_file`` then raises."""
        self.errors.append(msg)

    def parse_metadata_file(self, file_path: str | Path) -> dict[str, Any]:
        """Return the content of a file; raises MetadataError with every mistake, each with the file's name."""
        self.errors = []
        self._file = str(file_path)
        try:
            metadata = json.loads(Path(file_path).read_text(encoding="utf-8-sig"))
        except (OSError, ValueError) as error:
            raise MetadataError((Fault(self._file, f"is not readable JSON: {error}"),)) from error
        if not isinstance(metadata, dict):
            found = type(metadata).__name__
            raise MetadataError((Fault(self._file, f"holds a {found}; an object with keys is expected: {{…}}"),))
        if not self.validate_metadata(metadata) or self.errors:
            told = self.errors or ["validate_metadata() says that it is not valid"]
            raise MetadataError(tuple(Fault(self._file, one) for one in told))
        return metadata
