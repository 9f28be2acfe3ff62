"""docs/statistics.md says what `reprise plan` prints and what the formulas give."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from reprise.cli import invoke
from reprise.domain.figures import percent
from reprise.domain.planning import Design, per_side_for, power
from reprise.domain.spec.model import Distribution
from reprise.domain.suggesting import tolerance_factor

PAGE = (Path(__file__).parents[3] / "docs" / "statistics.md").read_text(encoding="utf-8")


def block(language: str, which: int = 0) -> str:
    found: list[str] = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return found[which]


@pytest.fixture
def example(tmp_path: Path) -> Path:
    (tmp_path / "reprise.yaml").write_text(block("yaml"))
    (tmp_path / "seeds.json").write_text(block("json"))
    (tmp_path / "train.py").touch()
    (tmp_path / "requirements.txt").write_text(f"numpy==2.4.0 --hash=sha256:{'0' * 64}\n")
    (tmp_path / ".python-version").write_text("3.11\n")
    return tmp_path


def test_the_example_prints_what_the_page_shows(example: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["plan", "--suggest-tolerance", str(example)]) == 0
    assert capsys.readouterr().out == block("text")


def test_the_object_is_that_of_the_page(example: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["plan", "--json", str(example)]) == 0
    assert shortened(json.loads(capsys.readouterr().out)) == shortened(json.loads(block("json", 1)))


def shortened(value: Any) -> Any:
    """The same with the digits that a page has room for."""
    if isinstance(value, Mapping):
        return {name: shortened(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shortened(each) for each in value]
    return round(value, 4) if isinstance(value, float) else value


def test_the_tables_of_power_are_computed() -> None:
    tables = PAGE[PAGE.index("<!-- power -->") : PAGE.index("<!-- end: power -->")].split("\n\n")
    for table, margins in zip(tables, ((1, 1.5, 2, 3), (2, 3, 4, 6)), strict=True):
        rows = re.findall(r"^\| (\d+) \| (.*) \|$", table, re.MULTILINE)
        assert [count for count, _ in rows] == ["3", "5", "10", "20"]
        for count, cells in rows:
            design = Design(int(count), int(count) if table is tables[0] else 1)
            assert cells.split(" | ") == [percent(power(design, Distribution(m))) for m in margins]


def test_the_other_numbers_of_the_page_are_computed() -> None:
    needed = re.findall(r"(\d+) at (?:a margin of )?([\d.]+) σ", PAGE)
    assert len(needed) == 6
    for count, margin in needed:
        assert per_side_for(0.8, Distribution(float(margin))) == int(count)
    factors = re.findall(r"([\d.]+) for (\d+)[,.]", PAGE)
    assert len(factors) == 5
    for factor, count in factors:
        assert f"{tolerance_factor(int(count)):.2f}" == factor
