"""What our containers are called and labelled, so that a later controller knows them for its own. Pure."""

import hashlib
import os
from pathlib import Path

from reprise.domain.run import RunId

STATE = "reprise.state"
"""Digest of the state folder: two controllers on one Engine do not touch each other's."""
RUN = "reprise.run"
TRIAL = "reprise.trial"
ATTEMPT = "reprise.attempt"
WORK = "containers"
"""In the state folder; each backend has a folder of its own there, and owns all that is in it."""


def state_of(folder: Path) -> str:
    return hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]


def of_state(state: Path) -> dict[str, str]:
    """What all containers, networks and volumes of this controller carry."""
    return {STATE: state_of(state)}


def of_run(state: Path, run_id: RunId) -> dict[str, str]:
    return {**of_state(state), RUN: run_id}


def of_trial(state: Path, run_id: RunId, folder: Path) -> dict[str, str]:
    """``folder``: the trial's own, named ``<index>-<attempt>``."""
    index, _, attempt = folder.name.partition("-")
    return {**of_run(state, run_id), TRIAL: index, ATTEMPT: attempt}


def container(state: Path, run_id: RunId, folder: Path) -> str:
    return f"reprise-{state_of(state)[:8]}-{run_id}-{folder.name}"


def network(state: Path, run_id: RunId) -> str:
    return f"reprise-{state_of(state)[:8]}-{run_id}"
