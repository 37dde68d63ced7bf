# SPDX-License-Identifier: Apache-2.0
"""The files of one host: finds the output of a command among them."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from calipso_nornir.errors import OutputMissing
from calipso_nornir.sources.evidence.file_names import SUFFIXES, copied_file, file_name, spellings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

_DOMAIN: Final = re.compile(r"^virsh.*_dumpxml_")
_UUID: Final = re.compile(r"<uuid>([0-9a-f-]{36})</uuid>")
_LIST: Final = "virsh -c qemu:///system list --all --uuid"
_DUMP: Final = "virsh -c qemu:///system dumpxml "


class HostFiles:
    """The files of one host, by their path below its folder.

    Args:
        host: its id.
        files: path -> reads the file's text.
        at: when they were collected.
    """

    def __init__(self, host: str, files: Mapping[str, Callable[[], str]], at: datetime) -> None:
        self.host = host
        self.at = at
        self._files = files
        self._by_name: dict[str, str] = {}
        for path in sorted(files, key=lambda one: (one.count("/"), one)):
            name = PurePosixPath(path).name
            for suffix in SUFFIXES:
                if name.endswith(suffix):
                    self._by_name.setdefault(name[: len(name) - len(suffix)], path)

    def output(self, command: str) -> str | OutputMissing:
        """Return the collected output of a command; if there is none, an error that names the expected files."""
        copied = copied_file(command)
        if copied is not None and copied in self._files:
            return self._files[copied]()
        names = [file_name(one) for one in spellings(command)]
        for name in names:
            if name in self._by_name:
                return self._files[self._by_name[name]]()
        derived = self._derived(command)
        if derived is not None:
            return derived
        return OutputMissing(self.host, command, looked_for=(*([copied] if copied else ()), *names))

    def _derived(self, command: str) -> str | None:
        """Derive an output from others: the machine from ``uname -a``, the list of domains from the collected XML."""
        if command == "uname -m" and "uname_-a" in self._by_name:
            return _machine(self._files[self._by_name["uname_-a"]]())
        if command == _LIST:
            domains = self._domains()
            return "".join(f"{uuid}\n" for uuid in sorted(domains)) if domains else None
        if command.startswith(_DUMP):
            return self._domains().get(command.removeprefix(_DUMP))
        return None

    def _domains(self) -> dict[str, str]:
        texts = (self._files[path]() for name, path in self._by_name.items() if _DOMAIN.match(name))
        return {found[1]: text for text in texts if (found := _UUID.search(text))}


def _machine(printed: str) -> str | None:
    """Return the hardware name: the last but one word of ``uname -a``, before the operating system."""
    words = printed.split()
    return f"{words[-2]}\n" if len(words) > 3 and words[-1] == "GNU/Linux" else None  # noqa: PLR2004 - kernel, node, release
