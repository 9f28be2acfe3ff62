"""Histories of leased runs: whatever happens to cloud, nodes, disk and controller, in any order.

Two runs at two sites. After every act: no run has two leases. At the end, when all is answered again: both
runs are given back, nothing of them is left anywhere, and what we think they cost is what they cost.
"""

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from pathlib import Path

from hypothesis import strategies as st
from tests.fakes.cloud import FakeCloud, host, unanswered
from tests.leasing.bench import OTHER, RUN, Bench, Killed, gpu_spec, hurried

from reprise.domain.errors import Refused, Retryable
from reprise.domain.leasing.refusal import CloudRefused, Refusal
from reprise.domain.run import RunId
from reprise.ports import Allocation, Failed
from reprise.ports.cloud import Lease, Taken

SHARED = "/dev/shm" if Path("/dev/shm").is_dir() else None
RUNS = (RUN, OTHER)
PASSES = (1.0, 15.0, 120.0, 1200.0, 3600.0, 9000.0, 30_000.0)
"""Seconds."""


class Act(Enum):
    """What may happen; each takes two small numbers."""

    ASK = "a run asks for a machine"
    LOOK = "somebody looks at a run, some times"
    SETTLE = "somebody looks until there is an answer"
    GIVE_BACK = "a run's machine is given back"
    PASS = "time passes"
    RESTART = "the controller is killed between two calls"
    KILL = "the controller is killed in one of the next calls or writes"
    SILENCE = "one of the next calls is not answered, before or after it took effect"
    REFUSE = "one of the next calls is refused"
    BREAK = "a host is broken, or is mended"
    MUTE = "servers of a host never answer"
    LACK = "the next node is not what was promised"
    BOOK = "somebody else books a host"
    PORTAL = "who counts service units is down, or up again"
    SPEND = "the budget is nearly spent, or raised"
    DELETE_LEASE = "somebody deletes a run's lease"
    DELETE_SERVER = "somebody deletes a run's server"
    SLOW = "servers go slowly, or fast"
    FORGET = "the controller's disk is lost"


WEIGHTS = {
    Act.ASK: 2,
    Act.LOOK: 8,
    Act.SETTLE: 4,
    Act.GIVE_BACK: 2,
    Act.PASS: 3,
    Act.KILL: 4,
    Act.SILENCE: 4,
    Act.REFUSE: 2,
    Act.BREAK: 2,
    Act.LACK: 2,
}
"""Of all others: 1."""

Step = tuple[Act, int, int]


def histories() -> st.SearchStrategy[list[Step]]:
    acts = [act for act in Act for _ in range(WEIGHTS.get(act, 1))]
    number = st.integers(0, 15)
    return st.lists(st.tuples(st.sampled_from(acts), number, number), min_size=6, max_size=18)


@dataclass
class Tally:
    histories: int = 0
    acts: Counter[Act] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    leases: int = 0
    checked: int = 0
    """Histories whose accounts were compared to the last hour."""

    def __str__(self) -> str:
        acts = ", ".join(f"{act.name.lower()} {count}" for act, count in self.acts.most_common())
        ends = ", ".join(f"{end} {count}" for end, count in self.ends.most_common())
        counted = f"{self.histories} histories, {self.leases} leases, {self.checked} accounts compared"
        return f"{counted}\nacts: {acts}\nanswers: {ends}"


