"""Each way a job can end has its reason and a sentence that says what to do."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from reprise.domain.run import Reason
from reprise.domain.spec.model import RunRule
from reprise.jobs.outcome import Facts, message_of, reason_of

ARGV = ("python", "train.py", "--epochs", "3")


def facts(**changes: Any) -> Facts:
    values: dict[str, Any] = {
        "outcome": "exited",
        "error": None,
        "detail": "",
        "exit_code": 0,
        "signal": None,
        "started_at": 1.0,
        "seconds": 1.0,
        "cpu_seconds": 1.0,
        "peak_memory_bytes": 1,
        "log_bytes": 0,
        "log_cut": 0,
        "problems": [],
    }
    return Facts.model_validate(values | changes)


def not_started(error: str) -> dict[str, Any]:
    return {"outcome": "not_started", "error": error, "detail": "why", "exit_code": None}


@pytest.mark.parametrize(
    ("changes", "argv", "reason", "said"),
    [
        ({}, ARGV, Reason.COMPLETED, ""),
        (
            {"exit_code": 3},
            ARGV,
            Reason.COMMAND_FAILED,
            "`python train.py --epochs 3` ended with exit code 3",
        ),
        (
            {"exit_code": 3, "processes_refused": 1_200, "processes_bound": 64},
            ARGV,
            Reason.COMMAND_FAILED,
            "exit code 3, after it was refused a new process 1,200 times (only 64 may be there at a time",
        ),
        (
            {"outcome": "timed_out", "exit_code": None, "processes_refused": 1},
            ARGV,
            Reason.TIMED_OUT,
            ", after it was refused a new process once (no more may be there at a time,",
        ),
        ({"processes_refused": 1}, ARGV, Reason.COMPLETED, ""),
        ({"exit_code": 139, "signal": 11}, ARGV, Reason.COMMAND_FAILED, "ended by SIGSEGV (exit code 139)"),
        ({"exit_code": 163, "signal": 35}, ARGV, Reason.COMMAND_FAILED, "ended by signal 35"),
        (
            {"exit_code": 137, "signal": 9},
            ARGV,
            Reason.OUT_OF_MEMORY,
            "killed by SIGKILL, most likely out of m",
        ),
        (
            {"exit_code": 137},
            ARGV,
            Reason.COMMAND_FAILED,
            "(SIGKILL in a part of it, most likely out of memory)",
        ),
        ({"outcome": "timed_out"}, ARGV, Reason.TIMED_OUT, "within 1 h 30 min: raise `run.timeout`"),
        ({"outcome": "stopped"}, ARGV, Reason.CANCELLED, "stopped on request"),
        (
            not_started("not_found"),
            ("trian",),
            Reason.COMMAND_NOT_FOUND,
            "`trian` was not found: add its package",
        ),
        (
            not_started("not_found"),
            ("./run.sh",),
            Reason.COMMAND_NOT_FOUND,
            "`./run.sh` is not in this commit",
        ),
        (
            not_started("not_executable"),
            ("./r",),
            Reason.COMMAND_NOT_FOUND,
            "git update-index --chmod=+x ./r",
        ),
        (
            not_started("interpreter_missing"),
            ("./r",),
            Reason.COMMAND_NOT_FOUND,
            "interpreter in its first line",
        ),
        (not_started("no_interpreter_line"), ("./r",), Reason.COMMAND_NOT_FOUND, "no `#!` line"),
        (not_started("workdir_missing"), ARGV, Reason.COMMAND_NOT_FOUND, "run.workdir `exp`"),
        (not_started("exec_failed"), ARGV, Reason.COMMAND_NOT_FOUND, "could not be started (why)"),
    ],
)
def test_end_has_its_reason_and_sentence(
    changes: dict[str, Any], argv: tuple[str, ...], reason: Reason, said: str
) -> None:
    seen = facts(**changes)

    assert reason_of(seen) is reason
    message = message_of(seen, argv, RunRule(("python",), "exp", timedelta(minutes=90), None), 2_000_000_000)
    assert said in message
    assert bool(message) == (reason is not Reason.COMPLETED)


def test_what_an_image_lacks_is_added_there_and_not_to_a_lock_file() -> None:
    seen, rule = facts(**not_started("not_found")), RunRule(("python",), ".", timedelta(hours=1), None)
    said = message_of(seen, ("python", "train.py"), rule, None, in_image=True)
    assert said.startswith("`python` was not found in the image: add it there, or correct `run.command`")
    assert "`python3`" in said
    assert "python3" not in message_of(seen, ("trian",), rule, None, in_image=True)


def test_long_command_is_shortened() -> None:
    message = message_of(
        facts(exit_code=1), ("python", "x" * 500), RunRule(("python",), ".", timedelta(hours=1), None), None
    )

    assert len(message) < 200


@pytest.mark.parametrize(
    "changes", [{"outcome": "won"}, {"seconds": -1.0}, {"seconds": float("nan")}, {"started_at": 1e300}]
)
def test_forged_facts_are_not_believed(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        facts(**changes)
