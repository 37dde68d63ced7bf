# SPDX-License-Identifier: Apache-2.0

"""Parameters: defaults, and values that are refused. What becomes part of a command can be no option and no more."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calipso_nornir.checks.named_checks import CHECKS
from calipso_nornir.checks.parameters import TYPES, BadParameter, read_parameters

GOOD: dict[str, Any] = {
    "address": "192.0.2.1",
    "addresses": [{"mac": "fa:16:3e:00:00:01", "ip": "10.0.0.1"}],
    "bytes": 256,
    "count": 5,
    "flag": True,
    "mac": "FA:16:3E:00:00:01",
    "milliseconds": 1.5,
    "name": "tap1",
    "names": ["br1"],
    "namespace": "qdhcp-1",
    "number": 7,
    "percent": 1.0,
    "seconds": 0.5,
    "source": "eth0",
}
HOSTILE: list[Any] = [
    "",
    "-f",
    "--help",
    "a b",
    "a;reboot",
    "a\nb",
    "$(reboot)",
    "`id`",
    "../../etc",
    "a/b",
    "a\x00b",
    "a" * 300,
    "é\u202e",
    None,
    7,
    [],
    {},
]
BAD: dict[str, list[Any]] = {
    "address": [*HOSTILE, "192.0.2.256", "fe80::1%eth0", "localhost", "192.0.2.1/24"],
    "addresses": [*HOSTILE, [], [{}], [{"mac": "x"}], [{"mac": "fa:16:3e:00:00:01", "ip": "-x"}], [{"mac": 1}], [7]],
    "bytes": [0, -1, 65001, 2.5, True, "256", None],
    "count": [0, 101, 1.0, "5", True],
    "flag": [0, 1, "true", *HOSTILE],
    "mac": [*HOSTILE, "fa:16:3e:00:00", "fa:16:3e:00:00:01:02"],
    "milliseconds": [-1, 1e9, float("nan"), float("inf"), "1"],
    "name": ["", "a b", "a\nb", "a\x00b", "a" * 300, "é\u202e", 7, [], {}],
    "names": ["br1", ["a b"], [7], ["x"] * 2000],
    "namespace": [one for one in HOSTILE if one is not None],
    "number": [-1, 2**32, 1.5, "1"],
    "percent": [-1, 101, "1"],
    "seconds": [0, 0.1, 11, "1"],
    "source": [one for one in HOSTILE if one is not None] + ["a" * 16],
}  # fmt: skip


def test_the_tables_know_all_types() -> None:
    used = {parameter.type for check in CHECKS.values() for parameter in check.parameters.values()}
    assert used == TYPES.keys() == GOOD.keys() == BAD.keys()


@pytest.mark.parametrize("type_", sorted(TYPES))
def test_types(type_: str) -> None:
    assert TYPES[type_](GOOD[type_]) is not None
    for bad in BAD[type_]:
        with pytest.raises(BadParameter):
            TYPES[type_](bad)


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_defaults_and_faults_of_each_check(name: str) -> None:
    check = CHECKS[name]
    required = {key: GOOD[one.type] for key, one in check.parameters.items() if one.required}
    values = read_parameters(check.parameters, required)
    assert values.keys() == check.parameters.keys()
    assert check.questions(values)
    full = read_parameters(check.parameters, {key: GOOD[one.type] for key, one in check.parameters.items()})
    for question in check.questions(full):
        assert all(isinstance(word, str) and word for word in question.argv)
        hash(question)
    for key in required:
        with pytest.raises(BadParameter, match=rf"parameters\.{key}: is missing"):
            read_parameters(check.parameters, {k: v for k, v in required.items() if k != key})
    with pytest.raises(BadParameter, match="unknown 'shell'"):
        read_parameters(check.parameters, {**required, "shell": "x"})
    with pytest.raises(BadParameter, match="expected an object"):
        read_parameters(check.parameters, [])
    for one in check.parameters.values():
        assert one.default is None or one.type == "names" or TYPES[one.type](one.default) == one.default


@given(st.text(min_size=1, max_size=20))
def test_no_text_becomes_an_option_or_a_second_word(text: str) -> None:
    """Names in commands, as sudo would join them, stay one word each that is no option."""
    for type_ in ("namespace", "address", "source"):
        try:
            value = TYPES[type_](text)
        except BadParameter:
            continue
        assert re.fullmatch(r"[A-Za-z0-9_:][A-Za-z0-9_.:@-]*", value)


def test_a_long_value_is_cut_in_the_message() -> None:
    with pytest.raises(BadParameter) as caught:
        read_parameters(CHECKS["pnic"].parameters, {"device": "x\n" * 10000})
    assert len(str(caught.value)) < 250
