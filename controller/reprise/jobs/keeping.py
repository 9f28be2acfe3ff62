"""Keeps what a trial leaves when it ends: files, series, record, result. Called by every runner.

The result is written last, so that a crash in between collects again.
"""

import errno
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import TypeAdapter

from reprise.domain import system_metrics
from reprise.domain.errors import UserError
from reprise.domain.run import Reason
from reprise.domain.spec.model import DataFile
from reprise.jobs import checkpoints, collect, confined, hook, layout, prepare, record
from reprise.jobs.copying import Copying
from reprise.jobs.outcome import Facts, message_of, reason_of
from reprise.jobs.variables import job_argv
from reprise.locks import locked
from reprise.ports import Finished, JobRequest
from reprise.removal import remove_tree

LOCK_SECONDS = 60.0
NO_ROOM = ("disk_full", "disk_taken", "disk_exceeded")
"""Outcomes after which what the job wrote goes at once."""
FINISHED = TypeAdapter(Finished)


def kept(results: Path) -> Finished | None:
    """The result of a trial that has been kept whole."""
    try:
        return FINISHED.validate_json((results / layout.RESULT).read_bytes())
    except FileNotFoundError:
        return None


@dataclass(frozen=True, slots=True)
class Keeper:
    bounds: collect.Bounds
    recording: record.Recording
    copying: Copying

    def keep(
        self,
        job: JobRequest,
        facts: Facts,
        *,
        memory_bytes: int | None = None,
        container: dict[str, Any] | None = None,
        inputs: tuple[DataFile, ...] | None = None,
        changed: Mapping[str, str] = MappingProxyType({}),
    ) -> Finished:
        """Collect once; whoever comes later gets the same. A job that changed its inputs has failed.

        ``memory_bytes``: the bound that a backend set, where the spec declares none. ``container``: what the
        record tells of it. ``inputs``: declared data that lies in the tree, None = all of it; ``changed``:
        path → sentence of other data that the job changed. Raises OSError when something cannot be kept now.
        """
        with locked(job.results / layout.COLLECT_LOCK, timeout=LOCK_SECONDS):
            return kept(job.results) or self._keep(
                job,
                facts,
                memory_bytes,
                container,
                prepare.inputs(job) if inputs is None else inputs,
                changed,
            )

    def _keep(
        self,
        job: JobRequest,
        facts: Facts,
        memory_bytes: int | None,
        container: dict[str, Any] | None,
        inputs: tuple[DataFile, ...],
        changed: Mapping[str, str],
    ) -> Finished:
        inside = hook.read(job.folder)
        taken, spoiled, checkpoint = self._take(job, facts, inputs)
        layout.remove_short_name(job.folder)
        told = {**checkpoint, **_keep_series(job)}
        finished = _finished(job, facts, taken, {**changed, **spoiled}, told, memory_bytes)
        record.write(self.recording, job, finished, inside, container=container)
        write_text(job.results / layout.COLLECTED, json.dumps(asdict(taken), indent=1))
        write_text(job.results / layout.RESULT, FINISHED.dump_json(finished, indent=1).decode())
        for each in job.earlier:
            checkpoints.forget(each.results)
        return finished

    def _take(
        self, job: JobRequest, facts: Facts, inputs: tuple[DataFile, ...]
    ) -> tuple[collect.Collected, dict[str, str], dict[str, str]]:
        """The trial's files, and what is wrong with its data and with its checkpoint.

        Raises OSError when they cannot be kept now.
        """
        if facts.outcome in NO_ROOM:
            return _nothing_of(job), {}, {}
        _remove_kept(job.results)
        output = job.folder / layout.OUTPUT
        try:
            taken = collect.collect(
                job.spec, tree=job.tree, output=output, results=job.results, bounds=self.bounds
            )
        except OSError as error:
            _remove_kept(job.results)  # half of it would keep the room that everything else needs
            if error.errno != errno.ENOSPC or reason_of(facts) is Reason.COMPLETED:
                raise
            return _nothing_of(job), {}, {}
        return taken, prepare.changed_data(job.tree, inputs), self.copying.end(job)


def write_text(path: Path, text: str) -> None:
    """Atomically and durably."""
    new = path.with_name(path.name + ".new")
    with new.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


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


def _finished(
    job: JobRequest,
    facts: Facts,
    taken: collect.Collected,
    changed: dict[str, str],
    told: dict[str, str],
    memory_bytes: int | None,
) -> Finished:
    """``changed``: path → sentence for each input that the job changed; ``told``: what else is wrong."""
    argv = job_argv(job.spec, job.seed, job.control)
    message = message_of(
        facts,
        argv,
        job.spec.run,
        job.spec.resources.memory_bytes,
        given=memory_bytes,
        in_image=job.built.image is not None,
    )
    supervision = {"log.txt": "; ".join(facts.problems)} if facts.problems else {}
    reason = reason_of(facts)
    if changed and reason is Reason.COMPLETED:  # on which data it came to its numbers, nobody knows
        reason, message = Reason.DATA_MISMATCH, next(iter(changed.values()))
    return Finished(
        reason=reason,
        message=message,
        exit_code=facts.exit_code,
        started_at=datetime.fromtimestamp(facts.started_at, UTC),
        seconds=facts.seconds,
        cpu_seconds=facts.cpu_seconds,
        peak_memory_bytes=facts.peak_memory_bytes,
        log_bytes=facts.log_bytes,
        log_cut=facts.log_cut,
        artifacts={artifact.path: taken.found.get(artifact.path) for artifact in job.spec.artifacts},
        problems={**taken.refused, **changed, **told, **supervision},
        resumed=checkpoints.resumed(job.results),
    )
