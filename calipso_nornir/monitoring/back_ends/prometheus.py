# SPDX-License-Identifier: Apache-2.0
"""Prometheus: the probe writes a file for node exporter, rules make alerts of it, Alertmanager sends them to a webhook.

If a host is silent, an alert that ends says nothing about the object. So rules use the last value within an hour; the
alert about the host itself comes long before that. What has always been OK never causes an alert: it is read from
Prometheus' API (``statuses``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.model.addresses import host_port
from calipso_nornir.model.status import ERROR, OK, UNKNOWN, WARNING
from calipso_nornir.monitoring.back_ends.base import (
    PROBE,
    Received,
    Rendered,
    Wish,
    as_json,
    objects_files,
    of_host,
)
from calipso_nornir.monitoring.check_names import encoded, limited
from calipso_nornir.monitoring.results import KEEPALIVE, LABELS, Refused, Result, read_results

if TYPE_CHECKING:
    from calipso_nornir.monitoring.planning import MonitoringPlan

STATUS: Final = "calipso_check_status"
TEXT: Final = "calipso_check_text"
LAST_RUN: Final = "calipso_probe_last_run_timestamp_seconds"
PROBE_CHECKS: Final = "calipso_probe_checks"
IDENTITY: Final = ("environment", "host", "of", "kind", "type", "name", "check")
JOB: Final = "calipso"
CHECK: Final = ("of", "name")
"""The labels that tell the checks of a host apart."""
HOST_DOWN, PROBE_STOPPED = "CalipsoHostDown", "CalipsoProbeStopped"
TEXTFILE: Final = "/var/lib/prometheus/node-exporter/calipso.prom"
ETC: Final = "/etc/prometheus/calipso"
GROUP_WAIT_S: Final = 1
"""Seconds for which Alertmanager waits for further alerts of a check before it sends the first one."""
LONGEST: Final = 150
"""Characters of an environment in the name of a file."""
SCRAPE: Final = {
    "job_name": JOB,
    "honor_labels": True,
    "scrape_interval": "15s",
    "file_sd_configs": [{"files": [f"{ETC}/targets.*.json"]}],
}


def file_name(environment: str) -> str:
    """Return the part of a file's name that says which environment it is for."""
    return limited(encoded(environment), LONGEST)


