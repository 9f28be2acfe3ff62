"""Histories of who may start what: people with changing roles, an own and a fork's pull request, plans."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from hypothesis import strategies as st
from tests.machine.commits import KINDS
from tests.machine.histories import Histories
from tests.machine.standing import check_nothing_is_held, ours
from tests.machine.town import Town
from tests.machine.witness import FORK, HEADS, OWN, Witness

from reprise.domain.forge import OnPullRequest, Permission


class Move(Enum):
    """What may happen; each takes two small numbers."""

    PUSH = "push to a pull request"
    SAY = "say something"
    ASK = "say something that is looked at soon"
    EDIT = "edit a comment into a command"
    DELETE = "delete a comment"
    APPROVE = "approve a plan that stands there"
    ROLE = "somebody gets another role"
    CLOSE = "close or reopen a pull request"
    DELIVER = "deliver"
    DOUBLE = "deliver, and again later"
    DROP = "drop a delivery"
    SWEEP = "sweep"
    INTAKE = "intake"
    GRANT = "grant"
    WORK = "work on runs"
    CRASH = "crash"
    FUSE = "crash at a later moment"
    MEANWHILE = "the next move happens in the middle of something"
    CLOCK = "clock step"


Step = tuple[Move, int, int]
THEIR_REPOSITORY = 999
PEOPLE = ("ada", "bob", "mallory", "ada", "eve", "ci[bot]", "ada")
ROLES = {
    "ada": Permission.WRITE,
    "bob": Permission.READ,
    "eve": Permission.ADMIN,
    "ci[bot]": Permission.WRITE,
}
GIVEN = (Permission.READ, Permission.WRITE, Permission.NONE, Permission.READ, Permission.ADMIN)
SAYINGS = (
    "/reproduce",
    "/reproduce",
    "/reproduce {head}",
    "/reproduce {head}",
    "/reproduce {older}",
    "/reproduce plan",
    "/reproduce all",
    "> /reproduce {head}",
    "```\n/reproduce {head}\n```",
    "/reproduce {short}",
    "/reproduce seeds=2",
    "Nice!",
    "/reproduce approve p00000000",
)
CLOCK_STEPS = (1.0, 60.0, 3600.0, 3 * 24 * 3600.0, 8 * 24 * 3600.0)
INSIDE = (Move.PUSH, Move.ROLE, Move.CLOSE, Move.APPROVE, Move.SAY, Move.DELIVER, Move.INTAKE)


def histories(weights: dict[Move, int], *, longest: int = 26) -> st.SearchStrategy[list[Step]]:
    moves = [move for move in Move for _ in range(weights.get(move, 0))]
    number = st.integers(0, 15)
    return st.lists(st.tuples(st.sampled_from(moves), number, number), min_size=10, max_size=longest)


class TrustTown(Town):
    """A town whose second pull request is a stranger's."""

    witness: Witness
    moves: Counter[Move]
    deleted: set[int]

    def prepare(self) -> None:
        self.deleted = set()
        self.moves = Counter()
        self.witness = Witness(dict(ROLES))
        self._looked = 0
        for who, role in ROLES.items():
            self.outside.forge.set_permission(self.repository, who, role)
        for number in HEADS:
            self.push(number, 0)
        self.under_way.clear()

    def push(self, number: int, which: int) -> None:
        kind = HEADS[number][which % 2]
        self.push_head(number, kind, fork=THEIR_REPOSITORY if number == FORK else None)
        if number in self.witness.closed:
            self.outside.forge.change_pull_request(self.repository, number, open=False)
        self.witness.head(number, self.commits[kind])

    def tell(self, steps: Sequence[Step]) -> None:
        waiting = iter(steps)
        for move, a, b in waiting:
            self.moves[move] += 1
            self.witness.begin()
            if move is not Move.MEANWHILE:
                self.do(move, a, b)
            elif (inner := next(waiting, None)) is not None and inner[0] in INSIDE:
                self.fuse.then(1 + 12 * a + b, lambda inner=inner: self.do(*inner))  # type: ignore[misc]
            self.look()

    def look(self) -> None:
        self.witness.look(self)
        for run in self.runs():
            if run.number > self._looked:
                self._looked = run.number
                self.witness.check(self, run)

    def do(self, move: Move, a: int, b: int) -> None:
        number = (OWN, FORK, FORK)[a % 3]
        match move:
            case Move.PUSH:
                self.push(number, b)
            case Move.SAY | Move.ASK:
                self.say(number, self._words(number, b), who=PEOPLE[a % len(PEOPLE)])
                if move is Move.ASK:
                    self._obey()
            case Move.EDIT | Move.DELETE:
                self._change(move, a, b)
            case Move.APPROVE:
                self._approve(a, b)
                if a % 2:
                    self._obey()
            case Move.ROLE:
                who, role = PEOPLE[a % 5], GIVEN[b % len(GIVEN)]
                self.outside.forge.set_permission(self.repository, who, role)
                self.witness.role(who, role)
            case Move.CLOSE:
                self._close(number, close=b % 2 == 1)
            case Move.CLOCK:
                self.outside.clock.step(CLOCK_STEPS[a % len(CLOCK_STEPS)])
            case _:
                self._drive(move, a, b)

    def _drive(self, move: Move, a: int, b: int) -> None:
        match move:
            case Move.DELIVER if a >= 6:
                while self.under_way:
                    self.deliver(0)
            case Move.DELIVER | Move.DOUBLE:
                self.deliver(a, again=move is Move.DOUBLE)
            case Move.DROP:
                self.drop(a)
            case Move.SWEEP:
                self.sweep()
            case Move.INTAKE:
                self.intake()
            case Move.GRANT:
                self.grant()
            case Move.WORK:
                self.turn(a, 1 + 3 * b)
            case Move.CRASH:
                self.crash()
            case Move.FUSE:
                self.fuse.end_after(1 + 12 * a + b)
            case _:
                raise AssertionError(move)

    def _obey(self) -> None:
        while self.under_way:
            self.deliver(0)
        self.intake()

    def _words(self, number: int, which: int) -> str:
        head = self.witness.heads[number]
        older = next(sha for kind in HEADS[number] if (sha := self.commits[kind]) != head)
        return SAYINGS[which % len(SAYINGS)].format(head=head, short=head[:7], older=older)

    def _change(self, move: Move, a: int, b: int) -> None:
        """GitHub tells of it with the new text, or with the last one."""
        left = [said for said in self.said if said.id not in self.deleted]
        if not left:
            return
        self.outside.clock.advance(1.0)  # GitHub dates to the second
        said = left[a % len(left)]
        if move is Move.EDIT:
            words, action = self._words(said.pull, b), "edited"
            self.outside.forge.edit_comment(self.repository, said.id, words)
        else:
            words, action = said.text, "deleted"
            self.deleted.add(said.id)
            self.outside.forge.remove_comment(self.repository, said.id)
        self._tell_comment(said.id, said.pull, words, said.who, action)

    def _approve(self, a: int, b: int) -> None:
        plans = sorted(self.witness.shown)
        if plans:
            plan = plans[b % len(plans)]
            number = self.witness.shown[plan][0] if a < 14 else OWN
            who = PEOPLE[a % len(PEOPLE)] if a < 10 else "ada"
            self.say(number, f"/reproduce approve {plan}", who=who)

    def _close(self, number: int, *, close: bool) -> None:
        self.outside.forge.change_pull_request(self.repository, number, open=not close)
        if close:
            self.witness.closed.add(number)
        else:
            self.witness.closed.discard(number)
            self.witness.open_since.add(number)


