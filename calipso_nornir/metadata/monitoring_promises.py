# SPDX-License-Identifier: Apache-2.0
"""Checks ``monitoring_checks.json``: types, checks, parameters and the attributes that they come from must exist."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from calipso_nornir.metadata import forms
from calipso_nornir.metadata.class_names import Registry, Unresolved
from calipso_nornir.metadata.layers import files_of
from calipso_nornir.metadata.monitoring import Arguments, CheckRule, Monitoring, ParameterLookup, Planner
from calipso_nornir.metadata.nearest import nearest
from calipso_nornir.metadata.when_promises import FRAME, check_when, when_of
from calipso_nornir.model.links import LinkType
from calipso_nornir.model.naming import snake_case

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from calipso_nornir.metadata.check import MetadataCheck
    from calipso_nornir.metadata.layers import Layer

GROUP: Final = "calipso_nornir.check_planners"
OBJECT, HOST, MEMBER, SOURCE, TARGET, LINK = "object", "host", "member", "source", "target", "link"
LINK_FIELDS: Final = frozenset({"name", "host", "switch", "source_label", "target_label", "attributes"})


def monitoring(check: MetadataCheck) -> Monitoring:
    """Check and return the rows of all layers."""
    files = list(files_of(check.layers, "monitoring_checks", forms.MonitoringChecksFile))
    known = _arguments(check, files)
    rules: list[CheckRule] = []
    for layer, file in files:
        for number, spec in enumerate(file.monitoring_checks):
            where = layer.where("monitoring_checks", "monitoring_checks", number)
            made = _Row(check, spec, where).rule(known, _planner(check, spec, file, layer, where))
            rules += [made] if made is not None else []
        for name in file.any_of:
            check.known_type(name, layer.where("monitoring_checks", "any_of"))
    return Monitoring(
        checks=known,
        objects=_by_type(one for one in rules if not one.of_links),
        links=_by_type(one for one in rules if one.of_links),
        bottom_up=_bottom_up(check, files),
        any_of=frozenset(name for _, file in files for name in file.any_of),
        own=frozenset((one.type, one.check) for one in rules if one.own),
    )


class _Row:
    """One row while it is checked."""

    def __init__(self, check: MetadataCheck, spec: forms.MonitoringCheckSpec, where: str) -> None:
        self.check = check
        self.spec = spec
        self.where = where
        self.on: dict[str, Collection[str]] = {}
        """Subject whose attributes a parameter may name -> the possible types of that subject."""

    def rule(self, known: dict[str, Arguments], planner: Planner | None) -> CheckRule | None:
        spec, check = self.spec, self.check
        if (spec.type is None) is (spec.link_type is None):
            check.fault(self.where, "names a type and a link_type, or neither: give one of them")
            return None
        self._subjects()
        if spec.check not in known:
            check.fault(f"{self.where}/check", f'"{spec.check}" is not a check{nearest(spec.check, known)}')
        arguments = known.get(spec.check, Arguments())
        self._parameters(arguments)
        ends = LinkType.of(spec.link_type) if spec.link_type else None
        type_ = ends.source if ends else str(spec.type)
        check_when(check, when_of(spec.when), f"{self.where}/when", on=[type_])
        if spec.when_target is not None and ends is None:
            check.fault(f"{self.where}/when_target", "is for links only")
        elif ends is not None:
            check_when(check, when_of(spec.when_target), f"{self.where}/when_target", on=[ends.target])
        return CheckRule(
            type=str(spec.link_type or spec.type),
            of_links=ends is not None,
            check=spec.check,
            part=spec.part,
            when=when_of(spec.when),
            when_target=when_of(spec.when_target),
            each=snake_case(spec.each) if spec.each else None,
            suffix=self._suffix(),
            own=spec.own,
            planner=planner,
            parameters={name: self._lookup(one, f"parameters/{name}") for name, one in spec.parameters.items()},
            needs=arguments.needs,
            origin=self.where,
        )

    def _subjects(self) -> None:
        spec = self.spec
        if spec.link_type:
            if self.check.known_link_type(spec.link_type, f"{self.where}/link_type"):
                ends = LinkType.of(spec.link_type)
                self.on = {SOURCE: [ends.source], TARGET: [ends.target], LINK: []}
            return
        self.check.known_type(str(spec.type), f"{self.where}/type")
        self.on = {OBJECT: [str(spec.type)], HOST: ["host"]}
        if spec.each:
            self._known_attribute(spec.each, OBJECT, f"{self.where}/each")
            self.on[MEMBER] = []

    def _parameters(self, arguments: Arguments) -> None:
        spec = self.spec
        names = {*arguments.needs, *arguments.accepts}
        for name in spec.parameters:
            if names and name not in names:
                told = f'{spec.check} takes no "{name}"; it takes {", ".join(sorted(names))}'
                self.check.fault(f"{self.where}/parameters/{name}", told + nearest(name, names))
        if spec.planner is None:
            for name in sorted({*arguments.needs} - spec.parameters.keys()):
                self.check.fault(f"{self.where}/parameters", f'"{name}" is missing: {spec.check} needs it')
        elif spec.parameters:
            self.check.fault(f"{self.where}/parameters", "come from the planner: leave them out")

    def _suffix(self) -> ParameterLookup | str:
        suffix = self.spec.suffix
        if isinstance(suffix, forms.LookupSpec):
            return self._lookup(suffix, "suffix")
        if self.spec.each and suffix is None:
            self.check.fault(f"{self.where}/suffix", "is missing: with each, it distinguishes the checks")
        return suffix or ""

    def _lookup(self, spec: str | forms.LookupSpec, place: str) -> ParameterLookup:
        where = f"{self.where}/{place}"
        if isinstance(spec, str):
            spec = forms.LookupSpec(attribute=spec)
        of = spec.of or (LINK if self.spec.link_type else OBJECT)
        if of not in self.on and "-" in of and not self.spec.link_type:
            self.on[of] = self._led_to(of, where)
        if of not in self.on and self.on:
            told = ", ".join([*self.on, *([] if self.spec.link_type else [f"a link type {self.spec.type}-…"])])
            self.check.fault(f"{where}/of", f'"{of}" is none of: {told}{nearest(of, self.on)}')
        names = [spec.attribute] if isinstance(spec.attribute, str) else spec.attribute
        for name in names:
            self._known_attribute(name, of, f"{where}/attribute")
        return ParameterLookup(
            of=of,
            attributes=tuple(snake_case(name) for name in names),
            where={key: self._lookup(one, f"{place}/where/{key}") for key, one in spec.where.items()},
            take=spec.take,
            after=spec.after,
        )

    def _led_to(self, link_type: str, where: str) -> list[str]:
        try:
            ends = LinkType.of(link_type)
        except ValueError as error:
            self.check.fault(f"{where}/of", str(error))
            return []
        if ends.source != self.spec.type:
            self.check.fault(f"{where}/of", f'"{link_type}" does not begin at {self.spec.type}')
        elif self.check.known_link_type(link_type, f"{where}/of"):
            return [ends.target]
        return []

    def _known_attribute(self, name: str, of: str, where: str) -> None:
        if of == LINK and name not in LINK_FIELDS:
            told = f'a link has no field "{name}"{nearest(name, LINK_FIELDS)}'
            self.check.fault(where, told)
        for type_ in self.on.get(of, ()):
            declared = self.check.object_types.get(type_)
            if declared is None or not declared.attributes:
                continue
            attributes = {one.name for one in declared.attributes} | FRAME
            if snake_case(name) not in attributes:
                self.check.fault(where, f'{type_} has no attribute "{name}"{nearest(snake_case(name), attributes)}')


def _arguments(check: MetadataCheck, files: list[tuple[Layer, forms.MonitoringChecksFile]]) -> dict[str, Arguments]:
    found: dict[str, Arguments] = {}
    for layer, file in files:
        for name, spec in file.checks.items():
            if name in found:
                check.fault(layer.where("monitoring_checks", "checks", name), "is already declared; files only add")
            else:
                found[name] = Arguments(needs=tuple(spec.needs), accepts=tuple(spec.accepts))
    return found


def _planner(
    check: MetadataCheck, spec: forms.MonitoringCheckSpec, file: forms.MonitoringChecksFile, layer: Layer, where: str
) -> Planner | None:
    if spec.planner is None:
        return None
    try:
        made: Planner = Registry(GROUP, "planner of checks").resolve(
            spec.planner, package=file.planners_package, folder=layer.folder, method="plan", arguments=2
        )
    except Unresolved as error:
        check.fault(f"{where}/planner", str(error))
        return None
    return made


def _bottom_up(
    check: MetadataCheck, files: list[tuple[Layer, forms.MonitoringChecksFile]]
) -> tuple[frozenset[str], ...]:
    """Return the types by height; a later file adds types to a height by naming a type that is already there."""
    heights: list[set[str]] = []
    for layer, file in files:
        for number, types in enumerate(file.bottom_up):
            where = layer.where("monitoring_checks", "bottom_up", number)
            for name in types:
                check.known_type(name, where)
            same = next((one for one in heights if one & {*types}), None)
            if same is not None:
                same |= {*types}
            else:
                heights.append({*types})
    for name in {name for one in heights for name in one}:
        if sum(name in one for one in heights) > 1:
            check.fault("monitoring_checks.json: bottom_up", f'"{name}" is listed at two heights')
    return tuple(frozenset(one) for one in heights)


def _by_type(rules: Iterable[CheckRule]) -> dict[str, tuple[CheckRule, ...]]:
    found: dict[str, tuple[CheckRule, ...]] = {}
    for one in rules:
        found[one.type] = (*found.get(one.type, ()), one)
    return found
