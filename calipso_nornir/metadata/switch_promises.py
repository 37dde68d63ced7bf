# SPDX-License-Identifier: Apache-2.0
"""Checks ``switch_platforms.json``: every path, column, pattern and parser; makes a parser of each question."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from calipso_nornir.metadata import forms
from calipso_nornir.metadata.layers import files_of
from calipso_nornir.metadata.nearest import nearest
from calipso_nornir.model.switch_platforms import SwitchPlatform, SwitchPlatforms, SwitchQuestion
from calipso_nornir.parsing.by_platform import template_for
from calipso_nornir.parsing.json_paths import column_problem, path_problem
from calipso_nornir.parsing.switch_rows import KINDS, columns_of, needed_columns
from calipso_nornir.parsing.switch_tables import SwitchParser, Table, json_of, junos_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from calipso_nornir.metadata.check import MetadataCheck

Parser = Callable[[str], Any]
NEEDED = ("identity", "ports")
"""Kinds of questions that every platform must have: they are needed to describe a switch."""
READERS = {"json": json_of, "junos": junos_of}
TEXT = "text"


def switch_platforms(check: MetadataCheck, parsers: Mapping[str, Parser]) -> tuple[SwitchPlatforms, dict[str, Parser]]:
    """Return the declared platforms, and the parsers of their answers by name."""
    found: list[SwitchPlatform] = []
    made: dict[str, Parser] = {}
    places: dict[str, str] = {}
    for layer, file in files_of(check.layers, "switch_platforms", forms.SwitchPlatformsFile):
        for number, spec in enumerate(file.switch_platforms):
            where = layer.where("switch_platforms", "switch_platforms", number)
            for name in (spec.platform, *spec.also_called):
                if name in places:
                    check.fault(where, f'the platform "{name}" is declared already ({places[name]})')
                places.setdefault(name, where)
            _complete(check, spec, f"{where}/questions")
            reading = {
                kind: SwitchParser(
                    name=_parser_name(spec, kind),
                    kind=kind,
                    reads=_reads(check, spec, kind, parsers, f"{where}/questions/{kind}"),
                    tables=[_table(one) for one in question.tables],
                    skip=_patterns(check, question.skip, f"{where}/questions/{kind}/skip"),
                    nothing=_patterns(check, question.nothing, f"{where}/questions/{kind}/nothing"),
                )
                for kind, question in spec.questions.items()
                if kind in KINDS and _sound(check, kind, question, f"{where}/questions/{kind}")
            }
            made |= {one.name: one for one in reading.values()}
            found.append(_platform(check, spec, reading, where))
    return SwitchPlatforms.of(found), made


def _complete(check: MetadataCheck, spec: forms.SwitchPlatformSpec, where: str) -> None:
    for kind in spec.questions:
        if kind not in KINDS:
            known = f"{', '.join(KINDS)} are known{nearest(kind, KINDS)}"
            check.fault(f"{where}/{kind}", f'"{kind}" is not a kind of question; {known}')
    for kind in NEEDED:
        if kind not in spec.questions:
            check.fault(where, f'{spec.platform} has no question "{kind}": it is needed to describe a switch')


def _platform(
    check: MetadataCheck, spec: forms.SwitchPlatformSpec, reading: Mapping[str, SwitchParser], where: str
) -> SwitchPlatform:
    return SwitchPlatform(
        name=spec.platform,
        also_called=tuple(spec.also_called),
        label=spec.label,
        session=spec.session,
        ports=next(iter(_patterns(check, [spec.ports], f"{where}/ports")), re.compile("")),
        announces=spec.announces,
        chassis_per_port=spec.chassis_per_port,
        mtu_overhead=spec.mtu_overhead,
        questions={
            kind: SwitchQuestion(
                kind=kind,
                command=question.command,
                parser=_parser_name(spec, kind),
                root=question.root,
                timeout_s=question.timeout_s,
            )
            for kind, question in spec.questions.items()
            if kind in reading
        },
    )


def _parser_name(spec: forms.SwitchPlatformSpec, kind: str) -> str:
    return f"switch_platforms/{spec.platform}/{kind}"


def _reads(
    check: MetadataCheck, spec: forms.SwitchPlatformSpec, kind: str, parsers: Mapping[str, Parser], where: str
) -> Callable[[str], object]:
    """Return the function that turns the answer into a document: JSON, a template for text, or a named parser."""
    question = spec.questions[kind]
    name = _parser_name(spec, kind)
    if question.format in READERS:
        return READERS[question.format](name)
    if question.format == TEXT:
        platform = spec.templates or spec.platform
        return partial(_rows_of_text, platform, question.command, parsers, question.unknown_lines == "ignored")
    if not parsers:  # the parsers are faulty, which was already reported
        return str
    if question.format not in parsers:
        formats = [*READERS, TEXT, *parsers]
        problem = (
            f'"{question.format}" is neither json, junos nor text, nor a parser{nearest(question.format, formats)}'
        )
        check.fault(f"{where}/format", problem)
        return str
    return partial(_listed, parsers[question.format])


def _rows_of_text(platform: str, command: str, parsers: Mapping[str, Parser], ignoring: bool, text: str) -> object:  # noqa: FBT001 - bound by partial
    """Read a text with its template, which is found when it is first needed: few scans need it."""
    template = template_for(platform, command, parsers)
    return template.rows(text) if ignoring or template.strict else template.rows_of_known_lines(text)


def _listed(parser: Parser, text: str) -> object:
    """Return what a parser returns, with rows of its own classes as objects."""
    found = parser(text)
    return [_members(one) for one in found] if isinstance(found, (list, tuple)) else found


def _members(one: object) -> object:
    names: Iterable[str] = getattr(one, "__dataclass_fields__", ())
    return {name: getattr(one, name) for name in names} if names else one


def _sound(check: MetadataCheck, kind: str, question: forms.SwitchQuestionSpec, where: str) -> bool:
    before = len(check.faults)
    for number, table in enumerate(question.tables):
        _check_table(check, kind, table, f"{where}/tables/{number}")
    return len(check.faults) == before


def _check_table(check: MetadataCheck, kind: str, table: forms.SwitchTableSpec, where: str) -> None:
    known = columns_of(kind)
    if problem := path_problem(table.rows):
        check.fault(f"{where}/rows", problem)
    named = (("columns", table.columns), ("words", table.words), ("constants", table.constants))
    for key, name in ((key, name) for key, names in named for name in names if name not in known):
        choice = f"{', '.join(known)} are known{nearest(name, known)}"
        check.fault(f"{where}/{key}/{name}", f'"{name}" is not a column of {kind}; {choice}')
    for name, path in _paths(table):
        if problem := column_problem(path, table.rows):
            check.fault(f"{where}/{name}", problem)
    for name in sorted((table.words.keys() & known.keys()) - table.columns.keys()):
        check.fault(f"{where}/words/{name}", f'there is no column "{name}" to translate')
    for name in sorted(set(needed_columns(kind)) - table.columns.keys() - table.constants.keys()):
        check.fault(f"{where}/columns", f'"{name}" is missing: each row of {kind} needs it')


def _paths(table: forms.SwitchTableSpec) -> Iterator[tuple[str, str]]:
    for name, paths in table.columns.items():
        yield from ((f"columns/{name}", path) for path in _listed_paths(paths))
    for key, conditions in (("where", table.where), ("unless", table.unless)):
        yield from ((f"{key}/{path}", path) for path in conditions)
    yield from ((f"each/{number}", path) for number, path in enumerate(table.each))


def _listed_paths(paths: forms.Paths) -> tuple[str, ...]:
    return (paths,) if isinstance(paths, str) else tuple(paths)


def _table(spec: forms.SwitchTableSpec) -> Table:
    return Table(
        rows=spec.rows,
        columns={name: _listed_paths(paths) for name, paths in spec.columns.items()},
        words=spec.words,
        constants=spec.constants,
        where={path: tuple(values) for path, values in spec.where.items()},
        unless={path: tuple(values) for path, values in spec.unless.items()},
        each=tuple(spec.each),
    )


def _patterns(check: MetadataCheck, texts: Sequence[str], where: str) -> tuple[re.Pattern[str], ...]:
    found: list[re.Pattern[str]] = []
    for text in texts:
        try:
            found.append(re.compile(text))
        except re.error as error:
            check.fault(where, f'"{text}" is not a regular expression: {error}')
    return tuple(found)
