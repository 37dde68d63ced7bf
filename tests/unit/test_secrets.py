# SPDX-License-Identifier: Apache-2.0
"""Secrets from every place to which a reference can point, and texts in which they are masked."""

from __future__ import annotations

import base64
import json
import logging
import os
import subprocess
import sys
import time
import traceback
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calipso_nornir.errors import SecretUnavailable
from calipso_nornir.model.environment import SecretRef
from calipso_nornir.sources import secrets
from calipso_nornir.sources.masking import COMMON_WORDS, SHORT
from calipso_nornir.sources.secrets import Secret, Vault, resolve

if TYPE_CHECKING:
    from pathlib import Path

CANARY = 'c4n4ry "Xy7" /ü+'


def private(path: Path, content: bytes | str, mode: int = 0o600) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(mode)
    return path


def failure_of(ref: SecretRef, **options: dict[str, str]) -> str:
    with pytest.raises(SecretUnavailable) as caught:
        resolve(ref, **options)
    shown = "".join(traceback.format_exception(caught.value))
    assert "c4n4ry" not in shown
    assert caught.value.reference == str(ref)
    return caught.value.cause


def test_environment_variable() -> None:
    ref = SecretRef("env", "DB_PASSWORD")
    assert resolve(ref, environ={"DB_PASSWORD": CANARY}) == CANARY
    assert failure_of(ref, environ={}) == "the variable is not set"
    assert failure_of(ref, environ={"DB_PASSWORD": ""}) == "it is empty"


def test_the_process_own_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_PASSWORD", CANARY)
    assert resolve(SecretRef("env", "DB_PASSWORD")) == CANARY


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_file(tmp_path: Path, ending: str) -> None:
    path = private(tmp_path / "pw", CANARY + ending)
    assert resolve(SecretRef("file", str(path))) == CANARY


def test_file_below_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    private(tmp_path / "pw", CANARY, 0o400)
    assert resolve(SecretRef("file", "~/pw")) == CANARY


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o610])
def test_file_that_others_may_read(tmp_path: Path, mode: int) -> None:
    path = private(tmp_path / "my pw", CANARY, mode)
    cause = failure_of(SecretRef("file", str(path)))
    assert cause == f"others may read it (mode {mode:04o}); run: chmod 600 '{path}'"


def test_files_that_are_no_use(tmp_path: Path) -> None:
    assert failure_of(SecretRef("file", str(tmp_path / "none"))) == "No such file or directory"
    assert failure_of(SecretRef("file", str(tmp_path))) == "it is not a regular file"
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert failure_of(SecretRef("file", str(tmp_path / "pipe"))) == "it is not a regular file"
    assert failure_of(SecretRef("file", "/dev/zero")) == "it is not a regular file"
    assert failure_of(SecretRef("file", str(private(tmp_path / "empty", "\n")))) == "it is empty"
    assert failure_of(SecretRef("file", str(private(tmp_path / "latin", b"c4n4ry\xff")))) == "it is not UTF-8"
    assert "longer than" in failure_of(SecretRef("file", str(private(tmp_path / "long", "c4n4ry" * 20_000))))


@pytest.mark.parametrize(
    ("command", "secret"),
    [
        (f"{sys.executable} -c \"print('one', 'two'); print('three')\"", "one two"),
        ("printf %s 'no newline'", "no newline"),
        ("printf '%s\\r\\n' x", "x"),
        ("echo $HOME `id` ; true", "$HOME `id` ; true"),
    ],
)
def test_command_without_a_shell_gives_its_first_line(command: str, secret: str) -> None:
    assert resolve(SecretRef("command", command)) == secret


def test_command_sees_the_given_variables(tmp_path: Path) -> None:
    ref = SecretRef("command", "printenv STORE_PASSWORD")
    environ = {"PATH": os.environ["PATH"], "STORE_PASSWORD": CANARY, "HOME": str(tmp_path)}
    assert resolve(ref, environ=environ) == CANARY


def test_commands_that_fail(tmp_path: Path) -> None:
    noisy = private(tmp_path / "noisy", "#!/bin/sh\necho c4n4ry; echo c4n4ry >&2; exit 3\n", 0o700)
    assert failure_of(SecretRef("command", str(noisy))) == "it ended with status 3; run it by hand to see why"
    assert failure_of(SecretRef("command", "no-such-program-here x")) == "No such file or directory"
    assert failure_of(SecretRef("command", "pass 'show")) == "its quotes do not match"
    assert failure_of(SecretRef("command", "true")) == "it is empty"
    assert failure_of(SecretRef("command", "  ")) == "it is empty"


def test_command_that_hangs_ends_with_all_that_it_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(secrets, "COMMAND_TIMEOUT_S", 0.5)
    note = tmp_path / "pid"
    started = time.monotonic()
    ref = SecretRef("command", f"sh -c 'sleep 60 & echo $! > {note}; wait'")
    assert failure_of(ref) == "it did not end within 0.5 s"
    assert time.monotonic() - started < 10
    state = subprocess.run(["ps", "-o", "stat=", "-p", note.read_text().strip()], capture_output=True, check=False)  # noqa: S603, S607 - a number of ours
    assert state.stdout.strip()[:1] in (b"", b"Z"), "the grandchild lives on"


