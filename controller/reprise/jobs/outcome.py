"""What a supervisor's facts mean: a reason and a sentence for the author. Pure; called by the runner."""

import shlex
import signal
from datetime import timedelta
from typing import Literal, assert_never

from pydantic import BaseModel, ConfigDict, Field

from reprise.domain.run import Reason
from reprise.domain.spec.model import RunRule

SHOWN_COMMAND = 80
MAX_EPOCH = 32_503_680_000
"""The year 3000, in seconds: what a date can hold."""

MAX_COUNT = 1 << 62


class Facts(BaseModel):
    """A supervisor's ``result.json``. The job could have written there: nothing in it is believed
    beyond its type."""

    model_config = ConfigDict(frozen=True, strict=True, allow_inf_nan=False)

    outcome: Literal[
        "exited",
        "timed_out",
        "stopped",
        "memory_exceeded",
        "disk_full",
        "disk_taken",
        "disk_exceeded",
        "idle",
        "not_started",
    ]
    error: (
        Literal[
            "workdir_missing",
            "not_found",
            "not_executable",
            "interpreter_missing",
            "no_interpreter_line",
            "exec_failed",
            "not_confined",
            "no_python",
        ]
        | None
    )
    detail: str
    exit_code: int | None
    signal: int | None
    started_at: float = Field(ge=0, le=MAX_EPOCH)
    seconds: float = Field(ge=0)
    cpu_seconds: float = Field(ge=0)
    peak_memory_bytes: int = Field(ge=0)
    log_bytes: int = Field(ge=0)
    log_cut: int = Field(ge=0)
    processes_refused: int = Field(default=0, ge=0, le=MAX_COUNT)
    """How many could not be started, because there were as many as may be; 0 also where nobody counts."""
    processes_bound: int = Field(default=0, ge=0, le=MAX_COUNT)
    """How many may be at a time; 0 = not known."""
    problems: tuple[str, ...] = Field(strict=False)


NOT_STARTED = {"not_confined": Reason.INFRASTRUCTURE, "no_python": Reason.PYTHON_MISSING}
"""Errors that are not the command's."""


def reason_of(facts: Facts) -> Reason:
    match facts.outcome:
        case "not_started":
            return NOT_STARTED.get(facts.error or "", Reason.COMMAND_NOT_FOUND)
        case "memory_exceeded":
            return Reason.OUT_OF_MEMORY
        case "disk_full" | "disk_exceeded" | "idle":
            return Reason.COMMAND_FAILED
        case "disk_taken":
            return Reason.INFRASTRUCTURE
        case "timed_out":
            return Reason.TIMED_OUT
        case "stopped":
            return Reason.CANCELLED
        case "exited":
            return _reason_of_exit(facts)
        case _:
            assert_never(facts.outcome)


def message_of(
    facts: Facts,
    argv: tuple[str, ...],
    rule: RunRule,
    memory_bytes: int | None,
    *,
    given: int | None = None,
    in_image: bool = False,
) -> str:
    """One sentence; empty when the job completed.

    ``memory_bytes`` is what the spec declares, ``given`` what a backend bounds it to where it does not.
    ``in_image``: its programs were those of an image.
    """
    match facts.outcome:
        case "not_started":
            return _not_started(facts, argv[0], rule.workdir, in_image=in_image)
        case "timed_out":
            limit = f"{_words(rule.timeout)}{_refused(facts)}"
            return f"{_shown(argv)} did not end within {limit}: raise `run.timeout` or make the job shorter"
        case "memory_exceeded":
            return _out_of_memory(argv, memory_bytes, given)
        case "disk_full":
            return f"{_shown(argv)} failed because the disk was nearly full: write less"
        case "disk_exceeded":
            return f"{_shown(argv)} {facts.detail}: write less, or have the operator raise the bound"
        case "idle":
            return f"{_shown(argv)} {facts.detail}: use them, or ask for none in `resources.gpus`"
        case "disk_taken":
            return (
                f"the disk became full under {_shown(argv)}, and not through it: free space and run it again"
            )
        case "stopped":
            return f"{_shown(argv)} was stopped on request"
        case "exited":
            return _exited(facts, argv)
        case _:
            assert_never(facts.outcome)


