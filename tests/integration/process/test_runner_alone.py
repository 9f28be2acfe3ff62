"""The runner's file by itself, as the first process of a container runs it: its output and its exit code."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests import jobs

from reprise.jobs import runner_file
from reprise_runner import exit_codes


def command(cache: Path) -> tuple[str, ...]:
    return sys.executable, "-I", "-S", str(runner_file.ensure(cache)), "trial"


def laid_out(root: Path, script: str, **changes: Any) -> Path:
    """A folder with a job that runs this in a shell."""
    folder = root / "trial"
    folder.mkdir()
    told = {
        "argv": ["/bin/sh", "-c", script],
        "cwd": "/",
        "env": {"PATH": os.defpath},
        "log": str(folder / "log.txt"),
        "timeout_seconds": 30,
        "grace_seconds": 0.5,
        "log_limit_bytes": 100_000,
        "stream": True,
    }
    (folder / "job.json").write_text(json.dumps({**told, **changes}))
    return folder


def run(root: Path, folder: Path) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run((*command(root), str(folder)), capture_output=True, timeout=60, check=False)


def facts(folder: Path) -> Any:
    return json.loads((folder / "result.json").read_text())


def test_its_output_is_the_log_and_its_code_the_jobs(tmp_path: Path) -> None:
    folder = laid_out(tmp_path, "echo out; echo err >&2; exit 7")

    done = run(tmp_path, folder)

    assert (done.returncode, done.stdout) == (7, b"out\nerr\n")
    assert (folder / "log.txt").read_bytes() == done.stdout
    assert facts(folder)["outcome"] == "exited"
    assert json.loads((folder / "machine.json").read_text())["os"]["kernel"] == os.uname().release


def test_a_long_log_streams_its_head_the_note_and_its_end(tmp_path: Path) -> None:
    folder = laid_out(tmp_path, "seq 1 200000")

    done = run(tmp_path, folder)

    assert done.stdout == (folder / "log.txt").read_bytes()
    assert b"bytes left out here]" in done.stdout
    assert done.stdout.endswith(b"\n200000\n")


@pytest.mark.parametrize(
    ("changes", "code", "outcome"),
    [
        ({"argv": ["/nowhere/python"]}, exit_codes.NOT_FOUND, "not_started"),
        ({"argv": ["/etc/passwd"]}, exit_codes.NOT_EXECUTABLE, "not_started"),
        ({"cwd": "/nowhere"}, exit_codes.NO_TRIAL, "not_started"),
        ({"timeout_seconds": 0.2}, exit_codes.TIMED_OUT, "timed_out"),
        ({"memory_limit_bytes": 1}, exit_codes.OUT_OF_MEMORY, "memory_exceeded"),
        ({"argv": ["/bin/sh", "-c", "kill -9 $$"]}, 128 + 9, "exited"),
    ],
)
def test_its_code_says_how_it_ended(tmp_path: Path, changes: Any, code: int, outcome: str) -> None:
    folder = laid_out(tmp_path, "sleep 20", **changes)

    assert run(tmp_path, folder).returncode == code
    assert facts(folder)["outcome"] == outcome


def test_a_job_that_cannot_be_understood_is_no_trial(tmp_path: Path) -> None:
    folder = laid_out(tmp_path, "true", unheard_of=1)

    done = run(tmp_path, folder)

    assert done.returncode == exit_codes.NO_TRIAL
    assert b"unheard_of" in done.stderr
    assert not (folder / "result.json").exists()


def test_a_stop_gives_the_job_its_grace(tmp_path: Path) -> None:
    script = "trap 'echo saving; exit 0' TERM; echo ready; while :; do sleep 0.05; done"
    folder = laid_out(tmp_path, script, grace_seconds=10)
    with subprocess.Popen((*command(tmp_path), str(folder)), stdout=subprocess.PIPE) as runner:
        assert runner.stdout is not None
        assert runner.stdout.readline() == b"ready\n"
        runner.send_signal(signal.SIGTERM)

        assert b"saving\n" in runner.stdout.read()
        assert runner.wait(timeout=15) == exit_codes.STOPPED


def test_a_reader_that_hangs_does_not_hold_up_the_jobs_time(tmp_path: Path) -> None:
    """A megabyte waits for it; the rest of the job's output waits in the job."""
    folder = laid_out(tmp_path, "yes", timeout_seconds=1, log_limit_bytes=50_000_000)
    with subprocess.Popen((*command(tmp_path), str(folder)), stdout=subprocess.PIPE) as runner:
        processes = jobs.until(lambda: (folder / "system-metrics.json").exists() or None)
        assert processes  # the job has ended, the runner has not

        assert runner.stdout is not None
        streamed = runner.stdout.read()
        assert runner.wait(timeout=15) == exit_codes.TIMED_OUT
    told = facts(folder)
    assert told["log_bytes"] == len(streamed) < 4_000_000
    assert told["problems"] == []
    assert int((folder / "heartbeat").read_text().split()[0]) > 0


def test_as_first_process_it_reaps_what_is_left_and_ends_everything(tmp_path: Path) -> None:
    own_pids = (shutil.which("unshare") or "unshare", "--pid", "--fork", "--mount-proc")
    if subprocess.run((*own_pids, "true"), capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine does not let us have a process namespace")
    stays = "setsid sh -c 'trap \"\" TERM; sleep 600 & sleep 600' &"
    script = f"{stays} (true &) ; sleep 0.2; cat /proc/1/comm"
    folder = laid_out(tmp_path, script)

    done = subprocess.run(
        (*own_pids, *command(tmp_path), str(folder)), capture_output=True, timeout=60, check=False
    )

    assert done.returncode == 0
    assert b"python" in done.stdout
    assert json.loads((folder / "supervisor.json").read_text())["pid"] == 1
    assert facts(folder)["problems"] == []