def test_keyring(tmp_path: Path) -> None:
    """In a process of its own, with the plain-text back end of keyrings.alt: a real one needs a desktop session."""
    code = (
        "import keyring, sys\n"
        "from calipso_nornir.model.environment import SecretRef\n"
        "from calipso_nornir.sources.secrets import resolve\n"
        "keyring.set_password('https://cloud:5000', 'admin', 'c4n4ry')\n"
        "assert resolve(SecretRef('keyring', 'https://cloud:5000:admin')) == 'c4n4ry'\n"
        "try:\n"
        "    resolve(SecretRef('keyring', 'https://cloud:5000:other'))\n"
        "except Exception as error:\n"
        "    print(error)\n"
    )
    run = _python(tmp_path, code, PYTHON_KEYRING_BACKEND="keyrings.alt.file.PlaintextKeyring")
    assert run == "secret keyring:https://cloud:5000:other cannot be read: the keyring has no such entry"


@pytest.mark.parametrize(
    ("prelude", "said"),
    [
        ("", r"the keyring cannot be used (NoKeyringError)"),
        ("sys.modules['keyring'] = None", 'install the package: pip install "calipso_nornir[keyring]"'),
    ],
)
def test_no_keyring(tmp_path: Path, prelude: str, said: str) -> None:
    code = (
        f"import sys\n{prelude}\n"
        "from calipso_nornir.model.environment import SecretRef\n"
        "from calipso_nornir.sources.secrets import resolve\n"
        "try:\n"
        "    resolve(SecretRef('keyring', 'a:b'))\n"
        "except Exception as error:\n"
        "    print(error)\n"
    )
    run = _python(tmp_path, code, PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring")
    assert run == f"secret keyring:a:b cannot be read: {said}"


def _python(home: Path, code: str, **variables: str) -> str:
    environ = {**os.environ, "HOME": str(home), "XDG_DATA_HOME": str(home), "XDG_CONFIG_HOME": str(home), **variables}
    run = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False)  # noqa: S603 - code of ours
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def test_the_vault_asks_once_and_remembers_failures(tmp_path: Path) -> None:
    log = tmp_path / "asked"
    good = SecretRef("command", f"sh -c 'echo x >> {log}; echo c4n4ry-Xy7'")
    bad = SecretRef("command", f"sh -c 'echo x >> {log}; exit 1'")
    vault = Vault()
    assert [vault.resolve(good), vault.resolve(good)] == ["c4n4ry-Xy7"] * 2
    for _ in range(3):
        with pytest.raises(SecretUnavailable, match="ended with status 1"):
            vault.resolve(bad)
    assert log.read_text().split() == ["x", "x"]


def test_nothing_shows_a_secret_in_hand() -> None:
    vault = Vault(environ={"PW": CANARY})
    secret = vault.resolve(SecretRef("env", "PW"))
    assert secret == CANARY
    assert isinstance(secret, Secret)
    for text in (repr(secret), repr([secret]), repr(vault), str(vault), repr({"pwd": vault.remember("c4n4ry-token")})):
        assert "c4n4ry" not in text
    with pytest.raises(ZeroDivisionError) as caught:
        _fail_with(secret)
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert "password = '***'" in shown


def _fail_with(password: str) -> None:
    _ = len(password) / 0


def test_scrub_finds_a_secret_however_it_is_written() -> None:
    vault = Vault(environ={"PW": CANARY})
    vault.resolve(SecretRef("env", "PW"))
    value = {
        "plain": f"pwd={CANARY};",
        "json": json.dumps({"p": CANARY}),
        "url": f"https://u:{quote(CANARY, safe='')}@c/",
        "basic": base64.b64encode(CANARY.encode()).decode(),
        "deep": [({CANARY: 1},), None, 2, True],
    }
    assert vault.scrub(value) == {
        "plain": "pwd=***;",
        "json": '{"p": "***"}',
        "url": "https://u:***@c/",
        "basic": "***",
        "deep": [({"***": 1},), None, 2, True],
    }
    assert vault.scrub("nothing to hide") == "nothing to hide"
    assert Vault().scrub(CANARY) == CANARY


def test_short_secrets_are_masked_where_they_stand_alone() -> None:
    vault = Vault(environ={"PW": "qbr1"})
    vault.resolve(SecretRef("env", "PW"))
    assert vault.scrub("password qbr1, bridge qbr12-qbr1x qbr1-x") == "password ***, bridge qbr12-qbr1x qbr1-x"


def test_common_words_are_said_and_not_masked(caplog: pytest.LogCaptureFixture) -> None:
    """To mask "admin" in a recording would tell the password, and break the recording."""
    vault = Vault(environ={"PW": "Admin"})
    with caplog.at_level(logging.WARNING):
        vault.resolve(SecretRef("env", "PW"))
    assert vault.scrub("project admin, Admin") == "project admin, Admin"
    assert "env:PW is a common word" in caplog.text
    assert "Admin" not in caplog.text


@pytest.mark.parametrize("sign", [0xD800, 0xDC80], ids=["half a character", "no UTF-8"])
def test_secrets_that_are_no_text_are_masked(sign: int) -> None:
    secret = f"hunter2{chr(sign)}x"
    vault = Vault()
    vault.remember(secret)
    assert vault.scrub(f"a {secret} b") == "a *** b"


@given(secret=st.text(st.characters(exclude_characters="*"), min_size=SHORT), before=st.text(), after=st.text())
def test_no_secret_survives(secret: str, before: str, after: str) -> None:
    if secret.lower() in COMMON_WORDS:
        return
    vault = Vault()
    vault.remember(secret)
    scrubbed = vault.scrub(json.loads(json.dumps({"text": before + secret + after})))
    assert secret not in scrubbed["text"]