def check_end(town: TrustTown) -> None:
    runs = town.runs()
    check_nothing_is_held(town, runs)
    commits = {run.id: run.commit for run in runs}
    for job in town.outside.runner.started:
        assert job.commit == commits[job.run_id], f"a job ran another commit: {job}"
    for run in runs:
        assert run.ended_at is not None, run
    trusted = {sha for sha, trusted in town.outside.source.exported if trusted}
    theirs = {town.commits[kind] for kind in HEADS[FORK]}
    assert not trusted & theirs, "a stranger's code got what is ours"
    for number in HEADS:
        check_texts(town, number)


def check_texts(town: TrustTown, number: int) -> None:
    """However much strangers say: one comment with plans, and one text for each of them."""
    markers = Counter(
        re.findall(r"<!-- reprise:[^>]* -->", "\n".join(c.body for c in ours(town, OnPullRequest(number))))
    )
    assert all(count == 1 for count in markers.values()), markers
    asked = {said.who for said in town.said if said.pull == number}
    assert sum("reprise:reply:of-" in marker for marker in markers) <= len(asked), markers


@dataclass
class TrustHistories(Histories):
    moves: Counter[Move] = field(default_factory=Counter)
    plans: int = 0
    approved: int = 0

    def live_trust(self, steps: Sequence[Step]) -> None:
        self.tables.renew()
        place = self.folder / str(self.tally.histories)
        self.tally.histories += 1
        place.mkdir()
        town = TrustTown(place, self.tables.store, spoil=self.spoil)
        town.prepare()
        try:
            town.tell(steps)
            town.witness.begin()
            town.settle()
            town.look()
            check_end(town)
            self.moves.update(town.moves)
            self.plans += len(town.witness.shown)
            self.approved += len(town.witness.used)
            self._count(town)
        finally:
            town.engine.crash()


assert set(HEADS[OWN]) | set(HEADS[FORK]) <= set(KINDS)
