"""Limits by control group, on whatever of them this kernel gives away; the rest is named and skipped.

All of them need a machine with version 2 only, as distributions start it by default.
"""

import subprocess
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests import jobs

from reprise.adapters.process import groups, processes
from reprise.adapters.process.groups import Groups
from reprise.adapters.process.isolation import NONE
from reprise.adapters.process.provider import ProcessProvider
from reprise.adapters.process.quarters import Quarters
from reprise.adapters.process.runner import ProcessRunner
from reprise.domain.run import Reason
from reprise.ports import JobRequest, Lost, Running
from reprise_runner import control_group

pytestmark = pytest.mark.skipif(
    groups.find().jobs is None, reason="control groups are not ours to divide here"
)


@pytest.fixture(scope="module")
def found() -> Groups:
    return groups.find()


@pytest.fixture
def limited(quarters: Quarters, found: Groups) -> Quarters:
    return replace(quarters, groups=found, max_processes=40)


@pytest.fixture
def runner(limited: Quarters) -> ProcessRunner:
    return ProcessRunner(grace=timedelta(seconds=0.3), quarters=limited)


def _needs(found: Groups, controller: str) -> None:
    if controller not in found.controllers:
        pytest.skip(f"the controller {controller} is not free here: {found.words(root=False)}")


def _folder(found: Groups, job: JobRequest) -> Path:
    folder = found.of(job.folder)
    assert folder is not None
    return folder


def _as_we_are(limited: Quarters) -> Quarters:
    return replace(limited, isolation=NONE)


def _until_it_says(job: JobRequest, word: str) -> None:
    deadline = time.monotonic() + 30
    while word not in (job.results / "log.txt").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_job_runs_in_a_group_of_its_own_which_goes_with_it(
    runner: ProcessRunner, state: Path, found: Groups
) -> None:
    job = jobs.python_job(state, "print(open('/proc/self/cgroup').read())", jobs.spec())
    end = jobs.finished(runner, job)
    assert end.reason is Reason.COMPLETED
    assert _folder(found, job).name in (job.results / "log.txt").read_text()
    assert not _folder(found, job).exists()


def test_what_a_killed_supervisor_leaves_is_found_by_its_group(
    limited: Quarters, runner: ProcessRunner, state: Path, found: Groups
) -> None:
    """Without namespaces nothing else would know a process that cleared its environment."""
    plain = ProcessRunner(quarters=_as_we_are(limited))
    code = (
        "import os, sys\n"
        "if os.fork(): print('there', flush=True)\n"
        "else: os.setsid()\n"
        "os.execve(sys.executable, [sys.executable, '-c', 'import time; time.sleep(600)'], {})\n"
    )
    job = jobs.python_job(state, code, jobs.spec())
    assert plain.start(job) is None
    _until_it_says(job, "there")
    supervisor = processes.read_supervisor(job.folder)
    assert supervisor is not None
    subprocess.run(("kill", "-KILL", str(supervisor.pid)), check=True)
    deadline = time.monotonic() + 20
    while isinstance(seen := plain.observe(job), Running):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert isinstance(seen, Lost)
    assert not _folder(found, job).exists(), "a group with somebody in it cannot be removed"


def test_release_removes_the_group_of_a_crashed_life(state: Path, found: Groups) -> None:
    provider = ProcessProvider(state, groups=found)
    job = jobs.python_job(state, "pass", jobs.spec())
    run_folder = job.folder.parent.parent
    assert run_folder.parent == state / "work"
    folder = _folder(found, job)
    control_group.make(str(folder), {})
    with subprocess.Popen(("sleep", "600")) as left:
        control_group.write(str(folder), "cgroup.procs", str(left.pid))
        provider.release(job.run_id)
        assert left.wait(5) == -9
    assert not folder.exists()


def test_memory_is_bounded_by_the_kernel_and_the_peak_is_its_own(
    runner: ProcessRunner, state: Path, found: Groups
) -> None:
    _needs(found, "memory")
    code = "held = [bytearray(20_000_000) for _ in range(40)]"
    job = jobs.python_job(state, code, jobs.spec(memory_bytes=200_000_000))
    end = jobs.finished(runner, job)
    assert end.reason is Reason.OUT_OF_MEMORY
    assert "0.2 GB of `resources.memory`" in end.message
    assert 100_000_000 < end.peak_memory_bytes <= 200_000_000


def test_a_worker_that_runs_out_of_memory_ends_the_whole_job(
    runner: ProcessRunner, state: Path, found: Groups
) -> None:
    _needs(found, "memory")
    code = (
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    held = [bytearray(20_000_000) for _ in range(40)]\n"
        "time.sleep(600)\n"
    )
    end = jobs.finished(runner, jobs.python_job(state, code, jobs.spec(memory_bytes=200_000_000)))
    assert end.reason is Reason.OUT_OF_MEMORY


def test_processes_are_bounded_also_for_root(limited: Quarters, state: Path, found: Groups) -> None:
    _needs(found, "pids")
    code = (
        "import os, time\n"
        "made = 0\n"
        "try:\n"
        "    while made < 200:\n"
        "        if os.fork() == 0: time.sleep(600)\n"
        "        made += 1\n"
        "except OSError as error: print(made, error.strerror, flush=True)\n"
    )
    job = jobs.python_job(state, code, jobs.spec())
    end = jobs.finished(ProcessRunner(grace=timedelta(seconds=0.3), quarters=_as_we_are(limited)), job)
    said = (job.results / "log.txt").read_text()
    assert end.reason is Reason.COMPLETED
    assert int(said.split()[0]) <= 40
    assert "temporarily unavailable" in said


def test_granted_cores_are_all_that_a_job_gets(runner: ProcessRunner, state: Path, found: Groups) -> None:
    _needs(found, "cpu")
    code = (
        "import os, time\n"
        "children = [pid for _ in range(4) if (pid := os.fork()) == 0 or pid]\n"
        "end = time.monotonic() + 2\n"
        "while time.monotonic() < end: pass\n"
    )
    job = replace(jobs.python_job(state, code, jobs.spec()), cpus=1)
    end = jobs.finished(runner, job)
    assert end.cpu_seconds <= end.seconds * 1.3 + 0.5
