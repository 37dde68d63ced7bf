# SPDX-License-Identifier: Apache-2.0
"""Tokens of a real OpenID Connect issuer: valid ones, forged ones, new keys, hostile keys, no answer."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from calipso_nornir.access.issuer import Issuer
from calipso_nornir.access.issuer_keys import LARGEST, PATIENCE_S, IssuerKeys
from calipso_nornir.access.oidc_settings import OidcSettings
from calipso_nornir.access.roles import Grants
from calipso_nornir.access.settings_file import read_settings
from calipso_nornir.access.users import User
from calipso_nornir.errors import LoginServiceUnavailable, SettingsInvalid
from calipso_nornir.store import open_store
from tests.fixtures.cli import calipso
from tests.fixtures.issuer import AUDIENCE, DESCRIPTION, KEYS, SmallIssuer, issuing, rsa_key
from tests.fixtures.serving import PASSWORD, Client, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAST, FUTURE = 1_000_000_000, 4_000_000_000  # 2001 and 2096: names of tests must be the same in every process
GROUPS = {"net": {"lab": "operator"}, "boss": {"*": "admin"}}


@dataclass
class Clock:
    """A clock that a test moves."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def module_issuer() -> Iterator[SmallIssuer]:
    with issuing() as running:
        yield running


@pytest.fixture
def issuer(module_issuer: SmallIssuer) -> Iterator[SmallIssuer]:
    keys = dict(module_issuer.keys)
    yield module_issuer
    module_issuer.keys = keys
    module_issuer.answers.clear()
    module_issuer.more.clear()
    module_issuer.asked.clear()


def settings(issuer: SmallIssuer, **more: object) -> OidcSettings:
    return OidcSettings.model_validate({"issuer": issuer.url, "audience": AUDIENCE, "groups": GROUPS, **more})


def verifying(issuer: SmallIssuer, clock: Clock | None = None, **more: object) -> Issuer:
    chosen = settings(issuer, **more)
    return Issuer(chosen, IssuerKeys(chosen, clock or time.monotonic))


@pytest.mark.parametrize("key", ["one", "curve", "ed"])
def test_a_token_says_who_it_is_and_groups_give_roles(issuer: SmallIssuer, key: str) -> None:
    found = verifying(issuer).claimed(issuer.token(key, jti="t-1", groups=["net", "boss", "others", 7]))
    assert found is not None
    assert (found.who.name, found.token_id) == ("ann", "t-1")
    assert found.who.grants.words() == {"lab": "operator", "*": "admin"}


@pytest.mark.parametrize(
    ("changes", "more", "roles"),
    [
        ({"groups": None}, {}, {}),
        ({"groups": None}, {"roles": {"lab": "viewer"}}, {"lab": "viewer"}),
        ({"groups": "net boss"}, {}, {"lab": "operator", "*": "admin"}),
        ({"groups": {"net": 1}}, {}, {}),
        ({"realm": {"roles": ["boss"]}}, {"groups_claim": "realm.roles"}, {"*": "admin"}),
        ({"https://x/roles": ["boss"]}, {"groups_claim": "https://x/roles"}, {"*": "admin"}),
        ({"email": "ann@example.org"}, {"user_claim": "email"}, {"lab": "operator"}),
        ({"aud": ["other", AUDIENCE]}, {}, {"lab": "operator"}),
        ({"aud": "b"}, {"audience": ["a", "b"]}, {"lab": "operator"}),
    ],
)
def test_claims_are_read_as_the_file_says(
    issuer: SmallIssuer, changes: dict[str, Any], more: dict[str, Any], roles: dict[str, str]
) -> None:
    found = verifying(issuer, **more).claimed(issuer.token(**changes))
    assert found is not None
    assert found.who.grants.words() == roles
    assert found.who.name == changes.get("email", "ann")


