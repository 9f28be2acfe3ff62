"""The one process that works: it looks at triggers, grants runs, sweeps and reaps.

Each loop has a thread of its own, so that a slow forge keeps no granted run waiting.
"""

import random
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import structlog

from reprise.domain.errors import Refused, Retryable
from reprise.domain.retention import Policy
from reprise.domain.watch import Watch
from reprise.engine import durable, plan_comments
from reprise.engine.catch_up_deliveries import DeliveryLog, Parse
from reprise.engine.durable import Engine, Leadership
from reprise.engine.grant import grant, rescue, resume
from reprise.engine.hands import Hands
from reprise.engine.kept import DeliveryBodies, RunFiles, WorkflowSteps
from reprise.engine.life import settle_changes
from reprise.engine.reaper import Reaper
from reprise.engine.reporting import show_waiting
from reprise.engine.retention import Retention
from reprise.engine.steps import Steps
from reprise.engine.stopping import end_overspent, tell_stopped
from reprise.engine.sweep import SOON, Sweeps, sweep
from reprise.engine.workflow import RunWorkflow
from reprise.engine.world import World
from reprise.ports import Storage

log = structlog.get_logger()

CARE = 60.0
"""Seconds between two looks at runs that nobody works on and machines that nobody owns."""

BETWEEN_LOOKS = 2.0
"""Seconds between two looks of one walk of the delivery log."""

WITHOUT_LOG = 24 * 3600.0
"""Seconds until an App without a webhook is asked for its delivery log again: it may have got one."""

CHANGES = 5.0
"""Seconds between two looks for changes of repositories; a delivery of one is looked at when it comes."""

RETENTION = 24 * 3600.0
"""Seconds between two looks at what is kept."""
FIRST_RETENTION = 600.0
"""Seconds after the start: a controller that is restarted often looks too, and none begins with it."""

REST, LONGEST_REST = 0.05, 0.4
"""Seconds between two ticks of a loop, however often it is nudged: a flood of deliveries nudges a hundred
times a second, and whoever answers them shares the processor."""


def next_rest(rest: float, nudged: bool) -> float:
    """Seconds of the rest after one of ``rest``: longer while each was disturbed."""
    return min(2 * rest, LONGEST_REST) if nudged else REST


class Loop:
    """Calls ``tick`` every ``interval`` seconds, for the first time after ``first``; at once when nudged."""

    def __init__(self, name: str, interval: float, tick: Callable[[], object], *, first: float = 0.0) -> None:
        self._name = name
        self._interval = interval
        self._first = first
        self._tick = tick
        self._pause = interval
        self._nudged = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def nudge(self) -> None:
        self._nudged.set()

    def next_in(self, seconds: float) -> None:
        """Said by the tick itself: when the next one is due, if not after the interval."""
        self._pause = seconds

    def stop(self, timeout: float) -> None:
        self._stopping.set()
        self._nudged.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _run(self) -> None:
        rest = REST
        if self._first:
            self._nudged.wait(self._first)
            self._nudged.clear()
        while not self._stopping.is_set():
            self._pause = self._interval
            try:
                self._tick()
            except Retryable as error:
                log.warning("loop postponed", loop=self._name, why=str(error))
            except Exception:  # a loop that dies silently would stop every later run
                log.exception("loop failed", loop=self._name)
            self._stopping.wait(rest)
            rest = next_rest(rest, self._nudged.is_set())
            self._nudged.wait(self._pause)
            self._nudged.clear()


