# SPDX-License-Identifier: Apache-2.0
"""Checks ``scanners.json``: fetchers, object types, conditions. For the order of scanners, see ``hierarchy``."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING, Any

from calipso_nornir.metadata import forms
from calipso_nornir.metadata.catalog import Step
from calipso_nornir.metadata.class_names import Older, Registry, Unresolved
from calipso_nornir.metadata.folders import FolderFetcher
from calipso_nornir.metadata.hierarchy import Hierarchy
from calipso_nornir.metadata.layers import SHIPPED, files_of
from calipso_nornir.metadata.older_names import OLDER_FETCHERS
from calipso_nornir.metadata.older_steps import OlderSteps
from calipso_nornir.metadata.when_promises import SLIP, environment_condition, when_of
from calipso_nornir.model.naming import snake_case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from calipso_nornir.metadata.check import MetadataCheck
    from calipso_nornir.model.switch_platforms import SwitchPlatforms


def scanners(check: MetadataCheck, switches: SwitchPlatforms) -> dict[str, tuple[Step, ...]]:
    """Resolve the steps of all scanners, by scanner."""
    registry = Registry("calipso_nornir.fetchers", "fetcher", older=OLDER_FETCHERS)
    files = list(files_of(check.layers, "scanners", forms.ScannersFile))
    steps: defaultdict[str, list[Step]] = defaultdict(list)
    older = OlderSteps({name for layer, file in files if layer.folder == SHIPPED for name in file.scanners})
    declared = Hierarchy()
    for layer, file in files:
        resolve = partial(registry.resolve, package=file.scanners_package, folder=layer.folder, method="get")
        for scanner, specs in file.scanners.items():
            steps[scanner] += []
            declared.add(scanner, layer.where("scanners", "scanners", scanner))
            for number, given in enumerate(specs):
                where = layer.where("scanners", "scanners", scanner, number)
                spec = older.plain(given)
                fetcher = _fetcher(check, spec, resolve, where)
                _condition(check, spec.environment_condition, f"{where}/environment_condition")
                _condition(check, spec.environment_restriction, f"{where}/environment_restriction")
                check.known_type(spec.type, f"{where}/type")
                _handed_down(check, spec, f"{where}/object_id_to_use_in_child")
                if fetcher is Older:
                    declared.add_step(scanner, older.add(check, spec, where), where)
                    continue
                declared.add_step(scanner, spec, where)
                _told_types(check, spec, fetcher)
                _told_switches(fetcher, switches)
                _asked_by(check, fetcher, f"{where}/fetcher ({spec.fetcher}.asked_by)")
                if fetcher is not None:
                    steps[scanner].append(_step(scanner, spec, fetcher, where))
    declared.check(check)
    older.attach(check, steps)
    return {scanner: tuple(_numbered(one)) for scanner, one in steps.items()}


def _fetcher(check: MetadataCheck, spec: forms.StepSpec, resolve: Callable[[str], Any], where: str) -> Any:  # noqa: ANN401 - a class's instance
    if isinstance(spec.fetcher, forms.FolderSpec):
        check.known_type(spec.fetcher.parent_type, f"{where}/fetcher/parent_type")
        text = spec.fetcher.text or spec.fetcher.types_name.replace("_", " ").capitalize()
        return FolderFetcher(spec.fetcher.types_name, text)
    try:
        return resolve(spec.fetcher)
    except Unresolved as error:
        check.fault(f"{where}/fetcher", str(error))
        return None


def _told_types(check: MetadataCheck, spec: forms.StepSpec, fetcher: Any) -> None:  # noqa: ANN401 - as below
    """Pass the type that it finds, and all declared types, to a fetcher that has a method for them."""
    told = getattr(fetcher, "told_types", None)
    if callable(told):
        told(spec.type, {name: one.parents for name, one in check.object_types.items()})


def _told_switches(fetcher: Any, switches: SwitchPlatforms) -> None:  # noqa: ANN401 - as below
    """Pass the declared platforms of switches to a fetcher that needs them."""
    told = getattr(fetcher, "told_switches", None)
    if callable(told):
        told(switches)


def _asked_by(check: MetadataCheck, fetcher: Any, where: str) -> None:  # noqa: ANN401 - a class's instance, or None
    """Check what a fetcher declares for small scans: a mistake would keep outdated objects."""
    declared = getattr(fetcher, "asked_by", None)
    if declared is None:
        return
    if not isinstance(declared, Mapping) or not all(isinstance(one, str) for pair in declared.items() for one in pair):
        check.fault(where, f'is {declared!r}; a dictionary is expected: asked_by = {{"instance": "device_id"}}')
        return
    for name in declared:
        check.known_type(name, where)


def _handed_down(check: MetadataCheck, spec: forms.StepSpec, where: str) -> None:
    """Check the field that children get; a name that resembles an attribute's counts as a typing error."""
    type_, name = check.object_types.get(spec.type), snake_case(spec.object_id_to_use_in_child)
    known = {"id", "name", *(one.name for one in type_.attributes)} if type_ is not None else {name}
    if name not in known and (near := get_close_matches(name, known, 1, SLIP)):
        check.fault(where, f'{spec.type} has no attribute "{name}". Did you mean "{near[0]}"?')


def _condition(check: MetadataCheck, condition: Any, where: str) -> None:  # noqa: ANN401 - a mapping, a list of them, or None
    listed = {f"{where}/{number}": one for number, one in enumerate(condition)} if isinstance(condition, list) else {}
    for place, one in listed.items() or [(where, condition or {})]:
        environment_condition(check, one, place)


def _step(scanner: str, spec: forms.StepSpec, fetcher: Any, origin: str) -> Step:  # noqa: ANN401 - resolved above
    label = "folder" if isinstance(spec.fetcher, forms.FolderSpec) else spec.fetcher
    return Step(
        name=f"{scanner}/{spec.type}/{label}",
        scanner=scanner,
        type=spec.type,
        fetcher=fetcher,
        children_scanner=spec.children_scanner,
        condition=spec.environment_condition,
        restriction=spec.environment_restriction,
        when=when_of(spec.when),
        hand_down=spec.object_id_to_use_in_child,
        show_in_tree=spec.show_in_tree,
        origin=origin,
    )


def _numbered(steps: list[Step]) -> Iterable[Step]:
    """Yield the steps; those with the same name (one fetcher under several conditions) get distinct names."""
    count: Counter[str] = Counter()
    for step in steps:
        count[step.name] += 1
        yield replace(step, name=f"{step.name}#{count[step.name]}") if count[step.name] > 1 else step
