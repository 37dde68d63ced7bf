# SPDX-License-Identifier: Apache-2.0
"""/environment_configs: the description of one environment, or a list of them; and a new one."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter

from calipso_nornir.access.roles import Role
from calipso_nornir.api.guard import Needs
from calipso_nornir.api.problems import Problem
from calipso_nornir.api.v1.answers import chosen, page, with_times
from calipso_nornir.api.v1.operations import Asked, constant, operation
from calipso_nornir.api.v1.parameters import PAGING, Parameter
from calipso_nornir.api.v1.reading import wrong
from calipso_nornir.api.v1.sections import NEEDED, sections_read, without_secrets
from calipso_nornir.api.v1.shapes import CREATED_WITH_ID, TEXT, document, either, list_of
from calipso_nornir.errors import EnvironmentInvalid
from calipso_nornir.metadata.environments import environment_document
from calipso_nornir.model.text import plain
from calipso_nornir.preflight.supported import untested
from calipso_nornir.store.environments import COLLECTION, add_environment, stored_environment

if TYPE_CHECKING:
    from calipso_nornir.api.v1.answers import Answer
    from calipso_nornir.model.environment import Environment

router = APIRouter()

FIELDS: Final = {"name": TEXT, "distribution": TEXT}
_EQUAL: Final = (
    Parameter(name="distribution", constant="distributions", text="Its distribution."),
    Parameter(name="distribution_version", text="The version of that."),
    Parameter(name="type_drivers", constant="type_drivers", text="Its type driver."),
    Parameter(name="user", text="Who made it."),
    Parameter(name="operational", constant="environment_operational_status", text="State of its event listener."),
    Parameter(name="environment_type", constant="environment_types", text="Its type."),
)
_FLAGS: Final = (
    Parameter(name="listen", type="boolean", text="Whether its events are wanted."),
    Parameter(name="scanned", type="boolean", text="Whether its last scan was a success."),
    Parameter(name="monitoring_setup_done", type="boolean", text="Whether monitoring was set up."),
)
_DRIVERS: Final = Parameter(name="mechanism_drivers", constant="mechanism_drivers", repeated=True, text="All of them.")
DESCRIPTION: Final = (
    Parameter(name="name", needed=True, is_environment=True, text="Its name; a new one."),
    Parameter(name="app_path", needed=True, text="Kept; nothing reads it."),
    Parameter(name="configuration", type="list", needed=True, text="The sections: how it is reached."),
    Parameter(name="distribution", needed=True, constant="distributions", text="Its distribution."),
    Parameter(name="distribution_version", needed=True, text="The version of that."),
    Parameter(name="listen", type="boolean", needed=True, text="Whether its events are wanted; needs a section AMQP."),
    Parameter(name="user", text="Who made it."),
    Parameter(name="mechanism_drivers", type="list", needed=True, constant="mechanism_drivers", text="Its drivers."),
    Parameter(name="operational", needed=True, constant="environment_operational_status", text="Of its listener."),
    Parameter(name="scanned", type="boolean", default=False, text="Whether it has been scanned."),
    Parameter(name="last_scanned", may_be_empty=True, text="When it was scanned."),
    Parameter(name="type", needed=True, one_of=("environment",), text="What it is."),
    Parameter(name="type_drivers", needed=True, constant="type_drivers", text="Its type driver."),
    Parameter(name="enable_monitoring", type="boolean", text="Whether it is to be monitored."),
    Parameter(name="monitoring_setup_done", type="boolean", text="Whether monitoring was set up."),
    Parameter(name="auth", type="object", text="view-env and edit-env: lists of users. Kept; roles give the rights."),
    Parameter(name="aci_enabled", type="boolean", text="Whether its fabric is Cisco's ACI."),
    Parameter(
        name="environment_type",
        constant="environment_types",
        may_be_empty=True,
        default="OpenStack",
        text="Its type.",
    ),
)


@operation(
    router,
    "GET /environment_configs",
    needs=Needs(Role.VIEWER),
    answer=either(
        list_of("environment_configs", FIELDS),
        document({"name": TEXT}, {**FIELDS, "configuration": {"type": "array", "items": document({"name": TEXT})}}),
    ),
    parameters=(
        Parameter(name="name", is_environment=True, text="Its name: the answer is this one description."),
        *_EQUAL,
        *_FLAGS,
        _DRIVERS,
        *PAGING,
    ),
)
def environment_configs(asked: Asked) -> Answer:
    """Show the description of one environment (with ``name``), or list those that may be seen. Secrets are masked."""
    if asked["name"] is not None:
        found = stored_environment(asked.api.store, asked["name"])
        if found is None or not _fits(asked, found):
            raise Problem(HTTPStatus.NOT_FOUND, f"environment_configs: there is none named {plain(asked['name'])}")
        return without_secrets(with_times(found))  # type: ignore[no-any-return]  # a mapping stays one
    listed = asked.api.store.collection(COLLECTION).find()
    fitting = [one for one in listed if asked.who.may(Role.VIEWER, one["name"]) and _fits(asked, one)]
    return {"environment_configs": [chosen({"distribution": "", **one}, FIELDS) for one in page(fitting, asked.values)]}


@operation(router, "POST /environment_configs", needs=Needs(Role.ADMIN), answer=CREATED_WITH_ID, parameters=DESCRIPTION)
def describe(asked: Asked) -> Answer:
    """Describe a new environment. Its passwords are kept in files of the server, and cannot be read again."""
    api, name = asked.api, asked["name"]
    given = {key: value for key, value in asked.values.items() if value is not None}
    given["environment_type"] = given.get("environment_type") or "OpenStack"
    given["configuration"] = sections_read(given["configuration"], constants=lambda one: constant(api, one))
    _check_whole(given)
    if stored_environment(api.store, name) is not None:
        raise _taken(name)
    try:
        described = api.secret_files.environment(given, before=None, where=name, constants=api.catalog.constants)
    except EnvironmentInvalid as error:
        raise wrong(str(error)) from None
    unlisted = untested(described, api.catalog)
    if unlisted or not add_environment(api.store, described):
        api.secret_files.forget(environment_document(described))
        raise wrong(f"this kind of cloud is not supported: {'; '.join(unlisted)}") if unlisted else _taken(name)
    return {"message": f"created environment_config for {name}{_not_available(asked, described)}", "id": name}


def _check_whole(given: dict[str, Any]) -> None:
    """Raise Problem for what no parameter alone shows: sections that are missing, rights of one kind only."""
    sections = [one["name"] for one in given["configuration"]]
    for needed in NEEDED.get(given["environment_type"], ()):
        if needed not in sections:
            raise wrong(f"configuration: the section {needed} must be specified", "configuration")
    if given["listen"] and "AMQP" not in sections:
        raise wrong("listen: the section AMQP must be specified", "listen")
    auth = given.get("auth")
    if auth is not None and not (
        set(auth) == {"view-env", "edit-env"} and all(isinstance(one, list) for one in auth.values())
    ):
        raise wrong("auth must have the lists view-env and edit-env", "auth")


def _not_available(asked: Asked, described: Environment) -> str:
    """Say which of the features that the description asks for this release does not have for its kind of cloud."""
    rows = asked.api.catalog.documents.get("supported_environments", ())
    mine = [row["features"] for row in rows if row["distribution"].casefold() == described.distribution.casefold()]
    sections = {"listening": "AMQP", "monitoring": "Monitoring"}
    missing = [
        feature
        for feature, section in sections.items()
        if described.section(section) is not None and not any(row.get(feature) for row in mine)
    ]
    return f"; kept, but not available for this kind of cloud yet: {', '.join(missing)}" if missing else ""


def _fits(asked: Asked, document: dict[str, Any]) -> bool:
    if any(asked[one.name] not in (None, document.get(one.name)) for one in _EQUAL):
        return False
    if any(asked[one.name] not in (None, bool(document.get(one.name))) for one in _FLAGS):
        return False
    return set(asked["mechanism_drivers"] or ()) <= set(document.get("mechanism_drivers") or ())


def _taken(name: str) -> Problem:
    return Problem(HTTPStatus.CONFLICT, f"there is an environment {plain(name)} already", field="name")
