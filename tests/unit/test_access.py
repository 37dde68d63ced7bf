# SPDX-License-Identifier: Apache-2.0
"""Users, roles, tokens and the throttle: no secret is stored, nothing is open by default, guessing is slow."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from calipso_nornir.access import users
from calipso_nornir.access.principals import Principals
from calipso_nornir.access.roles import EVERYWHERE, Grants, Role, role
from calipso_nornir.access.throttling import ATTEMPTS, WINDOW_S, Throttle
from calipso_nornir.access.tokens import LONGEST, Tokens
from calipso_nornir.access.users import User
from calipso_nornir.errors import InvalidRequest
from calipso_nornir.store import open_store
from tests.fixtures.serving import CHEAP

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from calipso_nornir.model.stores import Store

PASSWORD = "correct horse battery"  # noqa: S105 - of a user in a test
ANN = User(name="ann", grants=Grants({"lab": Role.OPERATOR, "prod": Role.VIEWER}))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path / "s.db")
    yield store
    store.close()


@pytest.fixture
def who(store: Store, monkeypatch: pytest.MonkeyPatch) -> Principals:
    monkeypatch.setattr(users, "_HASHER", CHEAP)
    return Principals(store)


def test_passwords_are_hashed_with_argon2id_as_its_library_advises(store: Store) -> None:
    Principals(store).users.add(ANN, PASSWORD)
    assert "$argon2id$v=19$m=65536,t=3,p=4$" in everything(store)
    assert Principals(store).by_password("ann", PASSWORD) is not None


def everything(store: Store) -> str:
    return json.dumps([store.collection(name).find() for name in ("users", "api_tokens")], default=str)


def test_a_role_includes_those_below_it_where_it_is_held() -> None:
    grants = ANN.grants
    assert [grants.allow(one, "lab") for one in Role] == [True, True, False]
    assert [grants.allow(one, "prod") for one in Role] == [True, False, False]
    assert not any(grants.allow(one, where) for one in Role for where in ("other", None))
    admin = Grants({EVERYWHERE: Role.ADMIN})
    assert all(admin.allow(one, where) for one in Role for where in ("lab", None))
    assert [grants.anywhere(one) for one in Role] == [True, True, False]
    assert grants.capped(Role.VIEWER).words() == {"lab": "viewer", "prod": "viewer"}
    assert Grants.read(grants.words()) == grants


@pytest.mark.parametrize("word", ["root", "", None, 3])
def test_a_role_that_is_none_is_refused(word: str) -> None:
    with pytest.raises(InvalidRequest, match="expected one of viewer, operator, admin"):
        role(word)


def test_the_first_admin_has_a_password_of_its_own_and_is_made_once(who: Principals, store: Store) -> None:
    first = who.users.first_admin()
    assert first is not None
    assert who.users.first_admin() is None
    assert first not in everything(store)
    principal = who.by_password("admin", first)
    assert principal is not None
    assert principal.only_password
    assert not principal.may(Role.VIEWER, "lab"), "before another password is chosen"
    who.users.set_password("admin", PASSWORD)
    principal = who.by_password("admin", PASSWORD)
    assert principal is not None
    assert principal.may(Role.ADMIN, None)
    assert who.by_password("admin", first) is None


def test_a_password_is_verified_and_never_stored(who: Principals, store: Store) -> None:
    who.users.add(ANN, PASSWORD)
    assert PASSWORD not in everything(store)
    assert "$argon2id$" in everything(store)
    principal = who.by_password("ann", PASSWORD)
    assert principal is not None
    assert (principal.name, principal.grants) == ("ann", ANN.grants)
    for name, password in (("ann", "wrong"), ("ann", ""), ("ann", "x" * 5000), ("bob", PASSWORD), ("", "")):
        assert who.by_password(name, password) is None


@pytest.mark.parametrize(
    ("user", "password", "said"),
    [
        ("ann", "short", "a password has 12 to 1024 characters; this one has 5"),
        ("ann", "x" * 1025, "this one has 1025"),
        ("a b", PASSWORD, "user name 'a b': expected 1 to 128 letters"),
        ("", PASSWORD, "user name ''"),
        ("../x", PASSWORD, "user name"),
    ],
)
def test_a_user_that_cannot_be_is_refused(who: Principals, user: str, password: str, said: str) -> None:
    with pytest.raises(InvalidRequest, match=said) as error:
        who.users.add(User(name=user, grants=Grants()), password)
    assert password not in str(error.value)
    assert who.users.all() == []


def test_users_are_changed_and_removed(who: Principals) -> None:
    who.users.add(ANN, PASSWORD)
    with pytest.raises(InvalidRequest, match="user ann exists already"):
        who.users.add(ANN, PASSWORD)
    who.users.change("ann", grants=Grants({"lab": Role.VIEWER}), enabled=False)
    assert who.by_password("ann", PASSWORD) is None
    who.users.remove("ann")
    with pytest.raises(InvalidRequest, match="there is no user ann"):
        who.users.remove("ann")
    with pytest.raises(InvalidRequest, match="there is no user ann"):
        who.users.set_password("ann", PASSWORD)


def test_the_last_admin_stays(who: Principals) -> None:
    who.users.first_admin()
    with pytest.raises(InvalidRequest, match="user admin is the only admin of everything"):
        who.users.remove("admin")
    for grants, enabled in ((Grants({EVERYWHERE: Role.VIEWER}), True), (Grants({EVERYWHERE: Role.ADMIN}), False)):
        with pytest.raises(InvalidRequest, match="user admin is the only admin of everything"):
            who.users.change("admin", grants=grants, enabled=enabled)
    who.users.add(User(name="second", grants=Grants({EVERYWHERE: Role.ADMIN})), PASSWORD)
    who.users.remove("admin")


def test_a_token_stands_for_its_user_and_is_stored_as_a_hash(who: Principals, store: Store) -> None:
    who.users.add(ANN, PASSWORD)
    secret, token = who.tokens.issue("ann", name="report", scope=Role.VIEWER)
    assert secret not in everything(store)
    principal = who.by_token(secret)
    assert principal is not None
    assert principal.grants.words() == {"lab": "viewer", "prod": "viewer"}, "no more than the token's scope"
    assert [one.id for one in who.tokens.of("ann")] == [token.id]
    assert who.tokens.of("ann")[0].last_used is not None
    for wrong in ("", "x", secret[:-1], secret.upper(), "\udcff"):
        assert who.by_token(wrong) is None
    assert who.tokens.revoke("bob", token.id) == 0, "only one's own"
    assert who.tokens.revoke("ann", token.id) == 1
    assert who.by_token(secret) is None


def test_a_token_goes_with_its_user(who: Principals) -> None:
    who.users.add(ANN, PASSWORD)
    secret, _ = who.tokens.issue("ann")
    who.users.change("ann", enabled=False)
    assert who.by_token(secret) is None
    who.users.change("ann", enabled=True)
    assert who.by_token(secret) is not None
    who.users.remove("ann")
    assert who.by_token(secret) is None


def test_tokens_expire(store: Store) -> None:
    tokens = Tokens(store)
    secret, token = tokens.issue("ann", lifetime=timedelta(seconds=1))
    assert tokens.found(secret) is not None
    (document,) = store.collection("api_tokens").find()
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    store.collection("api_tokens").update_if(document["key"], {}, {"expires_at": past})
    assert tokens.found(secret) is None
    assert tokens.of("ann") == []
    tokens.issue("bob")
    assert [one["user"] for one in store.collection("api_tokens").find()] == ["bob"], "expired ones are removed"
    for lifetime in (timedelta(0), LONGEST + timedelta(seconds=1)):
        with pytest.raises(InvalidRequest, match="expected 1 s to 366 days"):
            tokens.issue("ann", lifetime=lifetime)
    assert token.expires_at - token.issued_at == timedelta(seconds=1)


def _wait_s(throttle: Throttle, *keys: str) -> float:
    with throttle.attempt(*keys) as wait:
        return wait


def test_guessing_is_slowed_down() -> None:
    now = [0.0]
    throttle = Throttle(lambda: now[0])
    for _ in range(ATTEMPTS):
        assert _wait_s(throttle, "user ann", "address 1") == 0
        throttle.failed("user ann", "address 1")
        now[0] += 1
    assert _wait_s(throttle, "user ann", "address 2") == WINDOW_S - ATTEMPTS, "from wherever"
    assert _wait_s(throttle, "user bob", "address 1") > 0, "whoever, from there"
    assert _wait_s(throttle, "user bob", "address 2") == 0
    now[0] = WINDOW_S
    assert _wait_s(throttle, "user ann", "address 1") == 0
    throttle.failed("user ann")
    assert _wait_s(throttle, "user ann") > 0
    throttle.succeeded("user ann")
    assert _wait_s(throttle, "user ann") == 0


@pytest.mark.parametrize("right", [False, True])
def test_of_many_attempts_at_once_no_more_are_made_than_may_fail(*, right: bool) -> None:
    throttle = Throttle()
    at_once: list[int] = []
    under_way: set[int] = set()

    def attempt(number: int) -> bool:
        with throttle.attempt("user ann", f"address {number}") as wait:
            if wait:
                return False
            under_way.add(number)
            at_once.append(len(under_way))
            time.sleep(0.02)  # as an LDAP directory takes
            under_way.discard(number)
            (throttle.succeeded if right else throttle.failed)("user ann", f"address {number}")
            return True

    with ThreadPoolExecutor(30) as pool:
        made = list(pool.map(attempt, range(30)))
    assert sum(made) == (30 if right else ATTEMPTS)
    assert max(at_once) <= ATTEMPTS


def test_an_attempt_that_no_service_answered_counts_no_more() -> None:
    throttle = Throttle()

    def attempt() -> None:
        with throttle.attempt("user ann") as wait:
            assert wait == 0
            raise ZeroDivisionError

    for _ in range(ATTEMPTS + 1):
        with pytest.raises(ZeroDivisionError):
            attempt()


def test_the_throttle_forgets_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("calipso_nornir.access.throttling.MANY", 3)
    throttle = Throttle()
    for number in range(10):
        for _ in range(ATTEMPTS):
            throttle.failed(str(number))
    assert [_wait_s(throttle, str(number)) > 0 for number in range(10)] == [False] * 7 + [True] * 3


def test_a_token_counts_in_its_environments_alone(who: Principals) -> None:
    who.users.add(ANN, PASSWORD)
    who.users.add(User(name="root", grants=Grants({EVERYWHERE: Role.ADMIN, "lab": Role.VIEWER})), PASSWORD)
    for name, environments, seen in [
        ("ann", {"lab"}, {"lab": "operator"}),
        ("ann", {"other"}, {}),
        ("root", {"lab", "new"}, {"lab": "admin", "new": "admin"}),
    ]:
        found = who.by_token(who.tokens.issue(name, environments=frozenset(environments))[0])
        assert found is not None
        assert found.grants.words() == seen
        assert not found.may(Role.VIEWER, None), "what belongs to no environment is not in it"
    limited = who.by_token(who.tokens.issue("root", environments=frozenset({"lab"}), scope=Role.VIEWER)[0])
    assert limited is not None
    assert limited.grants.words() == {"lab": "viewer"}


def test_a_token_makes_no_token_that_can_more_or_lasts_longer(who: Principals) -> None:
    who.users.add(User(name="root", grants=Grants({EVERYWHERE: Role.ADMIN})), PASSWORD)
    environments = frozenset({"lab", "prod"})
    weak = who.tokens.issue("root", scope=Role.VIEWER, environments=environments, lifetime=timedelta(minutes=5))
    asking = who.by_token(weak[0])
    assert asking is not None
    secret, made = who.issue(asking, lifetime=LONGEST, scope=Role.ADMIN)
    assert (made.scope, made.environments) == (Role.VIEWER, environments)
    assert made.expires_at <= weak[1].expires_at + timedelta(seconds=1)
    assert who.issue(asking, lifetime=LONGEST, environments=frozenset({"lab"}))[1].environments == frozenset({"lab"})
    with pytest.raises(InvalidRequest, match="some of those of the token"):
        who.issue(asking, lifetime=LONGEST, environments=frozenset({"lab", "other"}))
    by_password = who.by_password("root", PASSWORD)
    assert by_password is not None
    assert who.issue(by_password, lifetime=LONGEST)[1].scope == Role.ADMIN
    assert who.by_token(secret) is not None
