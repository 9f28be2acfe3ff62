"""What `reprise plan` says before the statistics: what would be run, from what, how long, what is missing."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.repositories import git, write_files

from reprise.adapters.git.local import origin, repository_at
from reprise.cli import invoke
from reprise.domain.run import Judgement, Reason, Repository, RunId, Sha, Verdict
from reprise.store import rehearsed, repositories, runs
from reprise.store.database import Database
from reprise.store.runs import NewRun

SPEC = "version: 1\nname: paper\nrun:\n  command: [python, train.py]\n"
BEGAN = datetime(2026, 11, 21, tzinfo=UTC)
DONE = Judgement(Verdict.REPRODUCED, None, Reason.COMPLETED, "", ())


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "a state #1"
    folder.mkdir()
    monkeypatch.setenv("REPRISE_STATE_DIR", str(folder))
    return folder


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    folder = tmp_path / "paper"
    write_files(folder, {"reprise.yaml": SPEC, "train.py": "", "requirements.txt": "# nothing\n"})
    git(folder, "init", "--quiet")
    return folder


def planned(folder: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    assert invoke(["plan", "--json", str(folder)]) == 0
    (experiment,) = json.loads(capsys.readouterr().out)["experiments"]
    return experiment["run"]


def told(folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    assert invoke(["plan", str(folder)]) == 0
    return " ".join(capsys.readouterr().out.split())


def test_the_command_has_the_authors_seed_and_its_executions(
    paper: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    claim = (
        "claims:\n  - {id: a, metric: {file: m.json}, published: {value: '1.0'}, control: {args: [--no]}, "
        "compare: {mode: tolerance, tolerance: {abs: '0.1'}}}\n"
    )
    (paper / "reprise.yaml").write_text(
        f"{SPEC}  seed: {{arg: --seed, env: SEED, value: 7}}\n  timeout: 1h\n{claim}"
    )
    assert planned(paper, capsys)["executions"] == {"trials": 1, "probe": True, "controls": 1, "most": 5}
    text = told(paper, capsys)
    assert "runs SEED=7 python train.py --seed 7" in text
    assert "executions 1 trial, a probe and a control, each at most 1 h" in text
    assert "3 trials if the probe shows that the job does not repeat" in text
    assert "at most 5 h of one machine" in text


def test_a_single_execution_is_not_each(paper: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (paper / "reprise.yaml").write_text(f"{SPEC}  timeout: 1h\n")
    assert "executions 1 trial, at most 1 h" in told(paper, capsys)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "requirements.txt, which names nothing to install; nobody says which Python"),
        ({"requirements.txt": "a==1\n"}, "requirements.txt, weak: it has no hashes"),
        (
            {"requirements.txt": f"a==1 --hash=sha256:{'0' * 64}\n"},
            "requirements.txt, every file by its hash",
        ),
        ({".python-version": "3.11\n"}, "Python 3.11 (.python-version)"),
    ],
)
def test_the_pins_are_told_with_their_grade(
    files: dict[str, str], words: str, paper: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_files(paper, files)
    assert words in told(paper, capsys)
    assert planned(paper, capsys)["missing"] == []


def test_all_that_is_missing_is_named_at_once(paper: Path, capsys: pytest.CaptureFixture[str]) -> None:
    digest = hashlib.sha256(b"x").hexdigest()
    data = "".join(
        f"  - {{path: {name}, sha256: '{digest}'}}\n" for name in ("good", "other", "absent", "mine")
    )
    files = {"reprise.yaml": f"{SPEC}data:\n{data}", "good": "x", "other": "y", "mine": "x"}
    write_files(paper, files)
    write_files(paper, {"requirements.txt": "a>=1\n", ".gitignore": "mine\n"})
    (paper / "train.py").unlink()
    run = planned(paper, capsys)
    assert [each["standing"] for each in run["data"]] == [
        *("present", "another digest", "missing", "ignored by git")
    ]
    script, pin, other, absent, mine = run["missing"]
    assert script == "train.py, which the command names, is not there"
    assert pin.startswith("requirements.txt:1: `a>=1` is not pinned")
    assert other.startswith("other has another sha256")
    assert absent.startswith("absent of data is not there")
    assert mine.startswith("mine of data is ignored by git")


def test_what_a_run_fetches_is_not_missing(paper: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'ab' * 32}\nsize 12\n"
    data = """data:
  - {path: far, source: "https://x.test/far"}
  - {path: mine, source: "https://x.test/mine"}
  - {path: large, source: "lfs:"}
  - {path: absent, source: "lfs:"}
  - {path: told, source: "ftp://x.test/told"}
