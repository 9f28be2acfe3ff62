"""What a hostile job does to the machine and to its outputs: contained, named, and the runner goes on."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from tests import jobs
from tests.disks import full
from tests.disks import small_disk as small_disk_at

from reprise.adapters.process.isolation import Isolation
from reprise.adapters.process.quarters import Quarters
from reprise.adapters.process.runner import ProcessRunner
from reprise.domain.run import Reason

MARK = "reprise-hostile-mark"


def marked() -> list[str]:
    """Every process that carries our mark in its command line."""
    done = subprocess.run(
        ("ps", "-ww", "-eo", "args"), capture_output=True, text=True, check=True, timeout=10
    )
    return [line for line in done.stdout.splitlines() if MARK in line]


def test_two_gigabytes_of_output_become_a_log_of_the_allowed_size(quarters: Quarters, state: Path) -> None:
    runner = ProcessRunner(quarters=quarters, log_limit_bytes=1_000_000)
    code = "import os\nblock = b'x' * 1_000_000\nfor i in range(2000):\n    os.write(1, block)\nprint('end')"
    job = jobs.python_job(state, code)

    end = jobs.finished(runner, job, seconds=60)

    assert end.exit_code == 0
    assert end.log_bytes == 2_000_000_004
    assert end.log_cut > 1_998_000_000
    log = (job.results / "log.txt").read_bytes()
    assert len(log) <= 1_000_000
    assert log.endswith(b"end\n")


def test_binary_garbage_and_escape_sequences_are_kept_as_bytes(runner: ProcessRunner, state: Path) -> None:
    garbage = bytes(range(256)) + b"\x1b[2J\x1b]0;title\x07\xff\xfe\x00"
    job = jobs.python_job(state, f"import os\nos.write(1, {garbage!r})")

    assert jobs.finished(runner, job).exit_code == 0
    assert (job.results / "log.txt").read_bytes() == garbage


def test_of_ten_thousand_small_files_a_thousand_are_kept_and_the_rest_is_counted(
    runner: ProcessRunner, state: Path
) -> None:
    code = (
        "import os\nout = os.environ['REPRISE_OUTPUT_DIR']\n"
        "for i in range(10000):\n    open(f'{out}/{i}', 'w').write('x')"
    )
    job = jobs.python_job(state, code)

    end = jobs.finished(runner, job, seconds=60)

    assert end.reason is Reason.COMPLETED
    assert len(list((job.results / "files").iterdir())) == 1000
    assert end.problems["."].startswith("9000 files of the output folder were left out")


def test_outputs_that_are_no_files_are_named_and_never_waited_for(runner: ProcessRunner, state: Path) -> None:
    (state / "token").write_text("secret")
    wanted = jobs.spec(artifacts=("fifo", "link", "null", "inside"))
    code = (
        "import os\nos.mkfifo('fifo')\n"
        f"os.symlink({str(state / 'token')!r}, 'link')\n"
        "os.symlink('/dev/null', 'null')\n"
        "open('real', 'w').write('x')\nos.symlink('real', 'inside')\n"
        "try:\n    os.mknod('device', 0o20666, os.makedev(1, 3))\n"
        "except OSError as error:\n    print(error.strerror)"
    )
    job = jobs.python_job(state, code, wanted)

    end = jobs.finished(runner, job)

    assert end.reason is Reason.COMPLETED
    assert "is a FIFO" in end.problems["fifo"]
    assert "leads out of its folder" in end.problems["link"]
    assert "leads out of its folder" in end.problems["null"]
    assert {path for path, digest in end.artifacts.items() if digest} == {"inside"}
    assert (job.results / "log.txt").read_text() == "Operation not permitted\n"


def test_folder_that_becomes_a_link_takes_nothing_from_elsewhere(runner: ProcessRunner, state: Path) -> None:
    """While the job runs and, by what it leaves behind, until it is ended."""
    (state / "elsewhere").mkdir()
    (state / "elsewhere" / "m.json").write_text("secret")
    code = (
        "import os, sys\n"
        "os.makedirs('results')\nopen('results/m.json', 'w').write('1')\n"
        "print('there', flush=True)\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    while True:\n"
        "        os.rename('results', 'kept')\n"
        f"        os.symlink({str(state / 'elsewhere')!r}, 'results')\n"
        "        os.unlink('results')\n"
        "        os.rename('kept', 'results')\n"
    )
    job = jobs.python_job(state, code, jobs.spec(artifacts=("results/m.json",)))

    end = jobs.finished(runner, job)

    collected = job.results / "files" / "results" / "m.json"
    assert not collected.exists() or collected.read_text() == "1"
    assert end.artifacts["results/m.json"] is None or collected.exists()


def test_daemon_with_nothing_to_know_it_by_is_gone_a_moment_after_the_trial(
    runner: ProcessRunner, state: Path
) -> None:
    code = (
        "import os, signal, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        "        for fd in range(3):\n            os.close(fd)\n"
        "        sleep = 'import time; time.sleep(600)'\n"
        f"        os.execve(sys.executable, [sys.executable, '-c', sleep, '{MARK}'], {{}})\n"
        "    os._exit(0)\n"
        "time.sleep(0.3)\n"
    )
    job = jobs.python_job(state, code)

    assert runner.start(job) is None
    jobs.until(marked)
    assert jobs.ended(runner, job)

    assert marked() == []


def test_job_that_ignores_sigterm_is_ended_at_its_time_limit(runner: ProcessRunner, state: Path) -> None:
    code = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(600)"
    job = jobs.python_job(state, code, jobs.spec(timeout_seconds=0.5))

    began = time.monotonic()
    end = jobs.finished(runner, job)

    assert end.reason is Reason.TIMED_OUT
    assert time.monotonic() - began < 5


def test_fork_bomb_ends_with_its_trial(isolation: Isolation, state: Path) -> None:
    if not isolation.hides:
        assert "none" in isolation.words(0, jobs.spec().environment.network)
        pytest.skip("the number of processes is not limited for root without a user of its own")
    quarters = Quarters(isolation, (state,), max_processes=80)
    runner = ProcessRunner(grace=timedelta(seconds=0.3), quarters=quarters)
    code = (
        "import os, time\nmade = 0\n"
        "try:\n    while True:\n        if os.fork() == 0:\n            time.sleep(600)\n        made += 1\n"
        "except OSError as error:\n    print(error.strerror, made < 80, flush=True)"
    )
    job = jobs.python_job(state, code)

    end = jobs.finished(runner, job)

    assert (job.results / "log.txt").read_text() == "Resource temporarily unavailable True\n"
    assert end.exit_code == 0


def test_more_memory_than_declared_ends_the_job_and_names_the_limit(
    runner: ProcessRunner, state: Path
) -> None:
    code = "import time\nkept = bytearray(300_000_000)\ntime.sleep(600)"
    job = jobs.python_job(state, code, jobs.spec(memory_bytes=200_000_000))

    end = jobs.finished(runner, job)

    assert end.reason is Reason.OUT_OF_MEMORY
    assert "more than the 0.2 GB of `resources.memory`" in end.message
    assert end.peak_memory_bytes > 200_000_000


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A state folder on a disk of 40 MB."""
    with ExitStack() as mounted:
        try:
            mounted.enter_context(small_disk_at(tmp_path / "small"))
        except OSError as error:
            pytest.skip(str(error))
        yield tmp_path / "small"


