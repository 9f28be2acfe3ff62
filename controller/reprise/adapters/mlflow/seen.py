"""What the runner saw of a trial besides its numbers, read from its results folder. Used by `tracker`.

A job without isolation could have written there: a file that is odd is named and left out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from reprise.adapters.mlflow import surroundings
from reprise.domain import environment, system_metrics
from reprise.domain.errors import UserError
from reprise.domain.system_metrics import Series
from reprise.ports import RunRecord, TrialRecord

MAX_SMI_BYTES = 16 << 20

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Seen:
    record: environment.Record = field(default_factory=dict)
    """Empty when nobody recorded it."""
    record_text: str = ""
    series: Series = field(default_factory=lambda: Series((), {}))
    smi: Path | None = None
    problems: tuple[str, ...] = ()
    """Sentences about what could not be read."""


NOTHING = Seen()


def look(results: Path) -> Seen:
    problems: list[str] = []
    text = _read(results / environment.NAME, environment.MAX_BYTES, _text, problems) or ""
    record = _read(results / environment.NAME, environment.MAX_BYTES, _record, problems) if text else None
    series = _read(results / system_metrics.NAME, system_metrics.MAX_BYTES, system_metrics.read, problems)
    smi = results / environment.NVIDIA_SMI
    return Seen(
        record=record or {},
        record_text=text if record else "",
        series=series or Series((), {}),
        smi=smi if _is_regular(smi) and smi.stat().st_size <= MAX_SMI_BYTES else None,
        problems=tuple(problems),
    )


def first(trials: Sequence[TrialRecord]) -> Seen:
    """Of the last attempt at trial 0."""
    at_zero = [trial for trial in trials if trial.result.plan.index == 0 and trial.result.plan.counts]
    if not at_zero:
        return NOTHING
    return look(max(at_zero, key=lambda trial: trial.result.attempt).results)


def texts(record: RunRecord, seen: Seen) -> dict[str, str]:
    """File in MLflow → its text."""
    found = {
        surroundings.GIT_INFO: surroundings.git_info(record),
        environment.NAME: seen.record_text,
        surroundings.GPU_INFO: surroundings.gpu_info(seen.record),
    }
    return {name: text for name, text in found.items() if text}


def _read(file: Path, limit: int, parse: Callable[[bytes], T], problems: list[str]) -> T | None:
    """None when there is no such file, or a sentence more in ``problems``."""
    try:
        if not _is_regular(file):
            return None
        with file.open("rb") as opened:
            return parse(opened.read(limit + 1))
    except (OSError, UserError) as error:
        problems.append(f"{file.name}: {error}")
        return None


def _is_regular(file: Path) -> bool:
    return file.is_file() and not file.is_symlink()


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _record(data: bytes) -> environment.Record:
    return environment.read(data, file=environment.NAME)
