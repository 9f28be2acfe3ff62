"""How machine and job were used while a trial ran: a series for each of some values. Pure.

Runners leave one file per trial; trackers show it. A job could have written it, so it is a stranger's file:
it is read within bounds and believed to be numbers at times, no more.
"""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reprise.domain import metric_file
from reprise.domain.errors import UserError

NAME = "system-metrics.json"
"""In a trial's results folder."""
VERSION = 1
MAX_BYTES = 2 << 20
MAX_SAMPLES = 1_000
MAX_SERIES = 120
MAX_EPOCH_MS = 32_503_680_000_000
"""The year 3000: what a date can hold."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,60}", re.ASCII)

Values = tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Series:
    at_ms: tuple[int, ...]
    """Since the epoch."""
    values: dict[str, Values]
    """Name → a value, or none, for each time. Names are MLflow's, without its ``system/``."""

    def points(self) -> Iterator[tuple[str, int, int, float]]:
        """Name, number of the sample, its time and the value, where there is one."""
        for name, found in self.values.items():
            for index, (at_ms, value) in enumerate(zip(self.at_ms, found, strict=True)):
                if value is not None:
                    yield name, index, at_ms, value


def read(data: bytes) -> Series:
    """Raises UserError."""
    if len(data) > MAX_BYTES:
        raise UserError(f"{NAME} is larger than {MAX_BYTES:,} bytes: the series of a trial are smaller")
    loaded = metric_file.load(data, file=NAME)
    if isinstance(loaded, metric_file.MetricProblem):
        raise UserError(loaded.message)
    root = loaded.root
    if not isinstance(root, dict) or root.get("version") != VERSION:
        raise _odd(f"it has no `version: {VERSION}`")
    times, series = root.get("at_ms"), root.get("series")
    if not isinstance(times, list) or len(times) > MAX_SAMPLES or not all(map(_is_time, times)):
        raise _odd(f"`at_ms` is not a list of at most {MAX_SAMPLES:,} times")
    if not isinstance(series, dict) or len(series) > MAX_SERIES:
        raise _odd(f"`series` is not an object of at most {MAX_SERIES} names")
    return Series(tuple(times), {name: _values(name, found, len(times)) for name, found in series.items()})


def written(series: Series) -> str:
    told = {"version": VERSION, "at_ms": series.at_ms, "series": series.values}
    return json.dumps(told, separators=(",", ":"), allow_nan=False)


def _values(name: str, found: Any, count: int) -> Values:
    shown = metric_file.shorten(name)
    if not _NAME.fullmatch(name):
        raise _odd(f"{shown!r} is not the name of a value")
    if not isinstance(found, list) or len(found) != count:
        raise _odd(f"`{shown}` has not one value for each of {count} times")
    if not all(value is None or _is_number(value) for value in found):
        raise _odd(f"`{shown}` has a value that is no finite number")
    return tuple(None if value is None else float(value) for value in found)


def _is_time(value: Any) -> bool:
    return type(value) is int and 0 <= value <= MAX_EPOCH_MS


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) <= 1e300 and not math.isnan(value)


def _odd(why: str) -> UserError:
    return UserError(f"{NAME} is not what a supervisor writes: {why}")