def test_job_that_fills_the_disk_is_ended_before_the_controller_has_no_room(
    isolation: Isolation, small_disk: Path
) -> None:
    runner = ProcessRunner(grace=timedelta(seconds=0.3), quarters=Quarters(isolation, (small_disk,)))
    code = (
        "import time\nwith open('big', 'wb', buffering=0) as file:\n"
        "    for i in range(200):\n        file.write(b'x' * 200_000)\n        time.sleep(0.02)"
    )
    job = jobs.python_job(small_disk, code, jobs.spec())

    end = jobs.finished(runner, job)

    assert end.reason is Reason.COMMAND_FAILED
    assert "the disk was nearly full" in end.message


def test_disk_that_is_full_at_once_still_has_room_for_the_result(
    isolation: Isolation, small_disk: Path
) -> None:
    runner = ProcessRunner(grace=timedelta(seconds=0.3), quarters=Quarters(isolation, (small_disk,)))
    code = (
        "with open('big', 'wb', buffering=0) as file:\n    while True:\n        file.write(b'x' * 1_000_000)"
    )
    job = jobs.python_job(small_disk, code, jobs.spec())

    end = jobs.finished(runner, job)

    assert end.reason is Reason.COMMAND_FAILED
    assert "the disk was nearly full" in end.message
    assert shutil.disk_usage(small_disk).free > 35_000_000, "the run's end needs room before its release"


def test_disk_that_others_fill_is_not_the_jobs_fault(isolation: Isolation, small_disk: Path) -> None:
    runner = ProcessRunner(grace=timedelta(seconds=0.3), quarters=Quarters(isolation, (small_disk,)))
    job = jobs.python_job(small_disk, "import time\ntime.sleep(60)", jobs.spec())
    assert runner.start(job) is None
    with full(small_disk):
        jobs.until(lambda: (job.folder / "result.json").exists())

    end = jobs.finished(runner, job)

    assert end.reason is Reason.INFRASTRUCTURE
    assert "the disk became full under `python" in end.message


def test_trial_that_is_stopped_or_whose_supervisor_is_killed_leaves_nobody(
    runner: ProcessRunner, state: Path
) -> None:
    for name, stop in (("0-1", True), ("1-1", False)):
        sleeper = (
            f"os.execv(sys.executable, [sys.executable, '-c', 'import time; time.sleep(600)', '{MARK}'])"
        )
        job = jobs.python_job(
            state, f"import os, sys\nos.fork()\nos.setsid() if os.getpid() > 2 else 0\n{sleeper}", name=name
        )
        assert runner.start(job) is None
        jobs.until(lambda: len(marked()) == 2 or None)
        if stop:
            runner.stop(job)
        else:
            os.kill(json.loads((job.folder / "supervisor.json").read_text())["pid"], 9)
        jobs.until(lambda: not marked() or None, seconds=5)
