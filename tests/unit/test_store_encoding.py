# SPDX-License-Identifier: Apache-2.0
"""Texts are read with the same result as by ``json``, whatever they contain."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calipso_nornir.store.encoding import fast_decoder

READ = fast_decoder()
ODD = (
    *("18446744073709551615", "18446744073709551616", "-9223372036854775809", '[1, {"a": 99999999999999999999}]'),
    *("0.1", "1e-7", "-0.0", "1e400", "NaN", "[Infinity]", '"\\ud800"', '"1234567890123456789"', '{"a": 1, "a": 2}'),
    *('"\\u0000\\n"', '"ü\N{PILE OF POO}"', "[" * 900 + "]" * 900),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda members: st.lists(members) | st.dictionaries(st.text(), members),
)


@pytest.mark.parametrize("text", ODD, ids=lambda text: text[:20].encode("ascii", "replace").decode())
def test_odd_texts(text: str) -> None:
    assert repr(READ(text)) == repr(json.loads(text))


@given(VALUES)
def test_any_value(value: Any) -> None:  # noqa: ANN401 - any JSON value
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False)):
        assert repr(READ(text)) == repr(json.loads(text))


@pytest.mark.parametrize("text", ["", "{", "[1,]", "nothing", "\ud800"])
def test_what_is_no_json_is_refused_by_json(text: str) -> None:
    with pytest.raises(json.JSONDecodeError):
        READ(text)


def test_without_orjson_json_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "orjson", None)
    assert fast_decoder() is json.loads
