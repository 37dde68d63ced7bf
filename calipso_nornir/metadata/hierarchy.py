# SPDX-License-Identifier: Apache-2.0
"""Checks the hierarchy of scanners: each is reachable, without a cycle, and folders are below the type they name."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from calipso_nornir.metadata import forms
from calipso_nornir.metadata.catalog import ROOT_SCANNER
from calipso_nornir.metadata.nearest import nearest
from calipso_nornir.metadata.when_promises import check_when, when_of

if TYPE_CHECKING:
    from calipso_nornir.metadata.check import MetadataCheck

Places = list[tuple[forms.StepSpec, str]]


class Hierarchy:
    """Scanners and steps as declared, even those whose fetchers cannot be loaded."""

    def __init__(self) -> None:
        self._scanners: dict[str, str] = {}
        self._steps: defaultdict[str, Places] = defaultdict(list)

    def add(self, scanner: str, where: str) -> None:
        """Add a scanner; several files may add steps to it."""
        self._scanners.setdefault(scanner, where)

    def add_step(self, scanner: str, spec: forms.StepSpec, where: str) -> None:
        """Add one of its steps."""
        self._steps[scanner].append((spec, where))

    def check(self, check: MetadataCheck) -> None:
        """Report everything that is wrong."""
        for steps in list(self._steps.values()):
            for spec, where in steps:
                wanted = spec.children_scanner
                if wanted and wanted not in self._scanners:
                    check.fault(
                        f"{where}/children_scanner", f'"{wanted}" is not a scanner{nearest(wanted, self._scanners)}'
                    )
        if ROOT_SCANNER not in self._scanners:
            check.fault("scanners", f"there is no {ROOT_SCANNER}, where every scan begins")
        self._loops(check)
        self._unled(check)
        run_on = self._run_on()
        for scanner, steps in self._steps.items():
            for spec, where in steps:
                when = when_of(spec.when)
                check_when(check, when, f"{where}/when", on=run_on.get(scanner, ()), finds=self._finds(spec))
                if isinstance(spec.fetcher, forms.FolderSpec) and run_on.get(scanner):
                    _folder(check, spec, spec.fetcher, (scanner, run_on[scanner]), where)

    def _finds(self, spec: forms.StepSpec) -> set[str]:
        """Return the types that a step, or the steps below it, may find."""
        found, todo, seen = {spec.type}, [spec.children_scanner], set[str]()
        while todo:
            scanner = todo.pop()
            if scanner and scanner not in seen:
                seen.add(scanner)
                found |= {one.type for one, _ in self._steps.get(scanner, ())}
                todo += [one.children_scanner for one, _ in self._steps.get(scanner, ())]
        return found

    def _loops(self, check: MetadataCheck) -> None:
        done: set[str] = set()

        def walk(scanner: str, path: tuple[str, ...], origin: str) -> None:
            if scanner in path:
                check.fault(f"{origin}/children_scanner", f"leads back to itself: {' > '.join([*path, scanner])}")
            elif scanner not in done:
                done.add(scanner)
                for spec, where in self._steps.get(scanner, []):
                    if spec.children_scanner:
                        walk(spec.children_scanner, (*path, scanner), where)

        for scanner in [ROOT_SCANNER, *sorted(self._scanners)]:
            walk(scanner, (), "")

    def _unled(self, check: MetadataCheck) -> None:
        """Report scanners to which no step leads, but not those to which only such a scanner leads."""
        led = {spec.children_scanner for steps in self._steps.values() for spec, _ in steps}
        for scanner, where in self._scanners.items():
            if scanner not in led and scanner != ROOT_SCANNER:
                others = self._scanners.keys() & {ROOT_SCANNER, *led}
                problem = "no step leads to this scanner, so it never runs: a step must name it as its children_scanner"
                check.fault(where, f"{problem}{nearest(scanner, others)}")

    def _run_on(self) -> dict[str, set[str]]:
        """Scanner -> types of the objects that it runs on."""
        found: defaultdict[str, set[str]] = defaultdict(set, {ROOT_SCANNER: {"environment"}})
        for steps in self._steps.values():
            for spec, _ in steps:
                if spec.children_scanner:
                    found[spec.children_scanner].add(spec.type)
        return dict(found)


def _folder(
    check: MetadataCheck, spec: forms.StepSpec, folder: forms.FolderSpec, runs: tuple[str, set[str]], where: str
) -> None:
    """Check that a folder's declared parent is what its scanner runs on, and that its type may be there."""
    scanner, run_on = runs
    here = " or ".join(sorted(run_on))
    if folder.parent_type not in run_on and folder.parent_type in check.object_types:
        problem = f'{scanner} runs on {here}, so the folder is below that, not below "{folder.parent_type}"'
        check.fault(
            f"{where}/fetcher/parent_type", f"{problem}{nearest(folder.parent_type, run_on) or f'. Write {here}'}"
        )
        return
    declared = check.object_types.get(spec.type)
    if declared is None:
        return
    if not declared.folder:
        check.fault(
            f"{where}/type", f'"{spec.type}" is not a folder type: "folder": true is missing ({declared.origin})'
        )
    for type_ in sorted(run_on - set(declared.parents)):
        told = ", ".join(declared.parents)
        problem = f'"{spec.type}" is below {type_} here, but its declared parents are {told} ({declared.origin})'
        check.fault(f"{where}/type", problem)
