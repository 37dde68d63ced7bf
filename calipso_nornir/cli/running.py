# SPDX-License-Identifier: Apache-2.0
"""Runs a command: the common options, the store, and the display of errors.

Exit status: 0 success, 1 failure, 2 usage error, 3 success with failures; 129, 130,
141 and 143 as a shell has it for SIGHUP, SIGINT, SIGPIPE and SIGTERM.
"""

from __future__ import annotations

import inspect
import logging
import os
import shlex
import shutil
import sys
import traceback
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from calipso_nornir.cli.main import INTERRUPTED, told_to_end
from calipso_nornir.cli.output import Terminal
from calipso_nornir.errors import CalipsoError, InvalidRequest, UsageError
from calipso_nornir.model.text import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from calipso_nornir.model.stores import Store
    from calipso_nornir.store.names import Use

FAILED = 1
USAGE = 2
WITH_FAILURES = 3
BROKEN_PIPE = 141

PROGRAM = "calipso"
COMMON_PANEL = "For every command"


@dataclass(frozen=True, slots=True)
class _Common:
    """The options that every command has."""

    store: Annotated[
        str | None,
        typer.Option(
            "--store",
            metavar="URI|PATH",
            allow_from_autoenv=False,  # CALIPSO_STORE says where the default store is
            rich_help_panel=COMMON_PANEL,
            help="Where environments are stored: mongodb://…, sqlite:///PATH or a path. Default: CALIPSO_STORE, "
            "or a file in your home directory.",
        ),
    ] = None
    verbose: Annotated[
        bool,
        typer.Option("--verbose", "-v", rich_help_panel=COMMON_PANEL, help="Log more, and show tracebacks."),
    ] = False


@dataclass(slots=True)
class Run:
    """One run of one command.

    Attributes:
        store_uri: the store named on the command line; None: the default.
        inventory: the alternative inventory named on the command line.
        out, err: standard output, for what was asked for; standard error, for everything else.
    """

    store_uri: str | None = None
    verbose: bool = False
    inventory: str | None = None
    out: Terminal = field(default_factory=Terminal)
    err: Terminal = field(default_factory=lambda: Terminal(stderr=True))

    def typed(self, *words: str, environment: str | None = None) -> str:
        """Return a command to paste into a shell: this program, this store, these words.

        A store's URI is shown without its password: the user must add it again.
        """
        store: list[str] = []
        if self.store_uri:
            from calipso_nornir.store import shown_uri  # noqa: PLC0415 - what takes long comes when needed

            store = ["--store", shown_uri(self.store_uri)]
        env = ["-e", environment] if environment is not None else []
        inventory = ["--inventory", self.inventory] if self.inventory else []
        return " ".join(shlex.quote(plain(word)) for word in (_program(), *store, *words, *env, *inventory))

    def log_at(self, level: int) -> None:
        """Send this product's log to standard error, from a level on; of other loggers only warnings."""
        handler = _Log(self.err, tracebacks=self.verbose)
        root = logging.getLogger()
        root.handlers = [one for one in root.handlers if not isinstance(one, _Log)]
        root.addHandler(handler)
        logging.getLogger("calipso_nornir").setLevel(level)

    @property
    def uri(self) -> str:
        """Where the store is; it may contain a password."""
        from calipso_nornir.store import default_uri  # noqa: PLC0415 - what takes long comes when needed

        return self.store_uri or default_uri()

    @contextmanager
    def store(self, *, inventory: str | None = None, use: Use = "read", at: datetime | None = None) -> Iterator[Store]:
        """Open the store: for reading, unless a command says otherwise. Only "make" creates one.

        A command that only reads sees a single revision of each environment: the newest, or that of a given time.
        """
        from calipso_nornir.store import open_store  # noqa: PLC0415 - as above
        from calipso_nornir.store.frozen import Frozen  # noqa: PLC0415 - as above

        self.inventory = inventory
        opened = open_store(self.uri, inventory=inventory, use=use) if inventory else open_store(self.uri, use=use)
        try:
            if use != "read":
                yield opened
                return
            frozen = Frozen(opened, at=at)
            try:
                yield frozen
            finally:
                frozen.close()
        finally:
            opened.close()

    def report(self, error: BaseException) -> None:
        """Print an error, in plain lines."""
        for number, text in enumerate((str(error) or type(error).__name__).splitlines()):
            self.err.say(("calipso: ", "red") if number == 0 else "", text)
        if self.verbose:
            for text in "".join(traceback.format_exception(error)).splitlines():
                self.err.say((text, "dim"))


class _Plainly(logging.Formatter):
    """Formats an error as one line; the traceback is shown only with ``--verbose``."""

    def format(self, record: logging.LogRecord) -> str:
        text = f"{record.levelname} {record.name}: {record.getMessage()}"
        error = record.exc_info[1] if record.exc_info else None
        return text if error is None else f"{text}: {str(error) or type(error).__name__}"


