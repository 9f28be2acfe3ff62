"""The Runner port on this machine: one supervisor process per trial. Called by the engine's trial steps.

Everything that must survive a crash of the controller is in files, so a new controller goes on where
the old one was: a folder that was claimed is never started again, a living supervisor is adopted, and
one that died without a result is a lost attempt.
"""

import errno
import json
import os
import subprocess
import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from reprise.adapters.process import processes
from reprise.adapters.process.isolation import FIRST_UID
from reprise.adapters.process.quarters import Quarters, interpreter_of
from reprise.domain import system_metrics
from reprise.domain.errors import Retryable, UserError
from reprise.domain.run import Reason
from reprise.domain.spec.model import Network
from reprise.jobs import collect, confined, hook, layout, prepare, record, runner_file
from reprise.jobs.outcome import Facts, message_of, reason_of
from reprise.jobs.variables import Places, count_gpus, job_argv, job_variables
from reprise.locks import locked
from reprise.ports import Failed, Finished, JobRequest, Lost, Running
from reprise.processes import alive
from reprise.removal import remove_tree
from reprise_runner import capture

LOG_LIMIT_BYTES = 50_000_000
START_SECONDS = 20.0
LOCK_SECONDS = 60.0
STOP_PATIENCE_SECONDS = 9.0
"""With what `end_trial` adds at most, a stop takes 15 s."""
MAX_FACTS_BYTES = 1 << 20
FINISHED = TypeAdapter(Finished)


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
    ) -> None:
        """``grace`` is the time between TERM and KILL; `stop` allows less of it to keep its bound.

        ``cache`` keeps the runner's file; without one each machine's folder has its own.
        """
        self._grace = grace
        self._bounds = bounds or collect.Bounds()
        self._log_limit_bytes = log_limit_bytes
        self._quarters = quarters or Quarters()
        self._recording = recording or record.Recording()
        self._cache = cache

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
            return self._ended(job) or self._running(job) or self._ended(job) or self._lost(job)
        except OSError as error:
            raise Retryable(f"the trial in {job.folder} could not be read or kept: {error}") from error

    def stop(self, job: JobRequest) -> None:
        patience = min(self._grace.total_seconds() + 1, STOP_PATIENCE_SECONDS)
        processes.end_trial(job.folder, patience_seconds=patience)
        self._quarters.groups.end(job.folder)

    # --- start ----------------------------------------------------------------------------------

    def _prepare(self, job: JobRequest) -> Failed | None:
        failed = prepare.check_workdir(job) or prepare.check_data(job.tree, job.spec.data)
        if failed is not None:
            return failed
        workdir = job.spec.run.workdir
        prepare.remove_outputs(job.tree, workdir, prepare.declared_outputs(job.spec))
        places = prepare.fresh_places(job.folder, own_view=self._quarters.isolation.mounts)
        job.results.mkdir(parents=True, exist_ok=True)
        hooked = hook.lay_out(job.folder, job.spec.determinism.profile)
        (job.results / layout.LOG).touch()  # whoever follows the log finds it from now on
        write_text(job.folder / layout.JOB, json.dumps(self._job(job, places, hooked)))
        return None

    def _job(self, job: JobRequest, places: Places, hooked: Path) -> dict[str, object]:
        return {
            "argv": job_argv(job.spec, job.seed, job.control),
            "cwd": str(job.tree / job.spec.run.workdir),
            "env": job_variables(job, places, first=hooked, gpus=count_gpus()),
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
        layout.remove_short_name(job.folder)
        said = _tail(job.folder / layout.SUPERVISOR_LOG)
        return Lost(f"the job's supervisor is gone without a result{f': {said}' if said else ''}")

    def _ended(self, job: JobRequest) -> Finished | Lost | None:
        kept = _read_kept(job.results)
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
        with locked(job.results / layout.COLLECT_LOCK, timeout=LOCK_SECONDS):
            return _read_kept(job.results) or self._keep(job, facts)

    def _keep(self, job: JobRequest, facts: Facts) -> Finished:
        """Collect once; the result is written last, so that a crash in between collects again."""
        inside = hook.read(job.folder)
        taken, changed = self._take(job, facts)
        layout.remove_short_name(job.folder)
        finished = _finished(job, facts, taken, {**changed, **_keep_series(job)})
        if not (job.folder / capture.MACHINE).exists():  # the disk was full; we are on the same machine
            capture.write(str(job.folder), facts.started_at)
        record.write(self._recording, job, finished, inside)
        write_text(job.results / layout.COLLECTED, json.dumps(asdict(taken), indent=1))
        write_text(job.results / layout.RESULT, FINISHED.dump_json(finished, indent=1).decode())
        return finished

    def _take(self, job: JobRequest, facts: Facts) -> tuple[collect.Collected, dict[str, str]]:
        """The trial's files, and what is wrong with its data. Raises OSError when they cannot be kept now."""
        if facts.outcome in ("disk_full", "disk_taken"):
            return _nothing_of(job), {}
        _remove_kept(job.results)
        output = job.folder / layout.OUTPUT
        try:
            taken = collect.collect(
                job.spec, tree=job.tree, output=output, results=job.results, bounds=self._bounds
            )
        except OSError as error:
            _remove_kept(job.results)  # half of it would keep the room that everything else needs
            if error.errno != errno.ENOSPC or reason_of(facts) is Reason.COMPLETED:
                raise
            return _nothing_of(job), {}
        return taken, prepare.changed_data(job.tree, job.spec.data)


def _nothing_of(job: JobRequest) -> collect.Collected:
    """The room of a failed trial goes back at once: the release would come too late for our own databases."""
    _remove_kept(job.results)
    for written in (job.tree, *(job.folder / name for name in layout.WRITABLE)):
        remove_tree(written)
    return collect.Collected(refused={".": "the disk was full, so nothing that the job wrote was kept"})


def _remove_kept(results: Path) -> None:
    for name in (layout.FILES, layout.MLRUNS):
        remove_tree(results / name)


def _keep_series(job: JobRequest) -> dict[str, str]:
    """What the supervisor noted of machine and job; returns what is wrong with it. An older one has none.

    Without isolation the job could have written it. Raises OSError when it cannot be kept.
    """
    try:
        descriptor = confined.open_regular(job.folder, (system_metrics.NAME,))
        if descriptor is None:
            return {}
        with open(descriptor, "rb") as file:
            series = system_metrics.read(file.read(system_metrics.MAX_BYTES + 1))
    except UserError as error:
        return {system_metrics.NAME: str(error)}
    write_text(job.results / system_metrics.NAME, system_metrics.written(series))
    return {}


def _finished(job: JobRequest, facts: Facts, taken: collect.Collected, changed: dict[str, str]) -> Finished:
    argv = job_argv(job.spec, job.seed, job.control)
    rule = job.spec.run
    supervision = {"log.txt": "; ".join(facts.problems)} if facts.problems else {}
    return Finished(
        reason=reason_of(facts),
        message=message_of(facts, argv, rule, job.spec.resources.memory_bytes),
        exit_code=facts.exit_code,
        started_at=datetime.fromtimestamp(facts.started_at, UTC),
        seconds=facts.seconds,
        cpu_seconds=facts.cpu_seconds,
        peak_memory_bytes=facts.peak_memory_bytes,
        log_bytes=facts.log_bytes,
        log_cut=facts.log_cut,
        artifacts={artifact.path: taken.found.get(artifact.path) for artifact in job.spec.artifacts},
        problems={**taken.refused, **changed, **supervision},
    )


def _read_kept(results: Path) -> Finished | None:
    try:
        return FINISHED.validate_json((results / layout.RESULT).read_bytes())
    except FileNotFoundError:
        return None


def _tail(path: Path) -> str:
    """The last line of the supervisor's own output: the error, if it died of one."""
    try:
        lines = path.read_text(errors="replace").strip().splitlines()
    except FileNotFoundError:
        return ""
    return lines[-1][-200:] if lines else ""


def write_text(path: Path, text: str) -> None:
    """Atomically and durably."""
    new = path.with_name(path.name + ".new")
    with new.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
