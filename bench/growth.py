"""What becomes more expensive when there are more runs: each cost at 10, 100 and 1,000.

The controller's own objects are called in this process, on real tables and against a real forge. Half of the
runs wait, half have ended; the waiting ones' tags are on the forge. An exponent of 0 means that a cost does
not grow, 1 that it grows with the number of runs.
"""

import hashlib
import hmac
import logging
import math
import secrets
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

import httpx
import uvicorn

from bench.mended import known
from bench.printed import Bar, Part, number, numbers
from bench.scene import CACHE, Scene, scene
from bench.webhook import FILES, payload
from reprise import log
from reprise.bootstrap import Controller, controller
from reprise.domain import run as words
from reprise.domain.run import (
    ClaimJudgement,
    Judgement,
    Level,
    Phase,
    Reason,
    RunId,
    Sha,
    TrialPlan,
    TrialResult,
    Value,
    Verdict,
)
from reprise.engine.grant import grant
from reprise.engine.intake import resolve_due
from reprise.engine.reporting import show_waiting
from reprise.engine.settled import run_id
from reprise.engine.stopping import tell_stopped
from reprise.engine.sweep import sweep
from reprise.serve import web_context, web_server
from reprise.settings import load_settings
from reprise.sign_in import Key
from reprise.store import intake as inbox
from reprise.store import repositories, runs
from reprise.store.database import Connection
from reprise.web.app import create_app

SIZES = (10, 100, 1_000)
LINEAR = 1.1
"""More than this is worse than in proportion."""
CONSTANT = 0.3
"""More than this grows, whatever else the machine does."""
MANY, FEW = 20, 5
"""Repetitions of a quick and of a slow cost."""


@dataclass(frozen=True, slots=True)
class Cost:
    name: str
    grows: str
    """What is expected, and why."""
    once: Callable[[], object]
    times: int = MANY


def measure() -> Part:
    found: dict[str, list[list[float]]] = {}
    grows: dict[str, str] = {}
    with scene(FILES) as around:
        settings = load_settings(
            state_dir=around.services.folder / "growth",
            cache_dir=CACHE,
            watch=(around.name,),
            github={
                "api_url": f"{around.services.forge_url}/api/v3",
                "token": around.settings()["REPRISE_GITHUB__TOKEN"],
                "webhook_secret": around.services.secret,
                "write_spacing": 0,
            },
        )
        made = controller(settings)
        key = Key(secrets.token_hex(20), anywhere=False)
        log.configure(settings.secrets(), level=logging.ERROR)
        with (
            serving(web_server(create_app(web_context(settings, made, key)))) as url,
            httpx.Client(
                base_url=url, timeout=30, headers={"Authorization": f"Bearer {key.token}"}
            ) as client,
        ):
            body, filled = payload(around), 0
            sweep(made.world, made.watched)
            for size in SIZES:
                fill(around, made, filled, size)
                filled = size
                for cost in costs(around, made, client, body):
                    found.setdefault(cost.name, []).append(timed(cost))
                    grows[cost.name] = cost.grows
                print(f"measured with {size} runs", flush=True)
        made.world.store.close()
    return told(found, grows)


