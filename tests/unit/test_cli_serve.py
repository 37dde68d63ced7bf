# SPDX-License-Identifier: Apache-2.0
"""``calipso serve`` as a process, and the commands for its users."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest
import requests

from tests.fixtures.cli import calipso, program
from tests.fixtures.cloud import make_pki
from tests.fixtures.processes import serving


@pytest.mark.chaos
def test_the_first_start_prints_a_password_that_works_once(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    with serving(path) as (url, process):
        assert process.stdout is not None
        password = process.stdout.readline().split()[-1]
        token = requests.post(f"{url}/api/v2/tokens", auth=("admin", password), timeout=30).json()["token"]
        change = {"old": password, "new": "correct horse battery"}
        headers = {"Authorization": f"Bearer {token}"}
        assert requests.put(f"{url}/api/v2/me/password", json=change, headers=headers, timeout=30).status_code == 204
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
        assert process.returncode in (0, -signal.SIGTERM, 128 + signal.SIGTERM)
        assert f"listening on {url}/api/v2" in err
        assert password not in out + err
    with serving(path) as (url, process):
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=30)
        assert out == "", "there are users: no further password"


@pytest.mark.chaos
def test_tls_is_spoken(tmp_path: Path) -> None:
    pki = make_pki(tmp_path)
    options = ("--tls-cert", str(pki.server), "--tls-key", str(pki.server_key))
    with serving(tmp_path / "s.db", *options, ca=Path(pki.ca)) as (url, process):
        refused = requests.get(f"{url}/api/v2/me", timeout=30, verify=str(pki.ca))
        assert (refused.status_code, refused.headers["strict-transport-security"]) == (401, "max-age=31536000")
        with pytest.raises(requests.ConnectionError):
            requests.get(url.replace("https", "http"), timeout=30)
        process.send_signal(signal.SIGTERM)
        assert f"listening on {url}/api/v2" in process.communicate(timeout=30)[1]


def test_users_are_listed_added_and_removed(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    once = calipso("users", "add", "ann", "--role", "operator", "--env", "lab", "--env", "prod", store=path).out.strip()
    assert len(once) >= 12
    (ann,) = calipso("users", "-o", "json", store=path).json
    assert ann == {
        "name": "ann",
        "roles": {"lab": "operator", "prod": "operator"},
        "enabled": True,
        "one_time_password": True,
    }
    assert "operator of lab, operator of prod  must choose a password" in calipso("users", store=path).out
    assert calipso("users", "password", "ann", store=path).out.strip() != once
    assert "user ann is removed" in calipso("users", "remove", "ann", store=path).err
    assert "no users yet: calipso serve creates the first one" in calipso("users", store=path).err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("users", "add", "a b"), "user name 'a b': expected"),
        (("users", "password", "nobody"), "there is no user nobody"),
        (("users", "remove", "nobody"), "there is no user nobody"),
        (("serve", "--bind", "8000"), "expected ADDRESS:PORT"),
        (("serve", "--bind", "127.0.0.1:70000"), "expected ADDRESS:PORT"),
        (("serve", "--tls-cert", "x.pem"), "--tls-cert and --tls-key belong together"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    path = tmp_path / "s.db"
    calipso("users", "add", "ann", store=path)
    refused = calipso(*words, store=path)
    assert refused.status == 2, refused.err
    assert said in " ".join(refused.err.split())


def test_settings_of_ldap_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    refused = calipso("serve", "--ldap_config", str(tmp_path / "ldap.json"), store=tmp_path / "s.db")
    assert refused.status == 1
    assert "cannot be read" in refused.err


def test_ldap_without_its_library_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "ldap.json").write_text(
        '{"url": "ldaps://ldap.example", "user_tree_dn": "dc=example", "user_id_attribute": "uid"}'
    )
    hidden = tmp_path / "hidden"
    (hidden / "sansldap").mkdir(parents=True)
    (hidden / "sansldap" / "__init__.py").write_text("raise ModuleNotFoundError(name='sansldap')")
    command = [program(), "--store", str(tmp_path / "s.db"), "serve", "--ldap_config", str(tmp_path / "ldap.json")]
    refused = subprocess.run(  # noqa: S603 - our own program
        command, env={**os.environ, "PYTHONPATH": str(hidden)}, capture_output=True, text=True, check=False, timeout=60
    )
    assert refused.returncode == 2, refused.stderr
    assert "--ldap_config needs sansldap: pip install 'calipso_nornir[ldap]'" in refused.stderr
