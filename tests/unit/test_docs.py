# SPDX-License-Identifier: Apache-2.0
"""The documents are true: commands and options exist, links lead somewhere, examples equal the files."""

from __future__ import annotations

import ast
import re
import shlex
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

import calipso_nornir
from calipso_nornir.cli.app import app
from calipso_nornir.fetchers.ovn.databases import LOGICAL
from calipso_nornir.metadata.environments import read_environment
from calipso_nornir.model.queries import Command
from calipso_nornir.sources import bundle
from calipso_nornir.sources.host_monitor_programs import programs
from calipso_nornir.sources.ovsdb_answers import transaction
from tests.bundles import whole
from tests.docs_site.collecting import collect
from tests.docs_site.reference import REFERENCE
from tests.fixtures.cli import calipso

ROOT = Path(__file__).parents[2]
_NAMES = ("*.md", "docs/**/*.md", "inventory/*.yaml", "playbooks/*.md", "tests/**/README.md")
DOCUMENTS = sorted({path for name in _NAMES for path in ROOT.glob(name)})
MARKDOWN = [path for path in DOCUMENTS if path.suffix == ".md"]
BLOCK = re.compile(r"^(?: {4}|# +)calipso +([^#\n]+)", re.MULTILINE)
INLINE = re.compile(r"`calipso +([^`]+)`")
COMMAND: Any = typer.main.get_command(app)


def _lines(pattern: re.Pattern[str]) -> list[Any]:
    found = [(path, text.strip()) for path in DOCUMENTS for text in pattern.findall(path.read_text(encoding="utf-8"))]
    return [pytest.param(text, id=f"{path.name}: {text}") for path, text in dict.fromkeys(found)]


def _walk(words: list[str]) -> tuple[Any, list[str]]:
    """Return the command that words lead to, and what is left of them."""
    command = COMMAND
    while words and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    return command, words


def test_there_is_something_to_check() -> None:
    assert len(_lines(BLOCK)) > 15
    assert len(_lines(INLINE)) > 8


@pytest.mark.parametrize("text", _lines(BLOCK))
def test_a_command_line_is_one(text: str) -> None:
    command, words = _walk(shlex.split(text))
    works_alone = getattr(command, "invoke_without_command", True)  # "calipso scans" lists them
    assert not (hasattr(command, "commands") and (words or not works_alone)), f"{words}: no such command"
    command.make_context(command.name, words)  # raises a usage error for what the command does not take


@pytest.mark.parametrize("text", _lines(INLINE))
def test_a_command_in_a_sentence_exists(text: str) -> None:
    command, words = _walk(shlex.split(text))
    options = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
    given = {word for word in words if word.startswith("-")}
    assert given <= options
    if hasattr(command, "commands"):
        assert not [word for word in words if not word.startswith("-")], f"{words}: no such command"


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
    missing = [one for one in targets if "://" not in one and not (path.parent / one).exists()]
    assert missing == []


def test_the_site_has_every_page_and_every_decision(tmp_path: Path) -> None:
    collect(tmp_path)
    made = yaml.safe_load((tmp_path / "mkdocs.yml").read_text(encoding="utf-8"))
    named = set(re.findall(r"[\w/.-]+\.md", yaml.safe_dump(made["nav"])))
    assert {str(path.relative_to(ROOT)) for path in ROOT.glob("docs/**/*.md")} <= named
    assert [one for one in named if not (tmp_path / "pages" / one).is_file()] == []
    listed = (tmp_path / "pages/docs/decisions/README.md").read_text(encoding="utf-8")
    assert all(f"({path.name})" in listed for path in ROOT.glob("docs/decisions/0*.md"))
    tables = (tmp_path / "pages/docs/tables.md").read_text(encoding="utf-8")
    for cell in ("`vnic-vedge`", "`vservice`", "`compute.instance.create.end`", "`vnic_ovs`"):
        assert cell in tables
    assert "(docs/decisions/README.md)" in (tmp_path / "pages/README.md").read_text(encoding="utf-8")
    operations = (tmp_path / "pages/docs/operations-of-the-api.md").read_text(encoding="utf-8")
    described = yaml.safe_load((tmp_path / "pages/docs/openapi.json").read_text(encoding="utf-8"))["paths"]
    headings = set(re.findall(r"^### (.+)$", operations, re.MULTILINE))
    assert headings == {f"{method.upper()} {path}" for path, methods in described.items() for method in methods}
    assert "| `environment` | path, required | string |" in operations


def test_what_documents_import_is_in_the_reference() -> None:
    """Modules that a page tells people to import from have a page of the Python reference."""
    listed = {module for _, modules in REFERENCE.values() for module in modules}
    texts = [path.read_text(encoding="utf-8") for path in MARKDOWN if "decisions" not in path.parts]
    lines = [line for text in texts for line in re.findall(r"^ *(from calipso_nornir.*)$", text, re.MULTILINE)]
    for line in lines:
        (told,) = ast.parse(line.strip()).body
        assert isinstance(told, ast.ImportFrom), line
        modules = {f"{told.module}.{one.name}" for one in told.names} | {str(told.module)}
        assert modules & listed, line


