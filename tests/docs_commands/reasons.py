# SPDX-License-Identifier: Apache-2.0
"""Commands of the documentation that ``test_docs_commands`` does not run: where they are run, or why they cannot be.

A key is the beginning of commands; the longest one counts. A key that no page needs any more is an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

ELSEWHERE: Final = {
    "docs/api.md": ("tests/integration/test_docs_api.py", '"api.md"'),
    "docs/older-api.md": ("tests/integration/test_docs_commands.py", '"docs/older-api.md"'),
    "ansible-playbook -i host.example, playbooks/install.yml": ("tests/packaging/installing.py", "install.yml"),
    "ansible-playbook -i hosts.yml playbooks/deploy_checks.yml": ("tests/packaging/test_deploy_checks.py", ".play("),
    "calipso monitoring deploy": ("tests/packaging/test_deploy_command.py", '"monitoring", "deploy"'),
    "calipso scan-manager": ("tests/unit/test_cli_scan_manager.py", '"scan-manager"'),
    "calipso serve": ("tests/fixtures/processes.py", '"serve"'),
    "calipso serve --bind": ("tests/unit/test_cli_serve.py", '"--tls-cert"'),
    "calipso serve --workers": ("tests/integration/test_serve_workers.py", '"--workers"'),
    "CLOUD=mycloud": ("tests/integration/test_docs_examples.py", "examples.run("),
    "pip install .": ("tests/packaging/building.py", '"pip"'),
    "make check": (".ci/run", "make --silent check\n"),
    "make demo": (".ci/run", 'make --silent -C "$OLDPWD" demo'),
    "make docs": (".ci/run", "make --silent docs\n"),
    "make lab-test": (".ci/run", "make --silent lab-test VARIANT="),
    "make test": (".ci/run", "make --silent test\n"),
    "make test-chaos": (".ci/run", "make --silent test-chaos\n"),
    "make test-install": (".ci/run", "make --silent test-install\n"),
    "make lab": ("Makefile", "$(LABCMD) up && $(LABCMD) seed"),
    "make lab-down": ("Makefile", "$(LABCMD) down"),
    "make test-lab": ("Makefile", "make --no-print-directory test-lab"),
    "./lab": ("Makefile", "LABCMD := tests/lab/cloud/lab"),
}
"""A page, or the beginning of commands -> a file that runs them, and the words in it.

What the Makefile is named for is a part of its target ``lab-test``.
"""

NOT_RUN: Final = {
    "alias": "changes the reader's own shell",
    "cd playbooks/files && sh compose-secrets.sh && docker": "needs a container engine, and images of a registry",
    "docker": "needs a container engine, and images of a registry",
    "git clone": "the address is that of the reader's copy",
    "make law": "takes an hour in the lab",
    "make live": "takes an hour in the lab",
    "make mutations": "takes many minutes; its mutants are caught by make test-chaos, one by one",
    "make record-truth": "needs the lab, and writes files of this repository",
    "python -m tests.lab.oracle": "needs the lab, where test_truth calls it",
}
"""The beginning of commands -> why no test can run them."""

NO_COMMANDS: Final = {
    "README.md: vnic": "a drawing; tests/unit/test_docs.py compares it with that of the demo",
}
"""Beginnings of blocks without a language that are neither commands nor JSON, YAML, TOML or Python -> what they are."""

ENDS: Final = {
    "calipso env check mycloud": (1, "the stand-in for a cloud has no hosts to log in to"),
    "calipso scan mycloud": (3, "as above: no host answers"),
    "calipso scan mycloud --id": (3, "as above"),
    "calipso scan mycloud --nornir": (3, "as above"),
    "calipso scan --metadata": (3, "as above"),
    "calipso scan mycloud.yaml --from": (3, "only the cloud knows the rest"),
    "calipso scan prod": (3, "nobody logs in to the nodes"),
    "calipso record mycloud": (3, "the stand-in for a cloud has no hosts to log in to"),
}
"""The beginning of commands -> their exit status here if it is not 0, and why."""

HERE: Final = {"compute-7": "cmp1", "10.10.1.246": "10.101.0.36"}
"""Names in the documentation that the reader replaces -> those of the cloud that the tests have."""

BEFORE: Final = {"calipso clique web-7d9f": "calipso scan prod"}
"""The beginning of commands -> what the reader has done before, although the page does not say it there."""

OWN_STORE: Final = ("calipso env import --name mycloud", "calipso env add", "calipso scan --from files/ --replay")
"""Commands that a page shows as another way than the one before; they are run in a store of their own."""


def longest(command: str, known: Iterable[str]) -> str | None:
    """Return the longest key that a command begins with."""
    found = [key for key in known if f"{command} ".startswith(f"{key} ")]
    return max(found, key=len, default=None)
