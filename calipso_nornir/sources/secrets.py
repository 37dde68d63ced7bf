# SPDX-License-Identifier: Apache-2.0
"""Secrets: fetched by their references when they are used, and masked in everything that is written.

No error of this module contains a secret, or the output of a program or file, which may be one.
"""

from __future__ import annotations

import logging
import os
import shlex
import signal
import stat
import subprocess
import threading
from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import EnvironmentInvalid, SecretUnavailable
from calipso_nornir.metadata.os_cloud import cloud_region, cloud_secret
from calipso_nornir.sources.masking import MASK, Masking

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from calipso_nornir.model.environment import SecretRef

logger = logging.getLogger(__name__)

COMMAND_TIMEOUT_S = 30.0
MAX_BYTES = 64 * 1024


class Secret(str):
    """A resolved secret: a text that its ``repr`` does not show, so dumps of local variables do not contain it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(MASK)


def resolve(ref: SecretRef, *, environ: Mapping[str, str] | None = None) -> str:
    """Fetch one secret by its reference. Raises SecretUnavailable."""
    variables = os.environ if environ is None else environ
    match ref.kind:
        case "env":
            value = variables.get(ref.locator)
            if value is None:
                raise SecretUnavailable(str(ref), "the variable is not set")
        case "file":
            value = _from_file(ref)
        case "keyring":
            value = _from_keyring(ref)
        case "command":
            value = _from_command(ref, variables)
        case "cloud":
            value = _from_cloud(ref, variables)
    if not value:
        raise SecretUnavailable(str(ref), "it is empty")
    return Secret(value)


def _from_file(ref: SecretRef) -> str:
    path = os.path.expanduser(ref.locator)  # noqa: PTH111 - pathlib's raises for unknown users
    try:
        # O_NONBLOCK: a named pipe must not block the scan; it is refused below.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise SecretUnavailable(str(ref), "it is not a regular file")
            if status.st_mode & 0o077:
                mode = f"mode {stat.S_IMODE(status.st_mode):04o}"
                raise SecretUnavailable(str(ref), f"others may read it ({mode}); run: chmod 600 {shlex.quote(path)}")
            raw = os.read(descriptor, MAX_BYTES + 1)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise SecretUnavailable(str(ref), error.strerror or type(error).__name__) from None
    return _text(ref, raw).rstrip("\r\n")


def _from_keyring(ref: SecretRef) -> str:
    service, _, user = ref.locator.rpartition(":")
    try:
        import keyring  # noqa: PLC0415 - optional package
        from keyring.errors import KeyringError  # noqa: PLC0415 - optional package
    except ImportError:
        raise SecretUnavailable(str(ref), 'install the package: pip install "calipso_nornir[keyring]"') from None
    try:
        value = keyring.get_password(service, user)
    except KeyringError as error:
        raise SecretUnavailable(str(ref), f"the keyring cannot be used ({type(error).__name__})") from None
    if value is None:
        raise SecretUnavailable(str(ref), "the keyring has no such entry")
    return value


def _from_command(ref: SecretRef, environ: Mapping[str, str]) -> str:
    try:
        words = shlex.split(ref.locator)
    except ValueError:
        raise SecretUnavailable(str(ref), "its quotes do not match") from None
    if not words:
        raise SecretUnavailable(str(ref), "it is empty")
    try:
        # A new session: at the time limit, processes that the command started must be ended, too.
        process = subprocess.Popen(  # noqa: S603 - the user's own command, without a shell
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=dict(environ),
        )
    except (OSError, ValueError) as error:
        cause = getattr(error, "strerror", None) or type(error).__name__
        raise SecretUnavailable(str(ref), cause) from None
    try:
        output, _ = process.communicate(timeout=COMMAND_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise SecretUnavailable(str(ref), f"it did not end within {COMMAND_TIMEOUT_S:g} s") from None
    if process.returncode:
        raise SecretUnavailable(str(ref), f"it ended with status {process.returncode}; run it by hand to see why")
    return _text(ref, output.split(b"\n", 1)[0]).rstrip("\r")


def _from_cloud(ref: SecretRef, environ: Mapping[str, str]) -> str:
    cause = ""
    try:
        found = cloud_secret(cloud_region(ref.locator, environ=environ).config)
    except EnvironmentInvalid as error:
        cause = "; ".join(fault.problem for fault in error.faults)
    if cause:
        raise SecretUnavailable(str(ref), cause)
    if found is None:
        raise SecretUnavailable(str(ref), "neither clouds.yaml nor secure.yaml has a secret for it")
    return found[1]


def _text(ref: SecretRef, raw: bytes) -> str:
    if len(raw) > MAX_BYTES:
        raise SecretUnavailable(str(ref), f"it is longer than {MAX_BYTES} bytes")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise SecretUnavailable(str(ref), "it is not UTF-8") from None


class Vault:
    """The secrets of one scan: fetches each once, and masks all of them in texts.

    A failure is remembered, too: a password command that prompts a person must not do so once per host.
    """

    def __init__(self, *, environ: Mapping[str, str] | None = None) -> None:
        self._environ = environ
        self._lock = threading.Lock()
        self._known: dict[SecretRef, str | SecretUnavailable] = {}
        self._masking = Masking()

    def resolve(self, ref: SecretRef) -> str:
        """Return the secret. Raises SecretUnavailable, the same error each time."""
        with self._lock:
            if ref not in self._known:
                try:
                    self._known[ref] = resolve(ref, environ=self._environ)
                except SecretUnavailable as error:
                    self._known[ref] = error
                else:
                    self._remember(str(self._known[ref]), str(ref))
            known = self._known[ref]
        if isinstance(known, SecretUnavailable):
            raise SecretUnavailable(known.reference, known.cause)
        return known

    def learn(self, refs: Iterable[SecretRef]) -> None:
        """Fetch secrets that may never be needed, so that they are masked, too.

        For example, a host may print a password that the login did not need because a key was enough.
        """
        for ref in refs:
            try:
                self.resolve(ref)
            except SecretUnavailable as error:
                logger.warning("%s; if an answer contains this secret, it is not masked", error)

    def remember(self, secret: str, *, what: str = "a secret") -> str:
        """Remember a secret from elsewhere (a token, a password of clouds.yaml); return it as a ``Secret``."""
        with self._lock:
            self._remember(secret, what)
        return Secret(secret)

    def _remember(self, secret: str, what: str) -> None:
        if not self._masking.add(secret):
            logger.warning("%s is a common word: it cannot be masked in recordings. Choose a better one.", what)

    def scrub(self, value: Any) -> Any:  # noqa: ANN401 - text or JSON, and the same back
        """Return the text, or the JSON value, with every known secret replaced by ``***``, in keys as well."""
        return self._masking.scrub(value)

    def __repr__(self) -> str:
        return f"<Vault of {len(self._known)} references>"
