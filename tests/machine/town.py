"""Everything that a history happens to: people, a network that loses and doubles, and the controller's lives.

The tables, the intake, the sweep, the grants, the stops, the steps and the workflow are the real ones; a
life of the controller is one thread that is driven by hand, and it may end at any moment of the `Fuse`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import select
from tests.deliveries import comment_posted, pull_changed, sample, tag_created, tag_pushed
from tests.engine.harness import FAKE, Outside
from tests.engine.watch import Killed
from tests.fakes.engine import FakeEngine, Records
from tests.fakes.source import FakeSource
from tests.machine.commits import KINDS, plays
from tests.machine.fuse import Fuse

from reprise.adapters.github.webhook import parse_delivery
from reprise.domain import missed
from reprise.domain.event import CommentPosted, Event, TagPushed
from reprise.domain.forge import OnPullRequest, Permission
from reprise.domain.run import Repository, Sha
from reprise.domain.watch import Watch
from reprise.engine import plan_comments
from reprise.engine.grant import grant, rescue, resume
from reprise.engine.intake import resolve_due
from reprise.engine.reaper import Reaper
from reprise.engine.reporting import show_waiting
from reprise.engine.steps import Steps
from reprise.engine.stopping import end_overspent, tell_stopped
from reprise.engine.sweep import Sweeps, sweep
from reprise.engine.told import delivery_of
from reprise.engine.workflow import RunWorkflow
from reprise.engine.world import Backend, Folders, World, by_name
from reprise.store import catch_up, repositories, runs
from reprise.store import intake as inbox
from reprise.store.database import Database
from reprise.store.runs import Run
from reprise.store.tables import plans, triggers

P = ParamSpec("P")
T = TypeVar("T")

WATCHED = Watch(("ada/wine",), ())
PULLS = (7, 8)
ADA, BOB = "ada", "bob"
"""Ada may write, bob may only read."""


async def inline(call: Callable[P, T], /, *args: P.args, **named: P.kwargs) -> T:
    return call(*args, **named)


@dataclass(frozen=True)
class Message:
    """A delivery under way."""

    guid: str
    event: str
    body: bytes
    said: Event


@dataclass
class Said:
    """A comment on a pull request."""

    id: int
    pull: int
    who: str
    text: str
    at: datetime
    found: bool | None
    """Whether a look finds it when no delivery tells of it; None = who knows: the first look was going on."""
    delivered: bool = False


@dataclass
class Seen:
    """What the controller could see."""

    listings: list[dict[str, Sha]] = field(default_factory=list)
    """By the intake, one for each time that it asked."""
    swept: list[dict[str, Sha]] = field(default_factory=list)
    told: set[str] = field(default_factory=set)
    """Tags of which a delivery arrived."""
    older: set[tuple[str, Sha]] = field(default_factory=set)
    """What stood there when the watch began, and nobody had told of."""
    heads: dict[int, list[Sha]] = field(default_factory=dict)
    """pull request → every head that it had"""


class _Listing(FakeSource):
    """Tells what it was asked for."""

    def __init__(self, seen: Callable[[dict[str, Sha]], None]) -> None:
        super().__init__()
        self._seen = seen

    def tags(self, repository: Repository) -> dict[str, Sha]:
        found = super().tags(repository)
        self._seen(found)
        return found


class Town:
    def __init__(
        self,
        folder: Path,
        store: Database,
        *,
        slots: int = 2,
        settle: int = 400,
        spoil: Callable[[World], World] = lambda world: world,
    ) -> None:
        """``spoil`` seeds a defect; ``settle`` bounds how long the end may take."""
        self.store = store
        self.folder = folder
        self.slots = slots
        self.outside = Outside(folder)
        self.outside.source = _Listing(self._see)
        self.fuse = Fuse()
        self.seen = Seen()
        self.under_way: list[Message] = []
        self.said: list[Said] = []
        self.tags: dict[str, str] = {}
        """tag → kind of commit"""
        self.lives = 0
        self._records = Records()
        self._messages = 0
        self._busy: list[str] = []
        self._settle = settle
        self._spoil = spoil
        self.repository = self.outside.repository()
        self.commits = {kind: self.outside.commit(self.repository, KINDS[kind].files) for kind in KINDS}
        self.kinds = {sha: kind for kind, sha in self.commits.items()}
        self.outside.runner.script = lambda job: plays(KINDS[self.kinds[job.commit]], job)
        for who, permission in ((ADA, Permission.WRITE), (BOB, Permission.READ)):
            self.outside.forge.set_permission(self.repository, who, permission)
        for number in PULLS:
            self.push_head(number, "good")
        self._begin()

    # --- people ------------------------------------------------------------------------------------

    def push_tag(self, tag: str, kind: str) -> None:
        if self.tags.get(tag) == kind:
            return
        sha = self.commits[kind]
        self.outside.source.tag(self.repository, tag, sha)
        at = self._at()
        pushed = [tag_pushed(tag, sha, **at)] + ([] if tag in self.tags else [tag_created(tag, **at)])
        self.tags[tag] = kind
        for delivery in pushed:
            self._send(delivery.event, delivery.body)

    def delete_tag(self, tag: str) -> None:
        if self.tags.pop(tag, None) is None:
            return
        self.outside.source.delete_tag(self.repository, tag)
        delivery = sample("delete", "delete_tag", **self._at())
        delivery.payload["ref"] = tag
        self._send(delivery.event, delivery.body)

    def push_head(self, number: int, kind: str, *, fork: int | None = None) -> None:
        sha = self.commits[kind]
        self.outside.forge.add_pull_request(self.repository, number, sha, head_repository_id=fork)
        if number in self.seen.heads:
            delivery = pull_changed(number, **self._at())
            self._send(delivery.event, delivery.body)
        self.seen.heads.setdefault(number, []).append(sha)

    def say(self, number: int, text: str, *, who: str = ADA) -> None:
        place, bot = OnPullRequest(number), who.endswith("[bot]")
        comment = self.outside.forge.add_comment(self.repository, place, text, who=who, by_bot=bot)
        found = True if self._reads_comments() else None if "sweep" in self._busy else False
        self.said.append(Said(comment, number, who, text, self.outside.clock.elsewhere(), found))
        self._tell_comment(comment, number, text, who)

    def _tell_comment(self, comment: int, number: int, text: str, who: str, action: str = "created") -> None:
        kind = "Bot" if who.endswith("[bot]") else "User"
        delivery = comment_posted(
            text,
            who=who,
            kind=kind,
            number=number,
            comment_id=comment,
            action=action,
            **self._at(),
        )
        self._send(delivery.event, delivery.body)

    # --- the network -------------------------------------------------------------------------------

    def deliver(self, which: int, *, again: bool = False) -> None:
        if not self.under_way:
            return
        index = which % len(self.under_way)
        message = self.under_way[index] if again else self.under_way.pop(index)
        new = delivery_of(
            message.guid,
            message.event,
            message.body,
            message.said,
            watches=lambda *_: True,
            received_at=self.outside.clock.now(),
        )
        inbox.record_deliveries(self.store, [new])
        match message.said:
            case TagPushed(tag=tag):
                self.seen.told.add(tag)
            case CommentPosted(comment_id=comment):
                next(said for said in self.said if said.id == comment).delivered = True
            case _:
                pass

    def drop(self, which: int) -> None:
        if self.under_way:
            self.under_way.pop(which % len(self.under_way))

    def _at(self) -> dict[str, Any]:
        return {"repository_id": self.repository.id, "repository": self.repository.full_name}

    def _send(self, event: str, body: bytes) -> None:
        self._messages += 1
        self.under_way.append(Message(f"guid-{self._messages}", event, body, parse_delivery(event, body)))

    # --- the controller ----------------------------------------------------------------------------

    def intake(self) -> None:
        self.resolve()
        self._as("intake", lambda: end_overspent(self.world))
        self._as("intake", lambda: tell_stopped(self.world))
        self._as("intake", lambda: plan_comments.tell(self.world))
        self._as("intake", lambda: show_waiting(self.world))

    def resolve(self) -> None:
        self._as("intake", lambda: resolve_due(self.world))

    def grant(self) -> None:
        self._as("grant", lambda: grant(self.world, self.engine.start))

    def sweep(self) -> None:
        before = self._watched()
        told = set(self.seen.told)
        self._as("sweep", lambda: sweep(self.world, WATCHED, sweeps=self.sweeps))
        if not before and self._watched():
            listing = self.seen.swept[-1].items()
            self.seen.older = {(tag, sha) for tag, sha in listing if tag not in told}

    def care(self) -> None:
        self._as("care", lambda: resume(self.world, self.engine.start))
        self._as("care", lambda: rescue(self.world, self.engine))
        self._as("care", lambda: self._reaper.reap(self.world))

    def turn(self, which: int, moves: int) -> None:
        for _ in range(moves):
            if not self._as("workflow", lambda: self.engine.turn(which)):
                return

    def crash(self) -> None:
        self.engine.crash()
        self._begin()

    def settle(self) -> None:
        """Whatever is lost by now stays lost; then time passes until nothing moves any more."""
        self.fuse.forget_plans()
        self.under_way.clear()
        still, lives = 0, self.lives
        for _ in range(self._settle):
            self.intake()
            self.grant()
            self.care()
            while self._as("workflow", lambda: self.engine.turn()):
                pass
            if not self._quiet():
                self.outside.clock.advance(self._until_next())
                still = 0
                continue
            still = still + 1 if lives == self.lives else 1
            lives = self.lives
            if still == 3:  # the first sweep only begins the watch, and the reaper wants to see things twice
                return
            self.sweep()
            still = 0 if self.sweeps.trouble else still
        raise AssertionError(f"still not quiet: {self._where()}")

    def _as(self, loop: str, act: Callable[[], object]) -> object:
        """Like the leader's loops: each is one thread, which another may interrupt but not itself."""
        if loop in self._busy:
            return None
        self._busy.append(loop)
        try:
            return act()
        except Killed:
            if len(self._busy) > 1:
                raise
            self.crash()
            return None
        finally:
            self._busy.remove(loop)

    def _begin(self) -> None:
        while True:
            self.lives += 1
            out = self.outside
            self.world = self._spoil(
                self.fuse.wrap(
                    World(
                        store=self.store,
                        source=out.source,
                        backends=by_name(Backend(FAKE, out.builder, out.provider, out.runner, self.slots)),
                        fetcher=out.fetcher,
                        tracker=out.tracker,
                        forge=out.forge,
                        archive=out.archive,
                        linter=out.linter,
                        clock=out.clock,
                        folders=Folders(self.folder / "state"),
                        pages="https://reprise.test",
                        aside=inline,
                    )
                )
            )
            self.engine = FakeEngine(self._records, out.clock)
            self._reaper, self.sweeps = Reaper(), Sweeps()
            self.engine.launch(RunWorkflow(Steps(self.world), self.engine, aside=inline).run)
            try:
                resume(self.world, self.engine.start)
            except Killed:
                self.engine.crash()
                continue
            return

    # --- looking -----------------------------------------------------------------------------------

    def runs(self) -> list[Run]:
        """Oldest first."""
        with self.store.read() as connection:
            return runs.recent_runs(connection, 1000)[::-1]

    def open_triggers(self) -> list[timedelta]:
        """How long until each is looked at."""
        with self.store.read() as connection:
            found = connection.execute(select(triggers.c.next_at).where(triggers.c.next_at.is_not(None)))
            return [at - self.outside.clock.now() for at in found.scalars()]

    def untold_plans(self) -> list[timedelta]:
        """How long until the comment is made to say how each stands."""
        with self.store.read() as connection:
            found = connection.execute(select(plans.c.tell_at).where(plans.c.tell_at.is_not(None)))
            return [at - self.outside.clock.now() for at in found.scalars()]

    def outcomes(self) -> dict[int, str | None]:
        """comment → what came of its first trigger, None while it is open"""
        said = select(triggers).where(triggers.c.kind == inbox.COMMENT).order_by(triggers.c.number.desc())
        with self.store.read() as connection:
            rows = connection.execute(said).all()
        return {row.comment_id: None if row.next_at is not None else row.outcome for row in rows}

    def heard(self, said: Said) -> bool | None:
        """Whether the controller has to act on this comment; None = it may, or not."""
        if said.delivered:
            return True
        if said.found and abs(self.outside.clock.now() - said.at) > missed.OLDEST - timedelta(hours=1):
            return None
        return said.found

    def _see(self, listing: dict[str, Sha]) -> None:
        (self.seen.swept if self._busy[-1:] == ["sweep"] else self.seen.listings).append(listing)

    def _watched(self) -> bool:
        with self.store.read() as connection:
            return repositories.has_baseline(connection, self.repository.id)

    def _reads_comments(self) -> bool:
        """Whether the first look at comments is over."""
        with self.store.read() as connection:
            return catch_up.cursor(connection, f"comments:{self.repository.id}") is not None

    def _quiet(self) -> bool:
        with self.store.read() as connection:
            untold = runs.untold_runs(connection)
        going = [run for run in self.runs() if run.ended_at is None]
        waits = self.open_triggers() or self.untold_plans()
        return not (untold or going or waits or self.engine.next_wake() is not None)

    def _until_next(self) -> float:
        waits = [wait.total_seconds() for wait in (*self.open_triggers(), *self.untold_plans())]
        if (wake := self.engine.next_wake()) is not None:
            waits.append(wake)
        return max(min(waits, default=16), 1)

    def _where(self) -> str:
        stand = [f"{run.id} {run.phase.value}" for run in self.runs() if run.ended_at is None]
        return f"runs {stand}, triggers due in {self.open_triggers()}"
