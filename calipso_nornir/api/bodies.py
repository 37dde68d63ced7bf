# SPDX-License-Identifier: Apache-2.0
"""Refuses JSON that cannot be stored or returned: half characters, numbers that JSON lacks, too many levels.

FastAPI has parsed the body already, and its models have checked the members that they declare. This checks the rest.
Most bodies need no second parsing, because their bytes have nothing of the kind.
"""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from typing import Any, Final, NoReturn

from calipso_nornir.api.problems import Problem

DEEPEST: Final = 64
"""Levels of lists and mappings. MongoDB allows 100 (mongodb.com/docs/manual/reference/limits); some are its own."""
_SUSPECT: Final = re.compile(rb"\\u[dD][89a-fA-F]|NaN|Infinity|[0-9][eE]\+?[0-9]{3}")


def look_at(body: bytes) -> None:
    """Raise Problem (422) for JSON that cannot be stored; a body that is not JSON is refused elsewhere."""
    deep = body.count(b"[") + body.count(b"{") > DEEPEST
    if not deep and _SUSPECT.search(body) is None:
        return
    try:
        value = json.loads(body, parse_constant=_no_number, parse_float=_number)
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise _refused("a text has half a character (a lone surrogate, RFC 8259, 8.2)") from None
    except RecursionError:
        raise _refused(f"expected at most {DEEPEST} levels of lists and objects") from None
    except ValueError:  # it is no JSON, as the answer of the models says
        return
    if deep and _depth(value) > DEEPEST:
        raise _refused(f"expected at most {DEEPEST} levels of lists and objects")


def _number(text: str) -> float:
    number = float(text)
    return number if abs(number) < float("inf") else _no_number(text)


def _no_number(_text: str) -> NoReturn:
    raise _refused("NaN, Infinity and what is beyond the largest number are no numbers in JSON (RFC 8259, 6)")


def _depth(value: Any) -> int:  # noqa: ANN401 - JSON
    depth, level = 0, [value]
    while level:
        nested = [one for one in level if isinstance(one, (dict, list))]
        level = [member for one in nested for member in (one.values() if isinstance(one, dict) else one)]
        depth += bool(nested)
    return depth


def _refused(detail: str) -> Problem:
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, field="body")