class Leader:
    def __init__(
        self,
        world: World,
        state: Path,
        *,
        watched: Watch,
        sweep_interval: float,
        backfill: bool = False,
        storages: Sequence[Storage] = (),
        policy: Policy = Policy(),
        parse: Parse | None = None,
        log_interval: float = 3600.0,
        lock: Leadership | None = None,
        give_back_killed: Callable[[], None] = lambda: None,
    ) -> None:
        """``backfill``: tags that are older than the watch are run too. ``storages``: of the adapters.

        ``lock``: of ``state``, when the caller took it already; it is given up with the rest.
        ``parse``: reads deliveries that are found in the forge's log, every ``log_interval`` seconds.
        ``give_back_killed``: what rehearsals left on this machine.
        """
        self.sweeps = Sweeps()
        self._world = world
        self._lock = lock or Leadership(state)
        self._engine = Engine(state, RunWorkflow(Steps(world), durable).run)
        self._reaper = Reaper()
        self._give_back_killed = give_back_killed
        self._watched = watched
        self._backfill = backfill
        self._sweep_interval = sweep_interval
        self._grants = Loop("grant", 0.5, self._grant)
        self._hands = Hands(world, added=self._grants.nudge)
        self._intake = Loop("intake", 1.0, self._resolve)
        self._sweep_loop = Loop("sweep", sweep_interval, self._sweep)
        self._life = Loop("life", CHANGES, self._follow)
        self._log_interval = log_interval
        self._log = self._delivery_log(parse) if parse is not None else None
        self._log_loop = Loop("deliveries", log_interval, self._walk)
        self._care = Loop("care", CARE, self._look_after)
        own = RunFiles(world), DeliveryBodies(world), WorkflowSteps(world, self._engine)
        self._retention = Retention(world, (*storages, *own), policy)
        jitter = random.uniform(0.9, 1.1)  # noqa: S311 - not a secret
        self._retention_loop = Loop(
            "retention", RETENTION * jitter, self._retention.tick, first=FIRST_RETENTION * jitter
        )

    def start(self) -> None:
        """Raises UserError when another controller already works here."""
        self._lock.take()
        self._engine.launch()
        resume(self._world, self._engine.start)
        for loop in self._loops():
            loop.start()

    @property
    def leads(self) -> bool:
        """Whether this process is the one that works in its state folder."""
        return self._lock.held

    def nudge(self) -> None:
        """Something came in: look now instead of at the next tick."""
        self._life.nudge()
        self._intake.nudge()

    def look(self) -> None:
        """Sweep soon, and look at the App's log: there may be a repository of which no delivery told."""
        self._sweep_loop.nudge()
        self._log_loop.nudge()

    def stop(self) -> None:
        """Live runs stay as they are and go on at the next start."""
        self._retention.stop()
        for loop in self._loops():
            loop.stop(timeout=2)
        self._hands.finish(timeout=1)
        self._engine.shutdown()
        self._lock.give_up()

    def _resolve(self) -> None:
        self._hands.look()
        end_overspent(self._world)
        tell_stopped(self._world)
        plan_comments.tell(self._world)
        show_waiting(self._world)

    def _follow(self) -> None:
        if settle_changes(self._world):
            self._sweep_loop.nudge()
            self._intake.nudge()

    def _delivery_log(self, parse: Parse) -> DeliveryLog:
        return DeliveryLog(self._world, parse, partial(self.sweeps.watches, self._watched))

    def _walk(self) -> None:
        if self._log is None:
            return
        try:
            look = self._log.look()
        except (Retryable, Refused) as error:
            log.warning("delivery log not read", why=str(error))
            after = error.after if isinstance(error, Retryable) else self._log_interval
            self._log_loop.next_in(min(self._log_interval, max(after, SOON)))
            return
        if look.absent:
            why = "the App has no webhook, so GitHub keeps none: a click on a check run is not heard"
            log.info("no delivery log", why=why)
            self._log_loop.next_in(WITHOUT_LOG)
            return
        if look.found:
            self.nudge()
        if not look.whole:
            self._log_loop.next_in(BETWEEN_LOOKS)

    def _grant(self) -> None:
        grant(self._world, self._engine.start)

    def _sweep(self) -> None:
        if sweep(self._world, self._watched, backfill=self._backfill, sweeps=self.sweeps):
            self._intake.nudge()
        chance = random.random()  # noqa: S311 - not a secret
        self._sweep_loop.next_in(self.sweeps.pause(self._sweep_interval, chance))

    def _look_after(self) -> None:
        """What must not depend on a forge that answers."""
        resume(self._world, self._engine.start)
        rescue(self._world, self._engine)
        self._reaper.reap(self._world)
        self._give_back_killed()

    def _loops(self) -> tuple[Loop, ...]:
        return (
            self._grants,
            self._life,
            self._intake,
            self._log_loop,
            self._sweep_loop,
            self._care,
            self._retention_loop,
        )
