"""One thing goes wrong before or after each call and each write in the life of a leased run.

Wherever it was: never two leases at once, nothing left after release, and our accounts are the cloud's.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.fakes.cloud import unanswered
from tests.leasing.bench import RUN, WRITES, Bench, Killed, gpu_spec, hurried

from reprise.domain.errors import Retryable
from reprise.domain.leasing.refusal import CloudRefused, Refusal
from reprise.ports import Allocation, Failed

SHARED = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Thousands of small files are written, each of which has to reach the disk."""

Break = Callable[[], BaseException]

QUIET = [
    pytest.param(Killed, id="killed"),
    pytest.param(unanswered, id="no answer"),
]
REFUSALS = [
    pytest.param(lambda refusal=refusal: CloudRefused(refusal, "no"), id=refusal.value) for refusal in Refusal
]


def live(folder: Path, at: int | None, what: Break) -> Bench:
    """A whole life: asked for, used for ten minutes, given back."""
    bench = Bench(folder, clouds=[hurried()])
    if at is not None:
        bench.at[at] = what()
    for _ in range(3):
        try:
            bench.provider.request(RUN, gpu_spec())
            break
        except Retryable:
            continue
        except Killed:
            bench.forget_process()
    for _ in range(400):
        seen = bench.look()
        assert len(bench.cloud.living()) <= 1
        if isinstance(seen, Allocation | Failed):
            break
    else:
        raise AssertionError("never settled")
    bench.clock.advance(600)
    bench.give_back()
    return bench


def borders() -> list[tuple[str, bool]]:
    with tempfile.TemporaryDirectory(dir=SHARED) as folder:
        return live(Path(folder), None, Killed).struck


@pytest.mark.parametrize("what", [*QUIET, *REFUSALS])
def test_it_ends_well_wherever_it_happens(what: Break) -> None:
    found = list(enumerate(borders(), start=1))
    if isinstance(what(), CloudRefused):
        first = {name: at for at, (name, done) in reversed(found) if not done and name not in WRITES}
        found = [(at, (name, False)) for name, at in first.items()]
    for at, (name, _) in found:
        with tempfile.TemporaryDirectory(dir=SHARED) as folder:
            bench = live(Path(folder), at, what)
            where = f"{what()!r} at border {at}, {name}"
            assert bench.cloud.left() == {}, where
            assert bench.cloud.leases() == (), where
            assert bench.cloud.lost == [], where
            assert bench.booked() == pytest.approx(bench.spent()), where
