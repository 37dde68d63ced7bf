# SPDX-License-Identifier: Apache-2.0
"""Makes an environment's description from one context of a kubeconfig.

The description names the file and the context. Tokens and keys stay in the file, so that a renewed one is used.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.errors import EnvironmentInvalid, Fault
from calipso_nornir.metadata.environment_fields import usable_name
from calipso_nornir.sources.kubernetes.kubeconfig import current_context, read_kubeconfig
from calipso_nornir.sources.secrets import Vault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calipso_nornir.sources.kubernetes.cluster_access import Access

VARIABLE: Final = "KUBECONFIG"
DEFAULT: Final = "~/.kube/config"


def import_kubeconfig(
    file: str | None = None,
    context: str | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    environment: str | None = None,
) -> tuple[dict[str, Any], Access]:
    """Return the description of a cluster, and the access that its kubeconfig gives.

    Args:
        file: the kubeconfig; without it that of the variable KUBECONFIG, and without that ~/.kube/config.
        context: name of the context; without it the current one.
        environ: the variables; by default the process's own.
        environment: name of the new environment; by default the context's.

    Raises:
        EnvironmentInvalid: the file, its context, or the way to log in cannot be used.
    """
    path = file or _of_variable(os.environ if environ is None else environ)
    name = context or current_context(path)
    access = read_kubeconfig(path, name, Vault())
    if access.token is not None:
        access.token()  # reads the token's file, which may be missing or empty
    described = {
        "name": environment or usable_name(name, otherwise="kubernetes"),
        "type": "environment",
        "environment_type": "Kubernetes",
        "distribution": "Kubernetes",
        "configuration": [
            {"name": "Kubernetes", "kubeconfig": str(Path(path).expanduser().absolute()), "context": name}
        ],
    }
    return described, access


def _of_variable(environ: Mapping[str, str]) -> str:
    files = [one for one in environ.get(VARIABLE, "").split(os.pathsep) if one]
    if len(files) > 1:
        problem = (
            f"names {len(files)} files, which kubectl merges. Give one of them with --kubeconfig, "
            "or merge them: kubectl config view --flatten > FILE"
        )
        raise EnvironmentInvalid((Fault(f"variable {VARIABLE}", problem),))
    return files[0] if files else DEFAULT
