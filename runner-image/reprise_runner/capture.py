"""What is recorded of the machine that a job ran on, told by the runner itself. Called at a job's end.

The end is when throttling and driver errors are known, and no job waits for it. Nothing is hidden here: who
reads it does that. Needs nothing but a Python >= 3.8 and its standard library.
"""

from __future__ import annotations

import json
import os
from typing import Any

from reprise_runner import gpus, job_files
from reprise_runner.machine import Machine

MACHINE = "machine.json"


def write(folder: str, since: float, *, root: str = "/") -> None:
    """``machine.json``, and ``nvidia-smi.xml`` where there is one, into a trial's folder if there is room.

    ``since`` is when the job started, in seconds since the epoch: errors of GPUs count from there.
    """
    told = machine(folder, since, root=root)
    if "gpu" not in told["missing"]:
        text = gpus.smi(told["missing"])
        if text is not None:
            job_files.write_if_room(os.path.join(folder, gpus.SMI), text)
    job_files.write_if_room(os.path.join(folder, MACHINE), json.dumps(told).encode())


def machine(folder: str, since: float, *, root: str = "/") -> dict[str, Any]:
    """Groups of the record, and in ``missing`` why something has no value. ``folder`` is where it works."""
    here = Machine(root)
    missing: dict[str, str] = {}
    cuda, found = gpus.observe(missing)
    if found:
        cuda["xid"] = gpus.xids(missing, since)
    told = {
        "gpu": found,
        "cuda": cuda,
        "cpu": here.cpu(),
        "memory": here.memory(folder),
        "os": here.system(),
    }
    missing.update(here.missing)
    return {**told, "missing": missing}