def _out_of_memory(argv: tuple[str, ...], declared: int | None, given: int | None) -> str:
    if declared is None and given is not None:
        return (
            f"{_shown(argv)} used more than the {given / 1e9:.3g} GB that this backend gives: "
            "use less or declare `resources.memory`"
        )
    limit = f"{(declared or 0) / 1e9:g} GB"
    return f"{_shown(argv)} used more than the {limit} of `resources.memory`: raise it or use less"


def _reason_of_exit(facts: Facts) -> Reason:
    if facts.signal == signal.SIGKILL:
        return Reason.OUT_OF_MEMORY
    return Reason.COMPLETED if facts.exit_code == 0 else Reason.COMMAND_FAILED


def _exited(facts: Facts, argv: tuple[str, ...]) -> str:
    if facts.exit_code == 0:
        return ""
    if facts.signal == signal.SIGKILL:
        return (
            f"{_shown(argv)} was killed by SIGKILL, most likely out of memory: "
            "the machine has less than the job needs, declare `resources.memory`"
        )
    if facts.signal is not None:
        how = f"{_signal_name(facts.signal)} (exit code {facts.exit_code})"
        return f"{_shown(argv)} was ended by {how}{_refused(facts)}: see the end of the log"
    hint = f"{_hidden_signal(facts.exit_code)}{_refused(facts)}"
    return f"{_shown(argv)} ended with exit code {facts.exit_code}{hint}: see the end of the log"


def _refused(facts: Facts) -> str:
    """Of a job that wanted more processes than it may have, and need not have said so."""
    if not facts.processes_refused:
        return ""
    most = f"only {facts.processes_bound:,}" if facts.processes_bound else "no more"
    times = "once" if facts.processes_refused == 1 else f"{facts.processes_refused:,} times"
    return f", after it was refused a new process {times} ({most} may be there at a time, threads included)"


def _hidden_signal(exit_code: int | None) -> str:
    """Shells report a signal that ended their command as 128 + its number."""
    if exit_code is None or not 128 < exit_code < 128 + signal.NSIG:
        return ""
    likely = ", most likely out of memory" if exit_code == 128 + signal.SIGKILL else ""
    return f" ({_signal_name(exit_code - 128)} in a part of it{likely})"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _not_started(facts: Facts, command: str, workdir: str, *, in_image: bool) -> str:
    match facts.error:
        case "workdir_missing":
            return f"run.workdir `{workdir}` is not there any more: correct `run.workdir`"
        case "not_found":
            return _not_found(command, workdir, in_image=in_image)
        case "not_executable":
            return (
                f"`{command}` is not executable: commit it with "
                f"`git update-index --chmod=+x {command}`, or name its interpreter in `run.command`"
            )
        case "interpreter_missing":
            return f"`{command}` names an interpreter in its first line that is not there: correct that line"
        case "no_interpreter_line":
            return f"`{command}` has no `#!` line: add one, or name its interpreter in `run.command`"
        case "not_confined":
            return f"`{command}` was not started, because it could not be isolated: {facts.detail}"
        case "no_python":
            return (
                f"the image has no `python3` of version 3.8 or later, which runs the trial ({facts.detail}): "
                "add one to the image"
            )
        case "exec_failed" | None:
            return f"`{command}` could not be started ({facts.detail}): correct `run.command`"
        case _:
            assert_never(facts.error)


def _not_found(command: str, workdir: str, *, in_image: bool) -> str:
    if "/" in command:
        return (
            f"`{command}` is not in this commit (seen from `{workdir}`): commit it or correct `run.command`"
        )
    if in_image:
        other = "; many images have `python3` only" if command == "python" else ""
        return f"`{command}` was not found in the image: add it there, or correct `run.command`{other}"
    return (
        f"`{command}` was not found: add its package to the lock file, or correct `run.command` "
        "(looked in the environment and on this system)"
    )


def _shown(argv: tuple[str, ...]) -> str:
    text = shlex.join(argv)
    return f"`{text}`" if len(text) <= SHOWN_COMMAND else f"`{text[:SHOWN_COMMAND]}…`"


def _words(duration: timedelta) -> str:
    """``1 h 30 min``, ``2 min``, ``1.5 s``."""
    seconds = duration.total_seconds()
    if seconds < 60:
        return f"{seconds:g} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return " ".join(part for part in (f"{hours} h" * bool(hours), f"{minutes} min" * bool(minutes)) if part)
