"""What every Runner promises; the fake and the real one alike."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests import jobs
from tests.fakes.runner import FakeJob, FakeRunner

from reprise.adapters.process.runner import ProcessRunner
from reprise.domain import environment
from reprise.domain.run import Reason
from reprise.ports import Finished, JobRequest, Lost, Runner, Running

JobMaker = Callable[[FakeJob], JobRequest]

CODE = """
import pathlib, sys, time
does = {does!r}
for name, text in does["files"].items():
    path = pathlib.Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
print(does["log"], end="")
if does["forever"]:
    time.sleep(600)
sys.exit(does["exit_code"])
"""


def code_of(does: FakeJob) -> str:
    """A Python program that does this."""
    files = {"files": does.files, "log": does.log, "forever": does.forever, "exit_code": does.exit_code}
    return CODE.format(does=files)


@pytest.fixture(params=["fake", "process"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Runner, JobMaker]]:
    """A runner and a way to make jobs that do the same on each; all are stopped at the end."""
    made: list[JobRequest] = []
    scripts: dict[Path, FakeJob] = {}
    runner: Runner = (
        FakeRunner(lambda job: scripts[job.folder]) if request.param == "fake" else ProcessRunner()
    )

    def make(does: FakeJob) -> JobRequest:
        wanted = jobs.spec(artifacts=("out/a.txt", "out/b.txt"))
        job = jobs.python_job(tmp_path, code_of(does), wanted, name=f"{len(made)}-1")
        scripts[job.folder] = does
        made.append(job)
        return job

    yield runner, make
    for job in made:
        runner.stop(job)
    jobs.remove_short_names(tmp_path)


def test_job_ends_with_its_files_log_and_digests_kept(world: tuple[Runner, JobMaker]) -> None:
    runner, make = world
    job = make(FakeJob(files={"out/a.txt": "one"}, log="first line\n"))

    end = jobs.finished(runner, job)

    assert (end.reason, end.message, end.exit_code) == (Reason.COMPLETED, "", 0)
    assert (job.results / "files" / "out" / "a.txt").read_text() == "one"
    assert (job.results / "log.txt").read_text() == "first line\n"
    assert end.log_bytes == len("first line\n")
    assert end.artifacts == {
        "out/a.txt": "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed",
        "out/b.txt": None,
    }


def test_an_ended_trial_leaves_its_environment_record(world: tuple[Runner, JobMaker]) -> None:
    runner, make = world
    job = make(FakeJob(exit_code=3, reason=Reason.COMMAND_FAILED))
    jobs.finished(runner, job)

    record = environment.read((job.results / environment.NAME).read_bytes(), file=environment.NAME)

    assert environment.headlines(environment.flatten(record))["CPU"]
    assert isinstance(record["missing"], dict)


def test_observing_again_gives_the_same_end(world: tuple[Runner, JobMaker]) -> None:
    runner, make = world
    job = make(FakeJob(files={"out/a.txt": "one"}))
    end = jobs.finished(runner, job)

    assert runner.observe(job) == end


def test_second_start_starts_no_second_job(world: tuple[Runner, JobMaker]) -> None:
    runner, make = world
    job = make(FakeJob(log="once\n", forever=True))
    assert runner.start(job) is None

    assert runner.start(job) is None

    jobs.until(lambda: (job.results / "log.txt").read_text() == "once\n")
    runner.stop(job)
    jobs.ended(runner, job)
    assert (job.results / "log.txt").read_text() == "once\n"


def test_start_after_the_end_starts_nothing(world: tuple[Runner, JobMaker]) -> None:
    runner, make = world
    job = make(FakeJob())
    end = jobs.finished(runner, job)

    assert runner.start(job) is None
    assert runner.observe(job) == end


def test_non_zero_exit_is_the_command_that_failed(world: tuple[Runner, JobMaker]) -> None:
    runner, make = world
    job = make(FakeJob(exit_code=3, reason=Reason.COMMAND_FAILED, message="exit code 3"))

    end = jobs.finished(runner, job)

    assert (end.reason, end.exit_code) == (Reason.COMMAND_FAILED, 3)
    assert "exit code 3" in end.message


def test_job_is_running_until_it_is_stopped(world: tuple[Runner, JobMaker]) -> None:
    runner, make = world
    job = make(FakeJob(forever=True))
    runner.start(job)
    assert isinstance(runner.observe(job), Running)

    runner.stop(job)

    end = jobs.ended(runner, job)
    assert isinstance(end, Finished)
    assert end.reason is Reason.CANCELLED
    assert "stopped on request" in end.message


def test_stop_of_what_never_ran_or_has_ended_is_fine(world: tuple[Runner, JobMaker]) -> None:
    runner, make = world
    never, ended = make(FakeJob()), make(FakeJob())
    end = jobs.finished(runner, ended)

    runner.stop(never)
    runner.stop(ended)

    assert runner.observe(ended) == end


def test_job_that_was_never_started_is_lost(world: tuple[Runner, JobMaker]) -> None:
    runner, make = world

    assert isinstance(runner.observe(make(FakeJob())), Lost)
