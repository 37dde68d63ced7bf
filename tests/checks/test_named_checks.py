# SPDX-License-Identifier: Apache-2.0
"""The metadata that says which check watches what names checks and parameters that hosts know."""

from __future__ import annotations

import json
from importlib.resources import files

from calipso_nornir.checks.named_checks import CHECKS


def test_metadata_and_registry_agree() -> None:
    text = (files("calipso_nornir.metadata") / "data" / "monitoring_checks.json").read_text("utf-8")
    declared = json.loads(text)["checks"]
    assert declared.keys() == CHECKS.keys()
    for name, check in CHECKS.items():
        needs, accepts = set(declared[name].get("needs", ())), set(declared[name].get("accepts", ()))
        assert needs | accepts <= check.parameters.keys(), name
        assert {key for key, one in check.parameters.items() if one.required} <= needs, name
