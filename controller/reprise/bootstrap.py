"""Settings → adapters → engine. The only place that picks implementations."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import structlog

from reprise.adapters.clock import SystemClock
from reprise.adapters.data.fetcher import DataFetcher
from reprise.adapters.data.rules import Lent, Rules
from reprise.adapters.data.storage import DataStorage
from reprise.adapters.evidence import keys
from reprise.adapters.evidence.archive import ZipArchive
from reprise.adapters.evidence.keys import Keys
from reprise.adapters.evidence.sealer import ProcessArchive
from reprise.adapters.git.source import GitSource
from reprise.adapters.git.storage import CloneStorage
from reprise.adapters.github.api import GitHubForge
from reprise.adapters.github.credentials import AppCredentials, Credentials, TokenCredentials
from reprise.adapters.github.registration import kept_app
from reprise.adapters.github.webhook import parse_delivery
from reprise.adapters.lint.linter import ProcessLinter
from reprise.adapters.mlflow.client import Client
from reprise.adapters.mlflow.keeper import ServerKeeper
from reprise.adapters.mlflow.storage import ServerStorage
from reprise.adapters.mlflow.tracker import MlflowTracker
from reprise.adapters.process import trying
from reprise.adapters.process.storage import LIVES, Rehearsals
from reprise.backends import Made, give_back, make
from reprise.backends import uv_binary as uv_binary  # the doctor knows it from here
from reprise.domain.data.addresses import read_network
from reprise.domain.errors import Refused, Retryable, UserError
from reprise.domain.run import RunId
from reprise.domain.spec.model import Variation, Varied
from reprise.domain.watch import Watch
from reprise.engine import durable
from reprise.engine.durable import Engine, Leadership
from reprise.engine.leader import Leader
from reprise.engine.readiness import Lack, lacks
from reprise.engine.steps import Steps
from reprise.engine.workflow import RunWorkflow
from reprise.engine.world import Backend, Folders, PlanRule, World, by_name
from reprise.locks import locked
from reprise.ports import Forge, Provider, Storage, Tracker
from reprise.settings import Settings
from reprise.store import runs
from reprise.store.database import Database
from reprise.store.runs import Run

CLONES = "git"
REHEARSALS = "rehearsals"
LEASE_GOES = 600.0
"""Seconds that a rehearsal that ends stays for its leased machine to be gone."""


@dataclass(frozen=True, slots=True)
class Controller:
    """What `reprise serve` runs."""

    world: World
    leader: Leader
    tracking: ServerKeeper | None
    forge: GitHubForge
    source: GitSource
    fetcher: DataFetcher
    linter: ProcessLinter
    archive: ProcessArchive
    tracker: MlflowTracker
    watched: Watch
    made: tuple[Made, ...]

    def lacks(self) -> tuple[Lack, ...]:
        """What keeps this controller from being ready."""
        waits = self.tracking.lack() if self.tracking is not None else None
        return lacks(self.world, self.watched, self.leader.sweeps, leads=self.leader.leads, tracking=waits)

    def start(self) -> None:
        """Raises UserError when another controller works in the same state folder."""
        self.leader.start()
        if self.tracking is not None:
            self.tracking.start()
        threading.Thread(target=self._meet_tracker, name="mlflow-import", daemon=True).start()

    def _meet_tracker(self) -> None:
        """Importing MLflow's client takes seconds, which the first run need not wait for."""
        try:
            self.tracker.prepare()
        except (Retryable, Refused) as error:
            structlog.get_logger().info("tracker not ready yet", why=str(error))

    def stop(self) -> None:
        """Jobs go on; whatever else was started here is ended, and repeated at the next start."""
        self.leader.stop()
        self.source.close()
        for each in self.made:
            each.close()
        self.fetcher.close()
        self.linter.close()
        self.archive.close()
        if self.tracking is not None:
            self.tracking.stop()
        self.forge.close()
        self.world.store.close()


def claim(settings: Settings) -> Leadership:
    """The lock of the state folder, before anything in it is touched. Raises UserError."""
    state = settings.state_dir
    lock = Leadership(state)
    try:
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock.take()
    except OSError as error:
        raise UserError(
            f"the state folder {state} cannot be used ({error.strerror}): "
            "correct its permissions, free some space, or set REPRISE_STATE_DIR to a folder of yours"
        ) from None
    return lock


