"""Every repository gets its answer on the commit; one that cannot be used gets the file and the next step.

All tags are pushed at once, more than a forge tells its hooks of, and go through one controller.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests import packages
from tests.integration.spine.conftest import Busy
from tests.integration.spine.controller import Controller, until
from tests.integration.spine.papers import PROBED, SPEC, package, paper, writes
from tests.integration.spine.town import Paper, repeats
from tests.repositories import git

pytestmark = pytest.mark.real

Files = Mapping[str, str | bytes]

COMMITTED = {"results/metrics.json": '{"accuracy": 0.97}'}


def spec(before: str, after: str) -> str:
    assert before in SPEC
    return SPEC.replace(before, after)


@dataclass(frozen=True)
class Case:
    files: Files
    verdict: str
    reason: str
    state: str
    says: tuple[str, ...]
    """On the status of the experiment, in this order."""
    report: tuple[str, ...] = ()
    """In the report, besides what the status says."""
    context: str = "reprise/tiny"


def broken(reason: str, files: Files, *says: str, report: tuple[str, ...] = (), **more: Any) -> Case:
    """The repository's fault."""
    return Case(files, "not_run", reason, "failure", ("could not be run", *says), report, **more)


CASES = {
    "as-published": Case(paper(), "reproduced", "completed", "success", ("reproduced", "level B")),
    "broken-yaml": broken(
        "spec_invalid",
        paper(spec="version: 1\nrun: {command: [python\n"),
        *("the spec cannot be used", "reprise.yaml:2:23"),
        report=("`reprise check --spec-only .`",),
        context="reprise/bad-input",
    ),
    "unknown-key": broken(
        "spec_invalid",
        paper(spec=SPEC + "resorces: {cpus: 1}\n"),
        *("the spec cannot be used", "reprise.yaml:9:1", "resorces", "resources"),
        context="reprise/tiny",
    ),
    "no-lock": broken(
        "lock_missing",
        {name: text for name, text in paper().items() if name != "requirements.txt"},
        *("no usable lock file", "`uv lock`", "commit uv.lock"),
    ),
    "no-such-python": broken(
        "python_missing",
        paper(spec=spec("determinism:", 'environment: {python: "3.99"}\ndeterminism:')),
        *("Python 3.99", "environment.python", "only 3."),
        report=("ask for one of these, or have it installed",),
    ),
    "no-such-command": broken(
        "command_not_found",
        paper(spec=spec("[python, train.py]", "[train-the-model]")),
        *("`train-the-model` was not found", "lock file", "`run.command`"),
    ),
    "exit-code": broken(
        "command_failed",
        paper("import sys\nprint('the data set is empty')\nsys.exit(3)\n"),
        *("`python train.py` ended with exit code 3", "log"),
        report=("the data set is empty",),
    ),
    "too-slow": broken(
        "timed_out",
        paper("import time\ntime.sleep(60)\n", spec("timeout: 1m", "timeout: 1s")),
        *("did not end within 1 s", "`run.timeout`"),
    ),
    "no-such-metric": broken(
        "metric_missing",
        paper(writes("0.97").replace("accuracy", "acuracy")),
        *("metric missing", "results/metrics.json", "/accuracy"),
    ),
    "not-a-number": broken(
        "metric_invalid",
        paper(writes('float("nan")')),
        *("metric is not usable", "results/metrics.json", "/accuracy"),
    ),
    "text-for-a-number": broken(
        "metric_invalid",
        paper(writes('{"mean": 0.97}')),
        *("metric is not usable", "results/metrics.json", "/accuracy"),
    ),
    "does-nothing": broken(
        "metric_missing",
        paper("print('nothing to do')\n") | COMMITTED,
        *("metric missing", "results/metrics.json"),
    ),
    "another-value": Case(
        paper(writes("0.91"), PROBED),
        *("not_reproduced", "completed", "failure", ("not reproduced", "0.91", "0.97")),
    ),
    "another-value-each-time": Case(
        paper("import random\n" + writes("random.random() / 2"), PROBED),
        *("inconclusive", "completed", "error", ("inconclusive",)),
    ),
}


@dataclass(frozen=True)
class Answers:
    controller: Controller
    paper: Paper
    shas: dict[str, str]


