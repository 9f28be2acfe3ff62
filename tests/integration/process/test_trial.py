"""A whole trial with real processes: what the job sees, what it leaves, how it can fail to start."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests import jobs

from reprise.adapters.process.runner import ProcessRunner
from reprise.domain import system_metrics
from reprise.domain.run import Reason
from reprise.domain.spec.model import DataFile, SeedRule
from reprise.ports import Failed, Finished, JobRequest

CANARY = "REPRISE_TEST_CANARY"
PRINT_WORLD = """
import json, os, sys
print(json.dumps({"env": dict(os.environ), "cwd": os.getcwd(), "argv": sys.argv[1:],
                  "python": sys.executable, "umask": os.umask(0), "fds": os.listdir("/proc/self/fd")}))
"""


@pytest.fixture
def runner() -> ProcessRunner:
    return ProcessRunner()


@pytest.fixture
def canary() -> Iterator[str]:
    os.environ[CANARY] = "secret"
    yield "secret"
    del os.environ[CANARY]


def test_nothing_of_the_controllers_environment_reaches_the_job(
    runner: ProcessRunner, canary: str, tmp_path: Path
) -> None:
    wanted = jobs.spec("python", "job.py", seed=SeedRule("--seed", "SEED"))
    job = jobs.python_job(tmp_path, PRINT_WORLD, wanted)

    jobs.finished(runner, job)

    text = (job.results / "log.txt").read_text()
    seen = json.loads(text)
    assert CANARY not in seen["env"]
    assert canary not in text
    assert seen["env"]["HOME"] == str(job.folder / "home")
    assert seen["env"]["SEED"] == "0"
    assert seen["argv"] == ["--seed", "0"]
    assert seen["python"] == f"{job.built.location}/bin/python"
    assert seen["cwd"] == str(job.tree)
    assert seen["umask"] == 0o022
    assert len(seen["fds"]) == 4, "stdin, stdout, stderr, and the one that lists them"


def test_supervisor_itself_does_not_carry_the_controllers_environment(
    runner: ProcessRunner, canary: str, tmp_path: Path
) -> None:
    job = jobs.python_job(tmp_path, "import os\nprint(open(f'/proc/{os.getppid()}/environ').read())")

    jobs.finished(runner, job)

    assert canary not in (job.results / "log.txt").read_text()


def test_committed_result_does_not_pass_for_the_jobs(runner: ProcessRunner, tmp_path: Path) -> None:
    job = jobs.python_job(tmp_path, "pass", jobs.spec(metrics=("results/m.json",)))
    (job.tree / "results").mkdir()
    (job.tree / "results" / "m.json").write_text("{}")

    end = jobs.finished(runner, job)

    assert end.reason is Reason.COMPLETED
    assert not (job.results / "files" / "results" / "m.json").exists()


def test_results_in_workdir_and_in_the_output_folder_are_kept(runner: ProcessRunner, tmp_path: Path) -> None:
    code = (
        "import os\nfrom pathlib import Path\nout = Path(os.environ['REPRISE_OUTPUT_DIR'])\n"
        "Path('m.json').write_text('1')\n(out / 'p.csv').write_text('2')\n(out / 'plot').write_text('3')\n"
        "(out / 'mlruns').mkdir()\n(out / 'mlruns' / 'meta').write_text('4')"
    )
    wanted = jobs.spec("python", "../job.py", metrics=("m.json",), artifacts=("p.csv",), workdir="exp")
    job = jobs.python_job(tmp_path, code, wanted)
    (job.tree / "exp").mkdir()

    end = jobs.finished(runner, job)

    kept = {path: (job.results / path).read_text() for path in KEPT}
    assert kept == {"files/m.json": "1", "files/p.csv": "2", "files/plot": "3", "mlruns/meta": "4"}
    assert end.artifacts["p.csv"] is not None
    assert end.problems == {}


KEPT = ("files/m.json", "files/p.csv", "files/plot", "mlruns/meta")


def test_fifo_and_link_as_results_are_named(runner: ProcessRunner, tmp_path: Path) -> None:
    code = f"import os\nos.mkfifo('fifo')\nos.symlink({str(tmp_path / 'secret')!r}, 'link')"
    (tmp_path / "secret").write_text("secret")
    job = jobs.python_job(tmp_path, code, jobs.spec(metrics=("fifo",), artifacts=("link",)))

    end = jobs.finished(runner, job)

    assert end.artifacts == {"link": None}
    assert "is a FIFO" in end.problems["fifo"]
    assert "leads out" in end.problems["link"]


def test_folders_that_the_job_swaps_for_links_lead_nowhere(runner: ProcessRunner, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    for name in ("m.json", "p.csv", "train.csv"):
        (secret / name).write_text("secret")
    swap = "shutil.rmtree({0!r}, ignore_errors=True); os.symlink({1!r}, {0!r})"
    lines = [
        "import os, shutil",
        swap.format("results", str(secret)),
        swap.format("data", "../" * 12 + str(secret).lstrip("/")),
        "out = os.environ['REPRISE_OUTPUT_DIR']",
        f"os.rmdir(out); os.symlink({str(secret)!r}, out)",
    ]
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    wanted = jobs.spec(
        metrics=("results/m.json",), artifacts=("p.csv",), data=(DataFile("data/train.csv", empty, None),)
    )
    job = jobs.python_job(tmp_path, "\n".join(lines), wanted)
    for folder in ("results", "data"):
        (job.tree / folder).mkdir()
    (job.tree / "data" / "train.csv").touch()

    end = jobs.finished(runner, job)

    assert "leads out" in end.problems["results/m.json"]
    assert "data/train.csv" in end.problems
    assert end.artifacts == {"p.csv": None}
    kept = [path for path in job.results.rglob("*") if path.is_file()]
    assert not [path for path in kept if b"secret" in path.read_bytes() and path.name != "log.txt"]
    assert [path.read_text() for path in sorted(secret.iterdir())] == ["secret"] * 3


def test_input_changed_by_the_job_fails_the_trial(runner: ProcessRunner, tmp_path: Path) -> None:
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    wanted = jobs.spec(data=(DataFile("train.csv", empty, None),))
    job = jobs.python_job(tmp_path, "open('train.csv', 'w').write('more')", wanted)
    (job.tree / "train.csv").touch()

    end = jobs.finished(runner, job)

    assert (end.exit_code, end.reason) == (0, Reason.DATA_MISMATCH)
    assert end.message == end.problems["train.csv"]
    assert "changed its input" in end.message


def test_missing_input_starts_nothing(runner: ProcessRunner, tmp_path: Path) -> None:
    job = jobs.python_job(tmp_path, "", jobs.spec(data=(DataFile("train.csv", "0" * 64, None),)))

    failed = runner.start(job)

    assert isinstance(failed, Failed)
    assert failed.reason is Reason.DATA_MISSING
    assert not (job.folder / "supervisor.json").exists()


@pytest.mark.parametrize(
    ("command", "content", "mode", "said"),
    [
        ("no-such-command", None, 0, "`no-such-command` was not found: add its package"),
        ("./run.sh", None, 0, "`./run.sh` is not in this commit"),
        ("./run.sh", "#!/bin/sh\n", 0o644, "`./run.sh` is not executable: commit it with `git"),
        ("./run.sh", "#!/no/such/interpreter\n", 0o755, "names an interpreter in its first line"),
        ("./run.sh", "echo\n", 0o755, "has no `#!` line"),
    ],
)
def test_command_that_cannot_be_started_says_why_and_what_to_do(
    runner: ProcessRunner, tmp_path: Path, command: str, content: str | None, mode: int, said: str
) -> None:
    job = jobs.job(tmp_path, jobs.spec(command))
    if content is not None:
        (job.tree / "run.sh").write_text(content)
        (job.tree / "run.sh").chmod(mode)

    end = jobs.finished(runner, job)

    assert (end.reason, end.exit_code) == (Reason.COMMAND_NOT_FOUND, None)
    assert said in end.message


def test_argv_is_not_read_by_a_shell(runner: ProcessRunner, tmp_path: Path) -> None:
    job = jobs.job(tmp_path, jobs.spec("echo", "$HOME", "a;b", "*"))

    jobs.finished(runner, job)

    assert (job.results / "log.txt").read_text() == "$HOME a;b *\n"


BURN = """
import resource
held = bytearray(60_000_000)
while sum(resource.getrusage(resource.RUSAGE_SELF)[:2]) < 1.5:
    pass
