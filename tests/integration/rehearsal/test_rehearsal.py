"""``reprise run`` in real repositories, by real processes: verdicts, exit codes, and what is left behind.

The runs take seconds each and need not wait for each other, so they all start at once in one state
folder, as on the machine of a hasty person.
"""

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.jobs import until
from tests.rehearsals import SPEC, TRAIN, Outcome, finish, paper, processes_in, start
from tests.repositories import git, write_files

pytestmark = pytest.mark.real

KEYS = [
    "run_id",
    "commit",
    "experiment",
    "phase",
    "verdict",
    "level",
    "reason",
    "message",
    "claims",
    "hardware",
    "trials",
    "ledger",
    "cost",
    "evidence",
]
RANDOM = TRAIN.replace("0.9312", "__import__('random').random()")
FAILING = "import sys\nprint('no such file: data.csv')\nsys.exit(7)\n"
SLEEPING = """\
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("sleeping", flush=True)
time.sleep(600)
"""
NOWHERE = {"UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple", "UV_HTTP_RETRIES": "0"}
UNREACHABLE = "tinyone==1.0 --hash=sha256:" + "0" * 64 + "\n"


class Runs:
    """Each started once, asked for its outcome as often as tests like."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.before: dict[str, object] = {}
        self._running: dict[str, subprocess.Popen[str]] = {}
        self._ended: dict[str, Outcome] = {}

    def begin(self) -> None:
        self._start("reproduced", "--json", "--badge", str(self.folder / "badge.svg"))
        write_files(
            paper(self.folder / "moved"), {"reprise.yaml": SPEC.format(published="0.95"), "new.txt": "x"}
        )
        self.before = as_it_is(self.folder / "moved")
        self._running["moved"] = start(self.state, "run", self.folder / "moved")
        self._start("random", "--json", published="0.95", train=RANDOM)
        self._start("failing", train=FAILING)
        self._start("broken", "--json", **{"reprise.yaml": "version: 1\nrun: {comand: x}\n"})
        unreachable = paper(self.folder / "unreachable", **{"requirements.txt": UNREACHABLE})
        self._running["unreachable"] = start(self.state, "run", "--json", unreachable, extra=NOWHERE)

    def begin_sleeping(self) -> "subprocess.Popen[str]":
        """With a state folder of its own, so that its processes can be told from others."""
        repository = paper(self.folder / "sleeping", train=SLEEPING)
        self._running["sleeping"] = start(self.folder / "sleeping-state", "run", repository)
        return self._running["sleeping"]

    def printed(self) -> str:
        """What jobs of the sleeping run wrote."""
        logs = (self.folder / "sleeping-state").glob("rehearsals/*/runs/*/trials/*/log.txt")
        return "".join(log.read_text() for log in logs)

    def outcome(self, name: str) -> Outcome:
        if name not in self._ended:
            self._ended[name] = finish(self._running.pop(name))
        return self._ended[name]

    def end(self) -> None:
        for process in self._running.values():
            process.terminate()
            finish(process)

    def _start(self, name: str, *arguments: str, **files: str) -> None:
        repository = paper(self.folder / name, **files)
        self._running[name] = start(self.state, "run", *arguments, repository)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    made = Runs(tmp_path_factory.mktemp("rehearsals"))
    try:
        made.begin()
        yield made
    finally:
        made.end()


def as_it_is(repository: Path) -> dict[str, object]:
    """Everything of a repository that a rehearsal could touch. Git itself may freshen an object's time."""
    return {
        "status": git(repository, "--no-optional-locks", "status", "--porcelain"),
        "objects": git(repository, "count-objects", "-v"),
        "refs": git(repository, "for-each-ref"),
        "files": {
            str(path): (path.read_bytes(), path.stat().st_mtime_ns if "objects" not in path.parts else 0)
            for path in sorted(repository.rglob("*"))
            if path.is_file()
        },
    }


def test_a_value_that_comes_back_is_reproduced_and_prints_one_object(runs: Runs) -> None:
    ended = runs.outcome("reproduced")
    assert ended.code == 0
    assert list(ended.result) == KEYS
    assert (ended.result["verdict"], ended.result["level"]) == ("reproduced", "B")
    assert (ended.result["phase"], ended.result["reason"]) == ("done", "completed")
    [claim] = ended.result["claims"]
    assert list(claim) == [
        "id",
        "verdict",
        "level",
        "published",
        "got",
        "difference",
        "bar",
        "control",
        "estimate",
    ]
    assert (claim["published"], claim["got"], claim["difference"]) == ("0.93", 0.9312, 0.0012)
    assert claim["bar"] == {"mode": "exact", "low": 0.925, "high": 0.935, "why": None}
    assert [(trial["seed"], trial["probe"], trial["exit_code"]) for trial in ended.result["trials"]] == [
        (0, False, 0),
        (0, True, 0),
    ]
    assert ended.err == ""


