"""A trial's environment record: what its machine told and what the job's own process left, in one file.

Made after the job has ended, so that no job waits for it. A machine without a GPU is complete too:
``missing`` says what it could not tell, and why.
"""

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from reprise.domain import environment
from reprise.domain.spec.model import Profile
from reprise.jobs import hook, layout, told
from reprise.jobs.prepare import inputs
from reprise.jobs.variables import job_argv
from reprise.masking import HIDDEN, mask
from reprise.ports import Finished, JobRequest

Group = dict[str, Any]
SECRET_NAME = re.compile(r"TOKEN|SECRET|PASSW|CREDENTIAL|API_?KEY|PRIVATE", re.IGNORECASE)
MAX_JOB_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Recording:
    """How records are made."""

    hash_gpu_ids: bool = False
    """Write digests for the serial identities of GPUs."""
    backend: str = "process"


def write(
    how: Recording,
    job: JobRequest,
    ended: Finished,
    inside: hook.Inside | str,
    *,
    container: Group | None = None,
) -> None:
    """``environment.json``, and ``nvidia-smi.xml`` where there is one, into the results folder.

    ``container``: what the job ran in, where it was one. Raises OSError when they cannot be written there.
    Safe to repeat.
    """
    missing: dict[str, str] = {}
    record = _outside(how, job, ended, missing)
    text = told.smi(job.folder, hash_gpu_ids=how.hash_gpu_ids)
    if text is not None:
        (job.results / environment.NVIDIA_SMI).write_text(text, encoding="utf-8")
    if container is not None:
        record["container"] = container
    record = with_inside(record, inside, missing)
    record["missing"] = dict(sorted({**_untold(record), **missing}.items()))
    text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False)
    (job.results / environment.NAME).write_text(text + "\n", encoding="utf-8", errors="replace")


def with_inside(record: Group, inside: hook.Inside | str, missing: dict[str, str]) -> Group:
    """The job's own words beside ours: it adds groups and fields, and replaces none of ours."""
    if isinstance(inside, str):
        missing.update(dict.fromkeys(("in_process", "blas"), inside))
        if record["profile"]["name"] == Profile.STRICT.value:
            missing["profile.applied"] = f"nobody knows whether it was set: {inside}"
        return record
    missing.update({f"in_process.{name}": why for name, why in inside.missing.items()})
    if inside.profile.failed:
        missing.update({f"profile.{what}": why for what, why in inside.profile.failed.items()})
    if not inside.blas:
        missing["blas"] = missing.pop("in_process.blas", environment.NO_LINEAR_ALGEBRA)
    return {
        **record,
        "python": {**inside.python, **record["python"]},
        "blas": inside.blas,
        "in_process": inside.in_process,
        "profile": {**record["profile"], "applied": inside.profile.applied},
    }


def redacted(variables: dict[str, str]) -> dict[str, str]:
    """Without what is a secret by its name or by its looks."""
    return {
        name: HIDDEN if SECRET_NAME.search(name) else mask(value) for name, value in sorted(variables.items())
    }


def _outside(how: Recording, job: JobRequest, ended: Finished, missing: dict[str, str]) -> Group:
    machine = told.read(job.folder, hash_gpu_ids=how.hash_gpu_ids)
    variables = _variables(job, missing)
    missing.update(machine.missing)
    record: Group = {
        "gpu": machine.gpu,
        "cuda": machine.cuda,
        "cpu": machine.cpu,
        "memory": machine.memory,
        "os": {**machine.os, "time_zone": variables.get("TZ"), "locale": variables.get("LC_ALL")},
        "python": _python(job),
        "blas": [],
        "source": _source(job),
        "data": {each.path: each.sha256 for each in inputs(job)},
        "run": _run(how, job, ended, variables),
        "in_process": {},
        "profile": {"name": job.spec.determinism.profile.value},
    }
    return record


def _untold(record: Group) -> dict[str, str]:
    """Fields of this machine that have no value and no reason of their own."""
    return {
        f"{group}.{name}": "this machine does not tell"
        for group in ("cuda", "cpu", "memory", "os")
        for name, value in record[group].items()
        if value is None
    }


def _python(job: JobRequest) -> Group:
    built = job.built
    return {
        "version": built.python,
        "lock": built.lock,
        "lock_sha256": built.lock_sha256,
        "weak": built.weak,
        "environment": built.key,
        "packages": dict(sorted(built.packages.items())),
    }


def _source(job: JobRequest) -> Group:
    origin = job.origin
    if origin is None:
        return {"commit": job.commit}
    return {
        "repository": origin.repository,
        "commit": job.commit,
        "tree": origin.tree,
        "dirty": origin.dirty,
        "submodules": [f"{each.path} {mask(each.url)} {each.commit}" for each in origin.submodules],
    }


def _run(how: Recording, job: JobRequest, ended: Finished, variables: dict[str, str]) -> Group:
    ended_at = ended.started_at + timedelta(seconds=ended.seconds)
    return {
        "id": job.run_id,
        "backend": how.backend,
        "argv": [mask(word) for word in job_argv(job.spec, job.seed, job.control)],
        "workdir": job.spec.run.workdir,
        "seed": job.seed,
        "control": job.control is not None,
        "cpus": job.cpus,
        "network": job.spec.environment.network.value,
        "started_at": ended.started_at.isoformat(),
        "ended_at": ended_at.isoformat(),
        "exit_code": ended.exit_code,
        "reason": ended.reason.value,
        "seconds": ended.seconds,
        "cpu_seconds": ended.cpu_seconds,
        "peak_memory_bytes": ended.peak_memory_bytes,
        "environment": redacted(variables),
    }


def _variables(job: JobRequest, missing: dict[str, str]) -> dict[str, str]:
    """Those that the job was started with."""
    try:
        with (job.folder / layout.JOB).open("rb") as file:
            given = json.loads(file.read(MAX_JOB_BYTES))["env"]
        return {str(name): str(value) for name, value in given.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        missing["run.environment"] = f"what the job was started with cannot be read: {type(error).__name__}"
        return {}
