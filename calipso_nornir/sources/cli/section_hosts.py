# SPDX-License-Identifier: Apache-2.0
"""Makes Nornir hosts from the CLI section of an environment, each when it is first needed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nornir.core.inventory import ConnectionOptions, Host
from pydantic import ValidationError

from calipso_nornir.errors import EnvironmentInvalid, Fault
from calipso_nornir.metadata.environment_fields import problems
from calipso_nornir.metadata.environment_sections import CliSection, HostAccess
from calipso_nornir.model.addresses import host_port
from calipso_nornir.sources.cli.limits import Limits
from calipso_nornir.sources.cli.ssh import CONNECTION
from calipso_nornir.sources.cli.ssh_options import Credentials, LazySecret
from calipso_nornir.sources.cli.ssh_servers import SSH_PORT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from calipso_nornir.model.environment import SecretRef

_PASSED_ON = ("host_keys", "known_hosts", "ssh_config", "connect_timeout_s")
"""Keys of the section that are options of each connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionHosts:
    """Makes the Nornir host for any id from the section's settings for all hosts and for this one.

    Attributes:
        secret: fetches a secret when it is used.
    """

    section: CliSection
    secret: Callable[[SecretRef], str]
    _secrets: dict[SecretRef, LazySecret] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def of(cls, given: Mapping[str, Any], *, secret: Callable[[SecretRef], str]) -> SectionHosts:
        """Read the section. Raises EnvironmentInvalid with all its faults, and without the value of any secret."""
        try:
            section = CliSection.model_validate({key: value for key, value in given.items() if value is not None})
        except ValidationError as error:
            faults = [Fault(f"CLI/{where}", problem) for where, problem in problems(error, CliSection.keys())]
            raise EnvironmentInvalid(tuple(faults)) from None  # pydantic's own text would repeat values
        return cls(section=section, secret=secret)

    @property
    def limits(self) -> Limits:
        """The limits for one host in one round."""
        usual, section = Limits(), self.section
        return Limits(
            host_timeout_s=section.host_timeout_s or usual.host_timeout_s,
            max_output_bytes=(section.max_output_mib or 0) * 2**20 or usual.max_output_bytes,
        )

    @property
    def prefixes(self) -> Sequence[Mapping[str, Any]]:
        """The section's own rules for command prefixes."""
        return [rule.given() for rule in self.section.prefixes]

    def nornir_host(self, name: str) -> Host:
        """Make the host for an id: from the table, or with its id as address."""
        own = self.section.hosts.get(name, HostAccess())
        address, port = own.host or name, own.port
        extras = self._extras(own)
        gateway = self.section.host
        if gateway is None:
            port = port or self.section.port
        elif address == gateway and port in (None, self._gateway_port):  # the gateway is a host of the cloud itself
            port = self._gateway_port
            extras["jump"] = own.jump or self.section.jump
        return Host(
            name=name,
            hostname=address,
            port=port,
            username=own.user or self.section.user,
            platform=own.platform or self.section.platform,
            connection_options={CONNECTION: ConnectionOptions(extras=extras), **self._netmiko(own)},
        )

    def _netmiko(self, own: HostAccess) -> dict[str, ConnectionOptions]:
        """Return netmiko's options: the password for privileged mode, if there is one."""
        enable = self._secret(own.enable or self.section.enable)
        return {} if enable is None else {"netmiko": ConnectionOptions(extras={"secret": enable})}

    @property
    def _gateway_port(self) -> int:
        return self.section.port or SSH_PORT

    def _extras(self, own: HostAccess) -> dict[str, Any]:
        login = self._credentials(own)
        return {
            "key": login.key,
            "passphrase": login.passphrase,
            "password": login.password,
            "agent": login.agent,
            "jump": own.jump or self._jump(),
            "jump_user": self.section.user,
            "jump_credentials": self._credentials(self.section),
            **{key: getattr(self.section, key) for key in _PASSED_ON},
        }

    def _jump(self) -> str | None:
        """Return the jump hosts to hosts behind the gateway, in ProxyJump's form."""
        before, gateway = self.section.jump, self.section.host
        if gateway is None:
            return before
        last = host_port(gateway, self._gateway_port)
        return f"{before},{last}" if before else last

    def _credentials(self, own: HostAccess) -> Credentials:
        section = self.section
        return Credentials(
            key=own.key or section.key,
            passphrase=self._secret(own.passphrase or section.passphrase),
            password=self._secret(own.pwd or section.pwd),
            agent=section.agent,
        )

    def _secret(self, ref: SecretRef | None) -> LazySecret | None:
        return None if ref is None else self._secrets.setdefault(ref, LazySecret(lambda: self.secret(ref)))
