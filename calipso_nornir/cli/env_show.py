# SPDX-License-Identifier: Apache-2.0
"""``calipso env show``: prints a stored description; secrets are references, never values."""

from typing import Any

from calipso_nornir.analysis.lookup import one_environment
from calipso_nornir.cli.output import Format, emit
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.shared_options import EnvironmentName, NamedEnvironment, Output, named_once
from calipso_nornir.errors import InvalidRequest
from calipso_nornir.model.stores import Store


def env_show(
    run: Run, *, name: EnvironmentName = None, environment: NamedEnvironment = None, output: Output = Format.YAML
) -> None:
    """Show the description of an environment."""
    with run.store() as store:
        document = _described(store, one_environment(store, named_once(name, environment)))
    emit(document, Format.YAML if output is Format.TABLE else output)


def _described(store: Store, name: str) -> dict[str, Any]:
    from calipso_nornir.store.environments import stored_environment  # noqa: PLC0415 - what takes long comes when needed

    document = stored_environment(store, name)
    if document is None:
        raise InvalidRequest(f"{name}: its description was removed; only its inventory is left")
    return document
