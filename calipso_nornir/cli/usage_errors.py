# SPDX-License-Identifier: Apache-2.0
"""Errors in options and arguments, in our own words instead of those of the libraries that parse them."""

from __future__ import annotations

import re
from typing import Any, Final

import typer
from typer.core import TyperGroup

_UsageError: type[Exception] = typer.BadParameter.__mro__[1]
"""The base of all usage errors; typer gives it no public name."""

_PLAIN: Final = (
    (re.compile(r"Value error, "), ""),
    (re.compile(r"Input should be a valid (?:integer|number).*"), "must be a number"),
    (re.compile(r"Input should be greater than or equal to (\S+)"), r"must be \1 or more"),
    (re.compile(r"Input should be less than or equal to (\S+)"), r"must be \1 or less"),
)
_EXTRA: Final = "unexpected extra argument"
_HINT: Final = " The environment is given as -e NAME."


class Commands(TyperGroup):
    """The commands; usage errors are reported in plain words."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer's own copy of click
        """Read the options before a command."""
        try:
            return super().parse_args(ctx, args)
        except _UsageError as error:
            raise _plainly(error) from None

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - as above
        """Read the rest, and run the command."""
        try:
            return super().invoke(ctx)
        except _UsageError as error:
            raise _plainly(error) from None


def _plainly(error: Any) -> Any:  # noqa: ANN401 - as above
    text = str(error.message)
    for pattern, words in _PLAIN:
        text = pattern.sub(words, text)
    command = error.ctx.command if error.ctx is not None else None
    if _EXTRA in text and command is not None and any("--env" in one.opts for one in command.params):
        text += f".{_HINT}"
    error.message = text
    return error