@contextmanager
def serving(server: uvicorn.Server) -> Iterator[str]:
    """The address; in a thread of this process."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)


def costs(around: Scene, made: Controller, client: httpx.Client, body: bytes) -> tuple[Cost, ...]:
    world = made.world
    with world.store.read() as connection:
        waiting = runs.waiting_entries(connection)[-1].id
    return (
        Cost("a delivery is stored and answered", "0", lambda: deliver(around, client, body)),
        Cost("intake, nothing new", "0", lambda: idle_intake(made)),
        Cost("intake of one pushed tag", "up to 1: tags are listed", lambda: pushed(around, made), FEW),
        Cost("grant, every slot in use", "0", lambda: grant(world, nobody)),
        Cost("sweep, nothing new", "up to 1: tags are compared", lambda: sweep(world, made.watched), FEW),
        Cost("page of all runs", "0 from 100 on, which are shown", lambda: seen(client, "/")),
        Cost(
            "page of a waiting run",
            "up to 1: its place is counted",
            lambda: seen(client, f"/runs/{waiting}"),
            FEW,
        ),
        Cost("/api/v1/runs", "0 from 50 on, which are listed", lambda: seen(client, "/api/v1/runs")),
        Cost("/metrics", "up to 1: runs are counted", lambda: seen(client, "/metrics")),
        Cost("/readyz", "0", lambda: client.get("/readyz")),
    )


def timed(cost: Cost) -> list[float]:
    """Seconds of each repetition; the first is thrown away."""
    cost.once()
    found = []
    for _ in range(cost.times):
        began = time.perf_counter()
        cost.once()
        found.append(time.perf_counter() - began)
    return found


def told(found: dict[str, list[list[float]]], grows: dict[str, str]) -> Part:
    fastest = {name: [min(each) for each in sizes] for name, sizes in found.items()}
    exponents = {name: exponent(SIZES, each) for name, each in fastest.items()}
    constant = [value for name, value in exponents.items() if grows[name] == "0"]
    return Part(
        "growth",
        "Growth from 10 to 1,000 runs",
        (
            Bar("largest exponent", max(exponents.values()), at_most=LINEAR),
            Bar("largest exponent of what should not grow", max(constant), at_most=CONSTANT),
        ),
        (
            "milliseconds",
            *(f"{size:,}" for size in SIZES),
            "exponent",
            "expected",
            "medians",
        ),
        tuple(
            (
                name,
                *(number(1000 * value) for value in fastest[name]),
                f"{exponents[name]:.2f}",
                grows[name],
                numbers(1000 * statistics.median(each) for each in sizes),
            )
            for name, sizes in found.items()
        ),
        (
            f"The fastest of {MANY} or {FEW}, since whatever else the machine does only adds. Half of the "
            "runs wait, half have ended; the forge is a process on loopback.",
        ),
    )


def exponent(sizes: Sequence[float], values: Sequence[float]) -> float:
    """Slope of the line of least squares through the logarithms."""
    x, y = [math.log(size) for size in sizes], [math.log(value) for value in values]
    return statistics.linear_regression(x, y).slope


# --- what is measured -------------------------------------------------------------------------------

_numbers = count()


def deliver(around: Scene, client: httpx.Client, body: bytes) -> None:
    signature = hmac.new(around.services.secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {
        "X-GitHub-Event": "push",
        "X-GitHub-Delivery": f"growth-{next(_numbers)}",
        "X-Hub-Signature-256": f"sha256={signature}",
    }
    reply = client.post("/webhooks/github", content=body, headers=headers)
    if reply.status_code != 202:
        raise SystemExit(f"a delivery was answered with {reply.status_code}: {reply.text}")


def pushed(around: Scene, made: Controller) -> None:
    """A tag whose run is there already: the whole way, and no new row."""
    new = inbox.NewTrigger(inbox.TAG, around.repository_id, around.name, "v0", "ada")
    with made.world.store.write() as connection:
        inbox.add_trigger(connection, new, at=made.world.clock.now())
    resolve_due(made.world)


def idle_intake(made: Controller) -> None:
    """What the leader does every second."""
    resolve_due(made.world)
    tell_stopped(made.world)
    show_waiting(made.world)


def nobody(run_id: str) -> None:
    raise SystemExit(f"run {run_id} was granted, though no slot is free")


def seen(client: httpx.Client, path: str) -> None:
    client.get(path).raise_for_status()


# --- rows ------------------------------------------------------------------------------------------


def fill(around: Scene, made: Controller, filled: int, size: int) -> None:
    """Push the tags, and write the rows that the leader and the workflows would have written."""
    around.push_tags("v", size // 2)
    repository = known(made, around.name)
    tags = made.world.source.tags(repository)
    now = made.world.clock.now()
    with made.world.store.write() as connection:
        for index in range(filled // 2, size // 2):
            waits = _new(repository.id, tags[f"v{index}"], f"v{index}")
            runs.add_run(connection, waits, at=now)
            runs.save(connection, waits.id, shown_at=now)
            repositories.see_tag(connection, repository.id, waits.ref, waits.commit, at=now)
            ended = _new(repository.id, Sha(hashlib.sha1(str(index).encode()).hexdigest()), f"old{index}")  # noqa: S324
            runs.add_run(connection, ended, at=now - timedelta(hours=2))
            _end(connection, ended.id, now - timedelta(hours=1))
        holder = _new(repository.id, Sha("f" * 40), "long")
        if runs.add_run(connection, holder, at=now):
            runs.save(connection, holder.id, granted_at=now, phase=Phase.RUNNING.value)


def _new(repository_id: int, sha: Sha, ref: str) -> runs.NewRun:
    return runs.NewRun(
        id=run_id(repository_id, sha, "trivial", inbox.TAG),
        repository_id=repository_id,
        commit=sha,
        experiment="trivial",
        generation=inbox.TAG,
        spec_file="reprise.yaml",
        ref=ref,
        pull_request=None,
        trigger=f"tag {ref}",
        who="ada",
    )


def _end(connection: Connection, run: RunId, at: datetime) -> None:
    """As a run with two trials and three claims leaves its rows."""
    for minute, phase in enumerate(Phase):
        runs.enter_phase(connection, run, phase, at + timedelta(minutes=minute))
    for index in range(2):
        plan = TrialPlan(index, index, probe=index == 1)
        runs.begin_trial(connection, run, plan, 1, at)
        runs.end_trial(connection, run, plan, 1, result=_result(plan))
    ended_at = at + timedelta(minutes=len(Phase))
    runs.save(connection, run, granted_at=at, ended_at=ended_at, shown_at=at, judgement=JUDGEMENT)


def _result(plan: TrialPlan) -> TrialResult:
    values: dict[str, Value] = {claim.id: claim.got or 0 for claim in JUDGEMENT.claims}
    return TrialResult(plan, 1, Reason.COMPLETED, "", 0, 12.0, 10.0, 10**8, values, {}, {})


JUDGEMENT = Judgement(
    Verdict.REPRODUCED,
    Level.C,
    Reason.COMPLETED,
    "all three claims hold",
    tuple(
        ClaimJudgement(
            f"claim-{index}",
            Verdict.REPRODUCED,
            Level.C,
            "0.93",
            0.9301,
            0.0001,
            words.Bar("tolerance", 0.92, 0.94),
            "0.9301 lies between 0.92 and 0.94",
        )
        for index in range(3)
    ),
)


if __name__ == "__main__":
    print(measure().text())