def test_clocks_may_differ_as_much_as_the_file_says(issuer: SmallIssuer) -> None:
    token = issuer.token(exp=int(time.time()) - 60)
    assert verifying(issuer, leeway_s=300).claimed(token) is not None
    assert verifying(issuer).claimed(token) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": PAST},
        {"exp": None},
        {"exp": "soon"},
        {"nbf": FUTURE},
        {"iat": FUTURE},
        {"aud": "other"},
        {"aud": None},
        {"aud": []},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"header": {"kid": "one", "crit": ["exp"]}},
        {"header": {"kid": "nobody's"}},
    ],
    ids=str,
)
def test_a_token_that_is_not_for_us_or_not_now_is_refused(issuer: SmallIssuer, changes: dict[str, Any]) -> None:
    try:
        token = issuer.token(**changes)
    except TypeError:  # PyJWT makes no token with such a claim: somebody else does
        token = signed(issuer.keys["one"][0], issuer.claims(**changes))
    assert verifying(issuer).claimed(token) is None


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def signed(key: object, claims: dict[str, Any], key_id: object = "one") -> str:
    """Sign what PyJWT would not."""
    assert isinstance(key, rsa.RSAPrivateKey)
    text = f"{part({'alg': 'RS256', 'kid': key_id})}.{part(claims)}"
    signature = key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{text}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def forged(issuer: SmallIssuer) -> dict[str, str]:
    """Return tokens that nobody has signed who may."""
    good = issuer.token()
    claims = part(issuer.claims(sub="root", groups=["boss"]))
    public = issuer.keys["one"][0].public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    made = {
        "no signature": f"{part({'alg': 'none', 'kid': 'one'})}.{claims}.",
        "none, written otherwise": f"{part({'alg': 'nOnE', 'kid': 'one'})}.{claims}.",
        "other claims": f"{good.split('.')[0]}.{claims}.{good.split('.')[2]}",
        "signature cut off": good.rsplit(".", 1)[0] + ".",
        "algorithm of another key": f"{part({'alg': 'ES256', 'kid': 'one'})}.{claims}.{good.split('.')[2]}",
        "algorithm is no text": f"{part({'alg': ['RS256'], 'kid': 'one'})}.{claims}.{good.split('.')[2]}",
        "header is no object": f"{part([1])}.{claims}.x",
        "no JSON": "a.b.c",
        "two parts": "a.b",
        "key id is no text": signed(issuer.keys["one"][0], issuer.claims(), 7),
        "five parts, encrypted": "a.b.c.d.e",
        "nothing": "",
        "long": f"{part({'alg': 'RS256', 'kid': 'one'})}.{'A' * 20000}.x",
        "deep": f"{part({'alg': 'RS256', 'kid': 'one'})}.{base64.urlsafe_b64encode(b'[' * 9000).decode()}.x",
    }
    for algorithm, digest in (("HS256", hashlib.sha256), ("HS512", hashlib.sha512)):
        text = f"{part({'alg': algorithm, 'kid': 'one'})}.{claims}"
        mac = hmac.new(pem, text.encode(), digest).digest()
        made[f"{algorithm} with the public key as secret"] = f"{text}.{base64.urlsafe_b64encode(mac).decode()}"
    stranger = SmallIssuer(
        issuer.url, {"one": (rsa_key(), "RS256"), "own": (ec.generate_private_key(ec.SECP256R1()), "ES256")}
    )
    own = stranger.published()[1]
    made["another key of that id"] = stranger.token()
    made["a key in the header"] = stranger.token("own", header={"kid": "own", "jwk": own})
    made["a link to keys in the header"] = stranger.token(
        "own", header={"kid": "own", "jku": "http://127.0.0.1:1/keys"}
    )
    return made


def test_a_forged_token_is_refused(issuer: SmallIssuer) -> None:
    verified = verifying(issuer)
    assert verified.claimed(issuer.token()) is not None
    for what, token in forged(issuer).items():
        assert verified.claimed(token) is None, what


def test_algorithms_can_be_limited(issuer: SmallIssuer) -> None:
    limited = verifying(issuer, algorithms=["ES256"])
    assert limited.claimed(issuer.token("curve")) is not None
    assert limited.claimed(issuer.token()) is None


# --- keys


def test_keys_are_kept_for_a_while_and_new_ones_are_found(issuer: SmallIssuer) -> None:
    clock = Clock()
    verified = verifying(issuer, clock)
    old = issuer.token()
    for _ in range(5):
        assert verified.claimed(old) is not None
    assert issuer.asked == [DESCRIPTION, KEYS], "once for all"
    issuer.keys["two"] = (rsa_key(), "RS256")
    del issuer.keys["one"]
    clock.now += PATIENCE_S
    assert verified.claimed(issuer.token("two")) is not None, "an unknown key id makes us ask again"
    assert verified.claimed(old) is None, "what the issuer no longer publishes counts no longer"
    asked = len(issuer.asked)
    for number in range(20):
        assert verified.claimed(issuer.token("two", header={"kid": f"invented {number}"})) is None
    assert len(issuer.asked) == asked, "invented key ids do not make us ask all the time"


