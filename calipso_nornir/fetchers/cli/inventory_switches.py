# SPDX-License-Identifier: Apache-2.0
"""Switches for which the inventory has a login, as they describe themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.errors import ParseError
from calipso_nornir.fetchers.cli.switch_heard import (
    REACHABLE,
    KnowsPlatforms,
    attributes_of,
    chassis_of,
    heard_by_hosts,
    logins,
)
from calipso_nornir.model import ids
from calipso_nornir.model.fetching import Fetched

if TYPE_CHECKING:
    from calipso_nornir.model.answers import Answers
    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.queries import Command
    from calipso_nornir.parsing.switch_rows import SwitchIdentity


class InventorySwitches(KnowsPlatforms):
    """Switches that ``CLI.hosts`` or the Nornir inventory has with a platform of ``switch_platforms.json``.

    Source: the platform's question "identity"; ``lldpctl`` on the hosts, because the id of a switch is the one that
    hosts receive by LLDP. Attributes: ``switch`` (its own id), ``chassis_id``, ``chassis_id_type``, ``login`` (its name
    in the inventory), ``platform``, and if it shows them ``hostname``, ``version``, ``model``, ``serial``.
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask every switch for its identity."""
        answers = yield [REACHABLE]
        own = logins(answers, self.platforms)
        if not own:
            return []
        asked = {name: platform.questions["identity"].of(name) for name, platform in own.items()}
        answers, heard = yield from heard_by_hosts(self.platforms, list(asked.values()))
        found = []
        for name, query in asked.items():
            identity = _identity(answers, query)
            if identity is None:
                continue
            kind, chassis, called = chassis_of(name, own[name], identity, [one.neighbour for one in heard])
            id_ = ids.switch(kind, chassis)
            found.append(
                Fetched(
                    id=id_,
                    name=called or identity.hostname or name,
                    attributes={
                        "switch": id_,
                        "chassis_id": chassis,
                        "chassis_id_type": kind,
                        "login": name,
                        "platform": own[name].name,
                        **attributes_of(
                            identity, hostname="hostname", version="version", model="model", serial="serial"
                        ),
                    },
                    under=parent.ref,
                    sources=(query,),
                )
            )
        return found


def _identity(answers: Answers, query: Command) -> SwitchIdentity | None:
    """Return a switch's description of itself. None if it gives none: what was known about it is then kept."""
    rows = answers.or_gap(query)
    if rows is not None and len(rows) != 1:
        error = ParseError(query.parser or "", f"expected the description of one switch, found {len(rows)}")
        answers.lacks(query, error.asked_by(query.text, query.host))
        return None
    identity: SwitchIdentity | None = None if rows is None else rows[0]
    return identity
