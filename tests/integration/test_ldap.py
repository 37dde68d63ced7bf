# SPDX-License-Identifier: Apache-2.0
"""Logins with a real OpenLDAP: passwords, hostile names, groups, TLS, servers that are down or give wrong answers."""

from __future__ import annotations

import base64
import json
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.access.directory import Directory
from calipso_nornir.access.ldap_settings import LdapSettings
from calipso_nornir.access.principals import Principals
from calipso_nornir.access.roles import EVERYWHERE, Grants, Role
from calipso_nornir.access.settings_file import read_settings
from calipso_nornir.access.users import User
from calipso_nornir.errors import InvalidRequest, LoginServiceUnavailable, SettingsInvalid
from calipso_nornir.model.source_kinds import Finding
from calipso_nornir.store import open_store
from tests.fixtures.cloud import make_pki
from tests.fixtures.serving import PASSWORD as LOCAL_PASSWORD
from tests.fixtures.serving import Client, Served, served
from tests.fixtures.slapd import PASSWORD, SEARCHER, USERS, Slapd

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import requests

pytest_plugins = ["tests.fixtures.shared_slapd"]

ANN = {"lab": "operator", "prod": "viewer"}
NOT_FROM_HERE = "cannot be changed here"


def directory(given: dict[str, Any]) -> Directory:
    return Directory(LdapSettings.model_validate(given))


WAYS: dict[str, dict[str, Any]] = {
    "an account searches": {},
    "an account searches the whole tree": {"query_scope": "sub", "user_objectclass": "inetOrgPerson"},
    "the entry names its groups": {"group_tree_dn": None},
    "the DN is made of the name": {"user": None, "password": None},
    "as the original's file has it": {"user": None, "password": None, "user_objectclass": "inetOrgPerson"},
}


@pytest.mark.parametrize("way", WAYS)
def test_a_password_is_tried_by_a_bind_and_groups_give_roles(slapd: Slapd, way: str) -> None:
    asked = directory(slapd.settings(**WAYS[way]))
    found = asked.identified("ann", PASSWORD)
    assert found is not None
    assert found.name == "Ann", "as the directory writes it"
    assert found.grants.words() == ANN, "the higher role of two groups"
    bob = asked.identified("bob", PASSWORD)
    assert bob is not None
    assert bob.grants.words()[EVERYWHERE] == "admin"
    for name, password in [
        ("ann", "wrong"),
        ("ann", ""),
        ("ann", "\0"),
        ("", PASSWORD),
        ("", ""),
        ("nobody", PASSWORD),
        ("nobody", ""),
        ("searcher", PASSWORD),
        ("hidden", PASSWORD),
    ]:
        assert asked.identified(name, password) is None, (name, password)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "name",
    [
        "*",
        "a*",
        "ann)(uid=*",
        "*)(|(uid=*",
        "ann)(cn=ann))(|(uid=*",
        r"\61nn",
        "ann\0",
        "ann,ou=people",
        f"ann,{USERS}",
        f"hidden,ou=secret,{USERS.partition(',')[2]}\0",
        "ann+cn=ann",
        "ann\\",
        '"ann"',
        "#ann",
        "\ud800".encode("utf-8", "replace").decode(),
        "ä" * 5000,
    ],
)
def test_a_name_is_a_name_and_no_filter_or_dn(slapd: Slapd, way: str, name: str) -> None:
    assert directory(slapd.settings(**WAYS[way])).identified(name, PASSWORD) is None


def test_a_name_of_two_entries_is_nobody(slapd: Slapd) -> None:
    assert directory(slapd.settings()).identified("twin", PASSWORD) is None
    found = directory(slapd.settings()).identified("ann2", PASSWORD)
    assert found is not None, "a further name that is nobody else's"
    assert found.name == "ann2"


def test_everybody_can_have_a_role_and_without_any_nothing_is_seen(slapd: Slapd) -> None:
    carol = directory(slapd.settings(groups=None, roles={"*": "viewer"})).identified("carol", PASSWORD)
    assert carol is not None
    assert carol.grants.words() == {"*": "viewer"}
    carol = directory(slapd.settings(groups=None)).identified("carol", PASSWORD)
    assert carol is not None
    assert carol.grants.words() == {}


