# SPDX-License-Identifier: Apache-2.0
"""Checks whether a kind of cloud is listed as supported (``supported_environments``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calipso_nornir.metadata.catalog import Catalog
    from calipso_nornir.model.environment import Environment


def untested(environment: Environment, catalog: Catalog) -> tuple[str, ...]:
    """Return one message for each property (type, distribution, version, mechanism drivers) that no row lists.

    Properties that the description leaves open are not checked. Each of a cloud's mechanism drivers must be listed.
    """
    type_ = environment.environment_type
    listed = catalog.documents.get("supported_environments", ())
    rows = [row for row in listed if row["features"]["scanning"] and row.get("environment_type", "OpenStack") == type_]
    if not rows:
        return (f"environment type {type_} is not listed as supported",)
    own = [row for row in rows if _same(row["distribution"], environment.distribution)]
    return tuple(_problems(environment, rows if not environment.distribution else own, rows))


def _problems(
    environment: Environment, own: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]
) -> list[str]:
    if not own:
        known = ", ".join(dict.fromkeys(str(row["distribution"]) for row in rows))
        return [f"distribution {environment.distribution} is not listed as supported ({known})"]
    found: list[str] = []
    version = environment.distribution_version
    if version and environment.distribution and not any(_lists(row["distribution_version"], version) for row in own):
        known = ", ".join(dict.fromkeys(one for row in own for one in row["distribution_version"]))
        found.append(f"version {version} of {environment.distribution} is not listed as supported ({known})")
    for driver in environment.mechanism_drivers:
        if not any(driver in row["mechanism_drivers"] for row in own):
            known = ", ".join(dict.fromkeys(one for row in own for one in row["mechanism_drivers"]))
            found.append(f"mechanism driver {driver} is not listed as supported ({known})")
    return found


def _lists(versions: Sequence[str], wanted: str) -> bool:
    """Return whether a list of versions includes one; an empty list includes any."""
    return not versions or any(_same(one, wanted) for one in versions)


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()
