"""The costs that profiles showed and that were mended, called the same way in any version of the package.

    python -m bench.mended FOLDER FORGE-API TOKEN REPOSITORY CACHE

`bench.before` runs this with the package as it was and as it is. Prints one JSON object: name → milliseconds
of each repetition. Only what both versions have is used.
"""

import asyncio
import hashlib
import json
import logging
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from reprise import log
from reprise.bootstrap import Controller, controller
from reprise.domain.run import Phase, Repository, RunId, Sha
from reprise.engine.grant import grant
from reprise.engine.intake import resolve_due
from reprise.engine.reporting import show_waiting
from reprise.settings import load_settings
from reprise.store import intake as inbox
from reprise.store import repositories, runs
from reprise.web.writer import DeliveryWriter

WAITING = 1_000
TAGS = 20
DELIVERIES = 16
"""As many as there are connections in the webhook's benchmark."""
BODY = json.dumps([{"id": hashlib.sha256(b"%d" % n).hexdigest(), "message": "A commit"} for n in range(240)])
"""25 KB, about as easy to compress as what GitHub sends."""
TIMES = 10


def main(folder: Path, api: str, token: str, name: str, cache: Path) -> None:
    settings = load_settings(
        state_dir=folder, cache_dir=cache, watch=(name,), github={"api_url": api, "token": token}
    )
    log.configure(settings.secrets(), level=logging.ERROR)
    made = controller(settings)
    fill(made, name)
    with asyncio.Runner() as writing:
        deliveries = timed(lambda: store(made, writing))
    print(
        json.dumps(
            {
                f"{DELIVERIES} deliveries that come together": deliveries,
                f"grant, every slot in use, {WAITING:,} wait": timed(lambda: grant(made.world, print)),
                f"forge told who waits: all were, {WAITING:,} wait": timed(lambda: show_waiting(made.world)),
                f"intake of {TAGS} pushed tags, {WAITING:,} wait": timed(lambda: take_in(made, name), 3),
            }
        )
    )


def known(made: Controller, name: str) -> Repository:
    repository = made.forge.repository(name)
    with made.world.store.write() as connection:
        repositories.remember(connection, repository)
    return repository


def timed(once: Callable[[], object], times: int = TIMES) -> list[float]:
    once()
    found = []
    for _ in range(times):
        began = time.perf_counter()
        once()
        found.append(1000 * (time.perf_counter() - began))
    return found


def store(made: Controller, writing: asyncio.Runner) -> None:
    writing.run(stored(made))


async def stored(made: Controller) -> None:
    """As they come from the web: each is answered when all are in the table."""
    writer = DeliveryWriter(made.world.store, lambda: None)
    writer.start()
    await asyncio.gather(*(writer.record(delivery(made, index)) for index in range(DELIVERIES)))
    await writer.stop()


def delivery(made: Controller, index: int) -> inbox.Delivery:
    """One that is due in some days, so that no intake looks at it."""
    trigger = inbox.NewTrigger(inbox.TAG, 10**9, "ada/other", "v0", "ada")
    at = made.world.clock.now() + timedelta(days=9)
    return inbox.Delivery(f"{time.perf_counter_ns()}-{index}", "push", at, "tag v0", BODY.encode(), trigger)


def take_in(made: Controller, name: str) -> None:
    """The runs are made the first time; the way to find that out is the same."""
    repository = known(made, name)
    with made.world.store.write() as connection:
        for index in range(TAGS):
            new = inbox.NewTrigger(inbox.TAG, repository.id, name, f"v{index}", "ada")
            inbox.add_trigger(connection, new, at=made.world.clock.now())
    resolve_due(made.world)


def fill(made: Controller, name: str) -> None:
    repository = known(made, name)
    now = made.world.clock.now()
    with made.world.store.write() as connection:
        for index in range(WAITING + 1):
            sha = Sha(hashlib.sha256(str(index).encode()).hexdigest()[:40])
            new = runs.NewRun(
                id=RunId(f"r{index:012}"),
                repository_id=repository.id,
                commit=sha,
                experiment="trivial",
                generation=inbox.TAG,
                spec_file="reprise.yaml",
                ref=f"w{index}",
                pull_request=None,
                trigger=f"tag w{index}",
                who="ada",
            )
            runs.add_run(connection, new, at=now)
            runs.save(connection, new.id, shown_at=now)
        runs.save(connection, "r" + "0" * 12, granted_at=now, phase=Phase.RUNNING.value)


if __name__ == "__main__":
    folder, api, token, name, cache = sys.argv[1:]
    main(Path(folder), api, token, name, Path(cache))