class Prometheus:
    """Prometheus, Alertmanager and node exporter."""

    name = "prometheus"

    def render(self, wish: Wish) -> Iterable[Rendered]:
        """Yield rules, targets, and parts of Alertmanager's configuration; JSON, which is YAML, too.

        The scrape configuration is the same for all environments: how often a host is asked is a label of the target.
        """
        name = file_name(wish.plan.environment)
        yield from objects_files(wish.plan)
        interval = int(wish.setting("interval", 60))
        rules = as_json(
            {"groups": [_rules(wish.plan.environment, interval), _host_rules(wish.plan.environment, interval)]}
        )
        yield Rendered(f"server/prometheus/rules.{name}.yml", rules)
        yield Rendered(f"server/prometheus/targets.{name}.json", as_json(_targets(wish.plan, wish)))
        yield Rendered("server/prometheus/scrape.yml", as_json({"scrape_configs": [SCRAPE]}))
        yield Rendered(f"server/alertmanager/route.{name}.yml", _member(_route(wish.plan.environment)))
        yield Rendered(f"server/alertmanager/receiver.{name}.yml", _member(_receiver(wish)))
        token = wish.setting("receiver_token", "")
        if token:
            yield Rendered(f"server/alertmanager/token.{name}", str(token), secret=True)

    def receive(self, message: Any) -> Received:  # noqa: ANN401 - any JSON
        """Read a message of Alertmanager's webhook (version 4).

        If one alert of a check ends and another begins (an error becomes a warning), the one that is firing counts.
        """
        alerts = message.get("alerts") if isinstance(message, Mapping) else None
        if not isinstance(alerts, list):
            return Received(refused=(Refused("alertmanager", 'is no webhook message: it has no list "alerts"'),))
        found: dict[tuple[str, str], Result] = {}
        refused: list[Refused] = []
        for alert in alerts:
            try:
                one = _result(alert)
            except ValueError as error:
                refused.append(Refused("an alert", str(error)))
                continue
            if one is None:
                continue
            key = (one.of, one.name)
            if key not in found or found[key].status == OK:
                found[key] = one
        return Received(tuple(found.values()), tuple(refused))

    def query(self, environment: str) -> str:
        """Return the query for every status of an environment, and what the checks that are not OK say."""
        return f'{{__name__=~"{STATUS}|{TEXT}",environment="{_escaped(environment)}"}}'

    def statuses(self, answer: Any) -> Received:  # noqa: ANN401 - any JSON
        """Read Prometheus' answer to ``query`` (GET /api/v1/query): every status there is."""
        data = answer.get("data") if isinstance(answer, Mapping) else None
        rows = data.get("result") if isinstance(data, Mapping) else None
        if not isinstance(rows, list):
            return Received(refused=(Refused("prometheus", "the answer has no data.result"),))
        texts = {_key(row): row["metric"].get("text") for row in rows if row["metric"].get("__name__") == TEXT}
        documents = []
        for row in rows:
            metric, (at, value) = row["metric"], row["value"]
            if metric.get("__name__") == TEXT:
                continue
            status = int(float(value))
            documents.append(
                {
                    **{key: metric.get(key, "") for key in IDENTITY},
                    "status": status,
                    "text": texts.get(_key(row)) or LABELS.get(status, LABELS[UNKNOWN]),
                    "checked_at": float(at),
                }
            )
        results, refused = read_results(documents)
        return Received(tuple(results), tuple(refused))


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what a status and its text have in common: identity and status."""
    return (*(row["metric"].get(key) for key in IDENTITY), float(row["value"][1]))


def _rules(environment: str, interval: int) -> dict[str, Any]:
    chosen = f'{{environment="{_escaped(environment)}"}}'
    rules = [
        {
            "alert": f"Calipso{LABELS[value]}",
            "expr": f"last_over_time({STATUS}{chosen}[1h]) == {value}",
            "labels": {"calipso": "check", "severity": severity, "calipso_status": str(value)},
            "annotations": {"summary": _told(value)},
        }
        for value, severity in ((WARNING, "warning"), (ERROR, "critical"), (UNKNOWN, "none"))
    ]
    return {"name": f"calipso-{environment}", "interval": f"{min(interval, 15)}s", "rules": rules}


def _host_rules(environment: str, interval: int) -> dict[str, Any]:
    """Return the rules about hosts themselves: one that is silent is told within two intervals."""
    chosen = f'{{environment="{_escaped(environment)}"}}'
    up = f'{{job="{JOB}",environment="{_escaped(environment)}"}}'
    scrape, evaluation = _scrape_s(interval), min(_scrape_s(interval), 5)
    # In the worst case it falls silent right after a scrape, and each step just misses the one before it
    patience = max(2 * interval - scrape - 2 * evaluation - GROUP_WAIT_S, 0)
    rules = [
        {
            "alert": HOST_DOWN,
            "expr": f"up{up} == 0",
            "for": f"{patience}s",
            "labels": {"calipso": "host", "name": KEEPALIVE, "severity": "critical"},
            "annotations": {"summary": "{{ $labels.host }} does not answer"},
        },
        {
            "alert": PROBE_STOPPED,
            "expr": f"time() - {LAST_RUN}{chosen} > {3 * interval}",
            "labels": {"calipso": "host", "name": PROBE, "severity": "warning"},
            "annotations": {"summary": "the probe of {{ $labels.host }} has stopped"},
        },
    ]
    return {"name": f"calipso-{environment}-hosts", "interval": f"{evaluation}s", "rules": rules}


def _scrape_s(interval: int) -> int:
    """Return the seconds between two scrapes of a host: a third of an interval, so that one may be lost."""
    return max(1, min(interval // 3, 15))


def _told(value: int) -> str:
    """Return the template of an alert's text: what its check says, if that can still be asked for.

    It is no label of the alert, as another text would make it another alert.
    """
    names = ("environment", "of", "name")
    chosen = ",".join(f"{name}=%q" for name in names)
    values = " ".join(f"$labels.{name}" for name in names)
    query = f"{{{{ with printf `{TEXT}{{{chosen}}} == {value}` {values} | query }}}}"
    otherwise = "{{ $labels.type }} on {{ $labels.host }}: {{ $labels.check }} says " + LABELS[value]
    return f'{query}{{{{ . | first | label "text" }}}}{{{{ else }}}}{otherwise}{{{{ end }}}}'


def _targets(plan: MonitoringPlan, wish: Wish) -> list[dict[str, Any]]:
    port, often = int(wish.setting("exporter_port", 9100)), f"{_scrape_s(int(wish.setting('interval', 60)))}s"
    # Until Prometheus 2.43 there is one scrape_configs for all; these labels are those of a target (configuration.md)
    timing = {"__scrape_interval__": often, "__scrape_timeout__": often}
    addresses: Mapping[str, str] = wish.environment.get("addresses") or {}
    return [
        {
            "targets": [host_port(addresses.get(host) or host, port)],
            "labels": {"environment": plan.environment, "host": host, **timing},
        }
        for host in plan.hosts
    ]


def _route(environment: str) -> dict[str, Any]:
    """Return the route of an environment's alerts, with a group for each check.

    With several checks in a group, Alertmanager loses the ends of alerts. After a restart it has forgotten its alerts,
    and Prometheus sends them again, one by one. If the first alert of a group has ended, Alertmanager takes the whole
    group for ended, and does not send the end of any other alert in it.
    """
    return {
        "receiver": _receiver_name(environment),
        "matchers": ['calipso=~".+"', f'environment="{_escaped(environment)}"'],
        "group_by": ["environment", "host", *CHECK],
        "group_wait": f"{GROUP_WAIT_S}s",
        "group_interval": "5s",
        "repeat_interval": "10m",
    }


def _receiver(wish: Wish) -> dict[str, Any]:
    url = wish.setting("receiver_url", f"http://{wish.setting('server_ip', '127.0.0.1')}:{3335}/prometheus")
    webhook: dict[str, Any] = {"url": url, "send_resolved": True, "max_alerts": 0}
    if wish.setting("receiver_token", ""):
        file = f"{ETC}/token.{file_name(wish.plan.environment)}"
        webhook["http_config"] = {"authorization": {"type": "Bearer", "credentials_file": file}}
    return {"name": _receiver_name(wish.plan.environment), "webhook_configs": [webhook]}


def _receiver_name(environment: str) -> str:
    return f"calipso {environment}"


def _member(value: Mapping[str, Any]) -> str:
    """Return a member of a list in YAML, indented: the role puts such files together, one after another."""
    return f"  - {json.dumps(value, sort_keys=True, ensure_ascii=False)}\n"


def _result(alert: Any) -> Result | None:  # noqa: ANN401 - any JSON
    if not isinstance(alert, Mapping) or not isinstance(alert.get("labels"), Mapping):
        raise ValueError("has no labels")  # noqa: TRY004 - one kind of error for all
    labels = alert["labels"]
    kind = labels.get("calipso")
    if kind not in ("check", "host"):
        return None  # of another sender, on the same route
    firing = alert.get("status") == "firing"
    at = _time(alert.get("startsAt" if firing else "endsAt"))
    annotations = alert.get("annotations")
    summary = str(annotations.get("summary", "")) if isinstance(annotations, Mapping) else ""
    if kind == "host":
        down = labels.get("alertname") == HOST_DOWN
        check = KEEPALIVE if down else PROBE
        status = OK if not firing else ERROR if down else WARNING
        environment, host = str(labels.get("environment", "")), str(labels.get("host", ""))
        return of_host(environment, host, check=check, status=status, text=summary if firing else "works", at=at)
    status = int(labels.get("calipso_status", UNKNOWN)) if firing else OK
    document = {key: labels.get(key, "") for key in IDENTITY}
    [results, refused] = read_results(
        [{**document, "status": status, "text": summary if firing else LABELS[OK], "checked_at": at.timestamp()}]
    )
    if refused:
        raise ValueError(str(refused[0]))
    return results[0]


def _time(value: Any) -> datetime:  # noqa: ANN401 - any JSON
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"its time is {value!r:.40}: expected RFC 3339") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
