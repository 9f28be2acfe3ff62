"""``python -m tests.chaos.run``, as `make chaos` calls it: real processes, disturbed in every way we know.

Prints what was tried and what came of it; the first thing that is wrong ends it with status 1.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from random import SystemRandom

from tests.chaos.deaths import alternating, die_at, every_crossing
from tests.chaos.disks import fill_disks
from tests.chaos.forges import SETTINGS as FORGE_SETTINGS
from tests.chaos.forges import meet_forges
from tests.chaos.stage import stage
from tests.chaos.stops import stop_at_random
from tests.disks import small_disk

SETTINGS = {"REPRISE_GITHUB__TIMEOUT": "4"}


def deaths_and_stops(folder: Path, wanted: argparse.Namespace) -> None:
    with stage(folder, **SETTINGS) as set_up:
        crossings = every_crossing(set_up)
        if "deaths" in wanted.only:
            die_at(set_up, alternating(crossings) if wanted.short else crossings, of=len(crossings))
        else:
            set_up.live()
        if "stops" in wanted.only:
            stop_at_random(set_up, range(wanted.seed, wanted.seed + wanted.schedules))


def forges(folder: Path, _: argparse.Namespace) -> None:
    with stage(folder, **FORGE_SETTINGS) as set_up:
        meet_forges(set_up)


def disks(folder: Path, _: argparse.Namespace) -> None:
    with ExitStack() as opened:
        try:
            opened.enter_context(small_disk(folder / "world" / "controller" / "state"))
        except OSError as error:
            print(f"disks: skipped, {error}", flush=True)
            return
        fill_disks(opened.enter_context(stage(folder, **SETTINGS)))


PARTS: dict[str, Callable[[Path, argparse.Namespace], None]] = {
    "deaths": deaths_and_stops,
    "stops": deaths_and_stops,
    "forges": forges,
    "disks": disks,
}


def main() -> int:
    wanted = _wanted()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # or its controllers would live on
    if os.geteuid() != 0:
        print("not as root: jobs are confined by namespaces, and no small disk can be mounted", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="reprise-chaos-"))
    begun = time.monotonic()
    print(f"seed {wanted.seed}, {wanted.schedules} schedules, in {folder}", flush=True)
    for part in dict.fromkeys(PARTS[name] for name in wanted.only):
        try:
            part(folder / part.__name__, wanted)
        except AssertionError:
            print(
                f"{traceback.format_exc()}\nFAILED (seed {wanted.seed}); all is kept in {folder}", flush=True
            )
            return 1
    shutil.rmtree(folder)
    print(f"chaos: nothing lost, nothing twice, in {time.monotonic() - begun:.0f} s (seed {wanted.seed})")
    return 0


def _wanted() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(100_000))
    parser.add_argument("--schedules", type=int, help="of stops; 50, or 3 in short")
    parser.add_argument("--only", nargs="+", choices=list(PARTS), help="all; in short, deaths and stops")
    parser.add_argument("--short", action="store_true", help="a minute: each kind of step once")
    wanted = parser.parse_args()
    if wanted.schedules is None:
        wanted.schedules = 3 if wanted.short else 50
    if wanted.only is None:
        wanted.only = ["deaths", "stops"] if wanted.short else list(PARTS)
    return wanted


if __name__ == "__main__":
    sys.exit(main())