"""
    write_files(
        paper, {"reprise.yaml": f"{SPEC}{data}", "large": pointer, "mine": "x", ".gitignore": "mine\n"}
    )
    run = planned(paper, capsys)
    assert [each["standing"] for each in run["data"]] == [*["fetched"] * 3, *["missing"] * 2]
    assert len(run["missing"]) == 2


def test_a_lock_that_is_not_there_is_missing(paper: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (paper / "requirements.txt").unlink()
    run = planned(paper, capsys)
    assert run["pins"] is None
    assert "there is no lock file at the root" in run["missing"][0]


def test_what_is_declared_is_needed(paper: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (paper / "reprise.yaml").write_text(
        f"{SPEC}resources: {{cpus: 8, memory: 32GB, duration: 10m}}\nreference: {{hardware: {{gpu: A100}}}}\n"
    )
    text = told(paper, capsys)
    assert "needs 8 cores, 32.0 GB of memory, no GPU, network fetch-only" in text
    assert "the published numbers are from A100" in text
    assert "time about 10 min, as declared; at most 20 min of one machine" in text


def test_one_core_is_one(paper: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (paper / "reprise.yaml").write_text(f"{SPEC}resources: {{cpus: 1}}\n")
    assert "needs 1 core, no GPU" in told(paper, capsys)


def test_rehearsals_of_this_folder_say_how_long_it_takes(
    paper: Path, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here = repository_at(paper)
    for number, seconds in enumerate((100, 300, 200)):
        left = state / "rehearsals" / f"r{number}"
        remember(left, here, seconds)
        rehearsed.remember(
            left,
            rehearsed.Rehearsed(
                here.id, "paper", RunId("r"), Sha("a" * 40), BEGAN, Verdict.REPRODUCED, {}, None, ""
            ),
        )
    assert planned(paper, capsys)["seconds"]["expected"] == 200
    assert "about 3 min, the median of 3 rehearsals here" in told(paper, capsys)


def test_else_runs_of_the_repository_that_origin_names(
    paper: Path, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    git(paper, "remote", "add", "origin", "git@github.com:Ada/Paper.git")
    remember(state, Repository(7, "ada/paper", "https://github.com/ada/paper"), 40)
    assert "about 40 s, as one run of Ada/Paper took" in told(paper, capsys)


def test_a_database_that_cannot_be_read_says_nothing(
    paper: Path, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    git(paper, "remote", "add", "origin", "https://github.com/ada/paper")
    (state / "reprise.db").write_text("no database")
    assert "unknown, since no duration is declared" in told(paper, capsys)
    assert (state / "reprise.db").read_text() == "no database"


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://github.com/ada/paper.git", "ada/paper"),
        ("git@github.com:ada/paper", "ada/paper"),
        ("ssh://git@example.org:22/ada/paper/", "ada/paper"),
        ("/srv", None),
    ],
)
def test_the_name_of_the_repository_is_the_end_of_its_address(
    address: str, name: str | None, paper: Path
) -> None:
    assert origin(paper) is None
    git(paper, "remote", "add", "other", "https://example.org/no/no")
    git(paper, "remote", "add", "origin", address)
    assert origin(paper) == name


def remember(folder: Path, repository: Repository, seconds: float) -> None:
    """A run that took that long, in a database of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    store = Database(f"sqlite:///{folder / 'reprise.db'}")
    store.migrate()
    new = NewRun(RunId("r"), 7, Sha("a" * 40), "paper", "tag", "reprise.yaml", "v1", None, "tag v1", "ada")
    with store.write() as connection:
        repositories.remember(connection, repository)
        runs.add_run(connection, replace(new, repository_id=repository.id), at=BEGAN)
        ended = BEGAN + timedelta(seconds=seconds)
        runs.save(connection, "r", granted_at=BEGAN, ended_at=ended, judgement=DONE)
    store.close()
