# SPDX-License-Identifier: Apache-2.0
"""The CLI section of an environment, as Nornir hosts: each is made when it is first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nornir.core.inventory import ConnectionOptions, Host

from calipso_nornir.errors import EnvironmentInvalid, Fault
from calipso_nornir.model.environment import SecretRef
from calipso_nornir.sources.cli.known_hosts import SSH_PORT
from calipso_nornir.sources.cli.options import Credentials, Limits, Reach, Secret
from calipso_nornir.sources.cli.ssh import CONNECTION

if TYPE_CHECKING:
    from collections.abc import Callable

_ACCESS: dict[str, tuple[type, ...]] = {
    "host": (str,),
    "user": (str,),
    "port": (int,),
    "key": (str,),
    "pwd": (SecretRef,),
    "passphrase": (SecretRef,),
    "platform": (str,),
    "jump": (str,),
}
_SECTION: dict[str, tuple[type, ...]] = {
    **_ACCESS,
    "name": (str,),
    "hosts": (Mapping,),
    "host_keys": (str,),
    "known_hosts": (str, list, tuple),
    "ssh_config": (str, bool),
    "agent": (bool,),
    "sudo": (bool,),
    "exclude": (list, tuple),
    "connect_timeout_s": (int, float),
    "host_timeout_s": (int, float),
    "max_output_mib": (int,),
    "workers": (int,),
    "prefixes": (list, tuple),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CliSection:
    """What the section says about all hosts, and how to make the Nornir host of one.

    Attributes:
        workers: hosts at once; None: min(64, hosts).
        exclude: patterns (fnmatch) of the ids of hosts that are not logged in to.
        sudo: False: commands that want root run as the login that there is.
    """

    limits: Limits = field(default_factory=Limits)
    workers: int | None = None
    exclude: tuple[str, ...] = ()
    sudo: bool = True
    prefixes: tuple[Mapping[str, Any], ...] = ()
    access: Mapping[str, Any]
    hosts: Mapping[str, Mapping[str, Any]]
    secret: Callable[[SecretRef], str]
    _secrets: dict[SecretRef, Secret] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def of(cls, section: Mapping[str, Any], *, secret: Callable[[SecretRef], str]) -> CliSection:
        """Read the section; EnvironmentInvalid holds all its faults, and never the value of a secret."""
        given = {key: value for key, value in section.items() if value is not None}
        faults = _faults(given, _SECTION, "CLI")
        hosts = given.get("hosts", {})
        if isinstance(hosts, Mapping):
            for name, entry in hosts.items():
                faults += _faults(entry, _ACCESS, f"CLI/hosts/{name}")
        if faults:
            raise EnvironmentInvalid(tuple(faults))
        chosen = Limits()
        read = cls(
            limits=Limits(
                host_timeout_s=given.get("host_timeout_s", chosen.host_timeout_s),
                max_output_bytes=given.get("max_output_mib", 0) * 2**20 or chosen.max_output_bytes,
            ),
            workers=given.get("workers"),
            exclude=tuple(given.get("exclude", ())),
            sudo=given.get("sudo", True),
            prefixes=tuple(given.get("prefixes", ())),
            access=given,
            hosts=hosts,
            secret=secret,
        )
        try:
            Reach.of(read._extras({}))
        except ValueError as error:
            raise EnvironmentInvalid((Fault("CLI", str(error)),)) from error
        return read

    def nornir_host(self, name: str) -> Host:
        """Make the host of an id: from the table, or addressed by its id."""
        entry = {key: value for key, value in self.hosts.get(name, {}).items() if value is not None}
        address, port = entry.get("host", name), entry.get("port")
        extras = self._extras(entry)
        gateway = self.access.get("host")
        if gateway is None:
            port = port or self.access.get("port")
        elif address == gateway and port in (None, self._gateway_port):  # the gateway is a host of the cloud itself
            port = self._gateway_port
            extras["jump"] = entry.get("jump", self.access.get("jump"))
        return Host(
            name=name,
            hostname=address,
            port=port,
            username=entry.get("user", self.access.get("user")),
            platform=entry.get("platform", self.access.get("platform")),
            connection_options={CONNECTION: ConnectionOptions(extras=extras)},
        )

    @property
    def _gateway_port(self) -> int:
        port: int = self.access.get("port", SSH_PORT)
        return port

    def _extras(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        own = self._credentials({**self.access, **entry})
        extras = {
            "key": own.key,
            "passphrase": own.passphrase,
            "password": own.password,
            "agent": own.agent,
            "jump": entry.get("jump", self._jump()),
            "jump_user": self.access.get("user"),
            "jump_credentials": self._credentials(self.access),
        }
        passed_on = ("host_keys", "known_hosts", "ssh_config", "connect_timeout_s")
        extras.update({key: self.access.get(key) for key in passed_on})
        if extras["ssh_config"] is True:
            extras["ssh_config"] = None
        return extras

    def _jump(self) -> str | None:
        """Return the way to hosts behind the gateway, in ProxyJump's form."""
        before, gateway = self.access.get("jump"), self.access.get("host")
        if gateway is None:
            return before
        last = f"[{gateway}]:{self._gateway_port}" if ":" in gateway else f"{gateway}:{self._gateway_port}"
        return f"{before},{last}" if before else last

    def _credentials(self, access: Mapping[str, Any]) -> Credentials:
        return Credentials(
            key=access.get("key"),
            passphrase=self._secret(access.get("passphrase")),
            password=self._secret(access.get("pwd")),
            agent=access.get("agent", True),
        )

    def _secret(self, ref: SecretRef | None) -> Secret | None:
        return None if ref is None else self._secrets.setdefault(ref, Secret(lambda: self.secret(ref)))


def _faults(given: Any, known: Mapping[str, tuple[type, ...]], where: str) -> list[Fault]:  # noqa: ANN401 - what YAML may hold
    if not isinstance(given, Mapping):
        return [Fault(where, f"{type(given).__name__} in place of a mapping")]
    faults = [Fault(f"{where}/{key}", "is no setting of this section") for key in given if key not in known]
    for key, kinds in known.items():
        value = given.get(key)
        if value is None or (isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))):
            continue
        wanted = " or ".join(kind.__name__ for kind in kinds)
        shown = "" if SecretRef in kinds else f", not {value!r}"
        faults.append(Fault(f"{where}/{key}", f"has to be {wanted}{shown}"))
    return faults
