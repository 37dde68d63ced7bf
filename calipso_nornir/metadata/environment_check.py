# SPDX-License-Identifier: Apache-2.0
"""Checks one description of an environment and collects its faults."""

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from calipso_nornir.errors import Fault
from calipso_nornir.metadata.environment_fields import (
    HOW_TO_REFER,
    EnvironmentName,
    Text,
    Version,
    is_secret_key,
    problems,
    secret_reference,
)
from calipso_nornir.metadata.environment_section import Section
from calipso_nornir.metadata.nearest import nearest
from calipso_nornir.metadata.source_kinds import sections as known_sections

Constants = Mapping[str, Collection[str]]
MAX_VALUES = 20_000
"""Maximum number of values in one description: with YAML aliases, a few lines can expand to millions."""
MAX_DEPTH = 50
RECORDED = "recorded"
"""Key that marks an environment from a recording; its value is the digest of the recording."""
NEAR = 0.85
"""Similarity to a known key above which an unknown one counts as a typing error (1.0: equal)."""

NOT_SCANNABLE = (
    "came with a recording and can only be scanned from one (--replay FILE). To scan the cloud itself, "
    "describe how it is reached, without the key recorded: calipso env add FILE --replace"
)
_CONSTANTS = {
    "environment_type": "environment_types",
    "mechanism_drivers": "mechanism_drivers",
    "type_drivers": "type_drivers",
    "operational": "environment_operational_status",
}
_SECTION_CONSTANTS = {
    ("Monitoring", "type"): "environment_monitoring_types",
    ("Monitoring", "provision"): "environment_provision_types",
    ("Monitoring", "env_type"): "env_types",
}
_CALLED = {"ssh": "CLI", "hosts": "CLI", "api": "OpenStack", "database": "mysql", "db": "mysql", "mariadb": "mysql"}
"""Alternative names of sections."""
_END = object()


