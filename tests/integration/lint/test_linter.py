"""The linter on real trees and processes: it reads what is tracked, leaves nothing behind and gives up."""

import json
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest

from reprise.adapters.lint.linter import ProcessLinter
from reprise.adapters.lint.tree import repo_of
from reprise.domain.lint.model import Severity
from reprise.domain.lint.repo import Kind
from reprise.domain.lint.request import LintRequest

SPEC = """\
version: 1
run: {command: [python, train.py]}
claims:
  - {id: a, where: "Table 1", metric: {file: metrics.json, pointer: /b}, published: {value: "1"}}
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    (folder / "data").mkdir(parents=True)
    (folder / "reprise.yaml").write_text(SPEC)
    (folder / "metrics.json").write_text('{"a": 1}')
    return folder


def request(tree: Path, **changed: object) -> LintRequest:
    return LintRequest(tree, "ada/wine", "reprise.yaml", **changed)  # type: ignore[arg-type] # any field


def test_it_finds_what_the_rules_find(tree: Path) -> None:
    found = ProcessLinter().lint(request(tree))
    assert found.problem is None
    error = next(each for each in found.noticed if each.rule == "RX01")
    assert (error.severity, error.file, error.line) == (Severity.ERROR, "reprise.yaml", 4)


def test_a_bar_that_is_wider_than_in_the_parent_commit_is_found(tree: Path) -> None:
    (tree / "reprise.yaml").write_text(SPEC.replace('"1"}}', '"1.0"}}'))
    before = SPEC.replace('"1"}}', '"1.00"}}')
    found = ProcessLinter().lint(request(tree, before=before))
    assert "RX06" in {each.rule for each in found.noticed}
    assert "RX06" not in {each.rule for each in ProcessLinter().lint(request(tree)).noticed}


def test_links_and_submodules_are_named_and_not_read(tree: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.py").write_text("token = 1\n")
    (tree / "linked").symlink_to(outside)
    (tree / "secret.py").symlink_to(outside / "secret.py")
    (tree / "vendor").mkdir()
    (tree / "vendor" / "theirs.py").write_text("1\n")
    repo = repo_of(request(tree, submodules=("vendor",)))
    kinds = {path: entry.kind for path, entry in repo.entries.items()}
    assert kinds == {
        "linked": Kind.LINK,
        "metrics.json": Kind.FILE,
        "reprise.yaml": Kind.FILE,
        "secret.py": Kind.LINK,
        "vendor": Kind.SUBMODULE,
    }
    for path in (*kinds, "linked/secret.py", "vendor/theirs.py", "../outside/secret.py", "/etc/passwd"):
        assert (repo.load(path) is not None) == (kinds.get(path) is Kind.FILE)


def test_a_spec_that_cannot_be_used_is_no_experiment(tree: Path) -> None:
    (tree / "reprise.yaml").write_text("version: 2\n")
    assert repo_of(request(tree)).experiments == ()
    assert ProcessLinter().lint(request(tree)).problem is None


def test_a_tree_that_is_gone_is_a_sentence(tmp_path: Path) -> None:
    assert ProcessLinter().lint(request(tmp_path / "gone")).problem == "looking at it broke off (exit 1)"


def test_a_look_that_takes_too_long_is_ended(tree: Path) -> None:
    asleep = ProcessLinter(
        timeout=timedelta(seconds=0.3), command=(sys.executable, "-c", "import time; time.sleep(60)")
    )
    began = time.monotonic()
    assert asleep.lint(request(tree)).problem == "it took longer than 0.3 s"
    assert time.monotonic() - began < 20


def test_closing_ends_a_look(tree: Path) -> None:
    linter = ProcessLinter(command=(sys.executable, "-c", "import time; time.sleep(60)"))
    told: list[str | None] = []
    thread = threading.Thread(target=lambda: told.append(linter.lint(request(tree)).problem))
    thread.start()
    while thread.is_alive():
        linter.close()
        thread.join(0.1)
    assert told == ["Reprise was stopped meanwhile"]


def test_it_sees_nothing_of_our_environment(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPRISE_GITHUB__TOKEN", "secret")
    program = (
        "import json, os; print(json.dumps({'problem': ' '.join(sorted(set(os.environ) - {'LC_CTYPE'}))}))"
    )
    seen = ProcessLinter(command=(sys.executable, "-c", program)).lint(request(tree))
    assert seen.problem == "LC_ALL PATH"


@pytest.mark.parametrize("said", ["", "null", json.dumps({"noticed": 1})])
def test_an_answer_that_is_none_is_a_sentence(tree: Path, said: str) -> None:
    linter = ProcessLinter(command=(sys.executable, "-c", f"print({said!r})"))
    assert linter.lint(request(tree)).problem == "its answer could not be read"
