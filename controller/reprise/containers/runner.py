"""The Runner port on a Docker Engine: one container per trial.

The container itself is the memory: its name and labels come from the run, so that whoever looks next finds it
and goes on. Our own marks (why it was ended, how far its log was read) are files that it cannot see.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import ValidationError

from reprise.containers import devices, ending, folders, inside, log, names
from reprise.containers.engine import About, Engine, Image, NoImage, State
from reprise.containers.folders import Given
from reprise.containers.here import Here
from reprise.containers.images import Images, PulledImages
from reprise.containers.network import Network, NoNetwork
from reprise.containers.place import Place
from reprise.containers.unpacking import TooMuch
from reprise.containers.watching import Watching
from reprise.containers.wish import Limits, Wish, config
from reprise.domain.errors import Refused, Retryable, UserError
from reprise.domain.run import Reason
from reprise.domain.spec import model
from reprise.jobs import checkpoints, collect, confined, hook, keeping, layout, prepare, record, runner_file
from reprise.jobs.copying import Copying
from reprise.jobs.outcome import Facts
from reprise.jobs.variables import job_argv, job_variables
from reprise.locks import locked
from reprise.ports import Failed, Finished, JobRequest, Lost, Running
from reprise.removal import remove_tree

LOCK_SECONDS = 60.0
HEARING_SECONDS = 1.0
STOP_PATIENCE_SECONDS = 8.5
HURRY_SECONDS = 2.0
KILL_SECONDS = 3.0
"""All of them together: a stop takes at most 15 s, when the Engine answers at once."""
LOOK_SECONDS = 0.05
LOG_SECONDS = 60.0
"""To read what is left of an ended container's log."""
MEMORY_SHARE = 0.9
MAX_FACTS_BYTES = 1 << 20


