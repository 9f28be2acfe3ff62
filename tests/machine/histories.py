"""Invents histories, lives each to its end, and compares what stands then with what should."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.machine.standing import check_standing
from tests.machine.tables import Tables
from tests.machine.town import BOB, PULLS, Town
from tests.machine.truth import (
    check_cancel_stops,
    check_moved_tags_stop,
    check_newer_commands_stop,
    check_runs,
)

from reprise.domain.errors import Retryable
from reprise.engine.world import World


class Act(Enum):
    """What may happen; each takes two small numbers."""

    PUSH = "push or move a tag"
    DELETE = "delete a tag"
    HEAD = "push to a pull request"
    SAY = "say a command"
    CANCEL = "cancel"
    DELIVER = "deliver"
    DOUBLE = "deliver, and again later"
    DROP = "drop a delivery"
    SWEEP = "sweep"
    INTAKE = "intake"
    GRANT = "grant"
    CARE = "care"
    WORK = "work on runs"
    CRASH = "crash"
    FUSE = "crash at a later moment"
    MEANWHILE = "the next act happens in the middle of something"
    CLOCK = "clock step"
    TROUBLE = "an outside call fails"


Step = tuple[Act, int, int]
TAGS = ("v1", "v1", "paper-1")
SAYINGS = (
    "/reproduce",
    "/reproduce",
    "/reproduce all",
    "/reproduce seeds=2",
    "/reproduce claims=accuracy",
    "/reproduce status",
)
COMMITTED = ("good", "other") * 4 + ("two", "slow", "lost", "off", "fails", "bad", "none")
"""Few that come often, so that tags move back to where they were."""
CLOCK_STEPS = (1.0, 20.0, 600.0, 7200.0, -30.0, -3600.0)
MOVES = (1, 2, 4, 8, 16, 40)
INSIDE = (
    Act.PUSH,
    Act.DELETE,
    Act.HEAD,
    Act.SAY,
    Act.CANCEL,
    Act.DELIVER,
    Act.DOUBLE,
    Act.SWEEP,
    Act.INTAKE,
    Act.GRANT,
)
"""What another thread, or somebody outside, may do in the middle of something."""
FAILING = (
    "post_status",
    "statuses",
    "put_comment",
    "react",
    "pull_request",
    "permission",
    "comments_since",
    "open_pull_requests",
)


def histories(weights: dict[Act, int], *, longest: int = 24) -> st.SearchStrategy[list[Step]]:
    acts = [act for act in Act for _ in range(weights.get(act, 0))]
    number = st.integers(0, 15)
    return st.lists(st.tuples(st.sampled_from(acts), number, number), min_size=6, max_size=longest)


def many(count: int) -> settings:
    """The same ones every time, so that a change is to blame for what fails."""
    return settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        print_blob=False,
        suppress_health_check=[HealthCheck.too_slow],
    )


@dataclass
class Tally:
    """What the histories of one test were made of."""

    histories: int = 0
    lives: int = 0
    acts: Counter[Act] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    """reason → runs"""

    def __str__(self) -> str:
        acts = ", ".join(f"{act.name.lower()} {count}" for act, count in self.acts.most_common())
        ends = ", ".join(f"{reason} {count}" for reason, count in self.ends.most_common())
        head = f"{self.histories} histories, {self.lives} lives of the controller, {self.ends.total()} runs"
        return f"{head}\nacts: {acts}\nruns: {ends}"


@dataclass
class Histories:
    """Lives histories, one after the other, on tables that stay open and warm."""

    folder: Path
    tables: Tables
    spoil: Callable[[World], World] = lambda world: world
    tally: Tally = field(default_factory=Tally)

    def live_many(self, weights: dict[Act, int], count: int) -> None:
        """At least ``count`` histories of this mix; each kind of act has to come often enough to count."""

        @many(count)
        @given(steps=histories(weights))
        def history(steps: list[Step]) -> None:
            self.live(steps)

        history()
        assert self.tally.histories >= count
        assert all(self.tally.acts[act] >= 50 for act in weights)

    def live(self, steps: Sequence[Step]) -> Town:
        self.tables.renew()
        place = self.folder / str(self.tally.histories)
        self.tally.histories += 1
        place.mkdir()
        town = Town(place, self.tables.store, spoil=self.spoil)
        try:
            tell(town, steps, self.tally.acts)
            town.settle()
            check_runs(town)
            check_standing(town)
            self._count(town)
            return town
        finally:
            town.engine.crash()
            shutil.rmtree(place)

    def _count(self, town: Town) -> None:
        self.tally.lives += town.lives
        self.tally.ends.update(run.judgement.reason.value for run in town.runs() if run.judgement is not None)


@contextmanager
def histories_in(folder: Path) -> Iterator[Histories]:
    tables = Tables(folder)
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    try:
        yield Histories(folder, tables)
    finally:
        structlog.configure(**before)
        tables.close()


def tell(town: Town, steps: Sequence[Step], acts: Counter[Act]) -> None:
    waiting = iter(steps)
    for act, a, b in waiting:
        acts[act] += 1
        if act is not Act.MEANWHILE:
            do(town, act, a, b)
            continue
        inner = next(waiting, None)
        if inner is not None and inner[0] in INSIDE:
            town.fuse.then(1 + 12 * a + b, _inside(town, *inner))


def _inside(town: Town, act: Act, a: int, b: int) -> Callable[[], None]:
    if act is Act.INTAKE:
        return town.resolve
    return lambda: do(town, act, a, b)


def do(town: Town, act: Act, a: int, b: int) -> None:
    match act:
        case Act.PUSH:
            town.push_tag(TAGS[a % len(TAGS)], _kind(b))
        case Act.DELETE:
            town.delete_tag(TAGS[a % len(TAGS)])
        case Act.HEAD:
            town.push_head(PULLS[a % len(PULLS)], _kind(b))
        case Act.SAY if b == 15:
            town.say(PULLS[a % len(PULLS)], "/reproduce", who=BOB)
        case Act.SAY:
            town.say(PULLS[a % len(PULLS)], SAYINGS[b % len(SAYINGS)])
        case Act.CANCEL:
            town.say(PULLS[a % len(PULLS)], "/reproduce cancel")
        case Act.DELIVER if a >= 10:
            while town.under_way:
                town.deliver(0)
        case Act.DELIVER | Act.DOUBLE:
            town.deliver(a, again=act is Act.DOUBLE)
        case Act.DROP:
            town.drop(a)
        case Act.SWEEP:
            town.sweep()
        case Act.INTAKE:
            look_closely(town)
            if a % 2 == 1:
                town.grant()
        case Act.GRANT:
            town.grant()
        case Act.CARE:
            town.care()
        case Act.WORK:
            town.turn(a, MOVES[b % len(MOVES)])
        case Act.CRASH:
            town.crash()
        case Act.FUSE:
            town.fuse.end_after(1 + 12 * a + b)
        case Act.CLOCK:
            town.outside.clock.step(CLOCK_STEPS[a % len(CLOCK_STEPS)])
        case Act.TROUBLE:
            trouble(town, a, after_effect=b % 2 == 1)
        case Act.MEANWHILE:
            pass


def _kind(number: int) -> str:
    return COMMITTED[number % len(COMMITTED)]


def look_closely(town: Town) -> None:
    """The intake, and whether whatever it decided is to end was told so at once."""
    before, lives = town.runs(), town.lives
    number = max((run.number for run in before), default=0)
    unanswered = {comment for comment, outcome in town.outcomes().items() if outcome is None}
    town.intake()
    check_moved_tags_stop(town, number)
    check_newer_commands_stop(town, number)
    outcomes = town.outcomes()
    settled = [said for said in town.said if said.id in unanswered and outcomes[said.id] is not None]
    open_ = [run for run in before if run.judgement is None]
    if town.lives == lives:
        check_cancel_stops(town, open_, settled)


def trouble(town: Town, which: int, *, after_effect: bool) -> None:
    down = Retryable("the forge does not answer")
    out = town.outside
    which %= len(FAILING) + 2
    if which < len(FAILING):
        out.forge.fail(FAILING[which], down, after_effect=after_effect)
    elif which == len(FAILING):
        out.source.fail(down)
    elif after_effect:
        out.tracker.failures += 1
    else:
        out.provider.refusals.append(Retryable("the site does not answer"))
