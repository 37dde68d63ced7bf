# SPDX-License-Identifier: Apache-2.0
"""The base of every section of an environment's configuration: declared and required keys."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

Need = tuple[str, str]
"""A key, and why its absence or presence is an error."""


class Section(BaseModel):
    """Base of all sections: only declared keys are allowed; error messages never contain values."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
    needs: ClassVar[tuple[str, ...]] = ()
    """Keys that the section must have."""

    @classmethod
    def lacks(cls, given: Mapping[str, Any]) -> Iterator[Need]:
        """Yield what is missing or contradictory; ``given`` holds the keys that have a value."""
        for key in cls.needs:
            if key not in given:
                yield key, "is missing"

    @classmethod
    def keys(cls) -> set[str]:
        """Return every key that the section may have."""
        return {info.alias or key for key, info in cls.model_fields.items()}

    def given(self) -> dict[str, Any]:
        """Return the keys that were set, in plain containers; pydantic's own dump would split references."""
        fields = type(self).model_fields
        return {fields[key].alias or key: _plain(getattr(self, key)) for key in fields if key in self.model_fields_set}


def _plain(value: Any) -> Any:  # noqa: ANN401 - any JSON value, and references
    if isinstance(value, Section):
        return value.given()
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return tuple(_plain(one) for one in value) if isinstance(value, tuple) else value
