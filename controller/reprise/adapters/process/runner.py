"""The Runner port on this machine: one supervisor process per trial. Called by the engine's trial steps.

Everything that must survive a crash of the controller is in files, so a new controller goes on where
the old one was: a folder that was claimed is never started again, a living supervisor is adopted, and
one that died without a result is a lost attempt.
"""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import ValidationError

from reprise.adapters.process import processes
from reprise.adapters.process.isolation import FIRST_UID
from reprise.adapters.process.quarters import Quarters, interpreter_of
from reprise.domain.errors import Retryable
from reprise.domain.run import Reason
from reprise.domain.spec.model import Network
from reprise.jobs import checkpoints, collect, hook, keeping, layout, prepare, record, runner_file
from reprise.jobs.copying import Copying
from reprise.jobs.outcome import Facts
from reprise.jobs.placing import place_data
from reprise.jobs.variables import Places, count_gpus, job_argv, job_variables
from reprise.locks import locked
from reprise.ports import Failed, Finished, JobRequest, Lost, Running
from reprise.processes import alive

LOG_LIMIT_BYTES = 50_000_000
START_SECONDS = 20.0
LOCK_SECONDS = 60.0
STOP_PATIENCE_SECONDS = 9.0
"""With what `end_trial` adds at most, a stop takes 15 s."""
MAX_FACTS_BYTES = 1 << 20


