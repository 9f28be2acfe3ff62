"""A run from grant to verdict, as a durable workflow. It reads like the list of phases.

No I/O, clock or randomness here: what happens is decided from what steps returned, because after a
crash this function is replayed from those records. A step returns plain data: ``{"done": value}``,
``{"failed": Failed}`` (expected, ends the run with a reason) or ``{"again": why, "after": s}``.
"""

import hashlib
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import structlog

from reprise.domain.errors import Refused, Retryable, UserError
from reprise.domain.run import Reason
from reprise.engine.steps import Steps
from reprise.engine.threads import Aside, in_thread
from reprise.ports import Durable, Failed
from reprise.store.codec import dump, load

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a step that says "again" is repeated; pauses double from 1 s up to ``longest``."""

    attempts: int
    longest: float
    """Seconds."""


BRIEF = Patience(attempts=3, longest=4)
"""For what is only a courtesy."""
SOME = Patience(attempts=12, longest=60)
"""About seven minutes: an outside system restarts."""
UNTIL_TOLD = Patience(attempts=700, longest=900)
"""About a week: the answer must reach the commit."""

MAX_ATTEMPTS = 3
"""Of one trial, when the infrastructure loses it."""


RESCUE = "/rescue"
"""Ends the id of the workflow that ends a run whose own workflow broke."""


class RunWorkflow:
    def __init__(
        self, steps: Steps, durable: Durable, *, aside: Aside = in_thread, pace: float = 1.0
    ) -> None:
        """``aside`` makes the blocking calls; ``pace`` stretches every pause, and tests hurry."""
        self._steps = steps
        self._durable = durable
        self._aside = aside
        self._pace = pace

    async def run(self, workflow_id: str) -> None:
        run_id = workflow_id.removesuffix(RESCUE)
        if workflow_id != run_id:
            broke = "a bug in Reprise stopped this run: the operator's log has the details"
            await self._conclude(run_id, Failed(Reason.INTERNAL_ERROR, broke), None)
            return
        await self._do("announce", self._steps.announce, run_id, patience=BRIEF)
        ending = await self._work(run_id)
        tracked = await self._do("collect", self._steps.collect, run_id, patience=BRIEF)
        await self._conclude(run_id, ending, _problem(tracked))

    async def _conclude(self, run_id: str, ending: Failed | None, tracking_problem: str | None) -> None:
        """The machine goes back first; then the verdict, and whoever asked is told."""
        steps = self._steps
        await self._do("release", steps.release, run_id, patience=UNTIL_TOLD)
        if tracking_problem is not None:  # a tracker that restarts must not keep a machine
            tracking_problem = _problem(await self._do("record", steps.record, run_id))
        judged = await self._do("evaluate", steps.evaluate, run_id, dump(ending), tracking_problem)
        if isinstance(judged, Failed):
            await self._do("evaluate", steps.evaluate, run_id, dump(judged), tracking_problem)
        told = await self._do("report", steps.report, run_id, patience=UNTIL_TOLD)
        concluded = await self._do("conclude", steps.conclude, run_id)
        problems = _problem(told), _problem(concluded)
        await self._do("finish", steps.finish, run_id, *problems, patience=UNTIL_TOLD)

    async def _work(self, run_id: str) -> Failed | None:
        """Everything that costs machine time; why it ended early, or None."""
        steps = self._steps
        for name, call in (
            ("read_spec", steps.read_spec),
            ("request_machine", steps.request_machine),
            ("build", steps.build),
            ("await_machine", steps.await_machine),
        ):
            outcome = await self._do(name, call, run_id)
            if isinstance(outcome, Failed):
                return outcome
        return await self._trials(run_id)

    async def _trials(self, run_id: str) -> Failed | None:
        while True:
            plan = await self._do("plan_trial", self._steps.plan_trial, run_id)
            if plan is None or isinstance(plan, Failed):
                return plan
            for attempt in range(1, MAX_ATTEMPTS + 1):
                lost = await self._do("execute_trial", self._steps.execute_trial, run_id, plan, attempt)
                if lost is None:
                    break
                if isinstance(lost, Failed):
                    return lost
            else:
                return Failed(Reason.INFRASTRUCTURE, f"a trial was lost {MAX_ATTEMPTS} times: {lost}")

    async def _do(
        self, name: str, call: Callable[..., Any], run_id: str, *args: object, patience: Patience = SOME
    ) -> Any:
        """One step, repeated while it says "again" and patience lasts."""
        attempt = 0
        while True:
            outcome = await self._durable.step(name, self._bounded(name, call), run_id, *args)
            if "done" in outcome:
                return outcome["done"]
            if "failed" in outcome:
                return load(Failed, outcome["failed"])
            if attempt + 1 == patience.attempts:
                return Failed(Reason.INFRASTRUCTURE, outcome["again"])
            seconds = pause(run_id, name, attempt, patience.longest, outcome["after"])
            await self._durable.sleep(seconds * self._pace)
            attempt += 1

    def _bounded(self, name: str, call: Callable[..., Any]) -> Callable[..., Awaitable[dict[str, Any]]]:
        """The step boundary: errors become data, and whatever nobody expected ends this run only."""

        async def attempt(run_id: str, *args: object) -> dict[str, Any]:
            with structlog.contextvars.bound_contextvars(run_id=run_id, step=name):
                try:
                    done = await self._call(call, run_id, *args)
                except Retryable as error:
                    log.warning("step postponed", why=str(error))
                    return {"again": str(error), "after": error.after}
                except (Refused, UserError) as error:
                    log.warning("step refused", why=str(error))
                    return {"failed": dump(Failed(Reason.INFRASTRUCTURE, str(error)))}
                except Exception as error:
                    log.exception("step broke")
                    bug = f"a bug in Reprise ({type(error).__name__} in {name})"
                    why = f"{bug}: the operator's log has the details"
                    return {"failed": dump(Failed(Reason.INTERNAL_ERROR, why))}
                return {"failed": dump(done)} if isinstance(done, Failed) else {"done": done}

        return attempt

    async def _call(self, call: Callable[..., Any], *args: object) -> Any:
        """Blocking steps run in a thread, so that one of them never stops the others."""
        if inspect.iscoroutinefunction(call):
            return await call(*args)
        return await self._aside(call, *args)


def _problem(outcome: Any) -> str | None:
    return outcome.message if isinstance(outcome, Failed) else None


def pause(run_id: str, name: str, attempt: int, longest: float, after: float) -> float:
    """Seconds until the next attempt: doubling, plus up to a quarter that differs between runs.

    The jitter comes from a digest, because a replay has to compute the same.
    """
    grown = min(2.0 ** min(attempt, 20), longest)
    digest = hashlib.sha256(f"{run_id}|{name}|{attempt}".encode()).digest()
    return max(grown, after) * (1 + digest[0] / 1024)
