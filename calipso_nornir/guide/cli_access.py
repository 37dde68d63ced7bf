# SPDX-License-Identifier: Apache-2.0
"""The guide's base of fetchers that run commands on hosts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from calipso_nornir.guide.fetcher import Fetcher
from calipso_nornir.model.queries import DEFAULT_TIMEOUT_S, Command

if TYPE_CHECKING:
    from collections.abc import Sequence


class CliAccess(Fetcher):
    """Runs commands: ``self.run(command, host)`` returns what one printed."""

    def run(  # noqa: PLR0913 - the guide's
        self,
        cmd: str,
        ssh_to_host: str = "",
        enable_cache: bool = True,  # noqa: ARG002, FBT001, FBT002 - the guide's; equal commands always run once a scan
        on_gateway: bool = False,  # noqa: FBT001, FBT002 - the guide's
        *,
        use_sudo: bool = True,
        timeout_s: int = DEFAULT_TIMEOUT_S,
    ) -> str:
        """Return the output of a command on a host, by default the host of the object that the fetcher runs on.

        The command is run through ``sudo -n`` when the login is not root; ``use_sudo=False`` runs it as the login. A
        command that fails, or a host that does not answer, raises an error that ends this fetching and is reported.
        """
        if on_gateway:
            raise ValueError("on_gateway=True: there is no gateway, each host is asked directly. Give the host's id")
        host = ssh_to_host or self._own_host(cmd)
        [output] = self.ask(Command(host, cmd, root=use_sudo, timeout_s=timeout_s))
        return str(output)

    def run_fetch_lines(self, cmd: str, ssh_to_host: str = "", enable_cache: bool = True, **more: Any) -> list[str]:  # noqa: ANN401, FBT001, FBT002 - as run()
        """Return the lines that a command printed, without empty ones at the end."""
        return self.run(cmd, ssh_to_host, enable_cache, **more).rstrip().splitlines()

    def parse_cmd_result_with_whitespace(
        self,
        result: Sequence[str],
        headers: Sequence[str],
        remove_first: bool,  # noqa: FBT001 - the guide's
    ) -> list[dict[str, str]]:
        """Read lines of columns that blanks separate: one dictionary for each line, ``headers`` are its keys."""
        lines = list(result)[1:] if remove_first else result
        return [self.parse_line_with_ws(line, headers) for line in lines if line.strip()]

    @staticmethod
    def parse_line_with_ws(line: str, headers: Sequence[str]) -> dict[str, str]:
        """Read one line of columns; the last column takes the rest of the line."""
        parts = re.split(r"\s+", line.strip(), maxsplit=max(len(headers) - 1, 0))
        return dict(zip(headers, parts, strict=False))

    def _own_host(self, cmd: str) -> str:
        parent = self.parent
        host = parent.id if parent.type == "host" else parent.get("host")
        if not host:
            raise ValueError(f'run("{cmd}") names no host, and {parent.ref} is on none: give the host\'s id')
        return str(host)
