# SPDX-License-Identifier: Apache-2.0
"""``calipso scans log``: the messages of one scan."""

from calipso_nornir.cli.facts import WRONG
from calipso_nornir.cli.output import Format, emit
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.scans_show import LAST, ScanId, scan_meant
from calipso_nornir.cli.shared_options import Environment, Inventory, Output

STYLES = {"debug": "dim", "warning": "yellow", "error": WRONG, "critical": WRONG}


def scans_log(
    run: Run,
    *,
    id_: ScanId = LAST,
    environment: Environment = None,
    inventory: Inventory = None,
    output: Output = Format.TABLE,
) -> None:
    """Show the messages of one scan, oldest first."""
    with run.store(inventory=inventory) as store:
        scan_id = scan_meant(store, id_, environment)["scan_id"]
        messages = store.collection("messages").find({"scan_id": scan_id}, order=("timestamp",))
    if output is not Format.TABLE:
        emit(messages, output)
        return
    for one in messages:
        level = str(one.get("level"))
        first, *more = str(one.get("message")).splitlines() or [""]
        run.out.say((str(one.get("timestamp"))[:19], "dim"), f" {level:<8} ", (first, STYLES.get(level, "")))
        for line in more:
            run.out.say(" " * 29, line)
    if not messages:
        run.err.say("no messages")
