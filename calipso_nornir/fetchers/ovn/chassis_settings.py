# SPDX-License-Identifier: Apache-2.0
"""The configuration of a host's ovn-controller (ovn-controller(8)): external_ids in its Open_vSwitch table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from calipso_nornir.parsing.common_values import canonical_ip
from calipso_nornir.parsing.ovn_rows import pairs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one host; those with the chassis's name appended take precedence over general ones."""

    values: Mapping[str, str]

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]]) -> Self:
        """Return the settings in the table's only row."""
        known = rows[0].get("external_ids") if rows else None
        return cls(known if isinstance(known, dict) else {})

    @property
    def chassis(self) -> str:
        """Name of the chassis."""
        return self.values.get("system-id", "")

    def value(self, name: str) -> str:
        """Return a setting; "" if it is not set."""
        return self.values.get(f"{name}-{self.chassis}") or self.values.get(name, "")

    def words(self, name: str) -> list[str]:
        """Return the items of a comma-separated setting."""
        return [word.strip() for word in self.value(name).split(",") if word.strip()]

    @property
    def bridge(self) -> str:
        """The integration bridge."""
        return self.value("ovn-bridge") or "br-int"

    @property
    def bridge_mappings(self) -> dict[str, str]:
        """Physical network -> bridge."""
        return dict(pairs(self.value("ovn-bridge-mappings")))

    @property
    def encaps(self) -> list[tuple[str, str]]:
        """Type and address of each endpoint; the default address comes first."""
        addresses = [canonical_ip(one) for one in self.words("ovn-encap-ip")]
        default = canonical_ip(self.value("ovn-encap-ip-default"))
        addresses.sort(key=lambda one: one != default)
        return [(type_, one) for type_ in self.words("ovn-encap-type") for one in addresses]

    def attributes(self) -> dict[str, Any]:
        """Return the attributes of the chassis's switch."""
        return {
            "chassis": self.chassis,
            "transport_zones": sorted(self.words("ovn-transport-zones")),
            "encaps": [{"type": type_, "ip": ip} for type_, ip in self.encaps],
        }

    def configurations(self) -> dict[str, Any]:
        """Return the settings that are shown in the attribute ``configurations`` of its switch."""
        return {"bridge_mappings": self.bridge_mappings, "integration_bridge": self.bridge}
