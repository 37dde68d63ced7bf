# SPDX-License-Identifier: Apache-2.0
"""``calipso export``: streams everything known about an environment, by default as one JSON document.

Only the ids of focal points are held in memory. Links, which cliques repeat in full, and cliques that are not stored
are kept in a temporary database on disk, which SQLite removes when it is closed (sqlite.org/inmemorydb.html,
"temporary").
"""

import json
import os
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from heapq import merge
from operator import itemgetter
from pathlib import Path
from typing import Annotated, TextIO

import typer

from calipso_nornir._version import __version__
from calipso_nornir.analysis.exporting import Exported, exported
from calipso_nornir.analysis.lookup import one_environment
from calipso_nornir.cli.output import written
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.shared_options import At, Environment, Inventory
from calipso_nornir.model.cliques import Clique
from calipso_nornir.model.stores import Document, StoreView
from calipso_nornir.model.text import safe_json
from calipso_nornir.store.documents import clique_document


class Form(StrEnum):
    """What is written."""

    JSON = "json"
    CSV = "csv"
    GRAPHML = "graphml"
    DOT = "dot"
    MERMAID = "mermaid"


class Table(StrEnum):
    """The kinds of table in CSV."""

    OBJECTS = "objects"
    LINKS = "links"


def export(  # noqa: PLR0913 - the options of the command
    run: Run,
    *,
    environment: Environment = None,
    file: Annotated[
        str | None,
        typer.Option("--file", metavar="FILE", help="File to write; it appears only when it is complete."),
    ] = None,
    form: Annotated[
        Form, typer.Option("--format", help="json contains everything; the others contain objects and links.")
    ] = Form.JSON,
    table: Annotated[Table, typer.Option("--table", help="For csv: objects or links.")] = Table.OBJECTS,
    at: At = None,
    inventory: Inventory = None,
) -> None:
    """Write an environment as one document.

    JSON contains inventory, links and cliques, with their evidence, including cliques that are not stored.
    """
    from calipso_nornir.analysis.unstored import unstored_cliques  # noqa: PLC0415 - it brings pydantic's models along

    with run.store(inventory=inventory, at=at) as store:
        view = store.view(one_environment(store, environment))
        if form is Form.JSON:
            pieces = export_text(view, cliques=unstored_cliques(store, view), true_at=at)
        else:
            head = {"environment": view.environment, "revision": view.revision}
            what = Exported(head, view.documents("inventory"), view.documents("links"), table=table.value)
            pieces = exported(what, form.value)  # type: ignore[arg-type]  # one of ExportFormat
        with _destination(file) as out:
            for text in pieces:
                out.write(text)
    if file is not None:
        run.err.say(f"{view.environment}: written to {file}")


def export_text(
    view: StoreView,
    *,
    cliques: Iterable[Clique] = (),
    at: datetime | None = None,
    true_at: datetime | None = None,
) -> Iterator[str]:
    """Yield the JSON text of an environment piece by piece; documents are ordered by ``_id``, times are ISO 8601.

    Args:
        view: what is written.
        cliques: those that are not stored; they are exported like the others.
        at: the time of the export; by default now.
        true_at: the past time that the view shows, if any.
    """
    head = {
        "environment": view.environment,
        **({} if true_at is None else {"true_at": true_at.isoformat()}),
        "exported_at": (at or datetime.now(UTC)).isoformat(),
        "product": f"calipso_nornir {__version__}",
    }
    with closing(_Aside()) as aside:
        yield f"{_text(head)[:-1]},\n"
        focal_points = {str(document["focal_point"]) for document in view.documents("cliques")}
        computed = (one for one in cliques if one.focal_point.document_id not in focal_points)
        focal_points = {*focal_points, *aside.kept_cliques(computed)}
        yield from _array("inventory", (_with_clique(one, focal_points) for one in view.documents("inventory")), _whole)
        yield ",\n"
        yield from _array("links", aside.kept(view.documents("links")), _whole)
        yield ",\n"
        yield from _array("implicit_links", aside.kept(view.documents("implicit_links")), _whole)
        yield ",\n"
        every = merge(view.documents("cliques"), aside.cliques(), key=itemgetter("_id"))
        yield from _array("cliques", every, aside.detailed)
        yield "}\n"


def _with_clique(document: Document, focal_points: set[str]) -> Document:
    return {**document, "clique": True} if document["_id"] in focal_points else document


def _array(name: str, documents: Iterable[Document], texts: Callable[[Document], Iterable[str]]) -> Iterator[str]:
    """Yield a member of the document that is a list; ``texts`` yields the pieces of each document."""
    yield f'"{name}": ['
    comma = "\n"
    for document in documents:
        yield comma
        yield from texts(document)
        comma = ",\n"
    yield "]" if comma == "\n" else "\n]"


def _whole(document: Document) -> Iterable[str]:
    return (_text(document),)


def _text(document: Document) -> str:
    return safe_json(json.dumps(document, ensure_ascii=False, default=written))


class _Aside:
    """Temporary data on disk: the texts of links, and cliques that are not stored, by ``_id``."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("")  # a temporary file without a name
        self._database.execute("CREATE TABLE link (id TEXT PRIMARY KEY, text TEXT) WITHOUT ROWID")
        self._database.execute("CREATE TABLE clique (id TEXT PRIMARY KEY, text TEXT) WITHOUT ROWID")

    def kept(self, documents: Iterable[Document]) -> Iterator[Document]:
        """Pass documents on, and keep the text of each."""
        for document in documents:
            self._database.execute("INSERT OR REPLACE INTO link VALUES (?, ?)", (document["_id"], _text(document)))
            yield document

    def kept_cliques(self, cliques: Iterable[Clique]) -> Iterator[str]:
        """Keep cliques; yield the ids of their focal points."""
        for document in map(clique_document, cliques):
            self._database.execute("INSERT INTO clique VALUES (?, ?)", (document["_id"], _text(document)))
            yield document["focal_point"]

    def cliques(self) -> Iterator[Document]:
        """Yield them again, ordered by ``_id``."""
        for (text,) in self._database.execute("SELECT text FROM clique ORDER BY id"):
            yield json.loads(text)

    def detailed(self, clique: Document) -> Iterator[str]:
        """Yield a clique with the member ``links_detailed``: that of a busy switch has tens of thousands of links."""
        yield f'{_text(clique)[:-1]}, "links_detailed": ['
        comma = ""
        for id_ in clique["links"]:
            for (text,) in self._database.execute("SELECT text FROM link WHERE id = ?", (id_,)):  # none when it is gone
                yield f"{comma}{text}"
                comma = ", "
        yield "]}"

    def close(self) -> None:
        self._database.close()


@contextmanager
def _destination(file: str | None) -> Iterator[TextIO]:
    """Return standard output, or a file that appears under its name when it is complete."""
    if file is None:
        yield sys.stdout
        return
    try:
        with _whole_or_not_at_all(Path(file)) as out:
            yield out
    except OSError as error:  # name the requested file, not the temporary one
        raise OSError(error.errno, error.strerror, file) from None


@contextmanager
def _whole_or_not_at_all(path: Path) -> Iterator[TextIO]:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            yield out
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _umask() -> int:
    """Return the process's mask; reading it means setting it (umask(2))."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
