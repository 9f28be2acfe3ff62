"""Runs one job, owns everything the job starts, and outlives whoever started it.

Started as ``runner.pyz trial [--detach] FOLDER``: on the controller's machine by its runner, in a container
as its first process. It needs nothing but a Python >= 3.8 and its standard library, because it is also sent
to places where Reprise is not installed.

FOLDER holds, or comes to hold:

- ``job.json``: what to run (see `Job`), written by the starter
- ``claim``: created exclusively, so that a folder's job is started once, whoever asks
- ``supervisor.json``: who we are (pid, start time, boot), written before the job starts, for adoption
- ``heartbeat``: a number that grows every few seconds as long as we live (see `heartbeat`)
- ``log.tail``: the end of a log that is too long, until it is put behind its head
- ``system-metrics.json``: what machine and job used meanwhile (see `job_samples`), if there was room for it
- ``machine.json``, ``nvidia-smi.xml``: what the machine is (see `capture`), if there was room for it
- ``result.json``: what happened, facts only, written atomically as the last act

SIGTERM stops the job like a timeout does; a second one skips the grace. What we exit with is in `exit_codes`.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import time
from typing import Any

from reprise_runner import confinement, exit_codes, job_files, job_gpus, job_log, job_processes, job_samples
from reprise_runner.stream import Stream
from reprise_runner.watch import STOP_SIGNALS, Job, Watch

PR_SET_CHILD_SUBREAPER = 36


def main(arguments: list[str]) -> int:
    folder = os.path.abspath(arguments[-1])
    ready = detach() if "--detach" in arguments else None
    os.chdir("/")
    if not claim(folder):
        print(f"the job in {folder} was started before", file=sys.stderr)
        return exit_codes.NO_TRIAL
    # Whoever can find us can stop us: such a signal waits until it is understood.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    job_files.write_json(os.path.join(folder, "supervisor.json"), identity())
    if ready is not None:
        os.write(ready, b"1")
        close_inherited()
    return exit_codes.of(supervise(folder))


def detach() -> int:
    """Continue in a child with a session of its own; the parent leaves once the child says so.

    Returns the descriptor to write one byte to.
    """
    reader, writer = os.pipe()
    if os.fork():
        os.close(writer)
        os._exit(0 if os.read(reader, 1) else 1)
    os.close(reader)
    os.setsid()
    return writer


def close_inherited() -> None:
    """The starter's lock among them: from here on we are found by our file."""
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2:
            try:
                os.close(int(name))
            except OSError:
                continue  # the one that listed them


def claim(folder: str) -> bool:
    try:
        os.close(os.open(os.path.join(folder, "claim"), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return False
    return True


def identity() -> dict[str, Any]:
    with open("/proc/sys/kernel/random/boot_id") as file:
        boot = file.read().strip()
    with open("/proc/self/stat") as file:
        ticks = int(file.read().rpartition(")")[2].split()[19])
    return {"pid": os.getpid(), "start_ticks": ticks, "boot_id": boot, "started_at": time.time()}


def supervise(folder: str) -> dict[str, Any]:
    """Run the job of this folder to its end; the facts, as they are in ``result.json``."""
    with open(os.path.join(folder, "job.json")) as file:
        job = Job(**json.load(file))
    reserve = job_files.reserve_room(os.path.join(folder, "result.json"))
    gpus = job_gpus.start()  # before orphans come to us: it is none of the job's processes
    confinement.prctl(PR_SET_CHILD_SUBREAPER, 1)
    os.umask(0o022)
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    stream = Stream(sys.stdout.fileno()) if job.stream else None
    log = job_log.Log(job.log, os.path.join(folder, "log.tail"), job.log_limit_bytes, stream)
    sampler = job_samples.Sampler(os.path.dirname(job.log), job_processes.used, gpus)
    facts = Watch(job, log, folder, sampler).run()
    log.close()
    facts.update(log_bytes=log.total, log_cut=log.cut)
    facts["problems"] = [*log.problems, *facts["problems"]]
    capture_machine(folder, facts["started_at"])
    job_files.write_durably(os.path.join(folder, "result.json"), facts, reserve)
    return facts


def capture_machine(folder: str, since: float) -> None:
    try:
        from reprise_runner import capture  # late: no job waits for what is needed at its end
    except (ImportError, OSError):
        return  # somebody removed our file meanwhile; the result matters more
    capture.write(folder, since)
