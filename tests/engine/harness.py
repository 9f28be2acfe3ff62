"""A whole controller on fakes: real tables, the real durable engine, an outside world in memory.

`Outside` is what survives a crash of the controller; a `Controller` is one process's life on a state
folder. Tests push tags and comments, let it work until nothing moves, and look at what stands there.
"""

import json
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import text
from tests.fakes.archive import FakeArchive
from tests.fakes.builder import FakeBuilder
from tests.fakes.clock import FakeClock
from tests.fakes.fetcher import FakeFetcher
from tests.fakes.forge import OWN_LOGIN, Comment, FakeForge
from tests.fakes.linter import FakeLinter
from tests.fakes.provider import FakeProvider
from tests.fakes.runner import FakeJob, FakeRunner
from tests.fakes.source import FakeSource, File
from tests.fakes.tracker import FakeTracker

from reprise.domain.audit import Action, Deed, Unit
from reprise.domain.backend import PROCESS, Offer
from reprise.domain.forge import OnCommit, OnPullRequest, Permission, Place, Status
from reprise.domain.policy import UNRESTRICTED, Policy
from reprise.domain.run import Phase, Reason, Repository, RunId, Sha
from reprise.engine import durable, plan_comments
from reprise.engine.durable import Body, Engine
from reprise.engine.grant import grant, resume
from reprise.engine.intake import resolve_due
from reprise.engine.steps import Steps
from reprise.engine.stopping import end_overspent, tell_stopped
from reprise.engine.workflow import RunWorkflow
from reprise.engine.world import Backend, Folders, PlanRule, World, by_name
from reprise.ports import JobRequest
from reprise.store import audit, repositories, runs
from reprise.store import intake as inbox
from reprise.store.audit import Filter
from reprise.store.database import Database
from reprise.store.intake import NewTrigger
from reprise.store.runs import Run, Trial

PACE = 0.001
"""A retry's second takes this long here."""

FAKE = Offer(PROCESS, untrusted=True)
"""Nothing is executed here, so that no stranger's code can do harm."""

SPEC = """\
version: 1
run:
  command: [python, train.py]
  seed: {arg: --seed}
claims:
  - id: accuracy
    metric: {file: metrics.json, pointer: /accuracy}
    published: {value: "0.93"}
"""
Files = Mapping[str, File]
FILES: Files = {"reprise.yaml": SPEC, "requirements.txt": "numpy==2.4.0\n", "train.py": "...\n"}


def measured(accuracy: object, **more: object) -> FakeJob:
    """A job that writes this value where the spec looks for it."""
    return FakeJob(files={"metrics.json": json.dumps({"accuracy": accuracy, **more})})


def spec_with(lines: dict[str, str]) -> Files:
    """The usual files with some parts of the spec replaced."""
    written = SPEC
    for old, new in lines.items():
        assert old in written, old
        written = written.replace(old, new)
    return {**FILES, "reprise.yaml": written}


