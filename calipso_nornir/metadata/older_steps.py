# SPDX-License-Identifier: Apache-2.0
"""Steps that name an older fetcher (``older_names``): their children scanners run on what the shipped steps find."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.metadata.older_names import OLDER_FETCHERS, OLDER_SCANNERS

if TYPE_CHECKING:
    from collections.abc import Collection

    from calipso_nornir.metadata import forms
    from calipso_nornir.metadata.catalog import Step
    from calipso_nornir.metadata.check import MetadataCheck


class OlderSteps:
    """The steps of older fetchers, collected until all scanners are known."""

    def __init__(self, shipped: Collection[str]) -> None:
        self._shipped = shipped
        self._added: list[tuple[forms.StepSpec, str]] = []

    def plain(self, spec: forms.StepSpec) -> forms.StepSpec:
        """Return a step without a children scanner that no longer exists."""
        gone = spec.children_scanner in OLDER_SCANNERS and spec.children_scanner not in self._shipped
        return spec.model_copy(update={"children_scanner": None}) if gone else spec

    def add(self, check: MetadataCheck, spec: forms.StepSpec, where: str) -> forms.StepSpec:
        """Record a step of an older fetcher; return the step that stands for it in the hierarchy."""
        type_, now = OLDER_FETCHERS[str(spec.fetcher)]
        if spec.type != type_:
            problem = f'is "{spec.type}", but {spec.fetcher} finds objects of type "{type_}" ({", ".join(now)} today)'
            check.fault(f"{where}/type", problem)
        if spec.children_scanner in self._shipped:  # the shipped steps already lead to it
            return spec.model_copy(update={"children_scanner": None})
        if spec.children_scanner:
            self._added.append((spec, where))
        return spec

    def attach(self, check: MetadataCheck, steps: dict[str, list[Step]]) -> None:
        """Let each children scanner run on what the shipped steps find, by adding its steps to theirs."""
        for spec, where in self._added:
            _, now = OLDER_FETCHERS[str(spec.fetcher)]
            found = [one for of in steps.values() for one in of if one.type == spec.type and _label(one) in now]
            if spec.environment_condition or spec.environment_restriction or spec.when:
                told = f"{spec.fetcher} stands for shipped steps, whose conditions cannot be changed"
                check.fault(where, f"{told}: put the condition on the steps of {spec.children_scanner}")
            for one in found:
                if spec.object_id_to_use_in_child != one.hand_down:
                    problem = f'is "{spec.object_id_to_use_in_child}", but the step {one.name} hands down'
                    check.fault(f"{where}/object_id_to_use_in_child", f'{problem} "{one.hand_down}"')
            below = sorted({one.children_scanner for one in found if one.children_scanner})
            if found and not below:
                check.fault(f"{where}/children_scanner", f"nothing runs on objects of type {spec.type}")
            for scanner in below:
                known = {one.name for one in steps[scanner]}
                steps[scanner] += [one for one in steps.get(spec.children_scanner or "", ()) if one.name not in known]


def _label(step: Step) -> str:
    return step.name.rpartition("/")[2].partition("#")[0]
