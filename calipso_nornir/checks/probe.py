# SPDX-License-Identifier: Apache-2.0
"""``calipso-probe``: checks all objects and links of a host, and reports what has changed."""

import argparse
import json
import os
import sys
import time
from typing import List, Optional, Sequence

from .atomic import write_whole
from .evaluating import Result, evaluate
from .exposition import Texts, exposition
from .objects import BadObjects, Objects, chosen, read_file
from .running import Limits
from .state import State
from .values import LABELS, UNKNOWN, Judgement, worst

OBJECTS = "/etc/calipso/objects.json"
STATE = "/var/lib/calipso-probe"
USAGE = 2
"""Exit code if the probe itself could not do its work; in the form of a single check it is 3, unknown."""


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run the command; return its exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.output == "prometheus" and not options.textfile:
        parser.error("--output prometheus needs --textfile FILE.prom")
    limits = Limits(options.command_timeout, options.timeout, options.parallel)
    if options.object:
        return _one_object(options.objects, options.object, limits)
    texts = Texts()
    try:
        while True:
            began = time.monotonic()
            ended = _round(options, limits, texts)
            if options.once or not options.interval:
                return ended
            # A faulty file does not end the probe, because the next deployment corrects it
            time.sleep(max(0.0, options.interval - (time.monotonic() - began)))
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="calipso-probe", description=__doc__)
    limits = Limits()
    add = parser.add_argument
    add("--objects", default=OBJECTS, metavar="FILE", help="what to check (%(default)s)")
    add("--state", default=STATE, metavar="FOLDER", help="for what was reported last (%(default)s)")
    add("--once", action="store_true", help="check once, also if an interval is given")
    add("--interval", type=_positive, metavar="SECONDS", help="check repeatedly")
    add("--all", action="store_true", help="report everything, not only changes; needs no state")
    add("--refresh", type=float, default=3600, metavar="SECONDS", help="report everything this often (%(default)g)")
    add("--output", choices=("json", "prometheus"), default="json", help="lines of JSON, or a file for node exporter")
    add("--textfile", metavar="FILE.prom", help="the file for node exporter")
    add("--object", metavar="NAME", help="check one: by its check's name or its id; ends as a Nagios plug-in does")
    add("--command-timeout", type=_positive, default=limits.command, metavar="SECONDS", help="of one (%(default)g)")
    add("--timeout", type=_positive, default=limits.whole, metavar="SECONDS", help="of all commands (%(default)g)")
    add("--parallel", type=int, default=limits.parallel, metavar="N", help="commands at a time (%(default)s)")
    return parser


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value <= 86400:  # noqa: PLR2004 - a day
        raise argparse.ArgumentTypeError("expected more than 0, at most 86400 seconds")
    return value


def _round(options: argparse.Namespace, limits: Limits, texts: Texts) -> int:
    try:
        objects = read_file(options.objects)
        results = evaluate(objects, objects.items, limits)
        if options.output == "prometheus":
            content = exposition(objects, results, round(time.time(), 3), texts)
            write_whole(options.textfile, content.encode())
        elif options.all:
            _print(results)
        else:
            _print_changes(options, results)
    except BadObjects as error:
        return _failed(str(error))
    except BrokenPipeError:
        # Python would complain once more when it closes standard output
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return USAGE
    except OSError as error:
        return _failed("{}: {}".format(error.filename or "standard output", error.strerror))
    return 0


def _print_changes(options: argparse.Namespace, results: Sequence[Result]) -> None:
    """Print first, then store: if printing fails, the next run prints the results again."""
    state = State(options.state, options.refresh)
    now = time.time()
    whole = state.is_due(now)
    _print(results if whole else state.changed(results))
    state.save(results, whole_at=now if whole else 0)


def _print(results: Sequence[Result]) -> None:
    for one in results:
        sys.stdout.write(json.dumps(one.document(), sort_keys=True) + "\n")
    sys.stdout.flush()


def _failed(why: str) -> int:
    sys.stderr.write(f"calipso-probe: {why}\n")
    return USAGE


def _one_object(path: str, name: str, limits: Limits) -> int:
    """Check one object: text, and the results as JSON in the last line; the exit code is the status."""
    results: List[Result] = []
    try:
        objects = read_file(path)
        results = evaluate(objects, chosen(objects, name), limits)
        found = worst([Judgement(one.status, one.text) for one in results]) if results else _not_there(objects, name)
    except BadObjects as error:
        found = Judgement(UNKNOWN, str(error))
    documents = [one.document() for one in results]
    last = documents[0] if len(documents) == 1 else {"status": found.status, "text": found.text, "results": documents}
    sys.stdout.write(f"{LABELS[found.status]}: {found.text}\n{json.dumps(last, sort_keys=True)}\n")
    sys.stdout.flush()
    return found.status


def _not_there(objects: Objects, name: str) -> Judgement:
    return Judgement(UNKNOWN, f"{objects.host} has no check {ascii(name)[:100]}")