def controller(
    settings: Settings,
    *,
    backfill: bool = False,
    lock: Leadership | None = None,
    url: str | None = None,
) -> Controller:
    """Everything that `reprise serve` needs, not started yet.

    ``backfill``: run the tags that are older than the watch too. ``lock``: what `claim` gave.
    ``url``: of its pages, on this machine.
    """
    settings.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    forge = forge_of(settings)
    tracking = _keeper(settings, url) if settings.tracking.uri is None else None
    tracker = MlflowTracker(
        tracking.client_uri if tracking is not None else settings.tracking.uri or "",
        public_url=settings.tracking.public_url,
        connect=partial(Client, secret_changes=tracking is not None),
    )
    source = GitSource(
        settings.cache / CLONES,
        token_for=lambda url: _clone_token(forge, url, settings.github.api_url),
        token_for_submodules=lambda: not forge.is_app,
        timeout=timedelta(seconds=settings.git.timeout),
    )
    made = make(settings.backends, settings, settings.state_dir, rehearsal=False)
    fetcher = _fetcher(settings, lambda url: _clone_token(forge, url, settings.github.api_url))
    linter = ProcessLinter()
    archive = _archive(settings)
    world = _world(settings, settings.state_dir, source, made, fetcher, linter, archive, tracker, forge)
    leader = Leader(
        world,
        settings.state_dir,
        watched=settings.watched,
        sweep_interval=settings.look_interval,
        backfill=backfill,
        storages=_storages(settings, made),
        policy=settings.retention.policy(),
        parse=parse_delivery,
        log_interval=settings.log_interval,
        lock=lock,
        give_back_killed=partial(give_back_killed, settings),
    )
    return Controller(
        world, leader, tracking, forge, source, fetcher, linter, archive, tracker, settings.watched, made
    )


def forge_of(settings: Settings) -> GitHubForge:
    return GitHubForge(
        settings.github.api_url,
        credentials_of(settings),
        timeout=settings.github.timeout,
        write_spacing=settings.github.write_spacing,
    )


def has_app(settings: Settings) -> bool:
    """In the settings, or made by /setup."""
    github = settings.github
    return github.app_id is not None or kept_app(settings.state_dir, github.api_url) is not None


def credentials_of(settings: Settings) -> Credentials:
    """The App of the settings, else the one that /setup made, else the token.

    Raises UserError when half of the App is set, or its key cannot be used.
    """
    github = settings.github
    if github.app_id is not None and github.private_key is not None:
        return AppCredentials(github.app_id, github.private_key.get_secret_value())
    if github.app_id is not None or github.private_key is not None:
        given, missing = (
            ("APP_ID", "PRIVATE_KEY") if github.private_key is None else ("PRIVATE_KEY", "APP_ID")
        )
        raise UserError(
            f"REPRISE_GITHUB__{given} is set without REPRISE_GITHUB__{missing}: set both, or neither"
        )
    made = kept_app(settings.state_dir, github.api_url)
    if made is not None:
        return made.credentials
    return TokenCredentials(github.token.get_secret_value() if github.token else None)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What `reprise run` works with: one run, one workflow, a state folder of its own."""

    world: World
    source: GitSource
    engine: Engine

    def start(self, run_id: RunId) -> None:
        with self.world.store.write() as connection:
            runs.save(connection, run_id, granted_at=self.world.clock.now())
        self.engine.start(run_id)

    def observe(self, run_id: RunId) -> Run:
        with self.world.store.read() as connection:
            run = runs.get_run(connection, run_id)
        if run is None or self.engine.broken(run_id):
            raise RuntimeError(f"the workflow of {run_id} broke")
        return run


@contextmanager
def rehearsal(
    settings: Settings, name: str, variation: Variation | None = None, *, backend: str | None = None
) -> Iterator[Rehearsal]:
    """Everything is released again on the way out, also when interrupted.

    ``backend``: make only that one, whether the settings name it or not. Raises UserError where it cannot
    be had.
    """
    settings.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    state = settings.state_dir / REHEARSALS / name
    state.mkdir(parents=True, mode=0o700)
    give_back_killed(settings)
    with locked(state / LIVES, timeout=10):
        yield from _rehearsal(settings, state, variation, (backend,) if backend else settings.backends)


def possible(variation: Variation) -> Variation:
    """With a value where it has to be looked for. Raises UserError when this machine cannot do it."""
    problem = ""
    match variation.factor:
        case Varied.BLAS if variation.value is None:
            variation = replace(variation, value=trying.other_kernel())
            problem = "" if variation.value else "no other kernel of OpenBLAS works on this processor"
        case Varied.BLAS:
            problem = trying.kernel_problem(variation.value or "")
        case Varied.TIME_ZONE if variation.value is not None:
            problem = trying.zone_problem(variation.value)
        case Varied.LOCALE if variation.value is not None:
            problem = trying.locale_problem(variation.value)
    if problem:
        raise UserError(f"--vary {variation} is not possible: {problem}")
    return variation


def _rehearsal(
    settings: Settings, state: Path, variation: Variation | None, names: tuple[str, ...]
) -> Iterator[Rehearsal]:
    made = make(names, settings, state, rehearsal=True)
    source = GitSource(
        settings.cache / CLONES, timeout=timedelta(seconds=settings.git.timeout), allow_file=True
    )
    local = settings.state_dir / "mlflow" / "rehearsals.db"
    local.parent.mkdir(parents=True, exist_ok=True)
    tracker = MlflowTracker(
        settings.tracking.uri or f"sqlite:///{local}", public_url=settings.tracking.public_url
    )
    threading.Thread(target=tracker.prepare, name="mlflow-import", daemon=True).start()
    fetcher = _fetcher(settings)
    linter = ProcessLinter()
    archive = _archive(settings)
    world = _world(settings, state, source, made, fetcher, linter, archive, tracker, None, variation)
    engine = Engine(state, RunWorkflow(Steps(world), durable).run)
    engine.launch()
    try:
        yield Rehearsal(world, source, engine)
    finally:
        engine.shutdown()
        source.close()
        fetcher.close()
        linter.close()
        archive.close()
        for each in made:
            each.close()
            _release_all(world, each.backend)
        world.store.close()


def _release_all(world: World, backend: Backend) -> None:
    """What this rehearsal holds; a backend may hold other controllers' runs too."""
    with world.store.read() as connection:
        ours = {run.id for run in runs.recent_runs(connection, 10)}
    if not ours:
        return
    for run_id in ours.intersection(backend.provider.owned()):
        _release(backend.provider, run_id)