class Outside:
    """Forge, repositories, machines and tracker: they live on whatever happens to the controller."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.forge = FakeForge(self.clock.elsewhere)
        self.source = FakeSource()
        self.builder = FakeBuilder()
        self.fetcher = FakeFetcher(folder / "fetched")
        self.provider = FakeProvider(folder / "machines")
        self.runner = FakeRunner(lambda job: measured(0.93))
        self.tracker = FakeTracker(public_url="https://mlflow.test")
        self.archive = FakeArchive(folder / "evidence")
        self.linter = FakeLinter()

    def repository(self, full_name: str = "ada/wine") -> Repository:
        return self.forge.add_repository(full_name)

    def commit(self, repository: Repository, files: Files | None = None) -> Sha:
        sha = self.source.commit(repository, FILES if files is None else files)
        return self.forge.add_commit(repository, sha)

    def tag(self, repository: Repository, name: str, files: Files | None = None) -> Sha:
        """Commit and tag, as a researcher does; nobody tells the controller."""
        sha = self.commit(repository, files)
        self.source.tag(repository, name, sha)
        return sha

    def statuses(self, repository: Repository, sha: Sha) -> dict[str, Status]:
        """The latest of each context."""
        return {status.context: status for status in self.forge.statuses_on(repository, sha)}

    def comments(self, repository: Repository, place: Place) -> list[Comment]:
        """Ours only."""
        found = self.forge.comments_at(repository, place)
        return [comment for comment in found if comment.author == OWN_LOGIN]


@dataclass
class Controller:
    """One life of a controller. `start` … `stop` is a process; `stop` leaves live runs as they are."""

    state: Path
    outside: Outside
    slots: int = 1
    offers: tuple[Offer, ...] = (FAKE,)
    """Of backends that share builder, machines and runner."""
    per_repository: int | None = None
    per_user: int | None = None
    policy: Policy = UNRESTRICTED
    plans: PlanRule = field(default_factory=PlanRule)
    pages: str | None = "https://reprise.test"
    wrap_world: Callable[[World], World] = lambda world: world
    wrap_steps: Callable[[Steps], Steps] = lambda steps: steps
    wrap_body: Callable[[Body], Body] = lambda body: body
    template: Path | None = None
    """Folder with empty databases, so that a test does not wait for migrations."""
    store: Database | None = None
    engine: Engine = field(init=False)
    world: World = field(init=False)
    steps: Steps = field(init=False)

    def __post_init__(self) -> None:
        self.state.mkdir(parents=True, exist_ok=True)
        if self.template is not None and not (self.state / "reprise.db").exists():
            shutil.copytree(self.template, self.state, dirs_exist_ok=True)
        store = self.store or Database(f"sqlite:///{self.state / 'reprise.db'}")
        if self.template is None:
            store.migrate()
        self.world = self.wrap_world(self._world(store))
        self.steps = Steps(self.world)
        body = RunWorkflow(self.wrap_steps(self.steps), durable, pace=PACE).run
        self.engine = Engine(self.state, self.wrap_body(body))
        self._started = False

    def _world(self, store: Database) -> World:
        out = self.outside
        return World(
            store=store,
            source=out.source,
            backends=by_name(
                *(Backend(each, out.builder, out.provider, out.runner, self.slots) for each in self.offers)
            ),
            fetcher=out.fetcher,
            tracker=out.tracker,
            forge=out.forge,
            archive=out.archive,
            linter=out.linter,
            clock=out.clock,
            folders=Folders(self.state),
            pages=self.pages,
            per_repository=self.per_repository,
            per_user=self.per_user,
            policy=self.policy,
            plans=self.plans,
        )

    # --- living ---------------------------------------------------------------------------------

    def start(self) -> "Controller":
        self.engine.launch()
        resume(self.world, self.engine.start)
        self._started = True
        return self

    def stop(self) -> None:
        if self._started:
            self.engine.shutdown()
            self._started = False
        self.world.store.close()

    def next_life(self, **changed: object) -> "Controller":
        """The process that comes after this one, on the same folder."""
        plain = {"wrap_world": lambda w: w, "wrap_steps": lambda s: s, "wrap_body": lambda b: b}
        return replace(self, store=self.world.store, **{**plain, **changed})  # type: ignore[arg-type] # any field may change

    # --- being told -----------------------------------------------------------------------------

    def told_tag(self, repository: Repository, tag: str, *, who: str = "ada") -> None:
        self._add(NewTrigger(inbox.TAG, repository.id, repository.full_name, tag, who))

    def told_comment(
        self, pull: "Pull", said: str = "/reproduce", *, who: str = "ada", times: int = 1
    ) -> int:
        """A comment on a pull request, and the trigger that each delivery of it makes; returns its id."""
        place = pull.repository
        comment = self.outside.forge.add_comment(place, pull.place, said, who=who)
        ref = f"#{pull.number}"
        for _ in range(times):
            self._add(
                NewTrigger(inbox.COMMENT, place.id, place.full_name, ref, who, pull.number, comment, said)
            )
        return comment

    def told_again(self, pull: "Pull", comment: int, said: str, *, who: str = "ada") -> None:
        """A delivery of a comment that stands there already."""
        where = pull.repository.id, pull.repository.full_name, f"#{pull.number}"
        self._add(NewTrigger(inbox.COMMENT, *where, who, pull.number, comment, said))

    def told_commit_comment(
        self, repository: Repository, sha: Sha, said: str = "/reproduce", *, who: str = "ada", times: int = 1
    ) -> int:
        """The same on a commit."""
        comment = self.outside.forge.add_comment(repository, OnCommit(sha), said, who=who)
        for _ in range(times):
            where = repository.id, repository.full_name, sha[:7]
            self._add(NewTrigger(inbox.COMMENT, *where, who, None, comment, said, sha))
        return comment

    def _add(self, new: NewTrigger) -> None:
        with self.world.store.write() as connection:
            inbox.add_trigger(connection, new, at=self.outside.clock.now())

    # --- working --------------------------------------------------------------------------------

    def resolve(self) -> int:
        return resolve_due(self.world)

    def grant(self) -> int:
        return grant(self.world, self.engine.start)

    def work(self, *, seconds: float = 20) -> None:
        """Start the engine, and go on until no trigger is due and every run has ended."""
        if not self._started:
            self.start()
        self.until(self._idle, seconds=seconds)

    def until(self, condition: Callable[[], object], *, seconds: float = 20) -> None:
        """Do what the leader's loops do until the condition holds."""
        deadline = time.monotonic() + seconds
        while True:
            if self._moves():
                self.resolve()
                self.grant()
            end_overspent(self.world)
            tell_stopped(self.world)
            plan_comments.tell(self.world)
            if condition():
                return
            assert time.monotonic() < deadline, f"not within {seconds} s: {self._where()}"
            time.sleep(0.02)

    def _moves(self) -> bool:
        """Whether there is a run that waits or a trigger that is due. Asked often, hence as plain SQL."""
        query = text(
            "SELECT EXISTS (SELECT 1 FROM runs WHERE granted_at IS NULL AND ended_at IS NULL)"
            " OR EXISTS (SELECT 1 FROM triggers WHERE next_at <= :now)"
        )
        now = self.outside.clock.now().strftime("%Y-%m-%d %H:%M:%S.%f")
        with self.world.store.read() as connection:
            return bool(connection.execute(query, {"now": now}).scalar_one())

    def _idle(self) -> bool:
        with self.world.store.read() as connection:
            live = connection.execute(text("SELECT count(*) FROM runs WHERE ended_at IS NULL")).scalar_one()
            untold = runs.untold_runs(connection)
        return not live and not untold and not self._moves()

    def _where(self) -> str:
        return ", ".join(f"{run.id} {run.phase.value}" for run in self.runs())

    # --- looking --------------------------------------------------------------------------------

    def runs(self) -> list[Run]:
        """Oldest first."""
        with self.world.store.read() as connection:
            return runs.recent_runs(connection, 1000)[::-1]

    def audit(self, run: Run | None = None) -> list[Deed]:
        """Of one run, or everything."""
        with self.world.store.read() as connection:
            found = audit.lines(connection, Filter(run.id if run is not None else None))
        return [line.deed for line in found]

    def run(self) -> Run:
        (only,) = self.runs()
        return only

    def open_triggers(self) -> int:
        """Those that wait for their next try included."""
        query = text("SELECT count(*) FROM triggers WHERE next_at IS NOT NULL")
        with self.world.store.read() as connection:
            return int(connection.execute(query).scalar_one())

    def baseline(self, repository: Repository) -> bool:
        with self.world.store.read() as connection:
            return repositories.has_baseline(connection, repository.id)

    def trials(self, run: Run) -> list[Trial]:
        with self.world.store.read() as connection:
            return runs.trials_of(connection, run.id)

    def phases(self, run: Run) -> list[Phase]:
        """In the order in which they were entered."""
        entered = text("SELECT phase FROM phases WHERE run_id = :run ORDER BY rowid")
        with self.world.store.read() as connection:
            return [Phase(phase) for phase in connection.execute(entered, {"run": run.id}).scalars()]