class _Document(BaseModel):
    """The top level. Undeclared keys are kept: conditions of scanners may refer to them."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)

    name: EnvironmentName
    type: Text = "environment"
    environment_type: Text = "OpenStack"
    distribution: str = ""
    distribution_version: Version = ""
    mechanism_drivers: tuple[Text, ...] = ()
    type_drivers: str = ""
    app_path: Text | None = None
    run_app_path: Text | None = None
    operational: Text | None = None
    listen: bool | None = None
    scanned: bool | None = None
    last_scanned: str | None = None
    enable_monitoring: bool | None = None
    monitoring_setup_done: bool | None = None
    aci_enabled: bool | None = None
    user: str | None = None
    auth: dict[str, list[str]] | None = None
    listener_kwargs: dict[str, Any] | None = None
    imported: bool | None = None
    recorded: Text | None = None


class EnvironmentCheck:
    """Reads and checks one description; ``faults`` collects everything that is wrong."""

    def __init__(self, where: str, constants: Constants, *, complete: bool) -> None:
        self.where = where
        self.constants = constants
        self.complete = complete
        self.faults: list[Fault] = []

    def read(self, data: object) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        """Return the top-level keys that were set, and the sections by name."""
        if not isinstance(data, Mapping):
            self._fault("", "must hold keys and values: name, mechanism_drivers, configuration …")
            return {}, {}
        if not _bounded(data):
            self._fault("", f"has more than {MAX_VALUES} values, or is nested deeper than {MAX_DEPTH} levels")
            return {}, {}
        values = self._top({key: value for key, value in data.items() if key != "configuration"})
        sections = self._sections(data.get("configuration"))
        self._cross(data, sections)
        return values, sections

    def _fault(self, place: str, problem: str) -> None:
        self.faults.append(Fault(f"{self.where}: {place}" if place else self.where, problem))

    def _top(self, data: Mapping[Any, Any]) -> dict[str, Any]:
        known = {*_Document.model_fields, "configuration"}
        given: dict[str, Any] = {}
        for key, value in data.items():
            if not isinstance(key, str):
                self._fault("", "every key must be text; one is not")
            elif key not in known and (near := get_close_matches(key.lower(), sorted(known), n=1, cutoff=NEAR)):
                self._fault(key, f'unknown key. Did you mean "{near[0]}"?')
            elif value is not None:
                given[key] = self._spelled(key, _json(value))
                self._no_literal_secret(key, given[key], key)
        try:
            document = _Document.model_validate(given)
        except ValidationError as error:
            for place, problem in problems(error, known):
                self._fault(place, problem)
            return {}
        declared = {key: getattr(document, key) for key in _Document.model_fields if key in document.model_fields_set}
        return {**declared, **dict(sorted((document.model_extra or {}).items()))}

    def _spelled(self, key: str, value: Any) -> Any:  # noqa: ANN401 - JSON has no type
        """Return values in the spelling of the constants; case is ignored ("ovs", "OVS")."""
        if isinstance(value, list):
            return [self._spelled(key, one) for one in value]
        allowed = self.constants.get(_CONSTANTS.get(key, ""), ())
        return _same_name(value, allowed) or value if isinstance(value, str) else value

    def _sections(self, data: object) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        known = known_sections()
        if data is not None and not isinstance(data, (list, tuple)):
            self._fault("configuration", "must be a list of sections, each with its name")
            return found
        for number, one in enumerate(data or ()):
            place = f"configuration/{number}"
            name = one.get("name") if isinstance(one, Mapping) else None
            name = (_same_name(name, known) or name) if isinstance(name, str) else name
            if not isinstance(one, Mapping) or not isinstance(name, str):
                self._fault(place, f"must be a section with a name: {', '.join(known)}")
            elif name not in known:
                self._fault(f"{place}/name", f"names no section: {', '.join(known)}{_near_section(name)}")
            elif name in found:
                self._fault(f"{place}/name", f"a second section {name}; one is enough")
            else:
                found[name] = self._section(name, known[name], one)
        return found

    def _section(self, name: str, kind: type[Section], data: Mapping[Any, Any]) -> dict[str, Any]:
        given = {str(key): value for key, value in data.items() if key != "name" and value is not None}
        place = f"configuration/{name}"
        if self.complete:
            for key, problem in kind.lacks(given):
                self._fault(f"{place}/{key}", problem)
        try:
            section = kind.model_validate(given)
        except ValidationError as error:
            for key, problem in problems(error, kind.keys()):
                self._fault(f"{place}/{key}", problem)
            return {}
        values = section.given()
        for (wanted, key), constant in _SECTION_CONSTANTS.items():
            if wanted == name and key in values:
                self._constant(f"{place}/{key}", constant, values[key])
        return values

    def _cross(self, data: Mapping[Any, Any], sections: Mapping[str, Any]) -> None:
        """Check values that depend on each other; those of a wrong type have already been reported."""
        if data.get("type") not in (None, "environment"):
            self._fault("type", 'must be "environment"')
        for key, constant in _CONSTANTS.items():
            value = data.get(key)
            for one in value if isinstance(value, (list, tuple)) else [value]:
                if isinstance(one, str) and one:
                    self._constant(key, constant, _same_name(one, self.constants.get(constant, ())) or one)
        if self.complete and data.get(RECORDED) is not None:
            self._fault(RECORDED, NOT_SCANNABLE)
        if self.complete and data.get("listen") is True and not {"AMQP", "Kafka"} & set(sections):
            self._fault("listen", "needs a section AMQP or Kafka")
        if self.complete and data.get("aci_enabled") is True and "ACI" not in sections:
            self._fault("aci_enabled", "needs a section ACI")

    def _constant(self, place: str, constant: str, value: str) -> None:
        allowed = self.constants.get(constant)
        if allowed is not None and value not in allowed:
            self._fault(place, f"must be of {', '.join(allowed)}{nearest(value, allowed)}")

    def _no_literal_secret(self, key: str, value: object, place: str) -> None:
        if isinstance(value, Mapping) and not (is_secret_key(key) and _refers(value)):
            for name, one in value.items():
                self._no_literal_secret(str(name), one, f"{place}/{name}")
        elif isinstance(value, list):
            for number, one in enumerate(value):
                self._no_literal_secret(key, one, f"{place}/{number}")
        elif is_secret_key(key) and value is not None and not _refers(value):
            self._fault(place, f"holds a literal value; {HOW_TO_REFER}")


def _near_section(name: str) -> str:
    meant = section_meant(name)
    return f'. Did you mean "{meant}"?' if meant else nearest(name, known_sections())


def section_meant(name: str) -> str | None:
    """Return the section with this name or alias, ignoring case; None if there is none."""
    return _same_name(name, known_sections()) or _CALLED.get(name.casefold())


def _same_name(value: str, known: Collection[str]) -> str | None:
    return next((one for one in known if one.casefold() == value.casefold()), None)


def _refers(value: object) -> bool:
    try:
        secret_reference(value)
    except ValueError:
        return False
    return True


def _bounded(data: object) -> bool:
    left = MAX_VALUES
    todo: list[Iterator[object]] = [iter([data])]
    while todo:
        one = next(todo[-1], _END)
        if one is _END:
            todo.pop()
            continue
        left -= 1
        if left < 0 or len(todo) > MAX_DEPTH:
            return False
        if isinstance(one, Mapping):
            todo.append(iter(one.values()))
        elif isinstance(one, (list, tuple)):
            todo.append(iter(one))
    return True


def _json(value: Any) -> Any:  # noqa: ANN401 - JSON has no type
    """Convert what YAML or a store may give to JSON: dates become ISO 8601 text, keys text."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _json(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json(one) for one in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
