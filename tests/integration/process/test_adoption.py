"""A trial outlives its controller, is never started twice, and is lost only with its supervisor."""

import json
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests import jobs
from tests.integration.process.test_supervision import exists

from reprise.adapters.process.provider import ProcessProvider
from reprise.adapters.process.runner import ProcessRunner
from reprise.domain.errors import Retryable
from reprise.domain.run import Reason
from reprise.jobs import runner_file
from reprise.ports import Allocation, Finished, JobRequest, Lost, Running
from reprise_runner import exit_codes
from reprise_runner.watch import Job

CONTROLLER = """
import os, pickle, sys, time
from pathlib import Path
from reprise.adapters.process.runner import ProcessRunner
ProcessRunner().start(pickle.loads(Path(sys.argv[1]).read_bytes()))
print("started", flush=True)
time.sleep(600)
"""

WAITS_FOR_FILE = """
import os, time
from pathlib import Path
print(os.getpid())
while not Path("go").exists():
    time.sleep(0.02)
Path("m.json").write_text("1")
"""


@pytest.fixture
def job(tmp_path: Path) -> Iterator[JobRequest]:
    job = jobs.python_job(tmp_path, WAITS_FOR_FILE, jobs.spec(artifacts=("m.json",)))
    yield job
    ProcessRunner().stop(job)


def trial_in(folder: Path, cache: Path) -> tuple[str, ...]:
    return sys.executable, "-I", "-S", str(runner_file.ensure(cache)), "trial", str(folder)


def supervisor_pid(job: JobRequest) -> int:
    return int(json.loads((job.folder / "supervisor.json").read_text())["pid"])


def job_pid(job: JobRequest) -> int:
    return int(jobs.until(lambda: (job.results / "log.txt").read_text() or None))


def test_job_of_a_killed_controller_is_adopted(job: JobRequest, tmp_path: Path) -> None:
    (tmp_path / "job").write_bytes(pickle.dumps(job))
    command = (sys.executable, "-c", CONTROLLER, str(tmp_path / "job"))
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as controller:
        assert controller.stdout is not None
        assert controller.stdout.readline() == b"started\n"
        os.killpg(controller.pid, signal.SIGKILL)
    pid = supervisor_pid(job)
    runner = ProcessRunner()

    assert runner.start(job) is None
    assert supervisor_pid(job) == pid
    assert isinstance(runner.observe(job), Running)

    (job.tree / "go").touch()
    end = jobs.ended(runner, job)
    assert isinstance(end, Finished)
    assert end.reason is Reason.COMPLETED
    assert end.artifacts["m.json"] is not None


def test_many_starts_at_once_start_one_job(job: JobRequest) -> None:
    with ThreadPoolExecutor(max_workers=8) as pool:
        answers = list(pool.map(lambda _: ProcessRunner().start(job), range(8)))
    (job.tree / "go").touch()
    jobs.ended(ProcessRunner(), job)

    assert answers == [None] * 8
    assert len((job.results / "log.txt").read_text().splitlines()) == 1


def test_killed_supervisor_loses_the_job_and_leaves_no_process(job: JobRequest) -> None:
    runner = ProcessRunner()
    runner.start(job)
    pid = job_pid(job)

    os.kill(supervisor_pid(job), signal.SIGKILL)

    end = jobs.ended(runner, job)
    assert isinstance(end, Lost)
    assert "supervisor is gone" in end.message
    jobs.until(lambda: not exists(pid) or None)
    assert runner.start(job) is None
    assert isinstance(runner.observe(job), Lost)


def test_job_does_not_outlive_its_supervisor(job: JobRequest) -> None:
    ProcessRunner().start(job)
    pid = job_pid(job)

    os.kill(supervisor_pid(job), signal.SIGKILL)

    jobs.until(lambda: not exists(pid) or None)


def test_folder_has_one_supervisor_whoever_starts_another(job: JobRequest) -> None:
    ProcessRunner().start(job)
    pid = supervisor_pid(job)

    second = subprocess.run(trial_in(job.folder, job.folder), timeout=30, check=False)

    assert second.returncode == exit_codes.NO_TRIAL
    assert supervisor_pid(job) == pid