def _release(provider: Provider, run_id: RunId) -> None:
    """A leased machine costs until it is gone, and may take minutes to go. Raises Retryable."""
    deadline = time.monotonic() + (LEASE_GOES if provider.leases else 0.0)
    while True:
        try:
            return provider.release(run_id)
        except Retryable as error:
            if time.monotonic() >= deadline:
                raise
            time.sleep(max(error.after, 5.0))


def give_back_killed(settings: Settings) -> None:
    """What rehearsals hold that were killed: no step of theirs comes any more."""
    _rehearsals(settings).give_back_killed()


def _rehearsals(settings: Settings) -> Rehearsals:
    return Rehearsals(settings.state_dir / REHEARSALS, elsewhere=partial(give_back, settings))


def _storages(settings: Settings, made: tuple[Made, ...]) -> tuple[Storage, ...]:
    python = Path(sys.executable) if settings.tracking.uri is None else None
    return (
        *(storage for each in made for storage in each.storages),
        _rehearsals(settings),
        CloneStorage(settings.cache / CLONES),
        DataStorage(settings.cache),
        ServerStorage(settings.cache, python),
    )


def _world(
    settings: Settings,
    state: Path,
    source: GitSource,
    made: tuple[Made, ...],
    fetcher: DataFetcher,
    linter: ProcessLinter,
    archive: ProcessArchive,
    tracker: Tracker,
    forge: Forge | None,
    variation: Variation | None = None,
) -> World:
    settings.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings.cache.mkdir(parents=True, exist_ok=True)
    url = settings.database if forge is not None else f"sqlite:///{state / 'reprise.db'}"
    store = Database(url)
    store.migrate()
    folders = Folders(state, settings.state_dir)
    return World(
        store=store,
        source=source,
        backends=by_name(*(each.backend for each in made)),
        fetcher=fetcher,
        tracker=tracker,
        forge=forge,
        archive=archive,
        linter=linter,
        clock=SystemClock(),
        folders=folders,
        pages=_page_root(settings),
        per_repository=settings.limits.per_repository,
        per_user=settings.limits.per_user,
        policy=settings.policy.policy(),
        su_per_user_month=settings.chameleon.su_per_user_month,
        plans=PlanRule(timedelta(days=settings.policy.plan_days), settings.policy.plans_per_day),
        variation=variation,
    )


def keys_of(settings: Settings) -> Keys:
    """What evidence is signed with, rehearsals' too."""
    return Keys(settings.state_dir / keys.FOLDER)


def _archive(settings: Settings) -> ProcessArchive:
    return ProcessArchive(ZipArchive(Folders(settings.state_dir).evidence, keys_of(settings)))


def _fetcher(settings: Settings, token_of: Callable[[str], str | None] = lambda _: None) -> DataFetcher:
    data = settings.data
    rules = Rules(
        file_bytes=int(data.file_gb * 10**9),
        run_bytes=int(data.run_gb * 10**9),
        seconds=data.seconds,
        timeout=data.timeout,
        networks=tuple(map(read_network, data.networks)),
        hub=data.hub_url,
        zenodo=data.zenodo_url,
        s3=data.s3_url,
        s3_region=data.s3_region,
    )
    return DataFetcher(settings.cache, rules=rules, lent=Lent(data.secret_of, token_of))


def _page_root(settings: Settings) -> str | None:
    url = settings.http.public_url
    return url.rstrip("/") if url is not None else None


def _keeper(settings: Settings, url: str | None) -> ServerKeeper:
    return ServerKeeper(
        settings.state_dir / "mlflow",
        cache=settings.cache,
        uv=uv_binary(),
        python=Path(sys.executable),
        port=settings.tracking.port,
        public_url=settings.tracking.public_url,
        pages=_page_root(settings) or url,
    )


def _clone_token(forge: GitHubForge, clone_url: str, api_url: str) -> str | None:
    if not same_site(clone_url, api_url):
        return None
    return forge.clone_token(urlsplit(clone_url).path.strip("/").removesuffix(".git"))


def same_site(clone_url: str, api_url: str) -> bool:
    """The token goes to the forge only: same scheme, host and port, or github.com for api.github.com."""
    clone, api = urlsplit(clone_url), urlsplit(api_url)
    if clone.scheme != api.scheme:
        return False
    return clone.netloc == api.netloc or api.netloc == f"api.{clone.netloc}"