@pytest.fixture(scope="module")
def answers(busy: Busy, tmp_path_factory: pytest.TempPathFactory) -> Answers:
    paper = busy.papers["bad-input"]
    shas = {tag: paper.commit(case.files, tag) for tag, case in CASES.items()}
    shas["stale-lock"] = paper.commit(_stale_lock(tmp_path_factory.mktemp("stale")), "stale-lock")
    shas["submodule"] = _with_submodule(paper)
    shas["no-spec"] = paper.commit({"README.md": "no spec here"}, "no-spec")
    paper.push(*shas)
    return Answers(busy.controller, paper, shas)


@pytest.mark.parametrize("tag", CASES)
def test_what_is_wrong_is_said_on_the_commit(answers: Answers, tag: str) -> None:
    check(answers, tag, CASES[tag])


def test_a_stale_lock_is_named(answers: Answers) -> None:
    says = ("the lock file is stale", "uv.lock does not match pyproject.toml", "`uv lock`")
    check(answers, "stale-lock", broken("lock_stale", {}, *says))


def test_a_submodule_without_an_address_is_named_with_its_commit(answers: Answers) -> None:
    says = ("library is a submodule at commit", ".gitmodules")
    check(answers, "submodule", broken("build_failed", {}, *says))


def test_a_tag_without_a_spec_is_recorded_and_nothing_is_posted(answers: Answers) -> None:
    database = answers.controller.state / "reprise.db"

    def outcome() -> list[tuple[str]]:
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as store:
            query = "SELECT outcome FROM triggers WHERE ref = 'no-spec' AND next_at IS NULL"
            return store.execute(query).fetchall()

    assert until(outcome) == [(f"no spec at {answers.shas['no-spec'][:7]}",)]
    assert answers.paper.statuses(answers.shas["no-spec"]) == []
    assert answers.paper.comments(answers.shas["no-spec"]) == []


def test_two_commits_with_one_lock_do_not_run_each_others_code(busy: Busy, tmp_path: Path) -> None:
    controller, paper = busy.controller, busy.papers["package"]
    paper.push_tag(package(tmp_path / "first", "0.97"), "v1")
    paper.push_tag(package(tmp_path / "second", "0.42"), "v2")
    runs = {tag: controller.await_run(tag) for tag in ("v1", "v2")}

    assert {tag: run["verdict"] for tag, run in runs.items()} == {"v1": "reproduced", "v2": "not_reproduced"}
    assert {tag: run["claims"][0]["got"] for tag, run in runs.items()} == {"v1": 0.97, "v2": 0.42}
    first, second = (built(controller, run["run_id"]) for run in runs.values())
    assert first["key"] == second["key"]
    assert first["location"] == second["location"]
    assert first["layer"] != second["layer"]


def check(answers: Answers, tag: str, case: Case) -> None:
    run = answers.controller.await_run(tag)
    assert (run["verdict"], run["reason"]) == (case.verdict, case.reason)
    sha = answers.shas[tag]
    assert repeats(answers.paper.statuses(sha)) == []
    status = answers.paper.latest(sha)[case.context]
    assert status["state"] == case.state
    assert_in_order(case.says, status["description"])
    (comment,) = answers.paper.comments(sha)
    assert_in_order(case.report, comment["body"])
    assert case.says[-1].strip("`") in comment["body"]


def assert_in_order(parts: tuple[str, ...], text: str) -> None:
    at = 0
    for part in parts:
        found = text.find(part, at)
        assert found >= 0, f"{part!r} is not in {text!r} after {text[:at]!r}"
        at = found


def _stale_lock(folder: Path) -> Files:
    """A locked project that later asks for another version of what it needs."""
    packages.uv_project(folder)
    project = folder / "pyproject.toml"
    project.write_text(project.read_text().replace('"tinyone"', '"tinyone>=2"'))
    return _files(folder) | {"reprise.yaml": SPEC, "train.py": writes("0.97")}


def _files(folder: Path) -> dict[str, str | bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _with_submodule(paper_: Paper) -> str:
    sha = paper_.commit(paper(), "without-submodule")
    git(paper_.copy, "update-index", "--add", "--cacheinfo", f"160000,{sha},library")
    git(paper_.copy, "commit", "--quiet", "--message", "a submodule")
    paper_.tag("submodule")
    return git(paper_.copy, "rev-parse", "HEAD")


def built(controller: Controller, run_id: str) -> dict[str, str]:
    with sqlite3.connect(f"file:{controller.state / 'reprise.db'}?mode=ro", uri=True) as store:
        (found,) = store.execute("SELECT built FROM runs WHERE id = ?", (run_id,)).fetchone()
    parsed: dict[str, str] = json.loads(found)
    return parsed
