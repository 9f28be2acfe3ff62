"""Everything that the engine works with, built once by `bootstrap` (or a test) and handed over."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Event

from reprise.domain.backend import Offer
from reprise.domain.errors import Refused
from reprise.domain.forge import Status
from reprise.domain.policy import UNRESTRICTED, Policy
from reprise.domain.queue import Limits, gone
from reprise.domain.run import RunId, Sha
from reprise.domain.spec.model import Variation
from reprise.engine.threads import Aside, in_thread
from reprise.ports import Archive, Builder, Clock, Fetcher, Forge, Linter, Provider, Runner, Source, Tracker
from reprise.store.database import Database


@dataclass(frozen=True, slots=True)
class Folders:
    """Where a run's files are. ``builds`` goes with the release, ``runs`` and ``evidence`` stay."""

    state: Path
    lasting: Path | None = None
    """Where evidence outlives the state folder of a rehearsal; None = in the state folder."""

    @property
    def evidence(self) -> Path:
        """Packages by their digest."""
        return (self.lasting or self.state) / "evidence"

    @property
    def all_builds(self) -> Path:
        return self.state / "builds"

    @property
    def all_results(self) -> Path:
        return self.state / "runs"

    def build(self, run_id: RunId) -> Path:
        """Export of the commit and the project's own layer."""
        return self.all_builds / run_id

    def results(self, run_id: RunId) -> Path:
        return self.all_results / run_id

    def build_log(self, run_id: RunId) -> Path:
        return self.results(run_id) / "build.log"

    def trial(self, run_id: RunId, index: int, attempt: int) -> Path:
        """Log and collected files of one attempt at a trial."""
        return self.results(run_id) / "trials" / f"{index}-{attempt}"


@dataclass(frozen=True, slots=True)
class PlanRule:
    """Of plans for people who may not start runs."""

    valid: timedelta = timedelta(days=7)
    per_day: int = 10
    """Requests of one person in 24 hours, whatever repository they are in, that are answered with plans."""


@dataclass(frozen=True, slots=True)
class Backend:
    """Where runs can be: who builds their environment, lends the machine and executes the jobs."""

    offer: Offer
    builder: Builder
    provider: Provider
    runner: Runner
    slots: int
    """Runs at the same time."""
    lack: Callable[[], str | None] = lambda: None
    """Why it cannot work now, in words; None when it can. Answers within seconds."""

    @property
    def name(self) -> str:
        return self.offer.name

    @property
    def untrusted(self) -> bool:
        return self.offer.untrusted


def by_name(*backends: Backend) -> dict[str, Backend]:
    """As a World holds them; the first is the default."""
    return {backend.name: backend for backend in backends}


@dataclass(frozen=True, slots=True)
class World:
    store: Database
    source: Source
    backends: Mapping[str, Backend]
    """By name; the first is the default. There is at least one."""
    fetcher: Fetcher
    tracker: Tracker
    forge: Forge | None
    """None in a rehearsal: there is nobody to tell."""
    archive: Archive
    linter: Linter
    clock: Clock
    folders: Folders
    pages: str | None
    """Root URL of the run pages for people; None = no link is posted."""
    per_repository: int | None = None
    """Runs of one repository at the same time, on all backends; None = as many as there are slots."""
    per_user: int | None = None
    """Runs that one person caused at the same time; None likewise."""
    policy: Policy = UNRESTRICTED
    """The operator's; a repository's may be stricter."""
    su_per_user_month: float | None = None
    """Service units that leases of one person may cost in a calendar month (UTC); None = no bound."""
    plans: PlanRule = PlanRule()
    aside: Aside = in_thread
    """How steps that wait make their blocking calls."""
    said: dict[tuple[int, Sha, str], Status] = field(default_factory=dict, compare=False)
    """Repository, commit and context → what this process posted there last, which saves asking whether
    something else stands there. Reporting's own."""

    awaited: dict[RunId, str] = field(default_factory=dict, compare=False)
    """Why runs of this process still have no machine, in words; nothing of runs that have one."""

    variation: Variation | None = None
    """What a rehearsal changes on purpose; None anywhere else."""

    unheard: Event = field(default_factory=Event, compare=False)
    """Set while our App has no webhook: then the forge tells nobody of a click on a check."""

    @property
    def limits(self) -> Limits:
        slots = {name: backend.slots for name, backend in self.backends.items()}
        return Limits(slots, self.per_repository, self.per_user)

    @property
    def offers(self) -> tuple[Offer, ...]:
        """Of every backend, the default first."""
        return tuple(backend.offer for backend in self.backends.values())

    @property
    def default(self) -> str:
        """The backend of what will not run anywhere."""
        return next(iter(self.backends))

    def backend(self, name: str) -> Backend:
        """Of a run. Raises Refused when the operator has taken it out of the settings since."""
        found = self.backends.get(name)
        if found is None:
            raise Refused(gone(name, tuple(self.backends)))
        return found

    @property
    def rehearsal(self) -> bool:
        return self.forge is None

    @property
    def rehearsals(self) -> Path:
        """Where the state folders of rehearsals lie side by side, this one's too."""
        return self.folders.state.parent

    @property
    def conversation(self) -> Forge:
        if self.forge is None:
            raise Refused("a rehearsal has no forge to ask")
        return self.forge
