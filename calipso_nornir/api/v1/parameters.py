# SPDX-License-Identifier: Apache-2.0
"""The parameters of an operation, as data: in the query of GET and DELETE, in the body of POST."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Type: TypeAlias = Literal["string", "integer", "boolean", "id", "time", "list", "object"]
"""An id is 24 hexadecimal digits, as of MongoDB; a list holds texts, unless its operation says otherwise."""

Form: TypeAlias = Literal["host", "path"]
DIGITS_OF_ID: Final = "[0-9a-fA-F]{24}"
_SCHEMAS: Final[Mapping[Type, dict[str, Any]]] = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "id": {"type": "string", "pattern": f"^{DIGITS_OF_ID}$"},
    "time": {"type": "string", "format": "date-time"},
    "list": {"type": "array"},
    "object": {"type": "object"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter.

    Attributes:
        name: its key.
        type: of its value.
        needed: 400 without it.
        constant: name of the constant that lists the values that it may have.
        one_of: the values that it may have, where no constant lists them.
        repeated: in a query it may stand several times.
        may_be_empty: an empty text or list is a value, too.
        least: of a number.
        most: of a number.
        form: what a text has to be: an address or a name of a host; an absolute path.
        is_secret: it is written to a file, and never shown.
        default: its value when it is not given.
        is_environment: it names the environment; the guard looks there.
        text: what it is.
    """

    name: str
    type: Type = "string"
    needed: bool = False
    constant: str | None = None
    one_of: tuple[str, ...] = ()
    repeated: bool = False
    may_be_empty: bool = False
    least: int | None = None
    most: int | None = None
    form: Form | None = None
    is_secret: bool = False
    default: Any = None
    is_environment: bool = False
    text: str = ""

    def schema(self) -> dict[str, Any]:
        """Return its JSON schema; what a constant lists is named, not copied: it may change."""
        found = dict(_SCHEMAS[self.type])
        if self.one_of:
            found["enum"] = list(self.one_of)
        if self.least is not None:
            found["minimum"] = self.least
        if self.most is not None:
            found["maximum"] = self.most
        if self.default is not None:
            found["default"] = self.default
        if self.repeated:
            found = {"type": "array", "items": found}
        return found

    @property
    def description(self) -> str:
        """What it is, and which constant lists its values."""
        listed = f"A value of the constant {self.constant}." if self.constant else ""
        return " ".join(part for part in (self.text, listed) if part)


ENVIRONMENT: Final = Parameter(name="env_name", needed=True, is_environment=True, text="Name of the environment.")
ENVIRONMENT_IF_ANY: Final = Parameter(
    name="env_name", is_environment=True, text="Name of the environment; all that may be seen without it."
)
FARTHEST: Final = 1_000_000
"""Number of a page, and size of one; with ``page_size=0`` there is no limit."""
PAGING: Final = (
    Parameter(
        name="page", type="integer", default=0, least=0, most=FARTHEST, text="Number of the page; the first is 0."
    ),
    Parameter(name="page_size", type="integer", default=1000, least=0, most=FARTHEST, text="Its size; 0: everything."),
)
ALL: Final = Parameter(name="all", type="boolean", default=False, text="Everything, on one page.")
REMOVAL: Final = (
    ENVIRONMENT,
    Parameter(name="ids", text="What to remove, with commas between the ids."),
    Parameter(name="all", type="boolean", default=False, text="Remove all of the environment."),
)
WANTED_SCAN: Final = (
    Parameter(name="log_level", constant="log_levels", default="info", text="Least level of its messages."),
    Parameter(name="clear", type="boolean", default=False, text="Start afresh: nothing is kept that cannot be seen."),
    Parameter(name="scan_only_inventory", type="boolean", default=False, text="Only objects."),
    Parameter(name="scan_only_links", type="boolean", default=False, text="Only links."),
    Parameter(name="scan_only_cliques", type="boolean", default=False, text="Only cliques."),
    Parameter(name="implicit_links", type="boolean", default=False, text="Derive implicit links, too."),
    Parameter(name="es_index", type="boolean", default=False, text="Not available; true is refused."),
)
"""What a scan request asks for, and each request of a schedule."""