"""


def series(job: JobRequest) -> system_metrics.Series:
    return system_metrics.read((job.results / system_metrics.NAME).read_bytes())


def test_what_machine_and_job_used_is_kept_as_series(runner: ProcessRunner, tmp_path: Path) -> None:
    job = jobs.python_job(tmp_path, BURN)

    end = jobs.finished(runner, job)

    found = series(job)
    first, *_, last = found.at_ms
    assert len(found.at_ms) >= 3
    assert abs(first - end.started_at.timestamp() * 1000) < 1_000
    assert last - first == pytest.approx(end.seconds * 1000, abs=1_000)
    busy = found.values["job_cpu_utilization_percentage"]
    spent = sum(
        share * (at - before) / 100_000
        for share, at, before in zip(busy[1:], found.at_ms[1:], found.at_ms, strict=False)
        if share is not None
    )
    assert spent == pytest.approx(end.cpu_seconds, abs=0.2)
    assert max(filter(None, found.values["cpu_utilization_percentage"])) > 10
    assert max(filter(None, found.values["job_memory_usage_megabytes"])) > 60
    assert end.problems == {}


def test_the_shortest_job_has_a_start_and_an_end(runner: ProcessRunner, tmp_path: Path) -> None:
    job = jobs.job(tmp_path, jobs.spec("true"))
    jobs.finished(runner, job)
    assert len(series(job).at_ms) == 2


@pytest.mark.parametrize("forged", ["{}", "[" * 90, "x" * 3_000_000])
def test_series_that_a_stranger_wrote_are_named_and_not_kept(
    runner: ProcessRunner, tmp_path: Path, forged: str
) -> None:
    job = ended_but_not_collected(runner, tmp_path)
    (job.folder / system_metrics.NAME).write_text(forged)

    end = jobs.ended(runner, job)

    assert isinstance(end, Finished)
    assert end.reason is Reason.COMPLETED
    assert system_metrics.NAME in end.problems
    assert not (job.results / system_metrics.NAME).exists()


def test_a_job_of_an_older_supervisor_has_no_series(runner: ProcessRunner, tmp_path: Path) -> None:
    job = ended_but_not_collected(runner, tmp_path)
    (job.folder / system_metrics.NAME).unlink()

    end = jobs.ended(runner, job)

    assert isinstance(end, Finished)
    assert (end.reason, end.problems) == (Reason.COMPLETED, {})


def ended_but_not_collected(runner: ProcessRunner, tmp_path: Path) -> JobRequest:
    job = jobs.job(tmp_path, jobs.spec("true"))
    assert runner.start(job) is None
    jobs.until(lambda: (job.folder / "result.json").exists() or None)
    return job
