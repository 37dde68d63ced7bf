# SPDX-License-Identifier: Apache-2.0
"""Reads and checks environments as people write them; reports all faults at once; secrets are references only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import EnvironmentInvalid, Fault
from calipso_nornir.metadata.environment_check import RECORDED, Constants, EnvironmentCheck
from calipso_nornir.metadata.environment_fields import is_reference, is_secret_key
from calipso_nornir.metadata.layers import SHIPPED
from calipso_nornir.metadata.yaml_file import read_yaml_file
from calipso_nornir.model.environment import Environment, SecretRef

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_OWN_FIELDS = frozenset(
    {"name", "environment_type", "distribution", "distribution_version", "mechanism_drivers", "type_drivers"}
)


def read_environment(
    data: object, *, where: str, constants: Constants | None = None, complete: bool = True
) -> Environment:
    """Check one description of an environment, as it comes from YAML, JSON or the store.

    Args:
        data: keys of discovery.md 1.9; ``configuration`` is a list of sections with a ``name`` each.
        where: the file or other origin of the data; every fault names it.
        constants: allowed values by name; by default the shipped ones. Those of the catalog include overlays. A name
            without a list is not checked.
        complete: whether each section must have all required keys; False for a recording, which has no secrets.

    Raises:
        EnvironmentInvalid: all faults at once, none of them repeating a value.
    """
    check = EnvironmentCheck(where, shipped_constants() if constants is None else constants, complete=complete)
    values, sections = check.read(data)
    if check.faults:
        raise EnvironmentInvalid(tuple(check.faults))
    own = {key: value for key, value in values.items() if key in _OWN_FIELDS}
    extra = {key: value for key, value in values.items() if key not in _OWN_FIELDS and key != "type"}
    if "ACI" in sections:
        extra.setdefault("aci_enabled", True)  # steps depend on it, also where a recording is replayed without sections
    return Environment(**own, configuration=sections, extra=extra)


def read_environment_file(
    path: str | Path, *, constants: Constants | None = None, complete: bool = True
) -> Environment:
    """Read one environment from a YAML (or JSON) file."""
    return read_environment(read_yaml_file(path), where=str(path), constants=constants, complete=complete)


def environment_document(environment: Environment) -> dict[str, Any]:
    """Return the description as it is stored and shown, with secrets as ``{kind: locator}``."""
    return _document(environment, lambda ref: {ref.kind: ref.locator})


def recorded_document(environment: Environment) -> dict[str, Any]:
    """Return the description for a recording: what determines the steps to run, without how the cloud is reached."""
    document = _document(environment, lambda _ref: None)
    return {key: _without_secrets(value) for key, value in document.items() if _may_be_recorded(key)}


def read_recorded(document: object, *, digest: str) -> Environment:
    """Read the environment of a recording. It may come from a stranger, so it is never used to log in.

    Its sections are left out, and it is marked with the recording's digest, so that it can be scanned only from a
    recording. Its constants are not checked, because metadata that adds constants may not be installed here.

    Raises:
        EnvironmentInvalid: also if it contains secrets or references to secrets: no recording of ours does.
    """
    named = secrets_in(document)
    if named:
        problem = (
            f"names secrets ({', '.join(named[:5])}), which no recording made by calipso does. Do not trust this one"
        )
        raise EnvironmentInvalid((Fault("environment", problem),))
    if isinstance(document, Mapping):
        document = {key: value for key, value in document.items() if key != "configuration"} | {RECORDED: digest}
    return read_environment(document, where="environment", constants={}, complete=False)


def secrets_in(document: object, where: str = "") -> list[str]:
    """Return the places in a description that hold a secret or a reference to one."""
    found: list[str] = []
    if isinstance(document, Mapping):
        for key, value in document.items():
            place = f"{where}/{key}" if where else str(key)
            if is_reference(value) or (is_secret_key(str(key)) and isinstance(value, (str, int, float))):
                found.append(place)
            else:
                found += secrets_in(value, place)
    elif isinstance(document, (list, tuple)):
        for number, one in enumerate(document):
            found += secrets_in(one, f"{where}/{number}")
    return found


def _may_be_recorded(key: str) -> bool:
    return key not in ("configuration", RECORDED) and not is_secret_key(key)


def _without_secrets(value: Any) -> Any:  # noqa: ANN401 - JSON has no type
    if isinstance(value, Mapping):
        kept = {key: one for key, one in value.items() if not is_secret_key(str(key)) and not is_reference(one)}
        return {key: _without_secrets(one) for key, one in kept.items()}
    return [_without_secrets(one) for one in value] if isinstance(value, list) else value


def shipped_constants() -> dict[str, list[str]]:
    """Return the constants that the product ships."""
    text = (SHIPPED / "constants.json").read_text(encoding="utf-8")
    constants: dict[str, list[str]] = json.loads(text)["constants"]
    return constants


def _document(environment: Environment, refer: Callable[[SecretRef], Any]) -> dict[str, Any]:
    sections = [{"name": name, **_plain(section, refer)} for name, section in environment.configuration.items()]
    top = {
        "name": environment.name,
        "type": "environment",
        "environment_type": environment.environment_type,
        "distribution": environment.distribution,
        "distribution_version": environment.distribution_version,
        "mechanism_drivers": list(environment.mechanism_drivers),
        "type_drivers": environment.type_drivers,
        "configuration": sections,
    }
    return {**top, **_plain(environment.extra, refer)}


def _plain(value: Any, refer: Callable[[SecretRef], Any]) -> Any:  # noqa: ANN401 - JSON has no type
    """Turn tuples into lists, and references into what ``refer`` returns; None drops the key."""
    if isinstance(value, SecretRef):
        return refer(value)
    if isinstance(value, Mapping):
        made = ((key, _plain(one, refer), one) for key, one in value.items())
        return {key: one for key, one, was in made if one is not None or was is None}
    if isinstance(value, (list, tuple)):
        return [_plain(one, refer) for one in value]
    return value
