# SPDX-License-Identifier: Apache-2.0
"""Tests the section AMQP: logs in, and declares, binds and deletes a queue, as a listener to notifications does.

The queue has a name that the server chooses, is exclusive to the connection and is deleted with it: nobody else's queue
is touched, and no message is taken away from another listener.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.model.source_kinds import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from calipso_nornir.model.environment import Environment
    from calipso_nornir.sources.secrets import Vault

SECTION: Final = "AMQP"
EXCHANGES: Final = ("nova", "neutron")
"""Where the services send their notifications (oslo.messaging: ``control_exchange``)."""
TIMEOUT_S: Final = 10.0
_NOT_FOUND: Final = 404


def try_amqp(environment: Environment, vault: Vault, *, needed: bool) -> Iterator[Finding]:
    """Yield what was tried. A scan needs none of it; an environment that listens, and who asks for it, needs it."""
    needed = needed or environment.extra.get("listen") is True
    section = environment.section(SECTION)
    if section is None:
        yield Finding(SECTION, "section", ok=False, detail="there is none: nothing listens to notifications")
        return
    try:
        import pika  # noqa: PLC0415 - not everybody has it
    except ModuleNotFoundError:
        detail = "the library pika is not installed: pip install 'calipso_nornir[amqp]'"
        yield Finding(SECTION, "library", ok=False, detail=detail, needed=needed)
        return
    parameters = pika.ConnectionParameters(
        host=section["host"],
        port=section["port"],
        credentials=pika.PlainCredentials(section["user"], vault.resolve(section["pwd"])),
        connection_attempts=1,
        socket_timeout=TIMEOUT_S,
        stack_timeout=TIMEOUT_S,
        blocked_connection_timeout=TIMEOUT_S,
    )
    try:
        connection = pika.BlockingConnection(parameters)
    except (pika.exceptions.AMQPError, OSError) as error:
        yield Finding(SECTION, "login", ok=False, detail=_cause(error, section), needed=needed)
        return
    try:
        product = connection._impl.server_properties or {}  # noqa: SLF001 - the blocking connection does not say it
        named = " ".join(_text(product.get(one, "")) for one in ("product", "version"))
        yield Finding(SECTION, "login", ok=True, detail=f"{section['user']} on {named}", needed=needed)
        yield from _try_queue(connection, needed=needed)
    finally:
        if connection.is_open:
            connection.close()


def _try_queue(connection: Any, *, needed: bool) -> Iterator[Finding]:  # noqa: ANN401 - pika has no types
    queue, finding = _step("queue", lambda: _declared(connection), needed=needed)
    yield finding
    if queue is None:
        return
    for exchange in EXCHANGES:
        yield _step(f"exchange {exchange}", lambda name=exchange: _bound(connection, queue, name), needed=needed)[1]  # type: ignore[misc]  # name has a default
    yield _step("queue deleted", lambda: _deleted(connection, queue), needed=needed)[1]


def _declared(connection: Any) -> str:  # noqa: ANN401 - as above
    return str(connection.channel().queue_declare("", exclusive=True, auto_delete=True).method.queue)


def _bound(connection: Any, queue: str, exchange: str) -> str:  # noqa: ANN401 - as above
    channel = connection.channel()
    channel.exchange_declare(exchange, passive=True)
    channel.queue_bind(queue, exchange, routing_key="notifications.info")
    channel.close()
    return "bound"


def _deleted(connection: Any, queue: str) -> str:  # noqa: ANN401 - as above
    connection.channel().queue_delete(queue)
    return queue


def _step(what: str, act: Callable[[], str], *, needed: bool) -> tuple[str | None, Finding]:
    """Do one thing; return what came of it, if it worked, and the finding. A refusal ends its channel only."""
    import pika  # noqa: PLC0415 - as above

    began = time.monotonic()
    try:
        found = act()
    except pika.exceptions.ChannelClosedByBroker as error:
        missing = error.reply_code == _NOT_FOUND
        why = "it is not there: its service has sent no notification yet" if missing else str(error.reply_text)
        return None, Finding(SECTION, what, ok=False, detail=why, needed=needed and not missing)
    except (pika.exceptions.AMQPError, OSError) as error:
        return None, Finding(SECTION, what, ok=False, detail=_name(error), needed=needed)
    return found, Finding(SECTION, what, ok=True, detail=f"{found}, {1000 * (time.monotonic() - began):.0f} ms")


def _cause(error: Exception, section: Mapping[str, Any]) -> str:
    """Word why there is no connection; errors of pika repeat each other, and never the password."""
    import pika  # noqa: PLC0415 - as above

    where = f"{section['host']}:{section['port']}"
    if isinstance(error, pika.exceptions.ProbableAuthenticationError):
        return f"{where} refuses {section['user']}: the user or password is wrong"
    if isinstance(error, pika.exceptions.AMQPConnectionError):
        inner = next((one for one in error.args if isinstance(one, Exception)), error)
        inner = getattr(inner, "exception", inner)
        return f"{where}: {_name(inner)}"
    return f"{where}: {_name(error)}"


def _name(error: BaseException) -> str:
    return str(getattr(error, "strerror", None) or error or type(error).__name__) or type(error).__name__


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
