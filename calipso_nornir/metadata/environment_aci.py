# SPDX-License-Identifier: Apache-2.0
"""The section ACI: where the controllers of a Cisco ACI fabric are, and how to log in to one of them."""

from typing import ClassVar

from calipso_nornir.metadata.environment_fields import Count, Host, Port, Secret, Text
from calipso_nornir.metadata.environment_http import HttpSection
from calipso_nornir.model.addresses import host_port


class AciSection(HttpSection):
    """The APIC of a Cisco ACI fabric: its ``host``, ``user`` and ``pwd``, and further controllers in ``hosts``.

    New: all but these three. One controller is used; if it cannot be reached, the next one. ``domain`` is the login
    domain of the user.
    """

    needs: ClassVar[tuple[str, ...]] = ("host", "user", "pwd")
    host: Host | None = None
    hosts: tuple[Host, ...] = ()
    port: Port = 443
    user: Text | None = None
    pwd: Secret | None = None
    domain: Text | None = None
    cacert: Text | None = None
    verify: bool = True
    page_size: Count = 1000

    @property
    def urls(self) -> tuple[str, ...]:
        """The addresses of the controllers, without a slash at the end."""
        hosts = dict.fromkeys(one for one in (self.host, *self.hosts) if one is not None)
        return tuple(f"https://{host_port(one, self.port)}" for one in hosts)

    @property
    def login(self) -> str:
        """The name to log in with."""
        return f"apic:{self.domain}\\{self.user}" if self.domain else self.user or ""