def test_groups_may_hold_names(slapd: Slapd) -> None:
    found = directory(slapd.settings(group_member_attribute="memberUid", group_tree_dn="ou=none,dc=example,dc=org"))
    ann = found.identified("ann", PASSWORD)
    assert ann is not None
    assert ann.grants.words() == ANN, "a tree that is not there has no groups; the entry names its own"


# --- TLS


@pytest.mark.parametrize("way", [{"start_tls": True}, {"url": "ldaps://127.0.0.1:{ldaps}"}], ids=["StartTLS", "LDAPS"])
def test_tls_is_verified_against_an_authority(slapd: Slapd, way: dict[str, Any], tmp_path: Path) -> None:
    way = {key: value.format(ldaps=slapd.ldaps) if isinstance(value, str) else value for key, value in way.items()}
    trusting = directory(slapd.settings(**way, tls_cacertfile=str(slapd.pki.ca)))
    assert trusting.identified("ann", PASSWORD) is not None
    assert trusting.identified("ann", "wrong") is None
    for authority in (None, str(make_pki(tmp_path).ca)):
        with pytest.raises(LoginServiceUnavailable, match="its certificate is not accepted"):
            directory(slapd.settings(**way, tls_cacertfile=authority)).identified("ann", PASSWORD)


def test_a_certificate_of_another_host_is_refused(slapd: Slapd) -> None:
    there = slapd.settings(url=f"ldaps://localhost:{slapd.ldaps}", tls_cacertfile=str(slapd.pki.ca))
    with pytest.raises(LoginServiceUnavailable, match=r"certificate is not accepted: Hostname mismatch"):
        directory(there).identified("ann", PASSWORD)


def test_an_authority_that_cannot_be_read_is_named(slapd: Slapd) -> None:
    with pytest.raises(LoginServiceUnavailable, match="TLS: No such file"):
        directory(slapd.settings(start_tls=True, tls_cacertfile="missing.pem")).identified("ann", PASSWORD)


# --- servers that are down, or do not speak LDAP


def dead() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def test_the_next_server_is_asked_when_one_is_down(slapd: Slapd) -> None:
    down = f"ldap://127.0.0.1:{dead()}"
    asked = directory(slapd.settings(url=[down, f"ldap://127.0.0.1:{slapd.ldap}"]))
    assert asked.identified("ann", PASSWORD) is not None
    assert asked.identified("ann", "wrong") is None, "an answer is an answer: the next one is not asked"
    refused = "Connection refused; does it run at this address, and may this host reach it?"
    assert asked.check() == [
        Finding("LDAP", down, ok=False, detail=refused, needed=False),
        Finding("LDAP", f"ldap://127.0.0.1:{slapd.ldap}", ok=True, detail="takes the account that looks for users"),
    ]
    assert directory(slapd.settings(url=down)).check() == [Finding("LDAP", down, ok=False, detail=refused)]
    with pytest.raises(LoginServiceUnavailable, match=f"{down}: Connection refused"):
        directory(slapd.settings(url=down)).identified("ann", PASSWORD)


def test_an_account_that_may_not_search_is_no_wrong_password_of_the_user(slapd: Slapd) -> None:
    asked = directory(slapd.settings(password="wrong"))  # noqa: S106 - it is
    with pytest.raises(LoginServiceUnavailable, match=f"it refuses the account that looks for users .{SEARCHER}"):
        asked.identified("ann", PASSWORD)
    [found] = asked.check()
    assert (found.ok, found.needed) == (False, True)
    assert "refuses the account" in found.detail


