# SPDX-License-Identifier: Apache-2.0
"""Fetches all current results from a monitoring system.

Its messages can be lost: handlers of Sensu Go get no receipt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import requests

from calipso_nornir.errors import ApiFailed, ApiUnreachable, InvalidRequest
from calipso_nornir.monitoring.back_ends.base import Received
from calipso_nornir.monitoring.back_ends.prometheus import Prometheus
from calipso_nornir.monitoring.back_ends.sensu_events import WHOLE
from calipso_nornir.monitoring.back_ends.sensu_go import ACCESS, SensuGo
from calipso_nornir.monitoring.back_ends.sensu_go_client import SensuGoAccess, SensuGoClient, told

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calipso_nornir.monitoring.preparing import Prepared

TIMEOUT_S: Final = 60.0


def synchronise(prepared: Prepared) -> Received:
    """Return all results that the monitoring system has for an environment.

    Raises InvalidRequest if it has no API for that.
    """
    settings, system, name = prepared.wish.settings, prepared.back_end, prepared.environment.name
    if not settings.get("api_url"):
        raise InvalidRequest(f"environment {name}: the section Monitoring has no api_url to ask {system.name} at")
    if isinstance(system, SensuGo):
        return _of_sensu_go(system, settings, name)
    if isinstance(system, Prometheus):
        return _of_prometheus(system, settings, name)
    raise InvalidRequest(f"{system.name} has no API that returns all results; only its messages can be used")


def access_of(settings: Mapping[str, Any]) -> SensuGoAccess:
    """Return how Sensu Go's API is reached, from the section Monitoring."""
    given: dict[str, Any] = {key: str(settings[name]) for key, name in ACCESS.items() if settings.get(name)}
    return SensuGoAccess(**given, namespace=str(settings.get("namespace") or "default"))


def _of_sensu_go(system: SensuGo, settings: Mapping[str, Any], name: str) -> Received:
    """Read the last event of each check, and make each probe report all results once; these arrive as messages."""
    client = SensuGoClient(access_of(settings))
    try:
        found = [system.receive(one) for one in client.events()]
        if settings.get("mode") != "objects":
            client.execute(WHOLE[1])
    finally:
        client.close()
    results = tuple(one for each in found for one in each.results if one.environment == name)
    return Received(results, ())  # events that do not come from this environment


def _of_prometheus(system: Prometheus, settings: Mapping[str, Any], name: str) -> Received:
    base = str(settings["api_url"]).rstrip("/")
    try:
        answer = requests.get(
            f"{base}/api/v1/query",
            params={"query": system.query(name)},
            headers={"Authorization": f"Bearer {settings['api_token']}"} if settings.get("api_token") else {},
            verify=settings.get("ca_file") or True,
            timeout=TIMEOUT_S,
        )
    except requests.RequestException as error:
        raise ApiUnreachable(base, str(error)) from error
    if not answer.ok:
        raise ApiFailed("Prometheus", "/api/v1/query", answer.status_code, told(answer))
    return system.statuses(answer.json())