class DockerRunner:
    def __init__(
        self,
        engine: Engine,
        *,
        state: Path,
        cache: Path,
        limits: Limits | None = None,
        grace: timedelta = timedelta(seconds=10),
        bounds: collect.Bounds | None = None,
        gpus: devices.Gpus | None = None,
        hash_gpu_ids: bool = False,
        copying: Copying | None = None,
        place: Place | None = None,
        images: Images | None = None,
        idle: Callable[[JobRequest], str | None] = lambda job: None,
        backend: str = "docker",
    ) -> None:
        """``state`` is the controller's folder, whose digest marks what is ours; ``cache`` keeps the runner's
        file. ``grace`` is the time between TERM and KILL; `stop` allows less of it to keep its bound.
        ``gpus``: what this machine has; None = look. ``hash_gpu_ids``: digests instead of serial identities.
        ``copying``: of checkpoints. ``place``: where the Engine finds what it mounts, None = on this machine.
        ``images``: how it comes to have them, None = it pulls. ``idle``: asked while a job runs, why
        it is to be ended for what it leaves unused. ``backend``: as records name it.
        """
        self._engine = engine
        self._state = state
        self._cache = cache
        self._limits = limits or Limits()
        self._grace = grace
        self._gpus = gpus or devices.found()
        self._copying = copying or Copying()
        self._place = place or Here()
        self._idle = idle
        self._images = images or PulledImages(engine, cache)
        self._keeper = keeping.Keeper(
            bounds or collect.Bounds(),
            record.Recording(hash_gpu_ids=hash_gpu_ids, backend=backend),
            self._copying,
        )
        self._followers = log.Followers(engine)
        self._watching = Watching(engine, self._place, self._limits.disk_bytes)
        self._network = Network(engine, state, self._place)

    def start(self, job: JobRequest) -> Failed | None:
        if (job.results / layout.RESULT).exists():
            return None
        try:
            job.folder.mkdir(parents=True, exist_ok=True)
            with locked(job.folder / layout.START_LOCK, timeout=LOCK_SECONDS):
                return self._start(job)
        except OSError as error:
            raise Retryable(f"the trial in {job.folder} could not be started: {error}") from error

    def observe(self, job: JobRequest) -> Running | Finished | Lost:
        kept = keeping.kept(job.results)
        if kept is not None:
            return kept
        name = self._name(job)
        state = self._engine.inspect(name)
        try:
            if state is None:
                self._copying.end(job, fetch=self._place.fetch_checkpoint)
                return keeping.kept(job.results) or _vanished(job)
            if state.status == "created":  # whoever made it died before it was started
                self._engine.start(name)
                return Running(datetime.now(UTC))
            return self._ended(job, name, state) if state.ended else self._running(job, name, state)
        except Refused as error:
            return Lost(str(error))
        except OSError as error:
            raise Retryable(f"the trial in {job.folder} could not be read or kept: {error}") from error

    def stop(self, job: JobRequest) -> None:
        name = self._name(job)
        state = self._engine.inspect(name)
        if state is None or state.ended:
            return
        folders.mark(job.folder, folders.STOPPED)
        if state.status == "created":
            self._engine.remove(name)
            return
        self._wait_until_it_hears(job, name)
        self._end(name)

    # --- start ----------------------------------------------------------------------------------

    def _start(self, job: JobRequest) -> Failed | None:
        name = self._name(job)
        state = self._engine.inspect(name)
        if state is None:
            if (job.folder / layout.CLAIM).exists():
                return None  # it was there, and somebody took it away: `observe` says so
            failed = self._make(job, name)
            if failed is not None:
                return failed
        elif state.status != "created":
            return None
        try:
            self._engine.start(name)
        except Refused as error:
            return _cannot_start(str(error))
        self._followers.follow(name, self._log(job))
        return None

    def _make(self, job: JobRequest, name: str) -> Failed | None:
        image = self._images.ensure(job.built.location)
        if isinstance(image, Failed):
            return image
        failed = prepare.check_workdir(job) or folders.check_data(job)
        if failed is not None:
            return failed
        about = self._engine.about()
        wish = self._wish(job, image, about)
        if isinstance(wish, Failed):
            return wish
        self._lay_out(job, image, wish, about)
        brought = replace(wish, mounts=self._place.bring(job, wish.user, wish.mounts))
        try:
            self._engine.create(name, config(brought))
        except NoImage as error:
            raise Retryable(f"the image went away meanwhile: {error}") from error
        except Refused as error:
            return _cannot_start(str(error))
        (job.folder / layout.CLAIM).touch()
        return None

    def _wish(self, job: JobRequest, image: Image, about: About) -> Wish | Failed:
        resources = job.spec.resources
        try:
            network = self._network.of(job)
        except NoNetwork as error:
            return Failed(Reason.REFUSED, str(error))
        return Wish(
            image=image.id,
            labels=names.of_trial(self._state, job.run_id, job.folder),
            mounts=folders.mounts(job, runner_file.ensure(self._cache)),
            user=self._place.user(job, rootless=about.rootless),
            cpus=min(job.cpus, about.cpus or job.cpus),
            memory_bytes=self._memory_bytes(resources, about),
            pids=self._limits.pids,
            log_bytes=self._limits.log_bytes,
            network=network,
            volumes=image.volumes,
            devices=devices.request(resources.gpus, self._gpus.vendor, groups=self._gpus.groups),
        )

    def _memory_bytes(self, resources: model.Resources, about: About) -> int:
        return resources.memory_bytes or self._limits.memory_bytes or int(about.memory_bytes * MEMORY_SHARE)

    def _lay_out(self, job: JobRequest, image: Image, wish: Wish, about: About) -> None:
        """Everything that the container mounts, anew, and what we must remember of it."""
        prepare.remove_outputs(job.tree, job.spec.run.workdir, prepare.declared_outputs(job.spec))
        prepare.fresh_places(job.folder, own_view=True)
        hook.lay_out(job.folder, job.spec.determinism.profile)
        job.results.mkdir(parents=True, exist_ok=True)
        (job.results / layout.LOG).touch()  # whoever follows the log finds it from now on
        laid = checkpoints.lay_out(job)
        checkpoints.keep_resumed(job.results, laid)
        written = self._job(job, image.variables, None if laid is None else folders.seen(job, laid.folder))
        told = _told(job, image, wish, about)
        given = Given(told, wish.memory_bytes, self._place.free_bytes(job))
        folders.lay_out(job, written, given, ours=self._place.ours)

    def _job(self, job: JobRequest, image: Mapping[str, str], resume: Path | None) -> dict[str, object]:
        return {
            "argv": job_argv(job.spec, job.seed, job.control),
            "cwd": str(inside.TREE / job.spec.run.workdir),
            "env": job_variables(
                job,
                inside.PLACES,
                first=inside.HOOK / "path",
                gpus=job.spec.resources.gpus,
                resume=resume,
                image=image,
            ),
            "log": str(inside.TRIAL / layout.LOG),
            "stream": True,
            "timeout_seconds": job.spec.run.timeout.total_seconds(),
            "grace_seconds": self._grace.total_seconds(),
            "log_limit_bytes": self._limits.log_bytes,
        }

    # --- observe --------------------------------------------------------------------------------

    def _running(self, job: JobRequest, name: str, state: State) -> Running:
        self._followers.follow(name, self._log(job))
        self._watching.look(job.folder, name)
        self._copying.look(job, fetch=self._place.fetch_checkpoint)
        wrote = self._watching.too_much(job)
        if wrote is not None:
            folders.mark(job.folder, folders.DISK, wrote)
            self._engine.kill(name, "SIGKILL")
        elif ending.is_late(state, datetime.now(UTC), timeout=job.spec.run.timeout, grace=self._grace):
            folders.mark(job.folder, folders.LATE)
            self._engine.kill(name, "SIGKILL")
        elif (unused := self._idle(job)) is not None:
            folders.mark(job.folder, folders.IDLE, unused)
            self._end(name)
        return Running(state.started_at or datetime.now(UTC))

    def _ended(self, job: JobRequest, name: str, state: State) -> Finished | Lost:
        self._place.fetch_told(job)
        told = _read_facts(job.folder)
        count, cut = self._followers.finish(
            name, self._log(job), seconds=LOG_SECONDS, expected=None if told is None else ending.printed(told)
        )
        seen = ending.Seen(
            state=state,
            marks=folders.marks(job.folder),
            used=self._watching.used(job.folder),
            log_bytes=count,
            log_cut=cut,
            complaint=folders.complaint(job.folder),
            began=self._place.began(job),
        )
        facts = ending.facts_of(seen, told)
        if isinstance(facts, Lost):
            self._copying.end(job, fetch=self._place.fetch_checkpoint)
            return facts
        given = folders.read_given(job.folder)
        if facts.outcome in folders.FULL:
            taken = given.disk_free - self._place.free_bytes(job)
            facts = folders.whose_disk(facts, own=self._place.wrote(job), taken=taken)
        folders.bring_out(job.folder)
        if facts.outcome not in keeping.NO_ROOM:
            facts = self._fetched(job, facts)
        kept = self._keeper.keep(
            job,
            facts,
            memory_bytes=given.memory_bytes,
            container=given.about,
            inputs=folders.committed(job),
            changed=folders.moved(job, given),
        )
        self._engine.remove(name)
        self._network.leave(job)
        self._place.leave(job)
        if facts.outcome in keeping.NO_ROOM:
            remove_tree(job.folder / folders.TRIAL)
        return kept

    def _fetched(self, job: JobRequest, facts: Facts) -> Facts:
        """A job that left too much is ended for it, as if it had been looked at in time."""
        try:
            self._place.fetch(job)
        except TooMuch as error:
            return facts.model_copy(update={"outcome": "disk_exceeded", "detail": str(error)})
        return facts

    # --- ends -----------------------------------------------------------------------------------

    def _end(self, name: str) -> None:
        patience = min(self._grace.total_seconds() + 1, STOP_PATIENCE_SECONDS)
        for signal, seconds in (("SIGTERM", patience), ("SIGTERM", HURRY_SECONDS), ("SIGKILL", KILL_SECONDS)):
            self._engine.kill(name, signal)
            if self._wait_until_ended(name, seconds):
                return

    def _wait_until_it_hears(self, job: JobRequest, name: str) -> None:
        """The first process of a container has no ear for a signal until it says so."""
        deadline = time.monotonic() + HEARING_SECONDS
        while time.monotonic() < deadline and not self._place.began(job):
            if self._wait_until_ended(name, LOOK_SECONDS):
                return

    def _wait_until_ended(self, name: str, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            state = self._engine.inspect(name)
            if state is None or state.ended:
                return True
            time.sleep(LOOK_SECONDS)
        return False

    def _name(self, job: JobRequest) -> str:
        return names.container(self._state, job.run_id, job.folder)

    def _log(self, job: JobRequest) -> log.Files:
        return log.Files(job.folder, job.results / layout.LOG, self._limits.log_bytes)


def _vanished(job: JobRequest) -> Lost:
    if not (job.folder / layout.CLAIM).exists():
        return Lost("the trial has no container: it was never started")
    return Lost("the job's container is gone without a result: somebody removed it, or the Engine lost it")


def _cannot_start(said: str) -> Failed:
    lower = said.lower()
    if '"python3"' in lower and "not found" in lower:
        return Failed(
            Reason.PYTHON_MISSING,
            "the image has no `python3` on its PATH, which runs the trial: add Python 3.8 or later to it",
        )
    if "device driver" in lower or "gather device" in lower or "gathering device" in lower:
        return Failed(Reason.NO_CAPACITY, f"the Docker Engine cannot give a container GPUs: {said}")
    return Failed(Reason.INFRASTRUCTURE, said)


def _read_facts(folder: Path) -> Facts | None:
    """The runner's own; None when there are none that can be used."""
    try:
        descriptor = confined.open_regular(folder / folders.TRIAL, (layout.SUPERVISOR_RESULT,))
        if descriptor is None:
            return None
        with open(descriptor, "rb") as file:
            return Facts.model_validate_json(file.read(MAX_FACTS_BYTES))
    except (UserError, ValidationError):
        return None


def _told(job: JobRequest, image: Image, wish: Wish, about: About) -> dict[str, object]:
    """Of the container, for the environment record."""
    digest = job.built.image.digest if job.built.image is not None else None
    return {
        "engine": f"docker {about.version}",
        "image": job.built.location,
        "image_digest": digest or next(iter(image.digests), image.id).rpartition("@")[2],
        "image_id": image.id,
        "architecture": image.architecture,
        "user": wish.user,
        "cpus": wish.cpus,
        "memory_bytes": wish.memory_bytes,
        "pids": wish.pids,
        "network": "none" if wish.network == "none" else "open",
        "capabilities": "none",
        "read_only_root": True,
        "no_new_privileges": True,
        "security": [option.removeprefix("name=") for option in about.security],
        "storage_driver": about.storage_driver,
        "rootless": about.rootless,
    }