ANSWERS = {
    "nothing": (b"", "it ended the connection"),
    "another protocol": (b"220 mail.example ESMTP\r\n", "not LDAP"),
    "a message without end": (b"\x30\x84\x7f\xff\xff\xff" + b"\0" * (2 << 20), "it sent more than"),
    "a referral": (
        bytes.fromhex("3030020101612b0a010a04000400a3220420") + b"ldap://203.0.113.1/dc=example,dc",
        "referrals are not followed",
    ),
    "busy": (bytes.fromhex("300c02010161070a013304000400"), "bind: BUSY"),
    "silence": (None, "timed out"),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_server_that_does_not_answer_as_it_should_is_told_and_nobody_gets_in(answer: str) -> None:
    sent, said = ANSWERS[answer]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_answering, args=(listener, sent), daemon=True).start()
        url = f"ldap://127.0.0.1:{listener.getsockname()[1]}"
        given = {"url": url, "user_tree_dn": USERS, "user_id_attribute": "uid", "timeout_s": 0.5}
        with pytest.raises(LoginServiceUnavailable, match=said):
            directory(given).identified("ann", PASSWORD)


def _answering(listener: socket.socket, answer: bytes | None) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(4096)
        if answer is not None:
            try:
                connection.sendall(answer)
            except OSError:
                return  # it has heard enough
            return
        connection.recv(1)


# --- the file


def test_the_file_of_the_original_is_read(slapd: Slapd, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "ldap.conf"
    path.write_text(
        f"# LDAP\nuser {SEARCHER}\npassword {PASSWORD}\nurl ldap://127.0.0.1:{slapd.ldap}\nuser_id_attribute uid\n"
        f"user_pass_attribute userPassword\nuser_objectclass inetOrgPerson\nuser_tree_dn {USERS}\nquery_scope one\n"
        "tls_req_cert demand\ntls_cacertfile\ngroup_member_attribute member\n"
    )
    assert Directory(read_settings(path, LdapSettings)).identified("ann", PASSWORD) is not None
    assert "chmod 600" in caplog.text


def test_the_password_of_the_account_may_be_a_reference(slapd: Slapd, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(PASSWORD)
    (tmp_path / "secret").chmod(0o600)
    path = tmp_path / "ldap.json"
    path.write_text(json.dumps(slapd.settings(password={"file": str(tmp_path / "secret")})))
    assert Directory(read_settings(path, LdapSettings)).identified("ann", PASSWORD) is not None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"url": "ldap://ldap.example"}, None),
        ({"url": "ldap://ldap.example", "clear_text": True}, None),
        ({"url": "ldap://ldap.example", "start_tls": False}, "cross the network in clear text"),
        ({"url": "http://ldap.example"}, "expected ldaps://HOST"),
        ({"url": "ldaps://"}, "expected ldaps://HOST"),
        ({"url": []}, "names no server"),
        ({"tls_req_cert": "allow"}, "certificates are always verified"),
        ({"tls_req_cert": "never"}, "certificates are always verified"),
        ({"user": None}, "user and password belong together"),
        ({"user_tree_dn": None}, "user_tree_dn: Field required"),
        ({"user_id_attribute": "uid)(x"}, "user_id_attribute: String should match"),
        ({"password": {"shell": "x"}}, "expected a text, or a reference"),
        ({"groups": {"cn=x": {"lab": "king"}}}, "role 'king': expected one of viewer"),
        ({"roles": {"*": "king"}}, "role 'king': expected one of viewer"),
        ({"passwrd": "hunter2"}, "passwrd: Extra inputs are not permitted"),
        ({"timeout_s": 0}, "timeout_s: Input should be greater than 0"),
    ],
)
def test_settings_that_are_wrong_say_what(tmp_path: Path, change: dict[str, Any], said: str | None) -> None:
    given = {
        "url": "ldaps://ldap.example",
        "user": "cn=x",
        "password": "hunter2",
        "user_tree_dn": USERS,
        "user_id_attribute": "uid",
        **change,
    }
    path = tmp_path / "ldap.json"
    path.write_text(json.dumps({key: value for key, value in given.items() if value is not None}))
    if said is None:
        settings = read_settings(path, LdapSettings)
        assert [settings.starts_tls(one) for one in settings.servers] == [not settings.clear_text]
        return
    with pytest.raises(SettingsInvalid) as wrong:
        read_settings(path, LdapSettings)
    assert said in str(wrong.value)
    assert "hunter2" not in str(wrong.value)


@pytest.mark.parametrize(("content", "said"), [(b"{", "is no JSON"), (b"\xff", "not UTF-8"), (None, "No such file")])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "ldap.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsInvalid, match=said):
        read_settings(path, LdapSettings)