def test_its_badge_says_that_it_was_a_rehearsal(runs: Runs) -> None:
    commit = runs.outcome("reproduced").result["commit"]
    badge = (runs.folder / "badge.svg").read_text(encoding="utf-8")
    assert badge.startswith("<svg ")
    for words in (">reproduced, level B<", ">rehearsal · ", f" · {commit[:7]}<"):
        assert words in badge


def test_a_dirty_tree_is_run_labelled_and_left_as_it_was(runs: Runs) -> None:
    """Only the value that is not committed yet is another than the job's."""
    ended = runs.outcome("moved")
    assert ended.code == 1
    assert "paper: not reproduced" in ended.out
    assert "The working tree had changes that are not committed." in ended.out
    assert "published 0.95" in " ".join(ended.out.split())
    assert as_it_is(runs.folder / "moved") == runs.before


def test_phases_and_the_jobs_output_are_shown_beside_the_report(runs: Runs) -> None:
    ended = runs.outcome("moved")
    for words in ("building the environment", "running", "training", "logs and files: "):
        assert words in ended.err
        assert words not in ended.out.partition("End of the log")[0]


def test_a_job_that_does_not_repeat_itself_is_inconclusive(runs: Runs) -> None:
    ended = runs.outcome("random")
    assert (ended.code, ended.result["verdict"]) == (2, "inconclusive")
    assert "does not repeat itself" in ended.result["message"]


def test_a_failing_command_is_the_repositorys_fault_and_shows_its_output(runs: Runs) -> None:
    ended = runs.outcome("failing")
    assert ended.code == 3
    assert "paper: could not be run: the command failed" in ended.out
    assert "ended with exit code 7" in " ".join(ended.out.split())
    assert "no such file: data.csv" in ended.out


def test_a_spec_that_cannot_be_used_prints_the_object_too(runs: Runs) -> None:
    ended = runs.outcome("broken")
    assert (ended.code, list(ended.result)) == (3, KEYS)
    assert (ended.result["verdict"], ended.result["reason"]) == ("not_run", "spec_invalid")
    assert "reprise.yaml:2:" in ended.result["message"]


def test_an_index_that_cannot_be_reached_is_not_the_repositorys_fault(runs: Runs) -> None:
    ended = runs.outcome("unreachable")
    assert (ended.code, ended.result["reason"]) == (4, "infrastructure")
    assert "127.0.0.1:9" in ended.result["message"]


def test_runs_at_the_same_time_are_all_tracked(runs: Runs) -> None:
    """The state folder was empty: each of them wanted to create MLflow's tables."""
    for name in ("moved", "failing"):
        assert "could not be tracked" not in runs.outcome(name).out


def test_an_interrupted_run_ends_its_job_and_leaves_no_process(runs: Runs) -> None:
    process = runs.begin_sleeping()
    until(lambda: "sleeping\n" in runs.printed(), seconds=90)
    process.send_signal(signal.SIGINT)
    ended = runs.outcome("sleeping")
    assert ended.code == 130
    assert ended.err.endswith("reprise: interrupted\n")
    assert "Traceback" not in ended.err
    assert until(lambda: not processes_in(runs.folder / "sleeping-state"))


def test_a_badge_that_could_not_be_written_is_refused_before_anything_runs(tmp_path: Path) -> None:
    badge = tmp_path / "nowhere" / "badge.svg"
    ended = finish(start(tmp_path / "state", "run", "--badge", badge, paper(tmp_path / "paper")))
    assert (ended.code, ended.out) == (64, "")
    assert ended.err == f"reprise: --badge {badge}: there is no folder {badge.parent}: make it first\n"
    assert not (tmp_path / "state").exists()


def test_where_there_is_nothing_to_run_nothing_is_left_behind(tmp_path: Path) -> None:
    repository = paper(tmp_path / "paper")
    ended = finish(start(tmp_path / "state", "run", "--experiment", "table-9", repository))
    assert (ended.code, ended.out) == (64, "")
    assert ended.err == "reprise: there is no experiment 'table-9' here; there is: paper\n"
    assert list((tmp_path / "state" / "rehearsals").iterdir()) == []


def test_one_object_is_really_one(runs: Runs) -> None:
    for name in ("reproduced", "random", "broken", "unreachable"):
        assert json.loads(runs.outcome(name).out)["run_id"].startswith("r")
