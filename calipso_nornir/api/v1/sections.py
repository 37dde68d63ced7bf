# SPDX-License-Identifier: Apache-2.0
"""The sections of an environment's configuration, as the older API takes them: passwords in clear text.

They are written to files as soon as they have been read (``access.secret_files``); no answer shows them again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.access.secret_files import GIVEN
from calipso_nornir.api.v1.parameters import Parameter
from calipso_nornir.api.v1.reading import Constants, read, wrong
from calipso_nornir.metadata.environment_fields import is_reference, is_secret_key

if TYPE_CHECKING:
    from collections.abc import Mapping

MARKER: Final = "********"
"""What an answer shows in place of a secret."""
PRIVATE_KEY: Final = "-----BEGIN "
"""How the content of a key file begins."""


def _secret(name: str, *, needed: bool = True) -> Parameter:
    return Parameter(name=name, needed=needed, is_secret=True)


def _port(name: str = "port", *, needed: bool = True) -> Parameter:
    return Parameter(name=name, type="integer", needed=needed, least=0, most=65535)


_HOST: Final = Parameter(name="host", needed=True, form="host")
_USER: Final = Parameter(name="user", needed=True)
SECTIONS: Final[Mapping[str, tuple[Parameter, ...]]] = {
    "mysql": (_HOST, _secret("pwd"), _port(), _USER),
    "OpenStack": (_secret("admin_token"), _HOST, _port(), _secret("pwd"), _USER),
    "CLI": (_HOST, _USER, _secret("pwd", needed=False), _secret("key", needed=False)),
    "AMQP": (_HOST, _secret("pwd"), _port(), _USER),
    "Monitoring": (
        Parameter(name="install_monitoring_client", type="boolean"),
        Parameter(name="config_folder", needed=True, form="path"),
        Parameter(name="provision", needed=True, constant="environment_provision_types"),
        Parameter(name="env_type", needed=True, constant="env_types"),
        _port("api_port"),
        _secret("rabbitmq_pass"),
        Parameter(name="rabbitmq_user", needed=True),
        _port("rabbitmq_port"),
        _port("ssh_port", needed=False),
        Parameter(name="ssh_user"),
        _secret("ssh_password", needed=False),
        Parameter(name="server_ip", needed=True, form="host"),
        Parameter(name="server_name", needed=True),
        Parameter(name="type", needed=True, constant="environment_monitoring_types"),
    ),
    "NFV_provider": (_HOST, _secret("nfv_token"), _port(), _USER, _secret("pwd")),
    "ACI": (_HOST, _USER, _secret("pwd")),
    "Kubernetes": (_HOST, _port(), _USER, _secret("token")),
    "VMware": (_HOST, _port(needed=False), _USER, _secret("pwd")),
    "Bare-metal": (_HOST, _port(needed=False), _USER, _secret("pwd")),
}
"""Section → its fields, beside the name."""
NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "OpenStack": ("OpenStack", "mysql", "CLI"),
    "Kubernetes": ("Kubernetes", "CLI"),
}
"""Type of environment → the sections that it must have."""


def sections_read(given: list[Any], *, constants: Constants) -> list[dict[str, Any]]:
    """Return sections as ``SecretFiles`` takes them: each secret as ``{"secret": TEXT}``.

    Raises:
        Problem: 400, the first fault; it begins with the name of the section.
    """
    found: dict[str, dict[str, Any]] = {}
    for one in given:
        name = one.get("name") if isinstance(one, dict) else None
        if not isinstance(name, str) or not name:
            raise wrong("each section of the configuration must have a name", "configuration")
        if name not in SECTIONS:
            raise wrong(f"{name[:40]!r} is no section; expected one of {', '.join(SECTIONS)}", "configuration")
        if name in found:
            raise wrong(f"{name}: a second section; one is enough", "configuration")
        found[name] = _section(name, {key: value for key, value in one.items() if key != "name"}, constants)
    return [{"name": name, **section} for name, section in found.items()]


def _section(name: str, given: dict[str, Any], constants: Constants) -> dict[str, Any]:
    fields = SECTIONS[name]
    values = read(given, fields, constants=constants, place=f"{name}: ")
    if name == "CLI":
        _check_login(values)
    secret = {one.name for one in fields if one.is_secret}
    kept = {key: value for key, value in values.items() if value is not None}
    return {key: {GIVEN: value} if key in secret else value for key, value in kept.items()}


def _check_login(values: Mapping[str, Any]) -> None:
    if values["key"] is None and values["pwd"] is None:
        raise wrong("CLI: key or pwd must be specified", "key")
    if values["key"] is not None and not values["key"].startswith(PRIVATE_KEY):
        raise wrong(
            "CLI: key must be the content of a private key. The path of a file of this server is not taken: whoever "
            "named one could use the server's own keys. calipso env add describes an environment with a path",
            "key",
        )


def without_secrets(value: Any) -> Any:  # noqa: ANN401 - JSON has no type
    """Return a description with a marker in place of each secret, and of each reference to one."""
    if (isinstance(value, dict) and set(value) == {GIVEN}) or is_reference(value):
        return MARKER
    if isinstance(value, dict):
        texts = {key for key, one in value.items() if isinstance(one, str) and is_secret_key(key)}
        return {key: MARKER if key in texts else without_secrets(one) for key, one in value.items()}
    return [without_secrets(one) for one in value] if isinstance(value, list) else value
