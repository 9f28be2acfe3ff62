"""A job while it runs: its output, its end, everything that it started. One thread, one loop.

Used by ``supervisor.py``; needs nothing but a Python >= 3.8 and its standard library.
"""

from __future__ import annotations

import os
import resource
import select
import signal
import time
from typing import Any, NamedTuple

from reprise_runner import (
    confinement,
    control_group,
    heartbeat,
    job_files,
    job_log,
    job_processes,
    job_samples,
)

CHUNK = 1 << 16
SETTLE_SECONDS = 1.0
"""After a normal end: how long what the job left behind may finish on its own (a ``tee``, a flush)."""
LEFTOVER_GRACE_SECONDS = 2.0
KILL_SECONDS = 5.0
LOOK_SECONDS = 0.25
"""Between two looks at what the job uses."""
DISK_ROOM = 1 << 30
"""Bytes that a job leaves free on its disk, at most half of what is free when it starts."""
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Job(NamedTuple):
    argv: list[str]
    cwd: str
    env: dict[str, str]
    log: str
    timeout_seconds: float
    grace_seconds: float
    log_limit_bytes: int
    memory_limit_bytes: int | None = None
    confinement: dict[str, Any] = {}  # noqa: RUF012  (a default of a tuple, never changed)
    """The fields of a `confinement.Plan`."""
    group: str = ""
    """Folder of the control group to make for the job; none without."""
    group_limits: dict[str, str] = {}  # noqa: RUF012
    """Its files and what to write there."""
    stream: bool = False
    """Whether our standard output gets what the log gets."""


