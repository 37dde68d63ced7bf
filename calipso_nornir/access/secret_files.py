# SPDX-License-Identifier: Apache-2.0
"""Secrets that come by the API: written to files of mode 0600, and never to the store.

A client gives ``{"secret": "…"}`` where a description has a secret, or the file of a private key. In the stored
description stands ``{"file": PATH}``, or the path, as if somebody had put the file there by hand. Any other reference
to a secret or to a file of this server is refused, unless it stands there already: whoever could choose one could have
this server send its own files to a host of their choice, or run a command.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.errors import EnvironmentInvalid, Fault, InvalidRequest
from calipso_nornir.metadata.environment_fields import HOW_TO_REFER, SECRET_KINDS
from calipso_nornir.metadata.environments import environment_document, read_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from calipso_nornir.model.environment import Environment

GIVEN: Final = "secret"
HOW_TO_GIVE: Final = f'send {{"{GIVEN}": TEXT}}: it is kept in a file of the server, and no answer shows it'
FILES: Final = frozenset({"key", "client_key", "cert", "cacert", "known_hosts"})
"""Fields that hold the path of a file of this server, whose content a client may give."""
PATHS: Final = FILES | {"ssh_config", "os_cloud"}
"""Fields that name files of this server, or an entry of its clouds.yaml."""


class SecretFiles:
    """The folder of these files, of mode 0700."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def environment(
        self,
        description: Mapping[str, Any],
        *,
        before: Mapping[str, Any] | None,
        where: str,
        constants: Mapping[str, Sequence[str]],
    ) -> Environment:
        """Check a description that a client sent, with its secrets written to files.

        Args:
            description: keys as in the YAML file of an environment.
            before: the stored one, whose references may stay where they are.
            where: what errors call it.
            constants: allowed values by name.

        Raises:
            EnvironmentInvalid: all faults of the description.
            InvalidRequest: a reference that was not there, or a secret that is no text.
        """
        written: list[Path] = []
        try:
            filed = _filed(dict(description), "", lambda secret: self._write(secret, written))
            found = _read(filed, where=where, constants=constants)
            _check_references(environment_document(found), before or {}, mine={str(path) for path in written})
        except BaseException:
            for path in written:
                path.unlink(missing_ok=True)
            raise
        return found

    def forget(self, description: Mapping[str, Any], *, but: Mapping[str, Any] | None = None) -> None:
        """Remove the files that a description refers to, and that ``but`` does not."""
        still = self.named_in(but or {})
        self.remove([one for one in self.named_in(description) if one not in still])

    def named_in(self, description: Mapping[str, Any]) -> list[str]:
        """Return the files of this folder that a description refers to."""
        values = [value for _, value in _references(description, "")]
        named = [str(one.get("file", "") if isinstance(one, dict) else one) for one in values]
        return [one for one in named if self.has(one)]

    def has(self, path: str) -> bool:
        """Return whether a path leads into this folder."""
        return Path(path).parent == self.folder

    def remove(self, paths: Iterable[str]) -> None:
        """Remove files of this folder; other ones are left alone."""
        for one in filter(self.has, paths):
            Path(one).unlink(missing_ok=True)

    def _write(self, secret: str, written: list[Path]) -> Path:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / secrets.token_hex(16)
        written.append(path)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(secret)
        return path


def _read(description: Mapping[str, Any], *, where: str, constants: Mapping[str, Sequence[str]]) -> Environment:
    """Read a description. Raises EnvironmentInvalid, in words for who cannot refer to files of the server."""
    try:
        return read_environment(description, where=where, constants=constants)
    except EnvironmentInvalid as error:
        faults = (
            Fault(one.where.removeprefix(f"{where}: "), one.problem.replace(HOW_TO_REFER, HOW_TO_GIVE))
            for one in error.faults
        )
        raise EnvironmentInvalid(tuple(faults)) from None


def _check_references(description: Mapping[str, Any], before: Mapping[str, Any], *, mine: Collection[str]) -> None:
    """Raise InvalidRequest for a reference that is neither to a file that was written now, nor stood there before."""
    known = dict(_references(before, ""))
    for place, value in _references(description, ""):
        named = value.get("file") if isinstance(value, dict) else value
        if named not in mine and known.get(place) != value:
            raise InvalidRequest(
                f"{place}: a reference or path makes this server use its own files or run a command. "
                f'Give {{"{GIVEN}": TEXT}}, or let calipso env add write the description',
                field=place.strip("/"),
            )


def _filed(value: Any, place: str, write: Callable[[str], Path]) -> Any:  # noqa: ANN401 - JSON
    """Return a value with every given secret replaced by where it was written."""
    if isinstance(value, list):
        return [_filed(one, f"{place}/{_label(one, number)}", write) for number, one in enumerate(value)]
    if not isinstance(value, dict):
        return value
    if set(value) != {GIVEN}:
        return {key: _filed(one, f"{place}/{key}", write) for key, one in value.items()}
    if not isinstance(value[GIVEN], str) or not value[GIVEN]:
        detail = f'{place}: expected {{"{GIVEN}": TEXT}}, and the text not empty'
        raise InvalidRequest(detail, field=place.strip("/"))
    path = str(write(value[GIVEN]))
    return path if place.rpartition("/")[2] in FILES else {"file": path}


def _references(value: Any, place: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - JSON
    """Yield what in a description refers to a secret or to a file of this server, each with its place."""
    if isinstance(value, list):
        for number, one in enumerate(value):
            yield from _references(one, f"{place}/{_label(one, number)}")
    elif isinstance(value, dict):
        if len(value) == 1 and next(iter(value)) in SECRET_KINDS:
            yield place, value
        for key, one in value.items():
            if key in PATHS and isinstance(one, str):
                yield f"{place}/{key}", one
            yield from _references(one, f"{place}/{key}")


def _label(one: Any, number: int) -> str:  # noqa: ANN401 - JSON
    """Name a member of a list: sections by their name, so that they may change places."""
    return str(one["name"]) if isinstance(one, dict) and isinstance(one.get("name"), str) else str(number)