def test_a_key_that_is_withdrawn_counts_no_longer_than_keys_are_kept(issuer: SmallIssuer) -> None:
    clock = Clock()
    verified = verifying(issuer, clock, keys_for_s=60)
    old = issuer.token()
    assert verified.claimed(old) is not None
    del issuer.keys["one"]
    clock.now += 61
    assert verified.claimed(old) is None


def test_a_token_without_a_key_id_is_tried_with_the_keys_of_its_algorithm(issuer: SmallIssuer) -> None:
    issuer.keys["two"] = (rsa_key(), "RS256")
    token = issuer.token("two", header={})
    assert verifying(issuer).claimed(token) is not None


def test_an_issuer_that_is_down_is_told_and_known_keys_go_on_to_count(issuer: SmallIssuer) -> None:
    clock = Clock()
    verified = verifying(issuer, clock)
    issuer.answers[DESCRIPTION] = (b"", 500)
    with pytest.raises(LoginServiceUnavailable, match=r"openid-configuration answers 500"):
        verified.claimed(issuer.token())
    issuer.answers.clear()
    with pytest.raises(LoginServiceUnavailable, match="500"):
        verified.claimed(issuer.token())  # not asked again at once
    clock.now += PATIENCE_S
    assert verified.claimed(issuer.token()) is not None
    issuer.answers[KEYS] = (b"", 503)
    clock.now += 3600
    assert verified.claimed(issuer.token()) is not None, "the keys that are known"
    with pytest.raises(LoginServiceUnavailable, match="answers 503"):
        verified.claimed(issuer.token(header={"kid": "perhaps a new one"}))


def test_an_issuer_that_is_not_there(issuer: SmallIssuer) -> None:
    with issuing() as gone:
        pass
    [found] = verifying(gone).check()
    assert (found.ok, found.what, found.detail.split(";")[0]) == (False, gone.url, "it does not answer")
    [found] = verifying(issuer).check()
    assert (found.ok, found.detail) == (True, "3 of its 3 keys can be used")
    [found] = verifying(issuer, algorithms=["ES512"]).check()
    assert (found.ok, found.detail.split(":")[0]) == (False, "none of its 3 keys is one for ES512")


