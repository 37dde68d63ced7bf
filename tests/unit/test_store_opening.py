# SPDX-License-Identifier: Apache-2.0
"""Which store a URI opens, and the names of collections."""

from __future__ import annotations

import contextlib
import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calipso_nornir.errors import CalipsoError, DocumentRefused, InvalidRequest
from calipso_nornir.store import default_uri, open_store
from calipso_nornir.store.mongo.connection import shown
from calipso_nornir.store.names import PLAIN, SHARED, checked_collection, checked_inventory, collection_name


@pytest.mark.parametrize(
    "uri",
    [
        "postgresql://host/db",
        "http://x",
        "sqlite://x",
        "sqlite:x",
        "sqlite:///",
        "mongo://x",
        "MONGODB://x",
        "",
        " ",
        "a\0b",
    ],
)
def test_other_uris_are_refused(uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidRequest, match="mongodb://HOST/DATABASE"):
        open_store(uri)
    assert list(tmp_path.iterdir()) == []


def test_paths_open_sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    wanted = f"sqlite:///{tmp_path}/x.db"
    for uri in ("x.db", "./x.db", "sqlite:///x.db", f"sqlite:///{tmp_path}/x.db", Path("x.db"), "~/x.db"):
        with contextlib.closing(open_store(uri)) as store:
            assert store.uri == wanted
            with contextlib.closing(open_store(store.uri)) as again:
                assert again.uri == wanted
    with contextlib.closing(open_store("./odd:name.db")) as store:
        assert store.uri.endswith("/odd:name.db")


def test_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.delenv("CALIPSO_STORE", raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert default_uri() == "/home/me/.local/share/calipso/calipso.db"
    monkeypatch.setenv("XDG_DATA_HOME", "relative/is/ignored")
    assert default_uri() == "/home/me/.local/share/calipso/calipso.db"
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert default_uri() == "/data/calipso/calipso.db"
    monkeypatch.setenv("CALIPSO_STORE", "mongodb://host/db")
    assert default_uri() == "mongodb://host/db"


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("mongodb://host/db", "mongodb://host/db"),
        ("mongodb://host:27018,other/db?replicaSet=x", "mongodb://host:27018,other/db"),
        ("mongodb://me:secret@host/db", "mongodb://me@host/db"),
        ("mongodb://me:sec:r@et@host/db?a=b", "mongodb://me@host/db"),
        ("mongodb://me:se?cr/et@host/db?a=b@c", "mongodb://me@c"),
        ("mongodb://me:secret@host/?authMechanismProperties=AWS_SESSION_TOKEN:secret", "mongodb://me@host/"),
        ("mongodb://me@host/db", "mongodb://me@host/db"),
        ("mongodb://:secret@host/db", "mongodb://@host/db"),
        ("mongodb+srv://me:secret@host/db", "mongodb+srv://me@host/db"),
    ],
)
def test_uris_are_shown_without_secrets(uri: str, told: str) -> None:
    assert shown(uri) == told


@given(st.text(min_size=6).map(lambda text: f"c4n4ry{text}"))
def test_no_password_is_ever_shown(password: str) -> None:
    assert "c4n4ry" not in shown(f"mongodb://me:{password}@host/db")


# --- names of collections


@pytest.mark.parametrize(
    ("inventory", "collection", "name"),
    [
        ("inventory", "inventory", "inventory"),
        ("inventory", "links", "links"),
        ("inventory2", "links", "links2"),
        ("inventory2", "inventory", "inventory2"),
        ("inventory_RDO", "cliques", "cliques_RDO"),
        ("RDO", "inventory", "RDO"),
        ("RDO", "environments_config", "RDO_environments_config"),
        ("RDO", "constants", "constants"),
        ("inventory2", "monitoring_config_templates", "monitoring_config_templates"),
        ("RDO", "api_tokens", "api_tokens"),
    ],
)
def test_collections_are_named_after_the_inventory(inventory: str, collection: str, name: str) -> None:
    assert collection_name(inventory, collection) == name


ENDS = [
    "",
    "RDO",
    "a",
    "links",
    "_links",
    "scheduled",
    "_scheduled",
    "2",
    "clique",
    "types",
    "_types",
    "inventory",
    "scans",
]


def test_no_two_inventories_share_a_collection() -> None:
    names = {f"{one}{other}{third}" for one, other, third in itertools.product(["inventory", *ENDS], ENDS, ENDS)}
    owner: dict[str, tuple[str, str]] = {}
    accepted = 0
    for name in sorted(names):
        try:
            checked_inventory(name)
        except InvalidRequest:
            continue
        accepted += 1
        kinds = {"inventory", "links", "implicit_links", "cliques", "generations", "generation_changes", "store_layout"}
        for collection in (kinds | PLAIN) - SHARED:
            full = collection_name(name, collection).lower()
            assert owner.setdefault(full, (name.lower(), collection)) == (name.lower(), collection)
            assert full not in SHARED
    assert accepted > 100


@pytest.mark.parametrize(
    "name", ["", "a b", "$x", "a.b", "links", "system", "sqlite_x", "calipso_x", "x" * 65, 'a"b', "A_links"]
)
def test_inventory_names_that_are_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match="inventory name"):
        checked_inventory(name)


def test_known_collections_may_be_opened() -> None:
    assert {checked_collection(name) for name in PLAIN} == PLAIN


def test_refused_documents_say_which_and_why() -> None:
    error = DocumentRefused("sqlite:///x.db", "links", "5" * 24, "has no digest")
    assert str(error) == f"store sqlite:///x.db: links document {'5' * 24} has no digest. Nothing was changed."
    assert CalipsoError.from_data(error.data()) == error