class Life:
    """One history."""

    def __init__(self, folder: Path, tally: Tally) -> None:
        first, second = hurried(), hurried("CHI@Second")
        second.machines = (host(3),)
        self.bench = Bench(folder, clouds=[first, second])
        self.tally = tally
        self.asked: set[RunId] = set()
        self.unsure = False
        """Whether something happened to a lease that nobody can know the time of."""

    def act(self, act: Act, first: int, second: int) -> None:
        self.tally.acts[act] += 1
        _DEEDS[act](self, RUNS[first % 4 == 3], first, second)
        self.check()

    def check(self) -> None:
        for run_id in RUNS:
            held = [lease.name for lease in self._living() if run_id in lease.name]
            assert len(held) <= 1, f"{run_id} has {held}"

    def end(self) -> None:
        """Everybody answers again, and what was asked for is given back."""
        self._all_well()
        for run_id in RUNS:
            self.bench.give_back(run_id)
        assert self.bench.provider.owned() == ()
        for cloud in self.bench.clouds:
            assert cloud.left() == {}, cloud.left()
            assert cloud.leases() == ()
            self.tally.leases += len(cloud.charges())
        booked, spent = self.bench.booked(*RUNS), self.bench.spent()
        if not self.unsure:
            self.tally.checked += 1
            assert abs(booked - spent) < 1e-6, f"booked {booked}, spent {spent}"
        self.tally.histories += 1

    # --- what may happen -------------------------------------------------------------------------

    def ask(self, run_id: RunId, first: int, second: int) -> None:
        hours = (0.5, 2.0, 30.0, 200.0)[second % 4]
        self._try(lambda: self.bench.provider.request(run_id, gpu_spec(hours=hours)))
        self.asked.add(run_id)

    def look(self, run_id: RunId, first: int, second: int) -> None:
        self._looks(run_id, second)

    def settle(self, run_id: RunId, first: int, second: int) -> None:
        self._looks(run_id, 60)

    def give_back(self, run_id: RunId, first: int, second: int) -> None:
        self._try(lambda: self.bench.provider.release(run_id))

    def passes(self, run_id: RunId, first: int, second: int) -> None:
        self.bench.clock.advance(PASSES[second % len(PASSES)])

    def restart(self, run_id: RunId, first: int, second: int) -> None:
        self.bench.forget_process()

    def kill(self, run_id: RunId, first: int, second: int) -> None:
        self._arm(first + second // 2, Killed())

    def silence(self, run_id: RunId, first: int, second: int) -> None:
        self._arm(first + second // 2, unanswered())

    def refuse(self, run_id: RunId, first: int, second: int) -> None:
        kinds = tuple(Refusal)
        self._arm(second, CloudRefused(kinds[(first + 3 * second) % len(kinds)], "no"))

    def break_host(self, run_id: RunId, first: int, second: int) -> None:
        cloud = self._cloud(second)
        cloud.broken ^= {cloud.machines[second % len(cloud.machines)].uid}

    def mute(self, run_id: RunId, first: int, second: int) -> None:
        cloud = self._cloud(second)
        cloud.silent ^= {cloud.machines[second % len(cloud.machines)].uid}

    def lack(self, run_id: RunId, first: int, second: int) -> None:
        self.bench.problems.append("it has no GPU, 1 was promised")

    def book(self, run_id: RunId, first: int, second: int) -> None:
        cloud, now = self._cloud(second), self.bench.clock.now()
        start = now + timedelta(hours=first)
        machine = cloud.machines[second % len(cloud.machines)]
        cloud.others.append(Taken(machine.id, "theirs", start, start + timedelta(hours=1 + 5 * second)))

    def portal(self, run_id: RunId, first: int, second: int) -> None:
        self._cloud(second).portal_up ^= True

    def spend(self, run_id: RunId, first: int, second: int) -> None:
        cloud = self._cloud(second)
        cloud.su_left = None if cloud.su_left is not None else sum(cloud.charges().values()) + second

    def delete_lease(self, run_id: RunId, first: int, second: int) -> None:
        for cloud in self.bench.clouds:
            for lease in cloud.leases() if not self.bench.at else ():
                if run_id in lease.name:
                    cloud.delete_lease(lease.id)
                    self.unsure = True

    def delete_server(self, run_id: RunId, first: int, second: int) -> None:
        for cloud in self.bench.clouds:
            for server in cloud.servers() if not self.bench.at else ():
                if server.run_id == run_id:
                    cloud.delete_server(server.id)

    def slow(self, run_id: RunId, first: int, second: int) -> None:
        cloud = self._cloud(second)
        cloud.removing = timedelta(seconds=4 if cloud.removing > timedelta(minutes=1) else 90 + 60 * first)

    def forget(self, run_id: RunId, first: int, second: int) -> None:
        """What a lease cost that was never written down and ended meanwhile, nobody can know then."""
        booked = {charge.lease_id for charge in self.bench.memory.charges(run_id)}
        if any(run_id in lease.name and lease.id not in booked for lease in self._living(ended=True)):
            self.unsure = True
        shutil.rmtree(self.bench.memory.folder(run_id), ignore_errors=True)
        self.bench.forget_process()

    # --- inside ----------------------------------------------------------------------------------

    def _looks(self, run_id: RunId, times: int) -> None:
        for _ in range(times):
            try:
                seen = self.bench.look(run_id)
            except (Retryable, Refused):
                self.bench.clock.advance(30)
                continue
            self.check()
            if isinstance(seen, Allocation | Failed):
                self.tally.ends[seen.reason.value if isinstance(seen, Failed) else "node"] += 1
                return

    def _try(self, deed: Callable[[], None]) -> None:
        try:
            deed()
        except Killed:
            self.bench.forget_process()
        except (Retryable, Refused):
            pass

    def _arm(self, steps: int, error: BaseException) -> None:
        self.bench.at[len(self.bench.struck) + 1 + steps] = error

    def _cloud(self, number: int) -> FakeCloud:
        return self.bench.clouds[number % 4 == 3]

    def _living(self, *, ended: bool = False) -> list[Lease]:
        return [lease for cloud in self.bench.clouds for lease in cloud.living(ended=ended)]

    def _all_well(self) -> None:
        self.bench.at.clear()
        self.bench.forget_process()
        for cloud in self.bench.clouds:
            cloud.portal_up, cloud.su_left = True, None


_DEEDS: dict[Act, Callable[[Life, RunId, int, int], None]] = {
    Act.ASK: Life.ask,
    Act.LOOK: Life.look,
    Act.SETTLE: Life.settle,
    Act.GIVE_BACK: Life.give_back,
    Act.PASS: Life.passes,
    Act.RESTART: Life.restart,
    Act.KILL: Life.kill,
    Act.SILENCE: Life.silence,
    Act.REFUSE: Life.refuse,
    Act.BREAK: Life.break_host,
    Act.MUTE: Life.mute,
    Act.LACK: Life.lack,
    Act.BOOK: Life.book,
    Act.PORTAL: Life.portal,
    Act.SPEND: Life.spend,
    Act.DELETE_LEASE: Life.delete_lease,
    Act.DELETE_SERVER: Life.delete_server,
    Act.SLOW: Life.slow,
    Act.FORGET: Life.forget,
}


def live(steps: list[Step], tally: Tally) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=SHARED)))
        life = Life(folder, tally)
        life.act(Act.ASK, 0, 1)
        for act, first, second in steps:
            life.act(act, first, second)
        life.end()