class Watch:
    """The job while it runs: its output, its end, its descendants. One thread, one loop."""

    def __init__(self, job: Job, log: job_log.Log, folder: str, sampler: job_samples.Sampler) -> None:
        self.job = job
        self.log = log
        self.folder = folder
        self.sampler = sampler
        self.stream = log.stream
        self.pulse = heartbeat.Pulse(folder)
        self.stops = 0
        self.pid = 0
        self.status: int | None = None
        self.ended = 0.0
        self.problems: list[str] = []
        self.refused = (0, 0)
        self.listening = True
        self.report: int | None = None
        self.used = 0
        self.look_at = 0.0
        self.disk_at_start = self.disk_free()
        self.room = min(DISK_ROOM, self.disk_at_start // 2)
        self.output, self.write_end = os.pipe()
        self.wake, wake_end = os.pipe()
        for descriptor in (self.output, self.wake, wake_end):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(wake_end, warn_on_full_buffer=False)
        # Handlers, not SIG_IGN: an exec resets them, so that the job starts with the defaults.
        for number in STOP_SIGNALS:
            signal.signal(number, self.on_stop)
        for number in (signal.SIGCHLD, signal.SIGHUP, signal.SIGQUIT):
            signal.signal(number, lambda *_: None)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        self.poll = select.poll()
        self.poll.register(self.output, select.POLLIN)
        self.poll.register(self.wake, select.POLLIN)
        self.reading = True

    def on_stop(self, *_: object) -> None:
        self.stops += 1

    def run(self) -> dict[str, Any]:
        started_at, started = time.time(), time.monotonic()
        error = self.start()
        if error is not None:
            self.leave_group("not_started")
            return dict(self.facts("not_started", started_at, started), **error)
        outcome = self.wait(started + self.job.timeout_seconds)
        self.sampler.end()
        if outcome == "exited":
            self.wait_until_alone(SETTLE_SECONDS)
            self.end_all(min(self.job.grace_seconds, LEFTOVER_GRACE_SECONDS))
        else:
            self.end_all(self.job.grace_seconds)
        outcome = self.leave_group(outcome)
        self.drain()
        job_files.write_if_room(os.path.join(self.folder, "system-metrics.json"), self.sampler.told())
        if outcome == "disk_full" or (outcome == "exited" and self.status and self.disk_free() <= self.room):
            outcome = "disk_full" if self.filled_the_disk() else "disk_taken"
        return self.facts(outcome, started_at, started)

    def start(self) -> dict[str, str] | None:
        """Start the job; what is wrong when that is not possible."""
        if not os.path.isdir(self.job.cwd):
            return {"error": "workdir_missing", "detail": self.job.cwd}
        try:
            self.make_group()
            command = (self.job.argv, self.job.cwd, self.job.env, self.write_end, self.write_end)
            plan = confinement.Plan(**self.job.confinement)
            self.pid, self.report = confinement.start(plan, confinement.Command(*command))
        except OSError as error:
            path = self.job.env.get("PATH", "")
            word = confinement.explain(error, self.job.argv[0], self.job.cwd, path)
            return {"error": word, "detail": str(error)}
        except ValueError as error:
            return {"error": "exec_failed", "detail": str(error)}
        except confinement.Refused as error:
            return {"error": "not_confined", "detail": str(error)}
        finally:
            os.close(self.write_end)
        if self.report is not None:
            self.poll.register(self.report, select.POLLIN)
        return None

    def make_group(self) -> None:
        if not self.job.group:
            return
        try:
            control_group.make(self.job.group, self.job.group_limits)
        except OSError as error:
            raise confinement.Refused(str(error)) from error

    def leave_group(self, outcome: str) -> str:
        """Nobody stays, wherever it hid; what the kernel counted is kept, and decides for memory."""
        group = self.job.group
        if not group:
            return outcome
        self.used = max(self.used, control_group.peak_bytes(group))
        self.refused = control_group.refused((group,))
        limited = "memory.max" in self.job.group_limits
        ran_out = limited and outcome == "exited" and control_group.ran_out(group)
        if not control_group.end(group, KILL_SECONDS):
            self.problems.append("processes of the job could not be ended")
        self.reap()
        killed = self.status is not None and self.status != 0
        return "memory_exceeded" if ran_out and killed else outcome

    def wait(self, deadline: float) -> str:
        while self.status is None:
            if self.stops:
                return "stopped"
            left = deadline - time.monotonic()
            if left <= 0:
                return "timed_out"
            exceeded = self.exceeded()
            if exceeded:
                return exceeded
            self.sampler.look()
            self.step(min(left, LOOK_SECONDS))
        return "exited"

    def exceeded(self) -> str:
        """Which bound the job has broken, looked at now and then."""
        now = time.monotonic()
        if now < self.look_at:
            return ""
        self.look_at = now + LOOK_SECONDS
        if self.disk_free() < self.room:
            return "disk_full"
        limit = self.job.memory_limit_bytes
        if limit is None or "memory.max" in self.job.group_limits:
            return ""
        self.used = max(self.used, job_processes.memory_bytes())
        return "memory_exceeded" if self.used > limit else ""

    def disk_free(self) -> int:
        try:
            about = os.statvfs(os.path.dirname(self.job.log))
        except OSError:
            return DISK_ROOM
        return about.f_bavail * about.f_frsize if about.f_blocks else DISK_ROOM

    def filled_the_disk(self) -> bool:
        """Whether the job holds a megabyte, and most of what the disk has lost since the start."""
        own = job_files.disk_bytes(self.folder) + min(self.log.total, self.job.log_limit_bytes)
        return own >= 1 << 20 and own * 2 >= self.disk_at_start - self.disk_free()

    def step(self, seconds: float) -> None:
        """Wait for output or a signal, at most so long; then read and reap."""
        self.pulse.beat()
        self.attend()
        for descriptor, _ in self.poll.poll(seconds * 1000 + 1):
            if descriptor == self.wake:
                os.read(self.wake, CHUNK)
            elif descriptor == self.report:
                self.hear()
            elif descriptor == self.output:
                self.read()
            elif self.stream is not None:
                self.stream.flush()
        self.reap()

    def attend(self) -> None:
        """While nobody takes the stream, the job's output waits; its time goes on."""
        stream = self.stream
        if stream is None:
            return
        if self.listening and self.reading == stream.full:
            self.reading = not stream.full
            if self.reading:
                self.poll.register(self.output, select.POLLIN)
            else:
                self.poll.unregister(self.output)
        stream.watch(self.poll)

    def hear(self) -> None:
        """How the job ended, from its init; one that died without a word took the job with it."""
        if self.report is None:
            return
        told = confinement.read_message(self.report)
        if told is not None:
            self.status, self.ended = told["status"], time.monotonic()
        self.poll.unregister(self.report)
        os.close(self.report)
        self.report = None

    def read(self) -> bool:
        """Take one chunk of output. False when there is none now."""
        try:
            data = os.read(self.output, CHUNK)
        except BlockingIOError:
            return False
        except OSError as error:
            self.problems.append(f"the job's output could not be read on: {error.strerror}")
            data = b""
        if not data:
            self.listening = False
            if self.reading:
                self.poll.unregister(self.output)
            return False
        self.log.write(data)
        return True

    def reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self.pid:
                self.hear()
                if self.status is None:
                    self.status, self.ended = status, time.monotonic()

    def drain(self) -> None:
        """Everything that is still in the pipe; nobody of ours can write to it any more."""
        while self.listening and self.read():
            pass

    def wait_until_alone(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while job_processes.descendants():
            left = deadline - time.monotonic()
            if left <= 0 or self.stops > 1:
                return False
            self.step(min(left, 0.02))
        return True

    def end_all(self, grace: float) -> None:
        """TERM, then KILL, for every descendant, also one in a session of its own."""
        job_processes.send(signal.SIGTERM)
        if self.wait_until_alone(grace):
            return
        deadline = time.monotonic() + KILL_SECONDS
        while job_processes.send(signal.SIGKILL):
            if time.monotonic() > deadline:
                left = len(job_processes.descendants())
                self.problems.append(f"{left} processes of the job could not be ended")
                return
            self.step(0.005)

    def facts(self, outcome: str, started_at: float, started: float) -> dict[str, Any]:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        killed_by = os.WTERMSIG(self.status) if self.status and os.WIFSIGNALED(self.status) else None
        code = os.WEXITSTATUS(self.status) if self.status is not None and not killed_by else None
        if self.stream is not None:  # this is the first process of a container
            self.refused = control_group.refused(control_group.CONTAINER)
        return {
            "outcome": outcome,
            "error": None,
            "detail": "",
            "exit_code": 128 + killed_by if killed_by else code,
            "signal": killed_by,
            "started_at": started_at,
            "seconds": max(0.0, (self.ended or time.monotonic()) - started),
            "cpu_seconds": usage.ru_utime + usage.ru_stime,
            "peak_memory_bytes": max(usage.ru_maxrss * 1024, self.used),
            "processes_refused": self.refused[0],
            "processes_bound": self.refused[1],
            "problems": self.problems,
        }