class ProcessRunner:
    def __init__(
        self,
        *,
        grace: timedelta = timedelta(seconds=10),
        bounds: collect.Bounds | None = None,
        log_limit_bytes: int = LOG_LIMIT_BYTES,
        quarters: Quarters | None = None,
        recording: record.Recording | None = None,
        cache: Path | None = None,
        copying: Copying | None = None,
    ) -> None:
        """``grace`` is the time between TERM and KILL; `stop` allows less of it to keep its bound.

        ``cache`` keeps the runner's file; without one each machine's folder has its own.
        """
        self._grace = grace
        self._log_limit_bytes = log_limit_bytes
        self._quarters = quarters or Quarters()
        self._cache = cache
        self._copying = copying or Copying()
        self._keeper = keeping.Keeper(
            bounds or collect.Bounds(), recording or record.Recording(), self._copying
        )

    def start(self, job: JobRequest) -> Failed | None:
        if (job.results / layout.RESULT).exists():
            return None
        refusal = self._quarters.isolation.refuses(job.spec.environment.network)
        if refusal is not None:
            return Failed(Reason.REFUSED, refusal)
        try:
            job.folder.mkdir(parents=True, exist_ok=True)
            with locked(job.folder / layout.START_LOCK, timeout=LOCK_SECONDS) as lock:
                if (job.folder / layout.CLAIM).exists():
                    return None
                failed = self._prepare(job)
                if failed is None:
                    self._launch(job, lock)
                return failed
        except OSError as error:
            raise Retryable(f"the trial in {job.folder} could not be started: {error}") from error

    def observe(self, job: JobRequest) -> Running | Finished | Lost:
        try:
            # The result is written before the supervisor leaves: look again once it is gone.
            seen = self._ended(job) or self._running(job) or self._ended(job) or self._lost(job)
            if isinstance(seen, Running):
                self._copying.look(job)
            return seen
        except OSError as error:
            raise Retryable(f"the trial in {job.folder} could not be read or kept: {error}") from error

    def stop(self, job: JobRequest) -> None:
        patience = min(self._grace.total_seconds() + 1, STOP_PATIENCE_SECONDS)
        processes.end_trial(job.folder, patience_seconds=patience)
        self._quarters.groups.end(job.folder)

    # --- start ----------------------------------------------------------------------------------

    def _prepare(self, job: JobRequest) -> Failed | None:
        failed = (
            prepare.check_workdir(job)
            or place_data(job.tree, job.data)
            or prepare.check_data(job.tree, prepare.inputs(job))
        )
        if failed is not None:
            return failed
        workdir = job.spec.run.workdir
        prepare.remove_outputs(job.tree, workdir, prepare.declared_outputs(job.spec))
        places = prepare.fresh_places(job.folder, own_view=self._quarters.isolation.mounts)
        job.results.mkdir(parents=True, exist_ok=True)
        laid = checkpoints.lay_out(job)
        checkpoints.keep_resumed(job.results, laid)
        hooked = hook.lay_out(job.folder, job.spec.determinism.profile)
        (job.results / layout.LOG).touch()  # whoever follows the log finds it from now on
        keeping.write_text(job.folder / layout.JOB, json.dumps(self._job(job, places, hooked, laid)))
        return None

    def _job(
        self, job: JobRequest, places: Places, hooked: Path, laid: checkpoints.LaidOut | None
    ) -> dict[str, object]:
        resume = laid.folder if laid is not None else None
        return {
            "argv": job_argv(job.spec, job.seed, job.control),
            "cwd": str(job.tree / job.spec.run.workdir),
            "env": job_variables(job, places, first=hooked, gpus=count_gpus(), resume=resume),
            "log": str(job.results / layout.LOG),
            "timeout_seconds": job.spec.run.timeout.total_seconds(),
            "grace_seconds": self._grace.total_seconds(),
            "log_limit_bytes": self._log_limit_bytes,
            "memory_limit_bytes": job.spec.resources.memory_bytes,
            "confinement": self._plan(job),
            **self._group(job),
        }

    def _group(self, job: JobRequest) -> dict[str, object]:
        quarters = self._quarters
        folder = quarters.groups.of(job.folder)
        if folder is None:
            return {}
        limits = quarters.groups.limits(
            memory_bytes=job.spec.resources.memory_bytes, processes=quarters.max_processes, cpus=job.cpus
        )
        return {"group": str(folder), "group_limits": limits}

    def _plan(self, job: JobRequest) -> dict[str, object]:
        environment = Path(job.built.location)
        layer = [Path(job.built.layer)] if job.built.layer is not None else []
        group = self._quarters.groups.of(job.folder)
        plan = self._quarters.plan(
            uid=FIRST_UID + layout.slot(job.folder.parent.parent),
            writable=[
                job.tree,
                *(job.folder / name for name in (layout.HOME, layout.OUTPUT, layout.INSIDE)),
            ],
            readable=[environment, *layer, *interpreter_of(environment), job.folder / layout.HOOK],
            scratch=job.folder / layout.TEMPORARY,
            network=job.spec.environment.network is Network.OPEN,
        )
        return {**plan, "group": str(group or "")}

    def _launch(self, job: JobRequest, lock: int) -> None:
        """Returns once the supervisor can be found by its file. It holds ``lock`` until then."""
        file = runner_file.ensure(self._cache or job.folder.parent.parent)
        command = (sys.executable, "-I", "-S", str(file), "trial", "--detach", str(job.folder))
        log = job.folder / layout.SUPERVISOR_LOG
        with log.open("ab") as output:
            try:
                done = subprocess.run(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env={"PATH": os.defpath},
                    cwd="/",
                    pass_fds=(lock,),
                    timeout=START_SECONDS,
                    check=False,
                )
            except subprocess.TimeoutExpired as error:
                raise Retryable(f"the supervisor did not start within {START_SECONDS:g} s") from error
        if done.returncode != 0:
            raise Retryable(f"the supervisor could not start: {_tail(log)}")

    # --- observe --------------------------------------------------------------------------------

    def _running(self, job: JobRequest) -> Running | None:
        found = processes.read_supervisor(job.folder)
        if found is None or not alive(found):
            return None
        return Running(datetime.fromtimestamp(found.started_at, UTC))

    def _lost(self, job: JobRequest) -> Lost:
        processes.end_stragglers(job.folder)
        self._quarters.groups.end(job.folder)
        self._copying.end(job)
        layout.remove_short_name(job.folder)
        said = _tail(job.folder / layout.SUPERVISOR_LOG)
        return Lost(f"the job's supervisor is gone without a result{f': {said}' if said else ''}")

    def _ended(self, job: JobRequest) -> Finished | Lost | None:
        kept = keeping.kept(job.results)
        if kept is not None:
            return kept
        path = job.folder / layout.SUPERVISOR_RESULT
        if not path.exists():
            return None
        try:
            with path.open("rb") as file:
                facts = Facts.model_validate_json(file.read(MAX_FACTS_BYTES))
        except ValidationError as error:
            return Lost(f"the supervisor's result cannot be used: {error.errors()[0]['msg']}")
        return self._keeper.keep(job, facts)


def _tail(path: Path) -> str:
    """The last line of the supervisor's own output: the error, if it died of one."""
    try:
        lines = path.read_text(errors="replace").strip().splitlines()
    except FileNotFoundError:
        return ""
    return lines[-1][-200:] if lines else ""
