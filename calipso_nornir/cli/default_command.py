# SPDX-License-Identifier: Apache-2.0
"""A group of commands with one that runs if none is named: ``calipso bundle FILE`` is ``calipso bundle show FILE``."""

from typing import Any, Final

from calipso_nornir.cli.usage_errors import Commands

DEFAULT: Final = "show"
_OWN: Final = frozenset({"-h", "--help"})


class WithDefault(Commands):
    """Runs ``show`` if the first word is not the name of a command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer's own copy of click
        """Put the command's name in front of its arguments."""
        named = bool(args) and (args[0] in self.commands or args[0] in _OWN)
        return super().parse_args(ctx, args if named or not args else [DEFAULT, *args])
