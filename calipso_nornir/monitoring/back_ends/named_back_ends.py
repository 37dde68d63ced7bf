# SPDX-License-Identifier: Apache-2.0
"""Back ends by name: those of this product, and those of installed plug-ins."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Final

from calipso_nornir.errors import InvalidRequest
from calipso_nornir.metadata.nearest import nearest
from calipso_nornir.monitoring.back_ends.prometheus import Prometheus
from calipso_nornir.monitoring.back_ends.sensu_core import SensuCore
from calipso_nornir.monitoring.back_ends.sensu_go import SensuGo

if TYPE_CHECKING:
    from calipso_nornir.monitoring.back_ends.base import BackEnd

GROUP: Final = "calipso_nornir.monitoring_back_ends"
BUILT_IN: Final[dict[str, BackEnd]] = {
    "prometheus": Prometheus(),
    "sensu_go": SensuGo(),
    "sensu_core": SensuCore(),
    "sensu": SensuCore(),  # the guide's name for it
}


def back_end(name: str) -> BackEnd:
    """Return a back end by its name, or by the type that the section Monitoring names; raises InvalidRequest."""
    wanted = name.lower().replace(" ", "_")
    if wanted in BUILT_IN:
        return BUILT_IN[wanted]
    known = {point.name: point for point in entry_points(group=GROUP)}
    if wanted not in known:
        names = sorted({*BUILT_IN, *known})
        raise InvalidRequest(f'"{name}" is no monitoring system; known: {", ".join(names)}{nearest(wanted, names)}')
    loaded = known[wanted].load()
    found: BackEnd = loaded() if isinstance(loaded, type) else loaded
    return found