# --- users of the directory beside local ones


@pytest.fixture
def api(slapd: Slapd, tmp_path: Path) -> Iterator[Served]:
    store = open_store(tmp_path / "s.db")
    with served(store, secrets=tmp_path / "secrets", directory=directory(slapd.settings())) as running_api:
        yield running_api
    store.close()


def login(api: Served, name: str, password: str = PASSWORD) -> requests.Response:
    given = base64.b64encode(f"{name}:{password}".encode()).decode()
    return Client(api.url, {"Authorization": f"Basic {given}"}).ask("POST", "/tokens", json={})


def test_a_user_of_the_directory_gets_tokens_and_an_admin_can_lock_the_user_out(api: Served) -> None:
    made = login(api, "ann")
    assert made.status_code == 201, made.text
    ann = Client(api.url, {"Authorization": f"Bearer {made.json()['token']}"})
    me = ann.get("/me")
    assert (me["name"], me["roles"], me["must_change_password"]) == ("Ann", ANN, False)
    assert ann.ask("GET", "/users").status_code == 403
    assert login(api, "ann", "wrong").status_code == 401
    admin = api.user("root", everywhere="admin")
    (shown,) = [one for one in admin.get("/users") if one["name"] == "Ann"]
    assert shown["source"] == "ldap"
    for change in ({"password": "a password of ours"}, {"roles": {"*": "admin"}}):
        refused = admin.ask("PATCH", "/users/Ann", json=change)
        assert refused.status_code == 409
        assert NOT_FROM_HERE in refused.json()["detail"]
    assert admin.ask("PATCH", "/users/Ann", json={"enabled": False}).status_code == 200
    assert ann.ask("GET", "/me").status_code == 401
    assert login(api, "ann").status_code == 401
    assert "directory horse" not in json.dumps(api.settings.store.collection("users").find(), default=str)


def test_a_local_user_keeps_a_name_that_the_directory_has_too(api: Served) -> None:
    users = api.settings.principals.users
    users.add(User(name="admin", grants=Grants({EVERYWHERE: Role.ADMIN})), LOCAL_PASSWORD)
    users.add(User(name="ann", grants=Grants({})), LOCAL_PASSWORD)
    assert login(api, "admin", LOCAL_PASSWORD).status_code == 201
    assert login(api, "admin", PASSWORD).status_code == 401, "who has that name in the directory is somebody else"
    assert login(api, "ADMIN", PASSWORD).status_code == 401, "as is who writes it in another way"
    assert login(api, "ann", PASSWORD).status_code == 401
    assert login(api, "bob").status_code == 201
    with pytest.raises(InvalidRequest, match="the only admin"):
        users.remove("admin")  # bob is an admin only as long as the directory answers


def test_roles_follow_the_groups_at_the_next_login(api: Served, slapd: Slapd) -> None:
    assert login(api, "ann").status_code == 201
    other = Directory(LdapSettings.model_validate(slapd.settings(groups=None, roles={"lab": "viewer"})))
    who = Principals(api.settings.store, directory=other).by_password("ann", PASSWORD)
    assert who is not None
    ann = api.settings.principals.users.get("Ann")
    assert ann is not None
    assert ann.grants.words() == who.grants.words() == {"lab": "viewer"}


@pytest.mark.long
def test_a_dead_directory_is_503_and_local_users_get_in(tmp_path: Path, slapd: Slapd) -> None:
    store = open_store(tmp_path / "s.db")
    slapd.stop()
    try:
        with served(store, secrets=tmp_path / "secrets", directory=directory(slapd.settings())) as api:
            api.user("root", everywhere="admin")
            for _ in range(7):
                refused = login(api, "ann")
                assert refused.status_code == 503, "and not 401 or 429: nobody has guessed"
            assert "LDAP cannot verify this login: ldap://127.0.0.1" in refused.json()["detail"]
            assert login(api, "root", LOCAL_PASSWORD).status_code == 201
    finally:
        slapd.start()
        store.close()
    assert directory(slapd.settings()).identified("ann", PASSWORD) is not None