class _Log(logging.Handler):
    """Writes log lines to standard error, above any live display."""

    def __init__(self, terminal: Terminal, *, tracebacks: bool) -> None:
        super().__init__()
        self._terminal = terminal
        self.setFormatter((logging.Formatter if tracebacks else _Plainly)("%(levelname)s %(name)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        for text in self.format(record).splitlines():
            self._terminal.say((text, "yellow" if record.levelno >= logging.WARNING else "dim"))


def command(
    app: typer.Typer,
    name: str | None = None,
    *,
    is_group: bool = False,
    **settings: Any,  # noqa: ANN401 - typer's own
) -> Callable[[Callable[..., None]], None]:
    """Register a function ``(run, …)`` as a command, which also takes the options that all commands have.

    With ``is_group`` it runs when none of the commands of ``app`` is named. The options may come before the command's
    name or after it; the latter win. A parameter that is a dataclass stands for its fields: each is an option, with its
    declaration and default, and the function gets them as one value.
    """

    def register(function: Callable[..., None]) -> None:
        own = list(inspect.signature(function).parameters.values())[1:]
        groups = {one.name: one.annotation for one in own if _is_group(one.annotation)}
        first = inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)

        def wrapper(ctx: typer.Context, *, store: str | None, verbose: bool, **values: Any) -> None:  # noqa: ANN401 - as above
            before = ctx.obj or Run()
            run = Run(store or before.store_uri, verbose or before.verbose)
            with guarded(run):
                if ctx.invoked_subcommand is not None:
                    _refuse_options_before(ctx)
                    ctx.obj = run
                    return
                run.log_at(logging.INFO if run.verbose else logging.WARNING)
                for place, group in groups.items():
                    values[place] = group(**{one.name: values.pop(one.name) for one in fields(group)})
                function(run, **values)

        declared = [option for one in own for option in (_options(groups[one.name]) if one.name in groups else [one])]
        options = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in declared]
        parameters = [first, *options, *_options(_Common)]
        wrapper.__name__, wrapper.__doc__ = function.__name__, function.__doc__
        wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # PEP 362
        wrapper.__annotations__ = {one.name: one.annotation for one in parameters}
        if is_group:
            app.callback(invoke_without_command=True, **settings)(wrapper)
        else:
            app.command(name, **settings)(wrapper)

    return register


def _refuse_options_before(ctx: typer.Context) -> None:
    """Raise for options of a group before one of its commands: they would be lost."""
    common = {one.name for one in fields(_Common)}
    for parameter in ctx.command.params:
        source = ctx.get_parameter_source(parameter.name or "")
        if parameter.name not in common and source is not None and source.name == "COMMANDLINE":
            verb = f"{ctx.info_name} {ctx.invoked_subcommand}"
            raise InvalidRequest(f"{parameter.opts[0]} belongs after {verb}: calipso {verb} … {parameter.opts[0]} …")


def _is_group(annotation: object) -> bool:
    return isinstance(annotation, type) and is_dataclass(annotation)


def _options(group: type[Any]) -> list[inspect.Parameter]:
    """Return the fields of a dataclass as the parameters of a command."""
    hints = get_type_hints(group, include_extras=True)
    keyword = inspect.Parameter.KEYWORD_ONLY
    return [
        inspect.Parameter(one.name, keyword, default=one.default, annotation=hints[one.name]) for one in fields(group)
    ]


@contextmanager
def guarded(run: Run) -> Iterator[None]:
    """Turn any exception into a few lines on standard error and an exit status; never a traceback."""
    try:
        yield
        sys.stdout.flush()
    except (typer.Exit, typer.Abort):
        raise
    except UsageError as error:
        run.report(error)
        raise typer.Exit(USAGE) from None
    except CalipsoError as error:
        run.report(error)
        raise typer.Exit(FAILED) from None
    except BrokenPipeError:
        _forget_stdout()
        raise typer.Exit(BROKEN_PIPE) from None
    except KeyboardInterrupt:
        raise _interrupted(run) from None
    except OSError as error:
        _forget_stdout()
        run.report(OSError(f"{f'{error.filename}: ' if error.filename else ''}{error.strerror or error}"))
        raise typer.Exit(FAILED) from None
    except Exception as error:  # noqa: BLE001 - a bug of ours must not look like a crash either
        if told_to_end.is_set():
            raise _interrupted(run) from None
        run.report(error)
        if not run.verbose:
            run.err.say(f"This is a bug in calipso ({type(error).__name__}). Please report it with the output of -v.")
        raise typer.Exit(FAILED) from None


def _interrupted(run: Run) -> typer.Exit:
    run.err.say(("calipso: ", "red"), "interrupted")
    return typer.Exit(INTERRUPTED)


def _program() -> str:
    """Return this program as the user's shell finds it: by name if that leads here, else by path."""
    called = Path(sys.argv[0])
    by_name = shutil.which(PROGRAM)
    if called.name != PROGRAM or (by_name is not None and Path(by_name).resolve() == called.resolve()):
        return PROGRAM
    return sys.argv[0]


def _forget_stdout() -> None:
    """Keep the interpreter from writing buffered output at exit, which would fail again (docs.python.org, SIGPIPE)."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):  # standard output is not a file, in a test
        return