HOSTILE: dict[str, tuple[str, bytes, int, str]] = {
    "another issuer": (DESCRIPTION, b'{"issuer": "https://evil.example"}', 200, "names another issuer"),
    "keys in clear text": (DESCRIPTION, b'{"issuer": "URL", "jwks_uri": "http://203.0.113.1/"}', 200, "https://"),
    "keys in a file": (DESCRIPTION, b'{"issuer": "URL", "jwks_uri": "file:///etc/passwd"}', 200, "https://"),
    "no keys": (DESCRIPTION, b'{"issuer": "URL"}', 200, "https://"),
    "a redirect": (DESCRIPTION, b"http://127.0.0.1:1/", 302, "answers 302"),
    "no JSON": (KEYS, b"<html>", 200, "Expecting value"),
    "no object": (KEYS, b"[]", 200, "no JSON object"),
    "keys are no list": (KEYS, b'{"keys": {"a": 1}}', 200, "no list"),
    "endless": (KEYS, b'{"keys": [' + b" " * LARGEST, 200, "has more than"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_an_answer_that_is_none_is_told(issuer: SmallIssuer, what: str) -> None:
    path, body, status, said = HOSTILE[what]
    issuer.answers[path] = (body.replace(b"URL", issuer.url.encode()), status)
    with pytest.raises(LoginServiceUnavailable, match=said):
        verifying(issuer).claimed(issuer.token())


def test_keys_that_cannot_be_used_are_left_out_and_the_others_count(issuer: SmallIssuer) -> None:
    issuer.keys["weak"] = (rsa_key(1024), "RS256")
    secret = base64.urlsafe_b64encode(b"x" * 32).decode()
    issuer.more = [
        {"kty": "oct", "k": secret, "kid": "shared", "alg": "HS256"},
        {"kty": "oct", "k": secret, "kid": "one", "alg": "RS256"},
        {"kty": "RSA", "kid": "one", "n": "", "e": ""},
        {"kty": "RSA", "kid": "one", "n": 7, "e": None},
        {"kty": "EC", "kid": "one", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": ["RSA"], "kid": "one"},
        {"kid": "one"},
    ]
    issuer.answers[KEYS] = (json.dumps({"keys": [7, None, "x", *issuer.published()]}).encode(), 200)
    verified = verifying(issuer)
    assert verified.claimed(issuer.token()) is not None
    text = f"{part({'alg': 'HS256', 'kid': 'shared'})}.{part(issuer.claims())}"
    mac = base64.urlsafe_b64encode(hmac.new(b"x" * 32, text.encode(), hashlib.sha256).digest()).decode()
    assert verified.claimed(f"{text}.{mac.rstrip('=')}") is None
    assert verified.claimed(signed(issuer.keys["weak"][0], issuer.claims(), "weak")) is None
    encrypting = [{**one, "use": "enc"} for one in issuer.published()]
    issuer.answers[KEYS] = (json.dumps({"keys": encrypting}).encode(), 200)
    assert verifying(issuer).claimed(issuer.token()) is None


# --- the file, and the API


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"issuer": "http://sso.example"}, "begins with https://"),
        ({"issuer": "https://"}, "begins with https://"),
        ({"issuer": None}, "issuer: Field required"),
        ({"audience": []}, "expected at least one"),
        ({"audience": None}, "audience: Field required"),
        ({"algorithms": ["HS256"]}, "expected some of RS256"),
        ({"algorithms": ["none"]}, "expected some of RS256"),
        ({"algorithms": []}, "expected some of RS256"),
        ({"groups": {"x": {"lab": "king"}}}, "role 'king': expected one of viewer"),
        ({"leeway_s": 9000}, "less than or equal to 300"),
        ({"client_secret": "hunter2"}, "client_secret: Extra inputs are not permitted"),
    ],
)
def test_settings_that_are_wrong_say_what(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    given = {"issuer": "https://sso.example/realms/x", "audience": "calipso", **change}
    path = tmp_path / "oidc.json"
    path.write_text(json.dumps({key: value for key, value in given.items() if value is not None}))
    with pytest.raises(SettingsInvalid) as wrong:
        read_settings(path, OidcSettings)
    assert said in str(wrong.value)
    assert "hunter2" not in str(wrong.value)
    refused = calipso("serve", "--oidc_config", str(path), store=tmp_path / "s.db")
    assert refused.status == 1
    assert said in " ".join(refused.err.split())


def test_the_api_takes_tokens_of_the_issuer(issuer: SmallIssuer, tmp_path: Path) -> None:
    store = open_store(tmp_path / "s.db")
    with served(store, secrets=tmp_path / "secrets", issuer=verifying(issuer)) as api:
        users = api.settings.principals.users
        users.add(User(name="root", grants=Grants({})), PASSWORD)
        ann = Client(api.url, {"Authorization": f"Bearer {issuer.token()}"})
        assert {**ann.get("/me"), "permissions": 0} == {
            **ann.get("/me"),
            "permissions": 0,
            "name": "ann",
            "roles": {"lab": "operator"},
        }
        assert Client(api.url, {"X-Auth-Token": issuer.token()}).get("/me")["name"] == "ann"
        assert ann.ask("GET", "/users").status_code == 403
        boss = Client(api.url, {"Authorization": f"Bearer {issuer.token(sub='eve', groups=['boss'])}"})
        assert {one["name"]: one["source"] for one in boss.get("/users")} == {
            "ann": "oidc",
            "eve": "oidc",
            "root": "local",
        }
        for token in (issuer.token(sub="root", groups=["boss"]), issuer.token(sub="a b"), issuer.token(aud="other")):
            assert Client(api.url, {"Authorization": f"Bearer {token}"}).ask("GET", "/me").status_code == 401
        assert boss.ask("PATCH", "/users/ann", json={"enabled": False}).status_code == 200
        assert ann.ask("GET", "/me").status_code == 401
        own = Client(api.url, {"Authorization": f"Bearer {api.settings.principals.tokens.issue('root')[0]}"})
        assert own.get("/me")["name"] == "root", "tokens of ours go on to count"
    with served(store, secrets=tmp_path / "secrets", issuer=verifying(issuer)) as api:
        issuer.answers[DESCRIPTION] = (b"", 500)
        refused = Client(api.url, {"Authorization": f"Bearer {issuer.token()}"}).ask("GET", "/me")
        assert refused.status_code == 503
        assert "cannot verify this login" in refused.json()["detail"]
    store.close()