@dataclass(frozen=True)
class Pull:
    """A pull request whose writer is ada and whose reader is bob."""

    repository: Repository
    number: int
    sha: Sha

    @property
    def place(self) -> OnPullRequest:
        return OnPullRequest(self.number)


def pull_request(outside: Outside, *, number: int = 7, files: Files | None = None) -> Pull:
    repository = outside.repository()
    sha = outside.commit(repository, files)
    outside.forge.add_pull_request(repository, number, sha)
    outside.forge.set_permission(repository, "ada", Permission.WRITE)
    outside.forge.set_permission(repository, "bob", Permission.READ)
    return Pull(repository, number, sha)


def run_tag(controller: Controller, files: Files | None = None) -> tuple[Repository, Sha, Run]:
    """Push a tag, work until nothing moves; the one run that came of it."""
    repository = controller.outside.repository()
    sha = controller.outside.tag(repository, "v1", files)
    controller.told_tag(repository, "v1")
    controller.work()
    assert_clean(controller)
    return repository, sha, controller.run()


def assert_clean(controller: Controller) -> None:
    """What must hold when nothing moves any more, however the runs ended."""
    assert_settled(controller)
    for run in controller.runs():
        _assert_accounted(controller, run)


def assert_settled(controller: Controller) -> None:
    """The same also for runs that began before there was an audit."""
    outside = controller.outside
    assert outside.provider.owned() == (), "a machine is still held"
    builds = controller.state / "builds"
    assert not builds.exists() or list(builds.iterdir()) == [], "a build folder was left"
    for run in controller.runs():
        assert run.phase is Phase.DONE
        assert run.ended_at is not None
        assert run.judgement is not None
        _assert_no_repeated_status(outside, run)
        reports = [c for c in outside.comments(run.repository, run.place) if is_report(c)]
        assert len(reports) <= 1, "more than one report"


