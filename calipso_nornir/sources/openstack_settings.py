# SPDX-License-Identifier: Apache-2.0
"""The login settings from the section OpenStack: its own keys, or an entry of clouds.yaml."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from keystoneauth1.identity import v3

from calipso_nornir.errors import EnvironmentInvalid, Fault
from calipso_nornir.metadata.os_cloud import cloud_region
from calipso_nornir.sources.openstack_catalog import VERSIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keystoneauth1.plugin import BaseAuthPlugin
    from openstack.config.cloud_region import CloudRegion

    from calipso_nornir.metadata.environment_openstack import OpenStackSection
    from calipso_nornir.model.environment import SecretRef
    from calipso_nornir.model.source_kinds import Secrets

_SECRET_ARGUMENTS = ("password", "application_credential_secret", "token", "passcode", "client_secret", "access_token")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How one cloud is reached. ``plugin`` contains the secret.

    Attributes:
        url: URL of Keystone, for messages.
        user: name of the user, for messages.
        verify: True, False, or a file with certificates of authorities.
        cert: client certificate, with its key if that is separate.
        overrides: service type -> URL to use instead of the catalogue's.
    """

    plugin: BaseAuthPlugin = field(repr=False)
    url: str
    user: str
    region: str | None
    interface: str
    verify: bool | str
    cert: str | tuple[str, str] | None
    overrides: Mapping[str, str]


def settings(section: OpenStackSection, vault: Secrets, *, environ: Mapping[str, str] | None = None) -> Settings:
    """Resolve the section's references.

    Raises SecretUnavailable, or EnvironmentInvalid for an unknown os_cloud and for missing files.
    """
    made = _settings(section, vault, environ=environ)
    cert, key = made.cert if isinstance(made.cert, tuple) else (made.cert, None)
    for name, path in (("cacert", made.verify), ("cert", cert), ("client_key", key)):
        if isinstance(path, str) and not os.path.exists(path):  # noqa: PTH110 - a text, as requests takes it
            raise EnvironmentInvalid((Fault(f"configuration/OpenStack/{name}", f"there is no file {path}"),))
    return made


def _settings(section: OpenStackSection, vault: Secrets, *, environ: Mapping[str, str] | None) -> Settings:
    if section.os_cloud is not None:
        region = cloud_region(
            section.os_cloud, environ=os.environ if environ is None else environ, region=section.region
        )
        return _of_cloud(section, region, vault)
    return Settings(
        plugin=_plugin(section, vault),
        url=section.keystone_url,
        user=_user(section),
        region=section.region,
        interface=section.interface,
        verify=_verify(section),
        cert=_cert(section),
        overrides=dict(section.endpoint_overrides),
    )


def _user(section: OpenStackSection) -> str:
    match section.method:
        case "application_credential":
            return f"application credential {section.application_credential_name or section.application_credential_id}"
        case "token":
            return "the given token"
        case _:
            return section.user or ""


def _plugin(section: OpenStackSection, vault: Secrets) -> BaseAuthPlugin:
    url = section.keystone_url
    user: dict[str, Any] = {"username": section.user}
    user |= _domain("user_domain", section.user_domain, section.user_domain_id)
    scope: dict[str, Any] = {"project_id": section.project_id}
    if section.project_id is None:
        scope = {"project_name": section.admin_project}
        scope |= _domain("project_domain", section.project_domain, section.project_domain_id)
    match section.method:
        case "application_credential":
            by_id = {"application_credential_id": section.application_credential_id}
            by_name = {"application_credential_name": section.application_credential_name, **user}
            return v3.ApplicationCredential(
                url,
                _secret(section.application_credential_secret, vault),
                **(by_id if section.application_credential_id else by_name),
            )
        case "token":
            # With a scope, although the token has one: without it, Keystone returns an unscoped token.
            return v3.Token(url, _secret(section.token, vault), **scope)
        case _:
            return v3.Password(url, _secret(section.pwd, vault), **user, **scope)


def _secret(ref: SecretRef | None, vault: Secrets) -> str:
    if ref is None:
        problem = "has no reference to the secret; the environment of a recording cannot log in"
        raise EnvironmentInvalid((Fault("configuration/OpenStack", problem),))
    return vault.resolve(ref)


def _domain(key: str, name: str | None, identity: str) -> dict[str, str]:
    return {f"{key}_name": name} if name else {f"{key}_id": identity}


def _verify(section: OpenStackSection) -> bool | str:
    return (_path(section.cacert) or True) if section.verify else False


def _cert(section: OpenStackSection) -> str | tuple[str, str] | None:
    cert, key = _path(section.cert), _path(section.client_key)
    return (cert, key) if cert and key else cert


def _path(path: str | None) -> str | None:
    return os.path.expanduser(path) if path else None  # noqa: PTH111 - pathlib's raises for unknown users


def _of_cloud(section: OpenStackSection, region: CloudRegion, vault: Secrets) -> Settings:
    """Take all settings from clouds.yaml, except those in the section itself."""
    auth: Mapping[str, Any] = region.config.get("auth") or {}
    for name in _SECRET_ARGUMENTS:
        if auth.get(name):
            vault.remember(str(auth[name]), what=f"the {name} of cloud {section.os_cloud}")
    plugin = region.get_auth()
    if plugin is None:
        raise EnvironmentInvalid((Fault(f"cloud {section.os_cloud}", "has no login settings"),))
    verify, cert = region.get_requests_verify_args()
    own = section.model_fields_set
    overrides = {service: url for service in VERSIONS if (url := region.get_endpoint(service))}
    return Settings(
        plugin=plugin,
        url=str(auth.get("auth_url") or getattr(plugin, "auth_url", "")),
        user=str(auth.get("username") or auth.get("application_credential_id") or f"cloud {section.os_cloud}"),
        region=section.region or region.region_name or None,
        interface=section.interface if "interface" in own else str(region.get_interface() or "public"),
        verify=_verify(section) if own & {"verify", "cacert"} or verify is None else verify,
        cert=_cert(section) or cert,
        overrides={**overrides, **section.endpoint_overrides},
    )