@pytest.mark.parametrize("module", sorted({one for _, modules in REFERENCE.values() for one in modules}))
def test_modules_of_the_reference_exist(module: str) -> None:
    assert import_module(module).__doc__


def _anchors(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ +(.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda path: path.name)
def test_links_into_a_page_lead_to_a_heading(path: Path) -> None:
    targets = re.findall(r"\]\(([^):#]*)#([^)]+)\)", path.read_text(encoding="utf-8"))
    pages = [(path.parent / page if page else path, anchor) for page, anchor in targets]
    assert [(page.name, anchor) for page, anchor in pages if anchor not in _anchors(page)] == []


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda path: path.name)
def test_make_targets_exist(path: Path) -> None:
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    said = set(re.findall(r"(?:^ {4}|`)make +(?:--\S+ +)*([a-z-]+)", path.read_text(encoding="utf-8"), re.MULTILINE))
    assert said <= known


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda path: path.name)
def test_python_is_python_and_imports_what_there_is(path: Path) -> None:
    for text in re.findall(r"^```python\n(.*?)^```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("calipso_nornir"):
                for name in node.names:
                    assert hasattr(__import__(str(node.module), fromlist=[name.name]), name.name), name.name


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda path: path.name)
def test_environments_are_valid(path: Path) -> None:
    for text in re.findall(r"^```yaml\n(.*?)^```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        assert read_environment(yaml.safe_load(text), where=path.name).name


def _recorded_commands(*, root: bool) -> set[str]:
    exchanges = [one for variant in whole.VARIANTS for _, one in bundle.Reader(whole.recording(variant))]
    return {one.query.text for one in exchanges if isinstance(one.query, Command) and one.query.root is root}


@pytest.mark.filterwarnings("ignore:Possible nested set")  # sudo's expressions are POSIX's, where [[] is a bracket
def test_the_sudo_rules_allow_what_a_scan_runs_as_root() -> None:
    text = (ROOT / "docs/scan-account.sudoers").read_text().replace("\\\n", " ")
    rules = re.findall(r"/usr/s?bin/([a-z-]+) (\^.*?\$|[^^,\n]+?)\s*(?:,(?= )|\n)", text)
    assert len(rules) > 8

    def allowed(command: str) -> bool:
        program, _, rest = command.partition(" ")
        return any(
            program == one and (re.search(rule, rest) is not None if rule.startswith("^") else rest == rule)
            for one, rule in rules
        )

    watching = [" ".join(shlex.split(one.text)) for one in programs().values() if one.root]
    sockets = ("/var/run/ovn/ovnsb_db.sock", "/run/openvswitch/ovnnb_db.sock", "/var/run/ovn-ic/ovnnb_db.sock")
    asking = "ovsdb-client --timeout=60 --no-leader-only query unix:{} {}"
    databases = [asking.format(path, transaction(LOGICAL)) for path in sockets]
    commands = [*_recorded_commands(root=True), *watching, *databases]
    assert len(commands) > 20
    assert [one for one in commands if not allowed(one)] == []
    assert not allowed(asking.format("/tmp/ovnnb_db.sock", transaction(LOGICAL)))  # noqa: S108 - is not read
    assert not allowed("ip netns exec x sh -c id")
    assert not allowed("virsh -c qemu:///system dumpxml a; id")


def test_operations_list_every_program_that_is_run() -> None:
    table = (ROOT / "docs/operations.md").read_text()
    for as_root in (True, False):
        for command in _recorded_commands(root=as_root):
            program = command.split(" ")[0]
            (row, *_) = [one for one in table.splitlines() if one.startswith("|") and f"`{program} " in one] or [""]
            assert row, program


def test_the_example_in_the_document_is_the_file() -> None:
    text = (ROOT / "docs/nornir.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"<!-- (docs/examples/\S+) -->\n```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert shown[1] == (ROOT / shown[0]).read_text(encoding="utf-8")


def test_the_drawing_in_the_readme_is_what_the_demo_draws(tmp_path: Path) -> None:
    shown = re.findall(
        r"^ {4}((?:vnic|vconnector|vedge|host_pnic|[│├└]).*)$", (ROOT / "README.md").read_text(), re.MULTILINE
    )
    assert len(shown) > 10
    assert calipso("replay", whole.recording("ovs"), store=tmp_path / "s.db").status == 0
    drawn = calipso("clique", "app-2", store=tmp_path / "s.db").out.splitlines()
    start = drawn.index(shown[0])
    assert drawn[start : start + len(shown)] == shown


def test_public_names_are_there() -> None:
    for name in calipso_nornir.__all__:
        assert getattr(calipso_nornir, name) is not None
