# SPDX-License-Identifier: Apache-2.0
"""clouds.yaml and OS_* variables, read by openstacksdk's own configuration loader.

openstacksdk is imported only when needed: it takes 0.2 s, and most commands never use it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import EnvironmentInvalid, Fault
from calipso_nornir.metadata.environment_fields import usable_name
from calipso_nornir.metadata.environment_openstack import AUTH_METHODS
from calipso_nornir.metadata.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openstack.config.cloud_region import CloudRegion
    from openstack.config.loader import OpenStackConfig

ENVVARS = "envvars"
"""openstacksdk's name for the cloud that the OS_* variables describe."""

_AUTH_KEYS = {
    "auth_url": "auth_url",
    "username": "user",
    "project_name": "admin_project",
    "project_id": "project_id",
    "user_domain_name": "user_domain",
    "user_domain_id": "user_domain_id",
    "project_domain_name": "project_domain",
    "project_domain_id": "project_domain_id",
    "application_credential_id": "application_credential_id",
    "application_credential_name": "application_credential_name",
}
_SECRETS = {
    "password": "pwd",
    "application_credential_secret": "application_credential_secret",
    "token": "token",
}
_SELECTORS = frozenset({"OS_CLOUD", "OS_REGION_NAME", "OS_CLIENT_CONFIG_FILE", "OS_CLIENT_SECURE_FILE"})


def import_os_cloud(
    name: str | None = None, *, environ: Mapping[str, str] | None = None, environment: str | None = None
) -> dict[str, Any]:
    """Return an environment's description made from clouds.yaml, or from OS_* variables.

    Args:
        name: entry of clouds.yaml; without it OS_CLOUD, and without that the other OS_* variables.
        environ: the variables; by default the process's own.
        environment: name of the new environment; by default the cloud's.

    The cloud's secret becomes a reference: ``cloud:NAME``, or ``env:OS_PASSWORD`` for variables. A login for which the
    description has no keys (OpenID Connect, system scope …) stays in clouds.yaml: ``os_cloud: NAME``.

    Raises:
        EnvironmentInvalid: no such cloud, or its description lacks something.
    """
    variables = os.environ if environ is None else environ
    wanted = name or variables.get("OS_CLOUD") or ENVVARS
    region = cloud_region(wanted, environ=variables)
    section = {"name": "OpenStack", **_section(wanted, region.config), **_access(region.config)}
    return {
        "name": environment or usable_name("" if wanted == ENVVARS else wanted, otherwise="openstack"),
        "type": "environment",
        "environment_type": "OpenStack",
        "configuration": [section],
    }


def cloud_region(name: str, *, environ: Mapping[str, str], region: str | None = None) -> CloudRegion:
    """Load one cloud as every OpenStack client would. Its ``config["auth"]`` contains plain-text secrets."""
    from keystoneauth1.exceptions import ClientException, MissingRequiredOptions, OptionError  # noqa: PLC0415 - see the top
    from openstack.exceptions import SDKException  # noqa: PLC0415 - see the top

    try:
        config = _loader(environ)
        known = sorted(set(config.get_cloud_names()) - {"defaults"})
        if name in known:
            return config.get_one(name, region_name=region) if region else config.get_one(name)
        problem = "no OS_AUTH_URL or similar variable is set" if name == ENVVARS else "is not in any clouds.yaml"
        problem += f"; known clouds: {', '.join(known) or 'none'}{nearest(name, known)}"
    except MissingRequiredOptions as error:
        problem = f"lacks {', '.join(option.name for option in error.options)}"
    except OptionError as error:
        # Its messages are constant texts, which contain no values.
        problem = f"its description is incomplete: {error}"
    except (SDKException, ClientException, OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        # Their messages may quote the file, which contains secrets.
        problem = f"its description cannot be used ({type(error).__name__}); a region, auth type or key in it is wrong"
    raise EnvironmentInvalid((Fault(f"cloud {name}", problem),))


def cloud_secret(config: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return name and value of the secret that a cloud logs in with, or None."""
    auth = config.get("auth") or {}
    order = list(_SECRETS)
    if AUTH_METHODS.get(str(config.get("auth_type"))) == "application_credential":
        order.remove("password")
    return next(((key, str(auth[key])) for key in order if auth.get(key)), None)


def _loader(environ: Mapping[str, str]) -> OpenStackConfig:
    """Build the loader from given variables; by default it reads those of the process."""
    from openstack.config import loader  # noqa: PLC0415 - see the top

    config = loader.OpenStackConfig(
        load_envvars=False,
        config_files=[*_own(environ, "OS_CLIENT_CONFIG_FILE"), *loader.CONFIG_FILES],
        secure_files=[*_own(environ, "OS_CLIENT_SECURE_FILE"), *loader.SECURE_FILES],
    )
    given = {key: value for key, value in environ.items() if key.startswith("OS_") and key not in _SELECTORS}
    if given:
        described = {key.removeprefix("OS_").lower(): value for key, value in given.items()}
        if environ.get("OS_REGION_NAME"):
            described["region_name"] = environ["OS_REGION_NAME"]
        config.cloud_config["clouds"].pop("defaults", None)
        config.cloud_config["clouds"][ENVVARS] = {**config.defaults, **described}
    return config


def _own(environ: Mapping[str, str], variable: str) -> list[str]:
    return [environ[variable]] if environ.get(variable) else []


def _section(name: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the login settings: as our own keys if these cover everything, else as the cloud's name."""
    auth = {key: value for key, value in (config.get("auth") or {}).items() if value not in (None, "")}
    auth_type = str(config.get("auth_type") or "password")
    if auth_type not in AUTH_METHODS or not auth.keys() <= _AUTH_KEYS.keys() | _SECRETS.keys():
        return {"os_cloud": name}
    section: dict[str, Any] = {ours: str(auth[theirs]) for theirs, ours in _AUTH_KEYS.items() if theirs in auth}
    if AUTH_METHODS[auth_type] == "application_credential":
        for key in ("admin_project", "project_id"):
            section.pop(key, None)
    secret = cloud_secret(config)
    if secret is not None:
        key, _ = secret
        section[_SECRETS[key]] = {"env": f"OS_{key.upper()}"} if name == ENVVARS else {"cloud": name}
    return {"auth_type": auth_type, **section}


def _access(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return where and how the services are reached."""
    access: dict[str, Any] = {}
    if config.get("region_name"):
        access["region"] = str(config["region_name"])
    interface = str(config.get("interface") or "public").removesuffix("URL")
    if interface != "public":
        access["interface"] = interface
    if config.get("verify") is False or config.get("insecure") is True:
        access["verify"] = False
    for theirs, ours in (("cacert", "cacert"), ("cert", "cert"), ("key", "client_key")):
        if config.get(theirs):
            access[ours] = str(config[theirs])
    if config.get("api_timeout"):
        access["timeout_s"] = float(config["api_timeout"])
    suffix = "_endpoint_override"
    overrides = {
        key.removesuffix(suffix).replace("_", "-"): str(value)
        for key, value in sorted(config.items())
        if key.endswith(suffix) and value
    }
    return {**access, "endpoint_overrides": overrides} if overrides else access
