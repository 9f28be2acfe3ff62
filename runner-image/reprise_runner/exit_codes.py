"""What the runner exits with, for whoever sees nothing else of it; ``README.md`` lists them.

A job's own code passes through, so a job may exit with any of these too: ``result.json`` tells them apart.
Needs nothing but a Python >= 3.8 and its standard library.
"""

from __future__ import annotations

from typing import Any

DISK_FULL = 123
TIMED_OUT = 124
NO_TRIAL = 125
"""Nothing was started: no such folder, a job that was started before, a place that cannot be made."""
NOT_EXECUTABLE = 126
NOT_FOUND = 127
OUT_OF_MEMORY = 137
STOPPED = 143

BY_OUTCOME = {
    "timed_out": TIMED_OUT,
    "stopped": STOPPED,
    "memory_exceeded": OUT_OF_MEMORY,
    "disk_full": DISK_FULL,
    "disk_taken": DISK_FULL,
}
BY_ERROR = {
    "not_found": NOT_FOUND,
    "interpreter_missing": NOT_FOUND,
    "not_executable": NOT_EXECUTABLE,
    "no_interpreter_line": NOT_EXECUTABLE,
    "exec_failed": NOT_EXECUTABLE,
}


def of(facts: dict[str, Any]) -> int:
    """The code for a trial's facts. A job that a signal ended has 128 and the signal's number."""
    if facts["outcome"] == "exited":
        code = facts["exit_code"]
        return NO_TRIAL if code is None else int(code)
    if facts["outcome"] == "not_started":
        return BY_ERROR.get(facts["error"], NO_TRIAL)
    return BY_OUTCOME.get(facts["outcome"], NO_TRIAL)
