"""``make calibration``: writes the tables of docs/calibration.md, the same bytes every time.

Exit code 1 when an error is more frequent than it may be, when a rate is not what `reprise.domain.planning`
computes, or when the chance to reproduce what did not change is not the one that the rules were chosen for.
"""

import re
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from bench.draws import (
    CONFIDENCE,
    DRAWS,
    RULES,
    SEED,
    Question,
    Rate,
    Rule,
    above_nominal,
    rates,
    unlike_computed,
)
from bench.printed import table
from reprise.domain.planning import Design

PAGE = Path(__file__).resolve().parents[1] / "docs" / "calibration.md"
BEGIN, END = "<!-- drawn -->", "<!-- end: drawn -->"

EXPECTED_POWER: dict[str, dict[int, tuple[float, ...]]] = {
    "Published per seed, as many as trials": {
        3: (0.02, 0.12, 0.32, 0.75),
        5: (0.06, 0.39, 0.76, 0.99),
        10: (0.38, 0.88, 0.99, 1.0),
        20: (0.86, 1.0, 1.0, 1.0),
    },
    "One published number": {
        3: (0.13, 0.33, 0.56, 0.88),
        5: (0.15, 0.50, 0.82, 0.99),
        10: (0.18, 0.68, 0.94, 1.0),
        20: (0.21, 0.76, 0.96, 1.0),
    },
}
"""Rule → trials → for each of its margins. Drawn independently of this code, when the rules were chosen."""
POWER_ERROR = 0.02
"""Of both simulations, and of two digits."""


def main() -> int:
    began = time.perf_counter()
    found: list[Rate] = []
    for rule in RULES:
        found += rates((rule,))
        print(f"{rule.title}: {time.perf_counter() - began:.0f} s", flush=True)
    keep(found)
    print(summary(found))
    wrong = [*above_nominal(found), *unlike_computed(found), *unlike_expected(found)]
    for rate in wrong:
        print(
            f"wrong: {rate.rule.title}, {rate.design}, {rate.ratio:g} σ, {rate.question.value}: {cell(rate)}"
        )
    return 1 if wrong else 0


def unlike_expected(found: list[Rate]) -> list[Rate]:
    def fits(rate: Rate) -> bool:
        wanted = expected_power(rate)
        return wanted is None or abs(rate.share - wanted) <= POWER_ERROR

    return [rate for rate in found if not fits(rate)]


def expected_power(rate: Rate) -> float | None:
    powers = EXPECTED_POWER.get(rate.rule.title)
    if powers is None or rate.question is not Question.POWER:
        return None
    return powers[rate.design.n][rate.rule.ratios.index(rate.ratio)]


def keep(found: list[Rate]) -> None:
    """Replace what was drawn the last time. SystemExit where the page lacks its markers."""
    block = f"{BEGIN}\n{summary(found)}\n\n{tables(found)}\n{END}"
    text, count = re.subn(f"{BEGIN}.*{END}", lambda _: block, PAGE.read_text(), flags=re.DOTALL)
    if not count:
        raise SystemExit(f"{PAGE} lacks the markers {BEGIN} and {END}")
    PAGE.write_text(text)


def summary(found: list[Rate]) -> str:
    powers = [(rate.share, wanted) for rate in found if (wanted := expected_power(rate)) is not None]
    rows = (
        ("error rates that are above their nominal one", f"{len(above_nominal(found))}", "0"),
        ("rates that are not what is computed", f"{len(unlike_computed(found))}", "0"),
        (
            "largest distance to the power that the rules were chosen for",
            f"{max(abs(share - wanted) for share, wanted in powers):.3f}",
            f"≤ {POWER_ERROR}",
        ),
    )
    drawn = (
        f"{len(found)} rates, {DRAWS:,} draws each, seed {SEED}; compared at {100 * CONFIDENCE:.0f} % "
        "confidence for all together."
    )
    return f"{drawn}\n\n{table(('what', 'got', 'goal'), rows)}"


def tables(found: list[Rate]) -> str:
    return "\n\n".join(_section(rule, [rate for rate in found if rate.rule is rule]) for rule in RULES)


def _section(rule: Rule, found: list[Rate]) -> str:
    heads = ("trials", "published", "percent", *(f"Δ = {ratio:g} σ" for ratio in rule.ratios))
    rows = [
        (str(design.n), str(design.m or "target"), question.value, *_cells(found, design, question))
        for design in rule.designs
        for question in Question
    ]
    return f"### {rule.title} ({rule.name})\n\n{table(heads, rows)}"


def _cells(found: Iterable[Rate], design: Design, question: Question) -> list[str]:
    return [cell(rate) for rate in found if rate.design == design and rate.question is question]


def cell(rate: Rate) -> str:
    """Drawn, computed, and the power that was expected."""
    wanted = expected_power(rate)
    beside = f"; {100 * wanted:.0f}" if wanted is not None else ""
    return f"{100 * rate.share:.2f} ({100 * rate.computed:.2f}{beside})"


if __name__ == "__main__":
    sys.exit(main())
