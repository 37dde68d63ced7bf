# SPDX-License-Identifier: Apache-2.0
"""Teams (libteam), from the daemon's state, ``teamdctl TEAM state dump`` (teamdctl(8))."""

from __future__ import annotations

from calipso_nornir.parsing.json_shapes import Fields, document
from calipso_nornir.parsing.rows import TeamPort, TeamState

_PARSER = "teamdctl_state"


def state(text: str) -> TeamState:
    """Read a team's state: its runner, and for each port whether its link is up and the runner has selected it."""
    whole = Fields.of(document(text, parser=_PARSER), parser=_PARSER, where="$")
    runner = whole.child("setup").text("runner_name")
    ports = whole.child("ports")
    return TeamState(
        runner,
        whole.child("runner").text_or_none("active_port") or None,
        tuple(_port(name, ports.child(name)) for name in sorted(ports.members)),
    )


def _port(name: str, port: Fields) -> TeamPort:
    return TeamPort(name, bool(port.child("link").flag_or_none("up")), port.child("runner").flag_or_none("selected"))
