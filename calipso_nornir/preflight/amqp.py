# SPDX-License-Identifier: Apache-2.0
"""Tests the section AMQP: logs in, and declares, binds and deletes a queue, as a listener to notifications does.

The queue has a name that the server chooses, is exclusive to the connection and is deleted with it: nobody else's queue
is touched, and no message is taken away from another listener.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.model.source_kinds import Finding
from calipso_nornir.preflight.listening import is_needed, no_library, no_section

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from calipso_nornir.model.environment import Environment
    from calipso_nornir.sources.secrets import Vault

SECTION: Final = "AMQP"
EXCHANGES: Final = ("nova", "neutron")
"""Where the services send their notifications (oslo.messaging: ``control_exchange``)."""


def try_amqp(environment: Environment, vault: Vault, *, needed: bool) -> Iterator[Finding]:
    """Yield what was tried. A scan needs none of it; an environment that listens, and who asks for it, needs it."""
    needed = is_needed(environment, needed=needed)
    if environment.section(SECTION) is None:
        yield no_section(SECTION)
        return
    try:
        from calipso_nornir.sources.amqp import bus_of, connection_to, errors_of  # noqa: PLC0415 - not everybody has kombu
    except ModuleNotFoundError:
        yield no_library(SECTION, "kombu", "amqp", needed=needed)
        return
    section = bus_of(environment) or {}
    with connection_to(section, vault) as connection:
        try:
            connection.connect()
        except errors_of(connection) as error:
            yield Finding(SECTION, "login", ok=False, detail=_cause(error, section), needed=needed)
            return
        product = connection.connection.server_properties or {}
        named = " ".join(str(product.get(one, "")) for one in ("product", "version"))
        yield Finding(SECTION, "login", ok=True, detail=f"{section['user']} on {named}", needed=needed)
        yield from _try_queue(connection, errors_of(connection), needed=needed)


def _try_queue(connection: Any, errors: tuple[type[BaseException], ...], *, needed: bool) -> Iterator[Finding]:  # noqa: ANN401 - kombu has no types
    queue, finding = _step("queue", partial(_declared, connection), errors, needed=needed)
    yield finding
    if queue is None:
        return
    for exchange in EXCHANGES:
        yield _step(f"exchange {exchange}", partial(_bound, connection, queue, exchange), errors, needed=needed)[1]
    yield _step("queue deleted", partial(_deleted, connection, queue), errors, needed=needed)[1]


def _declared(connection: Any) -> str:  # noqa: ANN401 - as above
    with connection.channel() as channel:
        return str(channel.queue_declare("", exclusive=True, auto_delete=True).queue)


def _bound(connection: Any, queue: str, exchange: str) -> str:  # noqa: ANN401 - as above
    with connection.channel() as channel:
        channel.queue_bind(queue, exchange, "notifications.info")
    return "bound"


def _deleted(connection: Any, queue: str) -> str:  # noqa: ANN401 - as above
    with connection.channel() as channel:
        channel.queue_delete(queue)
    return queue


def _step(
    what: str, act: Callable[[], str], errors: tuple[type[BaseException], ...], *, needed: bool
) -> tuple[str | None, Finding]:
    """Do one thing; return what came of it, if it worked, and the finding. A refusal ends its channel only."""
    from amqp.exceptions import NotFound  # noqa: PLC0415 - as above

    from calipso_nornir.sources.amqp import worded  # noqa: PLC0415 - as above

    began = time.monotonic()
    try:
        found = act()
    except NotFound:
        why = "it is not there: its service has sent no notification yet"
        return None, Finding(SECTION, what, ok=False, detail=why, needed=False)
    except errors as error:
        return None, Finding(SECTION, what, ok=False, detail=worded(error), needed=needed)
    return found, Finding(SECTION, what, ok=True, detail=f"{found}, {1000 * (time.monotonic() - began):.0f} ms")


def _cause(error: BaseException, section: Mapping[str, Any]) -> str:
    """Word why there is no connection; never with the password."""
    from amqp.exceptions import AccessRefused  # noqa: PLC0415 - as above

    from calipso_nornir.sources.amqp import worded  # noqa: PLC0415 - as above

    where = f"{section['host']}:{section['port']}"
    if isinstance(error, AccessRefused):
        return f"{where} refuses {section['user']}: the user or password is wrong"
    return f"{where}: {worded(error)}"
