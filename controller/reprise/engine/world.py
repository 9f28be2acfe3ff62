"""Everything that the engine works with, built once by `bootstrap` (or a test) and handed over."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Event

from reprise.domain.errors import Refused
from reprise.domain.forge import Status
from reprise.domain.policy import UNRESTRICTED, Policy
from reprise.domain.queue import Limits
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
class World:
    store: Database
    source: Source
    builder: Builder
    fetcher: Fetcher
    provider: Provider
    runner: Runner
    tracker: Tracker
    forge: Forge | None
    """None in a rehearsal: there is nobody to tell."""
    archive: Archive
    linter: Linter
    clock: Clock
    folders: Folders
    pages: str | None
    """Root URL of the run pages for people; None = no link is posted."""
    slots: int
    """Runs at the same time on this backend."""
    per_repository: int | None = None
    """Runs of one repository at the same time; None = as many as there are slots."""
    per_user: int | None = None
    """Runs that one person caused at the same time; None likewise."""
    policy: Policy = UNRESTRICTED
    """The operator's; a repository's may be stricter."""
    plans: PlanRule = PlanRule()
    backend: str = "process"
    """Where jobs run here, as policies name it."""
    aside: Aside = in_thread
    """How steps that wait make their blocking calls."""
    said: dict[tuple[int, Sha, str], Status] = field(default_factory=dict, compare=False)
    """Repository, commit and context → what this process posted there last, which saves asking whether
    something else stands there. Reporting's own."""

    variation: Variation | None = None
    """What a rehearsal changes on purpose; None anywhere else."""

    unheard: Event = field(default_factory=Event, compare=False)
    """Set while our App has no webhook: then the forge tells nobody of a click on a check."""

    @property
    def limits(self) -> Limits:
        return Limits(self.slots, self.per_repository, self.per_user)

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
