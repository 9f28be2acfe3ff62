"""The numbers of a run that claims nothing: what its first trial logged or wrote."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from reprise.domain.errors import UserError
from reprise.domain.metric_file import MAX_BYTES
from reprise.domain.metrics import every_number
from reprise.domain.run import TrialResult, Value
from reprise.engine.world import World
from reprise.store.runs import Run

_MOST = 100


def shown_metrics(world: World, run: Run, results: Sequence[TrialResult]) -> dict[str, Value]:
    """Name → value: ``mlflow.*`` metrics first, then numbers of collected JSON files."""
    first = next((result for result in results if result.valid), None)
    if first is None:
        return {}
    folder = world.folders.trial(run.id, first.plan.index, first.attempt)
    found: dict[str, Value] = {}
    for name, value in (*_logged(world, folder), *_written(folder / "files")):
        found.setdefault(name, value)
        if len(found) >= _MOST:
            break
    return found


def _logged(world: World, folder: Path) -> Iterator[tuple[str, float]]:
    try:
        job_runs = world.tracker.job_runs(folder)
    except UserError:
        return  # the import into the tracker reports it; here it only means no numbers
    for job_run in job_runs:
        yield from ((name, points[-1][1]) for name, points in job_run.metrics.items() if points)


def _written(folder: Path) -> Iterator[tuple[str, float]]:
    for file in sorted(folder.rglob("*.json")):
        if file.is_file() and not file.is_symlink() and file.stat().st_size <= MAX_BYTES:
            yield from every_number(file.read_bytes()).items()
