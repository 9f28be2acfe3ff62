"""What a benchmark says: numbers beside their bars, as the table of docs/benchmarks.md."""

import os
import platform
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Bar:
    """One number that is to hold."""

    what: str
    got: float
    at_most: float | None = None
    at_least: float | None = None
    unit: str = ""

    @property
    def met(self) -> bool:
        return (self.at_most is None or self.got <= self.at_most) and (
            self.at_least is None or self.got >= self.at_least
        )

    def row(self) -> tuple[str, ...]:
        wanted = (
            f"≤ {number(self.at_most)}" if self.at_most is not None else f"≥ {number(self.at_least or 0)}"
        )
        verdict = "met" if self.met else "**missed**"
        return self.what, f"{number(self.got)}{self.unit}", f"{wanted}{self.unit}", verdict


@dataclass(frozen=True, slots=True)
class Part:
    """One benchmark: its bars, then everything that was measured."""

    name: str
    title: str
    bars: tuple[Bar, ...]
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = field(default=())

    def text(self) -> str:
        said = [f"### {self.title}", *(f"{note}" for note in (machine(), *self.notes))]
        bars = table(("bar", "got", "goal", ""), [bar.row() for bar in self.bars])
        return "\n\n".join([*said, bars, table(self.heads, self.rows)])


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["--"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def number(value: float) -> str:
    """Three significant figures, no exponent."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 0.01 else f"{value:.2g}"


def numbers(values: Iterable[float]) -> str:
    return ", ".join(number(value) for value in values)


def percentile(values: Iterable[float], percent: float) -> float:
    """The smallest value that at least this share does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100).__int__() - 1)]


def machine() -> str:
    load = "/".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, load average {load} at the end."


def keep(page: Path, part: Part) -> None:
    """Replace what this benchmark said the last time, between its two markers."""
    begin, end = f"<!-- measured: {part.name} -->", f"<!-- end: {part.name} -->"
    text = page.read_text()
    block = f"{begin}\n{part.text()}\n{end}"
    old = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    if not old.search(text):
        raise SystemExit(f"{page} lacks the markers {begin} and {end}")
    page.write_text(old.sub(lambda _: block, text))