def test_stop_before_the_job_starts_is_a_stop_not_a_loss(tmp_path: Path) -> None:
    folder = tmp_path / "trial"
    folder.mkdir()
    os.mkfifo(folder / "job.json")  # the supervisor waits here, between its file and its job
    feed = os.open(folder / "job.json", os.O_RDWR)
    with subprocess.Popen(trial_in(folder, tmp_path)) as supervisor:
        jobs.until(lambda: (folder / "supervisor.json").exists() or None)

        supervisor.terminate()
        values = ("sleep", "600"), "/", {"PATH": os.defpath}, str(tmp_path / "log.txt"), 600, 5, 1000
        os.write(feed, json.dumps(dict(zip(Job._fields, values, strict=False))).encode())
        os.close(feed)

        assert supervisor.wait(timeout=15) == exit_codes.STOPPED
    assert json.loads((folder / "result.json").read_text())["outcome"] == "stopped"


def test_supervisor_of_another_boot_or_another_process_is_not_adopted(job: JobRequest) -> None:
    job.results.mkdir(parents=True)
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    with subprocess.Popen(("sleep", "600")) as other:
        for change in ({"boot_id": "another"}, {"start_ticks": 1}):
            said = {"pid": other.pid, "start_ticks": 1, "boot_id": boot, "started_at": 1.0} | change
            (job.folder / "supervisor.json").write_text(json.dumps(said))

            assert isinstance(ProcessRunner().observe(job), Lost)
            ProcessRunner().stop(job)

        assert other.poll() is None
        other.kill()


def test_collection_that_was_interrupted_is_done_again(job: JobRequest) -> None:
    runner = ProcessRunner()
    runner.start(job)
    (job.tree / "go").touch()
    jobs.until(lambda: (job.folder / "result.json").exists() or None)
    (job.results / "files").mkdir()
    (job.results / "files" / "m.json").write_text("half")

    end = jobs.ended(runner, job)

    assert isinstance(end, Finished)
    assert (job.results / "files" / "m.json").read_text() == "1"


def test_end_is_known_after_the_machine_was_given_back(job: JobRequest, tmp_path: Path) -> None:
    runner, provider = ProcessRunner(), ProcessProvider(tmp_path)
    provider.request(jobs.RUN_ID, job.spec)
    (job.tree / "go").touch()
    end = jobs.finished(runner, job)

    provider.release(jobs.RUN_ID)

    assert not job.folder.exists()
    assert runner.observe(job) == end
    assert runner.start(job) is None
    assert not job.folder.exists()


def test_release_ends_what_still_runs_and_removes_what_jobs_made_read_only(tmp_path: Path) -> None:
    provider = ProcessProvider(tmp_path)
    provider.request(jobs.RUN_ID, jobs.spec())
    allocation = provider.observe(jobs.RUN_ID)
    assert isinstance(allocation, Allocation)
    code = (
        "import os, time\nos.makedirs('a/b')\nopen('a/b/c', 'w').close()\n"
        "os.chmod('a/b', 0o500)\nos.chmod('a', 0)\n"
        "for i in range(1500):\n    os.mkdir('d' * 10)\n    os.chdir('d' * 10)\n"
        "print(os.getpid())\ntime.sleep(600)"
    )
    job = jobs.python_job(tmp_path, code)
    ProcessRunner().start(job)
    pid = job_pid(job)

    provider.release(jobs.RUN_ID)

    assert not exists(pid)
    assert not Path(allocation.folder).exists()
    assert provider.owned() == ()


def test_forged_result_is_no_result(job: JobRequest) -> None:
    job.results.mkdir(parents=True)
    (job.folder / "result.json").write_text('{"outcome": "exited", "exit_code": 0}')

    end = ProcessRunner().observe(job)

    assert isinstance(end, Lost)
    assert "cannot be used" in end.message


def test_place_where_nothing_can_be_written_is_worth_another_try(tmp_path: Path) -> None:
    job = jobs.python_job(tmp_path, "")
    job.results.parent.parent.mkdir(parents=True)
    job.results.parent.write_text("in the way")

    with pytest.raises(Retryable, match="could not be started"):
        ProcessRunner().start(job)