def is_report(comment: Comment) -> bool:
    """Neither a reply nor plans."""
    return not any(f"<!-- reprise:{kind}:" in comment.body for kind in ("reply", "plans"))


def _assert_no_repeated_status(outside: Outside, run: Run) -> None:
    last: dict[str, Status] = {}
    for status in outside.forge.statuses_on(run.repository, run.commit):
        assert last.get(status.context) != status, f"posted twice in a row: {status}"
        last[status.context] = status


def _assert_accounted(controller: Controller, run: Run) -> None:
    """Each thing that happened once, and nothing that did not."""
    actions = [deed.action for deed in controller.audit(run)]
    assert len(actions) == len(set(actions)), f"told twice: {actions}"
    told = set(actions)
    assert {Action.REQUESTED, Action.JUDGED} <= told
    assert (Action.MACHINE_TAKEN in told) == (run.allocation is not None)
    assert (Action.MACHINE_ASKED in told) == (Action.MACHINE_RELEASED in told)
    leased = any(deed.unit is Unit.SERVICE_UNITS for deed in controller.audit(run))  # costs from its start on
    assert (Action.MACHINE_TAKEN in told or leased) == (Action.SPENT in told)
    stops = {Action.CANCELLED, Action.SUPERSEDED, Action.LIMITED, Action.REFUSED}
    assert bool(told & stops) == (run.stop_requested is not None)


def reason(run: Run) -> Reason:
    """Why it ended."""
    assert run.judgement is not None
    return run.judgement.reason


def jobs_of(outside: Outside, run_id: RunId) -> list[JobRequest]:
    return [job for job in outside.runner.started if job.run_id == run_id]


def wait_for(event: threading.Event, *, seconds: float = 10) -> None:
    assert event.wait(seconds), f"not within {seconds} s"
