"""A cloud, its nodes and a provider on one clock that tests move."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from tests import jobs
from tests.fakes.clock import FakeClock
from tests.fakes.cloud import FakeCloud, Faults, as_text
from tests.fakes.nodes import FakeNodes, Machine

from reprise.adapters.chameleon.kept import Kept, Memory, Proved
from reprise.adapters.chameleon.provider import ChameleonProvider
from reprise.adapters.chameleon.sites import Site
from reprise.adapters.chameleon.turn import Answer, Means
from reprise.domain.errors import Refused, Retryable
from reprise.domain.leasing.choice import Choice
from reprise.domain.leasing.life import Limits
from reprise.domain.leasing.money import Charge, total
from reprise.domain.leasing.refusal import CloudRefused
from reprise.domain.run import RunId
from reprise.domain.spec import model
from reprise.ports import Address, Node, Pending

RUN = RunId("r0123456789ab")
OTHER = RunId("rba9876543210")


def gpu_spec(*, hours: float = 2.0, node_types: tuple[str, ...] = ("gpu_rtx_6000",)) -> model.Spec:
    wanted = jobs.spec(gpus=1, timeout_seconds=hours * 3600)
    length = timedelta(hours=hours)
    return replace(wanted, resources=replace(wanted.resources, duration=length, node_types=node_types))


def make_key(path: Path) -> str:
    path.write_text("a private key")
    path.chmod(0o600)
    return "ssh-ed25519 AAAAfake reprise"


def hurried(site: str = "CHI@Fake") -> FakeCloud:
    """A cloud on which everything takes seconds, so that a whole life takes few looks."""
    brief = timedelta(seconds=12)
    return FakeCloud(site=site, activation=brief, building=brief, booting=brief)


WRITES = {"save", "charge", "forget"}
"""Only ever cut off, never refused."""


class Killed(BaseException):
    """The controller's process ended here."""


class WatchedMemory(Memory):
    """Says before and after each write that it writes."""

    def __init__(self, state: Path, strike: Callable[[str, bool], None]) -> None:
        super().__init__(state)
        self._strike = strike

    def save(self, run_id: RunId, kept: Kept) -> None:
        self._strike("save", False)
        super().save(run_id, kept)
        self._strike("save", True)

    def forget(self, run_id: RunId) -> None:
        """Without the program that removes what a job made hard to remove: it is started each time."""
        self._strike("forget", False)
        shutil.rmtree(self.folder(run_id), ignore_errors=True)
        self._strike("forget", True)

    def charge(self, run_id: RunId, charge: Charge) -> None:
        self._strike("charge", False)
        super().charge(run_id, charge)
        self._strike("charge", True)


@dataclass(slots=True)
class Bench:
    """`forget_process` is a controller that was killed and started again."""

    state: Path
    clock: FakeClock = field(default_factory=FakeClock)
    faults: Faults = field(default_factory=Faults)
    clouds: list[FakeCloud] = field(default_factory=list)
    nodes: FakeNodes = field(default_factory=FakeNodes)
    machine: Machine | None = None
    problems: list[str] = field(default_factory=list)
    """What the next nodes are found to lack."""
    longest_wait: timedelta = timedelta(days=7)
    leases_per_type: int = 2
    at: dict[int, BaseException] = field(default_factory=dict)
    """What happens at which border of a call or a write, counted from 1."""
    struck: list[tuple[str, bool]] = field(default_factory=list)
    """Borders of calls and writes until now: their names, and whether they took effect."""
    provider: ChameleonProvider = field(init=False)

    def __post_init__(self) -> None:
        if not self.clouds:
            self.clouds = [FakeCloud()]
        for cloud in self.clouds:
            cloud.now = self.clock.now
            cloud.on_call = self._struck
        self.machine = self.machine or Machine(self.state / "node")
        self.nodes.find = self._find
        self.forget_process()

    @property
    def cloud(self) -> FakeCloud:
        return self.clouds[0]

    @property
    def memory(self) -> Memory:
        return Memory(self.state)

    def forget_process(self) -> None:
        means = Means(
            {cloud.site: Site(cloud) for cloud in self.clouds},
            self.nodes,
            WatchedMemory(self.state, self._struck),
            make_key,
            self._prove,
            self.longest_wait,
            self.leases_per_type,
            Limits(),
        )
        self.provider = ChameleonProvider(means, now=self.clock.now, sleep=self.clock.advance)

    def give_back(self, run_id: RunId = RUN) -> None:
        """Release as the engine and then its reaper do, again and again until it has worked."""
        for attempt in range(60):
            try:
                return self.provider.release(run_id)
            except (Retryable, Refused, Killed) as error:
                if isinstance(error, Killed):
                    self.forget_process()
                self.clock.advance(min(2**attempt, 60))
        raise AssertionError(f"not released: {as_text(self.cloud)}")

    def look(self, run_id: RunId = RUN) -> Answer | None:
        """One look, after which the clock has moved on; None when the controller was killed in it."""
        try:
            seen = self.provider.observe(run_id)
        except Killed:
            self.forget_process()
            return None
        if isinstance(seen, Pending):
            self.clock.advance(max(seen.after.total_seconds(), 0.1))
        return seen

    def booked(self, *run_ids: RunId) -> float:
        """Service units that we have counted until now."""
        runs = run_ids or (RUN,)
        return sum(total(self.memory.charges(run_id), self.clock.now()) for run_id in runs)

    def spent(self) -> float:
        """Service units that the clouds have counted until now."""
        return sum(sum(cloud.charges().values()) for cloud in self.clouds)

    def kept(self, run_id: RunId = RUN) -> Kept:
        kept = self.memory.load(run_id)
        assert kept is not None
        return kept

    def until_settled(self, run_id: RunId = RUN, *, within: timedelta = timedelta(days=8)) -> Answer:
        """Look as the engine does, until there is a node or none is to be had."""
        deadline = self.clock.now() + within
        while isinstance(seen := self.provider.observe(run_id), Pending):
            assert self.clock.now() < deadline, f"still pending: {seen.why}"
            self.clock.advance(max(seen.after.total_seconds(), 0.1))
        return seen

    def until(self, call: str, run_id: RunId = RUN) -> None:
        """Look until a call of this name took effect."""
        for _ in range(2000):
            if call in self.cloud.calls:
                return
            seen = self.provider.observe(run_id)
            assert isinstance(seen, Pending), seen
            self.clock.advance(max(seen.after.total_seconds(), 0.1))
        raise AssertionError(f"{call} was never called")

    def _struck(self, name: str, done: bool) -> None:
        self.struck.append((name, done))
        self.faults.strike(name, done)
        error = self.at.pop(len(self.struck), None)
        if isinstance(error, CloudRefused) and (done or name in WRITES):
            self.at[len(self.struck) + 1] = error  # the next call is refused instead
        elif error is not None:
            raise error

    def _find(self, address: Address) -> Machine | None:
        return self.machine if any(cloud.answers(address.host) for cloud in self.clouds) else None

    def _prove(self, node: Node, choice: Choice, wanted_gpus: int) -> Proved | str:
        return self.problems.pop(0) if self.problems else Proved("1 x Quadro RTX 6000 24 GB", 48)
