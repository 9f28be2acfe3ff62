"""Real jobs under the real supervisor: output, time limits, leftovers, memory."""

import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests import jobs

from reprise.adapters.process.runner import LOG_LIMIT_BYTES, ProcessRunner
from reprise.domain.run import Reason
from reprise.ports import JobRequest, Running

DAEMON = """
(env -i PATH=/usr/bin:/bin setsid sh -c '
  trap "" TERM; echo $$ > daemon.new; mv daemon.new daemon.pid; sleep 600; true' &)
while [ ! -e daemon.pid ]; do sleep 0.01; done
"""
"""Starts what tries to survive: another session, another parent, an empty environment, no TERM."""


def exists(pid: int) -> bool:
    """Whether a process of this id lives; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def runner() -> ProcessRunner:
    return ProcessRunner(grace=timedelta(seconds=0.3))


@pytest.fixture
def running(runner: ProcessRunner) -> Iterator[list[JobRequest]]:
    """Jobs to end when the test is over, however it ends."""
    made: list[JobRequest] = []
    yield made
    for job in made:
        runner.stop(job)


def test_first_line_is_visible_while_the_job_runs(
    runner: ProcessRunner, running: list[JobRequest], tmp_path: Path
) -> None:
    job = jobs.python_job(tmp_path, "import time\nprint('first')\ntime.sleep(600)")
    running.append(job)
    runner.start(job)

    jobs.until(lambda: (job.results / "log.txt").read_text() == "first\n" or None)

    assert isinstance(runner.observe(job), Running)


def test_stdout_and_stderr_are_one_log_and_stdin_is_empty(runner: ProcessRunner, tmp_path: Path) -> None:
    code = "import sys\nprint('out')\nprint('err', file=sys.stderr)\nprint(repr(sys.stdin.read()))"
    job = jobs.python_job(tmp_path, code)

    jobs.finished(runner, job)

    assert (job.results / "log.txt").read_text() == "out\nerr\n''\n"


def test_timeout_ends_a_job_that_ignores_term_and_its_daemon(runner: ProcessRunner, tmp_path: Path) -> None:
    code = DAEMON + "trap 'echo not yet' TERM; echo waiting; while :; do sleep 600; done"
    job = jobs.job(tmp_path, jobs.spec("sh", "-c", code, timeout_seconds=1))

    end = jobs.finished(runner, job)

    assert end.reason is Reason.TIMED_OUT
    assert "did not end within 1 s: raise `run.timeout`" in end.message
    assert end.exit_code == 137
    assert 1 <= end.seconds < 6
    assert "waiting\n" in (job.results / "log.txt").read_text()
    assert "not yet\n" in (job.results / "log.txt").read_text()
    assert not exists(daemon_pid(job))


def test_job_may_save_its_work_within_the_grace(tmp_path: Path) -> None:
    code = (
        "import signal, sys, time\n"
        "def end(*_):\n    print('saved')\n    sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end)\nprint('ready')\ntime.sleep(600)"
    )
    runner, job = ProcessRunner(), jobs.python_job(tmp_path, code)
    runner.start(job)
    jobs.until(lambda: (job.results / "log.txt").read_text() == "ready\n" or None)

    runner.stop(job)

    assert (job.results / "log.txt").read_text() == "ready\nsaved\n"


def test_daemon_does_not_outlive_a_job_that_ended_well(runner: ProcessRunner, tmp_path: Path) -> None:
    job = jobs.job(tmp_path, jobs.spec("sh", "-c", DAEMON))

    end = jobs.finished(runner, job)

    assert end.reason is Reason.COMPLETED
    assert not exists(daemon_pid(job))


def test_process_whose_first_thread_ended_is_ended_too(runner: ProcessRunner, tmp_path: Path) -> None:
    code = (
        "import ctypes, os, threading, time\n"
        "if os.fork() == 0:\n"
        "    threading.Thread(target=time.sleep, args=(600,)).start()\n"
        "    open('pid', 'w').write(str(os.getpid()))\n"
        "    exit_thread = {'x86_64': 60, 'aarch64': 93}[os.uname().machine]\n"
        "    ctypes.CDLL(None).syscall(exit_thread, 0)\n"
        "while not os.path.exists('pid'): time.sleep(0.01)\n"
    )
    job = jobs.python_job(tmp_path, code)

    jobs.finished(runner, job)

    assert not Path("/proc", (job.tree / "pid").read_text()).exists()


def test_short_work_in_the_background_may_finish(runner: ProcessRunner, tmp_path: Path) -> None:
    wanted = jobs.spec("sh", "-c", "(sleep 0.2; echo late > late.txt) & echo done", artifacts=("late.txt",))
    job = jobs.job(tmp_path, wanted)

    end = jobs.finished(runner, job)

    assert end.artifacts["late.txt"] is not None


def test_stop_ends_job_and_daemon_within_its_bound(runner: ProcessRunner, tmp_path: Path) -> None:
    job = jobs.job(tmp_path, jobs.spec("sh", "-c", DAEMON + "sleep 600; true"))
    runner.start(job)
    jobs.until(lambda: (job.tree / "daemon.pid").exists() or None)
    began = time.monotonic()

    runner.stop(job)

    assert time.monotonic() - began < 15
    assert not exists(daemon_pid(job))
    assert jobs.ended(runner, job)


def test_output_beyond_the_limit_keeps_head_and_tail(runner: ProcessRunner, tmp_path: Path) -> None:
    line_bytes, lines = 1000, 65_000
    code = f"import sys\nfor i in range({lines}): sys.stdout.write(f'{{i:0{line_bytes - 1}d}}\\n')"
    job = jobs.python_job(
        tmp_path, code.replace("for i", "sys.stdout.reconfigure(write_through=False)\nfor i")
    )

    end = jobs.finished(runner, job)

    log = job.results / "log.txt"
    assert log.stat().st_size <= LOG_LIMIT_BYTES
    assert log.stat().st_size > LOG_LIMIT_BYTES - 1000
    assert end.log_bytes == line_bytes * lines
    assert 15_000_000 <= end.log_cut <= 15_001_000
    with log.open("rb") as file:
        assert int(file.readline()) == 0
        file.seek(-line_bytes, os.SEEK_END)
        assert int(file.readline()) == lines - 1
    assert f"[reprise: {end.log_cut} bytes left out here]".encode() in log.read_bytes()


def test_memory_and_processor_time_are_those_of_the_job(runner: ProcessRunner, tmp_path: Path) -> None:
    code = (
        "import time\nx = b'x' * 150_000_000\nend = time.process_time() + 0.3\n"
        "while time.process_time() < end: pass"
    )
    job = jobs.python_job(tmp_path, code)

    end = jobs.finished(runner, job)

    assert 150_000_000 < end.peak_memory_bytes < 250_000_000
    assert 0.3 <= end.cpu_seconds < 3


def test_job_that_is_killed_from_outside_says_most_likely_out_of_memory(
    runner: ProcessRunner, tmp_path: Path
) -> None:
    job = jobs.python_job(tmp_path, "import os\nos.kill(os.getpid(), 9)")

    end = jobs.finished(runner, job)

    assert (end.reason, end.exit_code) == (Reason.OUT_OF_MEMORY, 137)
    assert "most likely out of memory" in end.message


def test_worker_processes_find_room_for_their_sockets(runner: ProcessRunner, tmp_path: Path) -> None:
    code = (
        "import multiprocessing\n"
        "if __name__ == '__main__':\n"
        "    with multiprocessing.Manager() as manager:\n"
        "        print(manager.list([1, 2]))"
    )
    job = jobs.python_job(tmp_path / ("deep" * 20), code)

    end = jobs.finished(runner, job)

    assert end.reason is Reason.COMPLETED, (job.results / "log.txt").read_text()


def daemon_pid(job: JobRequest) -> int:
    return int((job.tree / "daemon.pid").read_text())
